/** Every command of the table, with --json: what it prints is JSON, and so is how it fails. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { COMMAND_NAMES } from '../../src/cli/program.ts'
import { inviteToText } from '../../src/node/invite.ts'
import { fakeNode } from './fake-node.ts'
import { fakeHome, servedHome } from './fake-shell.ts'

const BLT = '2 1\n3 1 0\n2 2 0\n0\n"Ann"\n"Ben"\n"Board"\n'
const INVITE = inviteToText({ network: 'garden', puzzleBits: 4, bootstrap: [], space: undefined })

/** Arguments that work in a home with a node; null where a test of its own runs it as a process, or with no node. */
const ARGUMENTS: Readonly<Record<string, readonly string[] | null>> = {
  init: ['--network', 'other', '--puzzle-bits', '4'],
  id: [],
  invite: ['--private'],
  join: [INVITE],
  start: null,
  stop: [],
  status: [],
  peers: [],
  events: ['--count', '1'],
  config: [],
  paths: [],
  bootstrap: null,
  backup: ['home.backup'],
  restore: null,
  verify: [],
  reindex: null,
  demo: null,
  profile: [],
  had: [],
  name: [],
  deny: [],
  allow: null,
  block: [],
  unblock: null,
  publish: ['garden'],
  import: ['garden'],
  get: ['bees'],
  render: ['garden/bees.md'],
  log: ['bees'],
  diff: ['bees'],
  blame: ['bees'],
  merge: ['bees'],
  edit: null,
  revert: null,
  rename: ['bees', 'hives'],
  redirect: ['hives', 'bees'],
  delete: ['bees', '--yes'],
  recent: ['@me'],
  bookmark: ['bees'],
  search: ['bees'],
  links: ['bees'],
  backlinks: ['bees'],
  where: ['bees'],
  follow: ['bees'],
  unfollow: ['bees'],
  list: ['@me'],
  export: ['@me', 'copy'],
  count: ['board.blt'],
  doctor: null,
  completion: ['bash'],
  man: [],
  sim: null,
}

test('json - every command of the table has its case here, or says why not', (t) => {
  const missing = COMMAND_NAMES.filter((name) => !Object.hasOwn(ARGUMENTS, name))
  t.alike(missing, [])
  t.alike(
    Object.keys(ARGUMENTS).filter((name) => !COMMAND_NAMES.includes(name)),
    [],
  )
})

for (const [name, args] of Object.entries(ARGUMENTS)) {
  if (args === null) continue
  test(`json - what ${name} prints is an object a line`, async (t) => {
    const node = fakeNode()
    node.events.push({ id: 1, timeMs: 1, type: 'introduced' })
    const home = await servedHome(t, node)
    mkdirSync(join(home.home, 'garden'))
    writeFileSync(join(home.home, 'garden/bees.md'), '# Bees\n')
    writeFileSync(join(home.home, 'board.blt'), BLT)
    if (name !== 'publish' && name !== 'import') await home.run(['publish', 'garden'])
    const { status, out, err } = await home.run([
      name,
      // `count` needs no home, and takes its file from where the process is.
      ...args.map((arg) => (arg === 'board.blt' ? join(home.home, arg) : arg)),
      '--json',
    ])
    t.is(status, 0, err)
    t.ok(out.endsWith('\n'))
    const lines = out.trimEnd().split('\n')
    t.ok(lines.every(isObject), out.slice(0, 200))
  })
}

test('json - how a command fails is one object on stderr, and nothing on stdout', async (t) => {
  const home = fakeHome(t)
  for (const name of COMMAND_NAMES) {
    const { status, out, err } = await home.run([name, '--no-such-option', '--json'])
    t.alike([status, out], [64, ''], name)
    const { error } = JSON.parse(err) as { error: { code: string; message: string } }
    t.is(error.code, 'BAD_ARGUMENT')
  }
})

function isObject(line: string): boolean {
  const value = JSON.parse(line) as unknown
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
