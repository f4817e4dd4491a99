/** Changing one option of the file, and saying all that is wrong with it. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import fc from 'fast-check'
import { asSheafError, codeOf } from '../../../src/base/errors.ts'
import { configToToml, readConfig } from '../../../src/node/io/config/config.ts'
import { configProblems, optionOf, optionValues, setOption } from '../../../src/node/io/config/edit.ts'
import { fileKey, OPTION_NAMES } from '../../../src/node/io/config/options.ts'
import { type Teardown, tempHome } from '../../helpers/home.ts'
import { parameters } from '../../helpers/seed.ts'

function fileOf(t: Teardown, text?: string): string {
  const file = join(tempHome(t), 'config.toml')
  if (text !== undefined) writeFileSync(file, text)
  return file
}

test('config - setting an option changes its line and not another letter', (t) => {
  const file = fileOf(t, configToToml(readConfig({})))
  const before = readFileSync(file, 'utf8').split('\n')
  setOption(file, 'quotaMb', '4096')
  const after = readFileSync(file, 'utf8').split('\n')
  const changed = after.flatMap((line, i) => (line === before[i] ? [] : [line]))
  t.alike(changed, ['quota_mb = 4096'])
  t.is(after.length, before.length)
  t.is(statSync(file).mode & 0o777, 0o600)
  t.is(readConfig({ file }).quotaMb, 4096)
})

test('config - comments beside a value, spaces, lists of several lines and other quotes stay', (t) => {
  const text = `# mine
  quota_mb   =  12 # MiB, not MB
bootstrap = [
  "a.example:1", # the first
  'b.example:2',
]
log_level = 'warn'# quiet
`
  const file = fileOf(t, text)
  setOption(file, 'quotaMb', '13')
  setOption(file, 'logLevel', 'debug')
  setOption(file, 'bootstrap', 'c.example:3,d.example:4')
  t.is(
    readFileSync(file, 'utf8'),
    `# mine
  quota_mb   =  13 # MiB, not MB
bootstrap = ["c.example:3","d.example:4"]
log_level = "debug"# quiet
`,
  )
})

test('config - a file that is not there is made whole, with all its help', (t) => {
  const file = fileOf(t)
  setOption(file, 'port', '4000')
  t.is(readConfig({ file }).port, 4000)
  t.ok(readFileSync(file, 'utf8').includes('#quota_mb = '))
})

test('config - what an option does not take is refused, and the file stays as it is', (t) => {
  const file = fileOf(t)
  for (const [name, value] of [
    ['quotaMb', '0'],
    ['quotaMb', 'many'],
    ['logLevel', 'loud'],
    ['bootstrap', 'nowhere'],
    ['host', '::1'],
    ['firewalled', 'perhaps'],
  ] as const) {
    t.is(
      codeOf(() => setOption(file, name, value)),
      'BAD_CONFIG',
      `${name} ${value}`,
    )
  }
  t.absent(existsSync(file))
  const odd = fileOf(t, '"quota_mb" = 5\n')
  t.is(
    codeOf(() => setOption(odd, 'quotaMb', '6')),
    'BAD_CONFIG',
  )
  t.is(readFileSync(odd, 'utf8'), '"quota_mb" = 5\n')
  const broken = fileOf(t, 'quota_mb = \n')
  t.is(
    codeOf(() => setOption(broken, 'port', '6')),
    'BAD_CONFIG',
  )
})

test('config - any whole numbers set one after the other are what the file then says', (t) => {
  const file = fileOf(t, configToToml(readConfig({})))
  const settings = fc.array(
    fc.tuple(
      fc.constantFrom('quotaMb' as const, 'port' as const, 'connectionsMax' as const),
      fc.integer({ min: 1, max: 4096 }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  fc.assert(
    fc.property(settings, (all) => {
      for (const [name, value] of all) setOption(file, name, String(value))
      const config = readConfig({ file })
      return Object.entries(Object.fromEntries(all)).every(
        ([name, value]) => config[name as 'port'] === value,
      )
    }),
    parameters({ numRuns: 20 }),
  )
  t.is(readFileSync(file, 'utf8').split('\n').length, configToToml(readConfig({})).split('\n').length)
})

test('config - each value tells where it comes from', (t) => {
  const file = fileOf(t, 'quota_mb = 7\nport = 5\n')
  const values = optionValues(file, { SHEAF_PORT: '9', SHEAF_HOST: '' })
  const from = new Map(values.map(({ key, value, from }) => [key, `${JSON.stringify(value)} ${from}`]))
  t.is(from.get('quota_mb'), '7 file')
  t.is(from.get('port'), '9 environment')
  t.is(from.get('host'), '"0.0.0.0" default')
  t.alike(
    values.map(({ key }) => key),
    OPTION_NAMES.map(fileKey),
  )
})

test('config - every problem is named, with its line and what would be right', (t) => {
  const file = fileOf(
    t,
    '# a comment\nquota_mb = 0\n\nqota_mb = 5\nlog_level = "loud"\n[network]\nname = 1\n',
  )
  const problems = configProblems(file, { SHEAF_PORT: 'x' })
  t.alike(
    problems.map(({ line }) => line),
    [2, 4, 5, 6, undefined],
  )
  t.ok(problems[0]!.what.includes('a whole number from 1 to'))
  t.is(problems[1]!.hint, 'did you mean quota_mb?')
  t.ok(problems[2]!.what.includes('one of trace, debug'))
  t.ok(problems[4]!.what.includes('SHEAF_PORT'))
  const broken = configProblems(fileOf(t, 'a = 1\nb = = 2\n'), {})
  t.ok(broken[0]!.what.includes('line 2'))
  t.alike(configProblems(fileOf(t), {}), [])
})

test('config - an option goes by its key, with dashes or without; another is an error that says the nearest', (t) => {
  t.is(optionOf('quota_mb'), 'quotaMb')
  t.is(optionOf('quota-mb'), 'quotaMb')
  try {
    optionOf('qouta_mb')
    t.fail('accepted')
  } catch (error) {
    t.alike([asSheafError(error).code, asSheafError(error).hint], ['BAD_CONFIG', 'did you mean quota_mb?'])
  }
  t.is(
    codeOf(() => optionOf('__proto__')),
    'BAD_CONFIG',
  )
})
