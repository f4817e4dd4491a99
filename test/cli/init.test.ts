import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { loadCrypto } from '../../src/base/crypto.ts'
import { networkOf } from '../../src/base/network.ts'
import { idToText } from '../../src/base/text-id.ts'
import { readConfig } from '../../src/node/io/config/config.ts'
import { loadIdentity } from '../../src/node/io/identity/identity.ts'
import { fakeHome } from './fake-shell.ts'

const EASY = ['--network', 'test', '--puzzle-bits', '4']

test('init - makes an identity, shows its words once, and says what to do next', async (t) => {
  const home = fakeHome(t)
  const { status, out, err } = await home.run([
    'init',
    ...EASY,
    '--bootstrap',
    'a.example:1',
    '--bootstrap',
    'b.example:2',
  ])
  t.alike([status, err], [0, ''])
  const config = readConfig({ file: home.paths.config })
  t.alike(
    [config.network, config.puzzleBits, config.bootstrap.length],
    ['test', 4, 2],
    'the file keeps what was given',
  )
  const identity = loadIdentity(home.paths.identity, networkOf('test', 4), loadCrypto())
  t.ok(out.startsWith(`You are @${idToText(identity.entity)}\n`))
  t.is(out.match(/ {2,}\d+ [a-z]+/g)?.length, 24)
  t.is(out.match(/^ {2}sheaf .+$/gm)?.length, 3, 'three commands')
  for (const path of [home.paths.identity, home.paths.config]) {
    t.is(statSync(path).mode & 0o777, 0o600)
    // One or another of them may stand in a comment of the configuration.
    const text = readFileSync(path, 'utf8')
    const words = [...out.matchAll(/ {2,}\d+ ([a-z]+)/g)].map(([, word]) => word!)
    t.ok(words.filter((word) => text.includes(word)).length < 8, 'the words are not kept')
  }
})

test('init - never touches an identity that is there', async (t) => {
  const home = fakeHome(t)
  await home.run(['init', ...EASY, '-q'])
  const before = readFileSync(home.paths.identity)
  const again = await home.run(['init', ...EASY])
  t.is(again.status, 1)
  t.alike([again.out, /ALREADY_EXISTS/.test(again.err)], ['', true])
  t.alike(readFileSync(home.paths.identity), before)
})

test('init - takes a configuration that is there, and leaves it', async (t) => {
  const home = fakeHome(t)
  writeFileSync(home.paths.config, 'network = "mine"\npuzzle_bits = 4\n')
  const { status, out, err } = await home.run(['init', '--json'])
  t.alike([status, err], [0, ''])
  const { entity, words } = JSON.parse(out) as { entity: string; words: string }
  const identity = loadIdentity(home.paths.identity, networkOf('mine', 4), loadCrypto())
  t.is(entity, idToText(identity.entity))
  t.is(words.split(' ').length, 24)
  t.is(readFileSync(home.paths.config, 'utf8'), 'network = "mine"\npuzzle_bits = 4\n')
})

test('init - leaves nothing behind where it fails', async (t) => {
  const home = fakeHome(t)
  writeFileSync(join(home.home, 'config.toml'), 'networc = "a"\n')
  const { status, err } = await home.run(['init'])
  t.is(status, 64)
  t.ok(err.includes('did you mean network?'))
  const cancelled = fakeHome(t)
  const ran = await cancelled.run(['init', '--puzzle-bits', '40'], { signal: AbortSignal.abort() })
  t.is(ran.status, 2)
  t.absent(statSync(cancelled.paths.identity, { throwIfNoEntry: false }))
})

test('start - without an identity it says how to make one', async (t) => {
  const home = fakeHome(t)
  for (const args of [['start'], ['start', '--daemon']]) {
    const { status, err } = await home.run(args)
    t.is(status, 4)
    t.ok(/NO_IDENTITY\)\nhint: sheaf init\n$/.test(err))
  }
})
