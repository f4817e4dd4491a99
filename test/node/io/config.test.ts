import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import fc from 'fast-check'
import { parse } from 'smol-toml'
import { asSheafError, codeOf } from '../../../src/base/errors.ts'
import { configToToml, readConfig, writeConfig } from '../../../src/node/io/config/config.ts'
import {
  type Config,
  envName,
  fileKey,
  flagName,
  OPTION_NAMES,
  OPTIONS,
} from '../../../src/node/io/config/options.ts'
import { type Teardown, tempHome } from '../../helpers/home.ts'
import { parameters } from '../../helpers/seed.ts'

function fileWith(t: Teardown, text: string | Uint8Array): string {
  const file = join(tempHome(t), 'config.toml')
  writeFileSync(file, text)
  return file
}

function complaint(read: () => unknown): string {
  try {
    read()
    return 'none'
  } catch (error) {
    const { code, message, hint } = asSheafError(error)
    return `${code} ${message}${hint === undefined ? '' : ` (${hint})`}`
  }
}

test('config - without a word every option has its default', (t) => {
  const config = readConfig({})
  t.alike(
    config,
    Object.fromEntries(OPTION_NAMES.map((name) => [name, OPTIONS[name].default])) as unknown as Config,
  )
  t.ok(Object.isFrozen(config))
  t.alike(
    readConfig({ file: join(tempHome(t), 'none.toml') }),
    config,
    'a file that is not there says nothing',
  )
})

test('config - a flag wins over a variable, a variable over the file', (t) => {
  const file = fileWith(t, 'port = 1\nquota_mb = 1\nhost = "127.0.0.1"')
  const env = { SHEAF_PORT: '2', SHEAF_QUOTA_MB: '2', SHEAF_DEPTH: '' }
  const config = readConfig({ file, env, flags: { port: '3' } })
  t.alike(
    [config.port, config.quotaMb, config.host, config.depth],
    [3, 2, '127.0.0.1', 0],
    'an empty variable is none',
  )
})

test('config - a list, a choice and a truth are read from text as from the file', (t) => {
  const file = fileWith(t, 'bootstrap = ["127.0.0.1:1", "a.example:2"]\nfirewalled = false\ncrypto = "noble"')
  const fromFile = readConfig({ file })
  const flags = { bootstrap: '127.0.0.1:1,a.example:2', firewalled: 'false', crypto: 'noble' }
  t.alike(readConfig({ flags }), fromFile)
  t.alike(fromFile.bootstrap, [
    { host: '127.0.0.1', port: 1 },
    { host: 'a.example', port: 2 },
  ])
})

test('config - an unknown key is named, with the nearest that is known', (t) => {
  const read = (text: string) => complaint(() => readConfig({ file: fileWith(t, text) }))
  t.ok(/BAD_CONFIG .*"qouta_mb".*\(did you mean quota_mb\?\)/.test(read('qouta_mb = 1')))
  t.ok(/\(did you mean bootstrap\?\)/.test(read('bootstraps = []')))
  t.ok(/BAD_CONFIG .*network is/.test(read('[network]\nname = 1')), 'there are no tables')
  t.ok(/BAD_CONFIG .*line 2/.test(read('port = 1\nport = 2')), 'and a key that comes twice, with its line')
})

test('config - a value that does not fit is named with its place and what would fit', (t) => {
  const wrong: [keyof Config, string[]][] = [
    ['network', ['', 'a b', 'ä', 'a'.repeat(65)]],
    ['puzzleBits', ['-1', '41', '1.5', '1e1', 'x', ' 1']],
    ['bootstrap', ['a', 'a:0', 'a:65536', ':1', '::1:1', '[::1]:1', 'a:1,b', 'a:1;b:2']],
    ['seedPorts', ['0', '65536', 'a', '1,a', '1;2', '1,2,3,4,5,6,7,8,9']],
    ['host', ['localhost', '::1', '256.0.0.1']],
    ['port', ['65536', '-1', '0x10']],
    ['firewalled', ['yes', 'TRUE', '1']],
    ['quotaMb', ['0', '1048576000', '1 GB']],
    ['depth', ['33']],
    ['connectionsMax', ['0', '4097']],
    ['crypto', ['rust']],
    ['rehearse', ['yes', '1']],
    ['sayHad', ['no', '0']],
    ['logLevel', ['loud']],
    ['getTimeoutMs', ['99', '60001']],
    ['publishPatienceMs', ['99', '60001']],
  ]
  t.alike(
    wrong.map(([name]) => name),
    OPTION_NAMES,
    'every option has its cases',
  )
  for (const [name, values] of wrong) {
    for (const value of values) {
      const said = complaint(() => readConfig({ flags: { [name]: value } }))
      t.ok(said.startsWith(`BAD_CONFIG ${flagName(name)} is ${OPTIONS[name].says}, not `), said)
    }
  }
  const env = { [envName('port')]: 'x' }
  t.ok(complaint(() => readConfig({ env })).startsWith('BAD_CONFIG SHEAF_PORT is'))
  for (const value of ['"1"', '1.5', 'true', '[1]', '1979-05-27', '{ a = 1 }', 'inf', '9007199254740993']) {
    const file = fileWith(t, `port = ${value}`)
    t.ok(/^BAD_CONFIG .*(port is|line 1)/.test(complaint(() => readConfig({ file }))), value)
  }
})

test('config - the file that is written explains every option, and says what it was written for', (t) => {
  const text = configToToml(readConfig({}))
  t.alike(Object.keys(parse(text)), [], 'defaults stand there as comments')
  for (const name of OPTION_NAMES) {
    t.ok(text.includes(`#${fileKey(name)} = `), fileKey(name))
    t.ok(text.includes(envName(name)) && text.includes(flagName(name)))
  }
  const uncommented = text.replaceAll(/^#(?=[a-z_]+ = )/gm, '')
  t.alike(readConfig({ file: fileWith(t, uncommented) }), readConfig({}), 'each comment is a valid setting')
  t.ok(text.split('\n').every((line) => line.length <= 110))
})

test('config - what is written reads back the same', (t) => {
  const port = fc.integer({ min: 1, max: 65_535 })
  const flags = fc.record(
    {
      network: fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/),
      port: port.map(String),
      bootstrap: fc
        .array(fc.tuple(fc.stringMatching(/^[a-z0-9.-]{1,20}$/), port), { maxLength: 4 })
        .map((all) => all.map(([host, number]) => `${host}:${number}`).join(',')),
      seedPorts: fc.array(port, { maxLength: 8 }).map((ports) => ports.join(',')),
      firewalled: fc.constantFrom('auto', 'true', 'false'),
      logLevel: fc.constantFrom('trace', 'info', 'silent'),
      quotaMb: fc.integer({ min: 1, max: 1 << 20 }).map(String),
    },
    { requiredKeys: [] },
  )
  const file = fileWith(t, '')
  fc.assert(
    fc.property(flags, (given) => {
      const config = readConfig({ flags: given })
      writeFileSync(file, configToToml(config))
      return JSON.stringify(readConfig({ file })) === JSON.stringify(config)
    }),
    parameters({ numRuns: 50 }),
  )
  t.pass()
})

test('config - the file is private and never overwritten', (t) => {
  const file = join(tempHome(t), 'made', 'config.toml')
  writeConfig(file, readConfig({}))
  t.is(statSync(file).mode & 0o777, 0o600)
  const before = readFileSync(file, 'utf8')
  t.is(
    codeOf(() => writeConfig(file, readConfig({ flags: { port: '1' } }))),
    'ALREADY_EXISTS',
  )
  t.is(readFileSync(file, 'utf8'), before)
})

test('config - whatever a file holds, the answer is a configuration or BAD_CONFIG', (t) => {
  const file = fileWith(t, '')
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
    fc
      .tuple(fc.constantFrom(...OPTION_NAMES.map(fileKey), '__proto__', 'constructor'), fc.json())
      .map(([key, value]) => Buffer.from(`${key} = ${value}`)),
  )
  fc.assert(
    fc.property(hostile, (bytes) => {
      writeFileSync(file, bytes)
      const code = codeOf(() => readConfig({ file }))
      return code === undefined || code === 'BAD_CONFIG'
    }),
    parameters({ numRuns: 200 }),
  )
  writeFileSync(file, Buffer.alloc(65 * 1024, '#'))
  t.is(
    codeOf(() => readConfig({ file })),
    'BAD_CONFIG',
    'too large',
  )
  mkdirSync(`${file}.d`)
  t.is(
    codeOf(() => readConfig({ file: `${file}.d` })),
    'BAD_CONFIG',
    'a folder',
  )
})
