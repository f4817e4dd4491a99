import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { fakeNode } from './fake-node.ts'
import { servedHome } from './fake-shell.ts'

const ASKING: readonly string[] = [
  'stop',
  'status',
  'peers',
  'paths',
  'publish',
  'import',
  'get',
  'render',
  'log',
  'diff',
  'blame',
  'merge',
  'bookmark',
  'rename',
  'redirect',
  'delete',
  'recent',
  'where',
  'list',
  'follow',
  'unfollow',
  'export',
]
/** These run processes of their own: test/cli/start.test.ts starts daemons and seeds, `npm run demo` the demo. */
const RUNNING = ['start', 'bootstrap', 'demo']

for (const verb of [...ASKING, 'init']) {
  test(`examples - those in the help of ${verb} work as they stand`, async (t) => {
    const node = fakeNode()
    const home = await servedHome(t, node)
    mkdirSync(join(home.home, 'garden'))
    for (const file of ['garden/bees.md', 'bees.md']) writeFileSync(join(home.home, file), '# Bees\n')
    for (const file of ['garden/bee.png', 'bee.png']) writeFileSync(join(home.home, file), 'bytes')
    if (verb === 'import') {
      // One that it makes a history of.
      const who = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.org']
      for (const args of [
        ['init', '-q', '-b', 'main'],
        ['add', '.'],
        [...who, 'commit', '-q', '-m', 'Bees'],
      ])
        execFileSync('git', args, { cwd: join(home.home, 'garden') })
    }
    if (ASKING.includes(verb)) await home.run(['publish', 'garden', '--as', 'garden', '--attachments'])
    const { out } = await home.run([verb, '--help'])
    const lines: string[] = out.match(/^ {2}\$ sheaf .+$/gm) ?? []
    t.ok(lines.length > 0)
    for (const line of lines) {
      const args = wordsOf(line.replace(/^ {2}\$ sheaf /, '').replace(/ > .*$/, ''))
      // A certificate of full strength takes a second; its difficulty is not what is shown.
      const env =
        verb === 'init'
          ? { SHEAF_PUZZLE_BITS: '4', SHEAF_HOME: join(home.home, `${lines.indexOf(line)}`) }
          : {}
      const { status, err } = await home.run(args, { env })
      t.is(status, 0, `${line}${err}`)
    }
  })
}

test('examples - those of commands that run on are well formed', async (t) => {
  const home = await servedHome(t, fakeNode())
  for (const verb of RUNNING) {
    const { out } = await home.run([verb, '--help'])
    for (const line of out.match(/^ {2}\$ sheaf .+$/gm) ?? []) {
      const { status, err } = await home.run([
        ...wordsOf(line.slice('  $ sheaf '.length)),
        '--no-such-option',
      ])
      t.is(status, 64)
      t.ok(err.includes("unknown option '--no-such-option'"), 'all others are known')
    }
  }
})

/** Words as a shell takes them, with double quotes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!)
}
