import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'brittle'
import { idToText } from '../../src/base/text-id.ts'
import { fakeNode, HELD } from './fake-node.ts'
import { type FakeHome, servedHome } from './fake-shell.ts'

function write(home: FakeHome, files: Record<string, string | Uint8Array>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(home.home, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
}

test('publish - a folder becomes pages, by the names of its files', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  write(home, {
    'wiki/index.md': 'index',
    'wiki/garden/bees.md': '# Bees\n',
    'wiki/what is this%3F.md': 'escaped',
    'wiki/..md': 'the page of the command .',
    'wiki/.hidden.md': 'a page too',
    'wiki/picture.png': 'no page',
    'wiki/.git/HEAD.md': 'not looked at',
  })
  const { status, out, err } = await home.run(['publish', 'wiki'])
  t.alike([status, err], [0, 'left out 1 other file: --attachments publishes them, too\n'])
  t.is(out, '5 pages stored, 0 unchanged, held 5/5\n')
  t.alike([...node.pages.keys()].sort(), ['.', '.hidden', 'garden/bees', 'index', 'what is this?'])
  const again = await home.run(['publish', 'wiki', '--as', 'copy/of', '-m', 'Once more'])
  t.is(again.status, 0)
  t.ok(node.pages.has('copy/of/garden/bees'))
  const last = node.commands.findLast(({ type }) => type === 'publish')
  t.is(last?.type === 'publish' && last.summary, 'Once more')
})

test('publish - a file becomes the page of its name, or of the one that is given', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  write(home, { 'garden/bees.md': '# Bees\n', 'notes.txt': 'text' })
  const { out } = await home.run(['publish', 'garden/bees.md'])
  const id = idToText(node.pages.get('bees')!.id)
  t.is(out, `@${idToText(node.entity)}/bees\nversion ${id}\n1 page stored, 0 unchanged, held 5/5\n`)
  t.is((await home.run(['publish', 'notes.txt', '--as', 'notes', '-q'])).status, 0)
  t.ok(node.pages.has('notes'))
  t.is((await home.run(['publish', 'garden/bees.md', '-q'])).out, `${id}\n`, '-q prints only the id')
  t.is((await home.run(['publish', 'notes.txt', '-q'])).status, 0)
  t.is(node.pages.get('notes.txt')!.file!.mediaType, 'text/plain', 'what is no markdown goes as it is')
  t.is((await home.run(['publish', 'none.md'])).status, 3)
})

test('publish - what had to be normalised and what was passed over is named', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  write(home, {
    'wiki/dos.md': '\ufeffa\r\nb\r\n',
    'wiki/own.md': 'own',
    'secret.md': 'secret',
    'out/a.md': 'a',
  })
  symlinkSync(join(home.home, 'secret.md'), join(home.home, 'wiki/link.md'))
  symlinkSync(join(home.home, 'out'), join(home.home, 'wiki/folder'))
  symlinkSync('own.md', join(home.home, 'wiki/inside.md'))
  symlinkSync('nowhere', join(home.home, 'wiki/broken.md'))
  const { status, err } = await home.run(['publish', 'wiki'])
  t.is(status, 0)
  t.alike(err.split('\n').sort(), [
    '',
    'normalised dos.md: removed the byte-order mark, ended its lines with LF',
    'skipped broken.md: a link to nothing',
    'skipped folder: a link out of the folder',
    'skipped link.md: a link out of the folder',
  ])
  t.alike([...node.pages.keys()].sort(), ['dos', 'inside', 'own'])
  t.is(Buffer.from(node.pages.get('dos')!.text).toString(), 'a\nb\n')
  const json = await home.run(['publish', 'wiki', '--json'])
  t.ok(json.err.includes('{"type":"normalised","file":"dos.md","changes":["bom","crlf"]}\n'))
})

test('publish - nothing is sent where one file cannot be published', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const cases: [string, Record<string, string | Uint8Array>, number, RegExp][] = [
    [
      'no UTF-8',
      { 'bad.md': Uint8Array.of(0xff) },
      1,
      /bad\.md cannot be published: .*nothing was sent \(BAD_TEXT\)/,
    ],
    ['too large', { 'big.md': Buffer.alloc(9 * 1024 * 1024, 'a') }, 1, /big\.md .*\(TOO_LARGE\)/],
    ['a name that is no path', { ' bad.md': '' }, 64, / bad\.md cannot .*\(BAD_PATH\)/],
    [
      'one path twice',
      { 'why?.md': '', 'why%3F.md': '' },
      64,
      /why%3F\.md and why\?\.md would both be the page why\?/,
    ],
    [
      'two problems',
      { 'a.md': Uint8Array.of(0xff), 'b.md': Uint8Array.of(0xff) },
      1,
      /a\.md and 1 other cannot/,
    ],
  ]
  for (const [what, files, status, expected] of cases) {
    rmSync(join(home.home, 'wiki'), { recursive: true, force: true })
    write(home, { 'wiki/good.md': 'good' })
    write(home, Object.fromEntries(Object.entries(files).map(([name, content]) => [`wiki/${name}`, content])))
    const ran = await home.run(['publish', 'wiki'])
    t.is(ran.status, status, what)
    t.ok(expected.test(ran.err), JSON.stringify(ran.err))
  }
  mkdirSync(join(home.home, 'empty'))
  t.is((await home.run(['publish', 'empty'])).status, 64)
  t.is((await home.run(['publish', 'wiki', '--as', '../out'])).status, 64)
  t.is(node.pages.size, 0)
})

test('publish - what nobody holds yet is told with 75, and what holds it is told on the way', async (t) => {
  const few = { ...HELD, held: 2, target: 5, isHeld: false, batchesHeld: 0 }
  const home = await servedHome(t, fakeNode({ held: () => few }))
  write(home, { 'a.md': 'a' })
  const { status, out, err } = await home.run(['publish', 'a.md'])
  t.is(status, 75)
  t.ok(out.endsWith('1 page stored, 0 unchanged\n'))
  t.ok(/^error: held 2\/5: .*\(NOT_HELD\)\nhint: .*sheaf status/.test(err), JSON.stringify(err))
  const terminal = await home.run(['publish', 'a.md'], { isTerminal: true })
  t.ok(terminal.err.includes('held by 2 of 5'), 'progress, as a person watches')
  const json = await home.run(['publish', 'a.md', '--json'], { isTerminal: true })
  t.is(json.status, 75)
  const lines = json.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; isHeld?: boolean })
  t.alike(
    lines.map(({ type }) => type),
    ['stored', 'held', 'done'],
  )
  t.is(lines.at(-1)?.isHeld, false)
  t.is(json.err.split('\n').length, 2, 'and no progress: one error')
})

test('publish - patience reaches the daemon', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  write(home, { 'a.md': 'a' })
  await home.run(['publish', 'a.md', '--wait', '1.5'])
  const held = node.commands.find(({ type }) => type === 'held')
  t.is(held?.type === 'held' && held.patienceMs, 1_500)
  t.is((await home.run(['publish', 'a.md', '--wait', '61'])).status, 64)
})

test('publish - a thousand pages arrive whole and in order', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const files = Array.from(
    { length: 1_000 },
    (_, i) => [`wiki/page-${i}.md`, `${i} ${'x'.repeat(i)}`] as const,
  )
  write(home, Object.fromEntries(files))
  const { status, out } = await home.run(['publish', 'wiki', '-q'])
  t.is(status, 0)
  t.is(out.trimEnd().split('\n').length, 1_000)
  for (const [name, content] of files) {
    const page = node.pages.get(name.slice('wiki/'.length, -'.md'.length))
    if (Buffer.from(page?.text ?? []).toString() !== content) t.fail(name)
  }
})
