/** The commands that make versions and look at them, before a real node in virtual time. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import type { DiffJson, VersionJson } from '../../src/node/io/control/shapes.ts'
import type { Ran } from './fake-shell.ts'
import { type WorldHome, worldHome } from './world-home.ts'

/** Publishes a page of this text; its id. */
async function put(home: WorldHome, path: string, text: string): Promise<string> {
  await home.world.advance(1_000)
  writeFileSync(join(home.home, 'page.md'), text)
  const { status, out, err } = await home.run(['publish', 'page.md', '--as', path, '-q'])
  if (status !== 0) throw new Error(err)
  return out.trim()
}

async function log(home: WorldHome, path: string): Promise<VersionJson[]> {
  const { out } = await home.run(['log', path, '--json'])
  return (JSON.parse(out) as { versions: VersionJson[] }).versions
}

const idIn = ({ out }: Ran): string => /^version (\w{52})$/m.exec(out)![1]!

test('delete - asks, deletes, and leaves the versions where they are', async (t) => {
  const home = await worldHome(t)
  const id = await put(home, 'bees', '# Bees\n')
  const dry = await home.run(['delete', 'bees', '--dry-run'])
  t.is(dry.out, `would delete ${home.space}/bees: version ${id}, 7 B\n`)
  const nobody = await home.run(['delete', 'bees'])
  t.is(nobody.status, 64)
  t.ok(nobody.err.includes('--yes'), 'where nobody is there to ask, the flag is named')
  t.is((await home.run(['delete', 'bees'], { answers: ['n'] })).status, 2)
  t.is((await home.run(['get', 'bees'])).out, '# Bees\n', 'nothing was done so far')
  const done = await home.run(['delete', 'bees', '-m', 'Gone'], { answers: ['y'] })
  t.is(done.status, 0, done.err)
  t.is((await home.run(['get', 'bees'])).status, 3)
  t.is((await home.run(['get', id])).out, '# Bees\n')
  t.is((await home.run(['list', '@me'])).out, '')
  t.is((await log(home, 'bees'))[0]?.summary, 'Gone')
  const again = await home.run(['delete', 'bees', '--json'])
  t.is((JSON.parse(again.out) as { versions: { status: string }[] }).versions[0]?.status, 'unchanged')
  t.is((await home.run(['delete', 'none', '--yes'])).status, 3)
})

test('revert - shows what changes, asks, and says again what was said', async (t) => {
  const home = await worldHome(t)
  const one = await put(home, 'bees', 'one\ntwo\n')
  const two = await put(home, 'bees', 'one\n2\n')
  const difference = `--- ${two}\n+++ ${one}\n@@ -1,2 +1,2 @@\n one\n-2\n+two\n`
  t.is((await home.run(['revert', 'bees', one, '--dry-run'])).out, difference)
  const nobody = await home.run(['revert', 'bees', one])
  t.alike([nobody.status, nobody.out], [64, difference])
  const same = await home.run(['revert', 'bees', two])
  t.alike([same.status, idIn(same)], [0, two], 'what it says already is neither asked about nor published')
  const done = await home.run(['revert', 'bees', one], { answers: ['yes'] })
  t.is(done.status, 0, done.err)
  t.is((await home.run(['get', 'bees'])).out, 'one\ntwo\n')
  const [head] = await log(home, 'bees')
  t.alike([head?.parents, head?.summary], [[two], `Back to ${one}`])
  await home.run(['delete', 'bees', '--yes'])
  t.is((await home.run(['revert', 'bees', two, '--yes', '-q'])).status, 0, 'also from a deletion')
  t.is((await home.run(['get', 'bees'])).out, 'one\n2\n')
  t.is((await home.run(['revert', 'bees', 'a'.repeat(52), '--yes'])).status, 3)
  const json = await home.run(['revert', 'bees', one, '--yes', '--json'])
  const { versions, isHeld } = JSON.parse(json.out) as { versions: { page: string }[]; isHeld: boolean }
  t.alike([versions[0]?.page, isHeld], [`${home.space}/bees`, true])
  const dry = JSON.parse((await home.run(['revert', 'bees', two, '--dry-run', '--json'])).out) as object
  t.alike(Object.keys(dry), ['page', 'isDryRun', 'difference'])
})

test('rename - a page moves with its history and leaves a redirect', async (t) => {
  const home = await worldHome(t)
  const id = await put(home, 'bees', '# Bees\n')
  t.is((await home.run(['rename', 'bees', 'garden/bees', '--dry-run'])).status, 0)
  t.is((await home.run(['list', '@me'])).out, 'bees\n')
  const done = await home.run(['rename', 'bees', 'garden/bees'])
  t.is(done.status, 0, done.err)
  t.is((await home.run(['list', '@me'])).out, 'garden/bees\n')
  t.is((await home.run(['get', 'bees'])).out, '# Bees\n', 'the old name leads on')
  const versions = await log(home, 'garden/bees')
  t.alike(
    versions.map((one) => [one.page, one.id === id]),
    [
      [`${home.space}/garden/bees`, false],
      [`${home.space}/bees`, true],
    ],
  )
  await put(home, 'wasps', 'w')
  const taken = await home.run(['rename', 'wasps', 'garden/bees'])
  t.is(taken.status, 1)
  t.ok(taken.err.includes('ALREADY_EXISTS'))
  t.is((await home.run(['rename', 'bees', 'elsewhere'])).status, 64, 'a redirect does not move')
  t.is((await home.run(['rename', 'wasps', '../up'])).status, 64)
})

test('rename, revert - a file moves and comes back as a text does', async (t) => {
  const home = await worldHome(t)
  const putFile = async (bytes: number[]): Promise<string> => {
    await home.world.advance(1_000)
    writeFileSync(join(home.home, 'bee.png'), Buffer.from(bytes))
    return (await home.run(['publish', 'bee.png', '--as', 'bee.png', '-q'])).out.trim()
  }
  const fileAt = async (path: string): Promise<number[]> => {
    const got = await home.run(['get', path, '--out', 'got.png'])
    return got.status === 0 ? [...readFileSync(join(home.home, 'got.png'))] : []
  }
  const one = await putFile([0x89, 1])
  const two = await putFile([0x89, 2, 2])
  const shown = await home.run(['revert', 'bee.png', one, '--dry-run'])
  t.is(shown.out, `- the file of ${two}, 3 B\n+ the file of ${one}, 2 B\n`)
  const back = await home.run(['revert', 'bee.png', one, '--yes'])
  t.is(back.status, 0, back.err)
  t.alike(await fileAt('bee.png'), [0x89, 1])
  const moved = await home.run(['rename', 'bee.png', 'pictures/bee.png'])
  t.is(moved.status, 0, moved.err)
  t.is((await home.run(['list', '@me'])).out, 'pictures/bee.png\n')
  t.alike(
    [await fileAt('pictures/bee.png'), await fileAt('bee.png')],
    [
      [0x89, 1],
      [0x89, 1],
    ],
    'the old name leads on',
  )
  await put(home, 'notes', 'text')
  const taken = await home.run(['rename', 'notes', 'pictures/bee.png'])
  t.ok(taken.err.includes('ALREADY_EXISTS'), 'a file is in the way as a text is')
  await home.run(['delete', 'notes', '--yes'])
  const gone = await home.run(['rename', 'notes', 'elsewhere'])
  t.ok(gone.err.includes('it was deleted'), gone.err)
})

test('redirect - leads from one page to another, and asks before it hides a text', async (t) => {
  const home = await worldHome(t)
  await put(home, 'garden/bees', '# Bees\n')
  t.is((await home.run(['redirect', 'hives', 'garden/bees'])).status, 0, 'there was nothing to hide')
  t.is((await home.run(['get', 'hives'])).out, '# Bees\n')
  await put(home, 'notes', 'text')
  t.is((await home.run(['redirect', 'notes', 'garden/bees'])).status, 64)
  t.is((await home.run(['redirect', 'notes', 'garden/bees', '--yes'])).status, 0)
  t.is((await home.run(['get', 'notes'])).out, '# Bees\n')
  t.is((await log(home, 'notes'))[0]?.redirect, `${home.space}/garden/bees`)
  t.is((await home.run(['redirect', 'notes', 'notes', '--yes'])).status, 64)
})

test('redirect - asks before it leads where readers would find nothing', async (t) => {
  const home = await worldHome(t)
  await put(home, 'garden/bees', '# Bees\n')
  const nobody = await home.run(['redirect', 'hives', 'nowhere'])
  t.is(nobody.status, 64)
  t.ok(nobody.err.includes(`Nothing was found at @me/nowhere`), nobody.err)
  t.is((await home.run(['redirect', 'hives', 'nowhere'], { answers: ['n'] })).status, 2)
  const dry = await home.run(['redirect', 'hives', 'nowhere', '--dry-run', '--json'])
  t.ok(String((JSON.parse(dry.out) as { problem: string }).problem).startsWith('nothing was found'))
  t.is((await home.run(['log', 'hives'])).status, 3, 'nothing was published so far')
  const meant = await home.run(['redirect', 'hives', 'nowhere', '--yes'])
  t.is(meant.status, 0, meant.err)
  t.ok(meant.err.includes('nothing was found'), 'who insists is told all the same')
  await home.run(['redirect', 'hives', 'garden/bees', '--yes'])
  const second = await home.run(['redirect', 'combs', 'hives'])
  t.is(second.status, 64)
  t.ok(second.err.includes(`${home.space}/hives leads on to ${home.space}/garden/bees`), second.err)
  t.is((await home.run(['redirect', 'combs', 'hives', '--yes'])).status, 0)
  const got = await home.run(['get', 'combs'])
  t.is(got.status, 3)
  t.ok(
    got.err.includes(
      `${home.space}/combs leads to ${home.space}/hives, which leads on to ${home.space}/garden/bees`,
    ),
    got.err,
  )
})

test('diff - what a version changed, what lies between two, in colour where a terminal shows it', async (t) => {
  const home = await worldHome(t)
  const one = await put(home, 'bees', 'one\ntwo\n')
  const two = await put(home, 'bees', 'one\n\u001b[2Jtwo')
  const page = `${home.space}/bees`
  const { out } = await home.run(['diff', 'bees'])
  t.is(
    out,
    `--- ${page} ${one}\n+++ ${page} ${two}\n@@ -1,2 +1,2 @@\n one\n-two\n+\u001b[2Jtwo\n\\ No newline at end of file\n`,
  )
  t.is((await home.run(['diff', one, two])).out, out)
  t.is((await home.run(['diff', two, one, '-q'])).out, '+1 -1\n')
  t.ok(
    (await home.run(['diff', one])).out.startsWith('--- /dev/null\n'),
    'the first version came from nothing',
  )
  const shown = await home.run(['diff', 'bees'], { isTerminal: true })
  t.ok(shown.out.includes('\u001b[32m+\\u{1b}[2Jtwo\u001b[0m\n'), 'and strangers colour nothing')
  const plain = await home.run(['diff', 'bees'], { isTerminal: true, env: { NO_COLOR: '1' } })
  t.absent(plain.out.includes('\u001b'))
  const json = JSON.parse((await home.run(['diff', 'bees', '--json'])).out) as DiffJson
  t.alike([json.from?.id, json.to.id, json.hunks.length], [one, two, 1])
  t.is((await home.run(['diff', 'none'])).status, 3)
})

test('blame - each line stands beside the version that brought it', async (t) => {
  const home = await worldHome(t)
  const one = await put(home, 'bees', 'one\ntwo\n')
  const two = await put(home, 'bees', 'one\nnew\ntwo\n')
  const { out } = await home.run(['blame', 'bees'])
  const lines = out.split('\n')
  t.alike(
    lines.slice(0, 3).map((line) => [line.slice(1, 11), line.slice(-6)]),
    [
      [one.slice(0, 10), '1) one'],
      [two.slice(0, 10), '2) new'],
      [one.slice(0, 10), '3) two'],
    ],
  )
  t.ok(lines[0]?.includes(home.space.slice(0, 11)))
  t.is((await home.run(['blame', 'bees', '-q'])).out, `${one}\n${two}\n`)
  t.is((await home.run(['blame', one])).out.split('\n').length, 3)
})

test('recent - the newest first, as many as are wanted', async (t) => {
  const home = await worldHome(t)
  const empty = await home.run(['recent', '@me'])
  t.is(empty.status, 3, 'a space without a list')
  for (const path of ['a', 'b', 'c', 'a']) await put(home, path, `${path} ${home.world.nowMs}`)
  const { out } = await home.run(['recent', '@me', '-n', '2'])
  t.alike(
    out.split('\n').map((line) => line.slice(19).trim()),
    ['a', 'c', ''],
  )
  t.ok(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}a$/m.test(out))
  t.is((await home.run(['recent', '@me', '-q'])).out.split('\n').length, 4)
  for (const count of ['0', '1001', 'x']) t.is((await home.run(['recent', '@me', '-n', count])).status, 64)
  await home.run(['delete', 'b', '--yes'])
  t.absent((await home.run(['recent', '@me'])).out.includes('  b'), 'what is deleted is in no list')
})

test('versions - what changed between looking and writing is stale, and nothing is done', async (t) => {
  const home = await worldHome(t)
  const id = await put(home, 'bees', 'one')
  const answers = ['y']
  // While the person thinks, the page is published anew.
  answers.shift = () => {
    void home.node.run({
      type: 'publish',
      pages: [{ path: 'bees', text: Buffer.from('two') }],
      summary: '',
      index: true,
    })
    return 'y'
  }
  const { status, err } = await home.run(['delete', 'bees'], { answers })
  t.is(status, 1)
  t.ok(err.includes('STALE'), err)
  t.is((await home.run(['get', 'bees'])).out, 'two')
  t.ok((await log(home, 'bees')).some((version) => version.id === id))
})

test('versions - what one tip of a fork says is not taken for the page', async (t) => {
  const home = await worldHome(t)
  const one = await put(home, 'bees', 'one')
  const parents = [
    (
      await home.node.run({
        type: 'get',
        target: { page: { space: { type: 'entity', id: home.node.actor.entity }, path: 'bees' } },
        untilMs: home.world.nowMs + 1_000,
      })
    ).id,
  ]
  for (const text of ['two', 'three']) {
    const pages = [{ path: 'bees', text: Buffer.from(text), parents, isFork: true }]
    await home.node.run({ type: 'publish', pages, summary: '', index: true })
  }
  const { status, err } = await home.run(['rename', 'bees', 'wasps'])
  t.is(status, 1)
  t.ok(err.includes('CONFLICT') && err.includes('sheaf merge'), err)
  const back = await home.run(['revert', 'bees', one, '--yes', '-q'])
  t.is(back.status, 0, back.err)
  const [head] = await log(home, 'bees')
  t.is(head?.parents.length, 2, 'going back joins them')
  t.ok(idIn(await home.run(['rename', 'bees', 'wasps'])))
})
