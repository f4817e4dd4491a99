// timeout: 240s
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'brittle'
import { SheafError } from '../../src/base/errors.ts'
import { fakeNode, HELD } from './fake-node.ts'
import { type FakeHome, fakeHome, servedHome } from './fake-shell.ts'

function write(home: FakeHome, files: Record<string, string | Uint8Array>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(home.home, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
}

/** So many small pages, which is several batches from 251 on. */
function many(pages: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: pages }, (_, i) => [`wiki/page-${i}.md`, `page ${i}`]))
}

const BAD = {
  'wiki/bad text.md': Uint8Array.of(0xff),
  'wiki/big.md': Buffer.alloc(9 * 1024 * 1024, 'a'),
  'wiki/ bad name.md': '',
  'wiki/why?.md': 'one',
  'wiki/why%3F.md': 'the other',
}

interface Summary {
  imported: number
  unchanged: number
  isWhole: boolean
  isHeld: boolean
  importable: number
  skipped: { file: string; code: string | null; why: string }[]
}

test('import - goes on past what cannot become a page, names it, and ends with 1', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  write(home, { ...many(300), ...BAD })
  symlinkSync('/etc/hostname', join(home.home, 'wiki/out.md'))
  const { status, out, err } = await home.run(['import', 'wiki'])
  t.is(status, 1)
  t.is(out, '301 pages stored, 0 unchanged, held 5/5\n')
  t.is(node.pages.size, 301)
  t.ok(err.includes('error: 4 of 305 files cannot become pages (INCOMPLETE)\n'))
  t.ok(/^skipped bad text\.md: /m.test(err) && /^skipped out\.md: a link out of the folder$/m.test(err))
  const json = await home.run(['import', 'wiki', '--json'])
  const summary = JSON.parse(json.out) as Summary
  t.alike([summary.imported, summary.unchanged, summary.isWhole, summary.isHeld], [0, 301, true, true])
  t.alike(summary.skipped.map(({ file, code }) => `${file} ${code}`).sort(), [
    ' bad name.md BAD_PATH',
    'bad text.md BAD_TEXT',
    'big.md TOO_LARGE',
    'out.md null',
    'why?.md AMBIGUOUS',
  ])
})

test('import - with a prefix, and a dry run that needs no daemon and sends nothing', async (t) => {
  const alone = fakeHome(t)
  write(alone, { ...many(3), 'wiki/bad.md': Uint8Array.of(0xff) })
  const dry = await alone.run(['import', 'wiki', '--dry-run'])
  t.is(dry.status, 1)
  t.is(dry.out, '3 pages would be imported, 1 skipped\n')
  rmSync(join(alone.home, 'wiki/bad.md'))
  const clean = await alone.run(['import', 'wiki', '--dry-run', '--json'])
  t.is(clean.status, 0)
  t.is((JSON.parse(clean.out) as Summary).importable, 3)
  t.is((await alone.run(['import', 'wiki'])).status, 69, 'and without --dry-run it does')

  const node = fakeNode()
  const home = await servedHome(t, node)
  write(home, many(2))
  t.is((await home.run(['import', 'wiki', '--prefix', 'old/wiki', '-q'])).out.trim().split('\n').length, 2)
  t.alike([...node.pages.keys()], ['old/wiki/page-0', 'old/wiki/page-1'])
  t.is((await home.run(['import', 'wiki', '--prefix', '../up'])).status, 64)
})

test('import - a folder that is none, is empty, or may not be read', async (t) => {
  const home = await servedHome(t, fakeNode())
  write(home, { 'a.md': 'a', 'empty/none.txt': '', ...many(1), 'wiki/closed/b.md': 'b' })
  t.is((await home.run(['import', 'nowhere'])).status, 3)
  t.is((await home.run(['import', 'a.md'])).status, 64)
  t.is((await home.run(['import', 'empty'])).status, 64)
  if (process.getuid?.() === 0) return t.comment('root may read everything')
  const closed = join(home.home, 'wiki/closed')
  chmodSync(closed, 0)
  t.teardown(() => chmodSync(closed, 0o700))
  const { status, out } = await home.run(['import', 'wiki', '--json'])
  t.is(status, 1)
  t.is((JSON.parse(out) as Summary).skipped[0]?.file, 'closed/')
})

test('import - what the node fails with ends it, and says how far it came', async (t) => {
  let batches = 0
  let room = 2
  const working = fakeNode()
  const node = fakeNode({
    publish: (command) => {
      if (batches++ >= room) throw new SheafError('QUOTA_FULL', 'no room')
      return working.api.run(command)
    },
  })
  const home = await servedHome(t, node)
  write(home, many(1_000))
  const { status, out, err } = await home.run(['import', 'wiki'])
  t.is(status, 5)
  t.is(out, '500 pages stored, 0 unchanged\n')
  t.ok(/no room; 500 of 1000 pages are stored \(QUOTA_FULL\)\nhint: run the same command again/.test(err))
  room = Number.POSITIVE_INFINITY
  const again = await home.run(['import', 'wiki'])
  t.alike([again.status, again.out], [0, '500 pages stored, 500 unchanged, held 5/5\n'])
})

test('import - Ctrl-C ends it after what was sent is stored and listed', async (t) => {
  const ending = new AbortController()
  const working = fakeNode()
  let batches = 0
  const node = fakeNode({
    publish: (command) => {
      if (++batches === 2) ending.abort()
      return working.api.run(command)
    },
  })
  const home = await servedHome(t, node)
  write(
    home,
    Object.fromEntries(
      Array.from({ length: 1_000 }, (_, i) => [`wiki/page-${i}.md`, `page ${i} ${'x'.repeat(9_000)}`]),
    ),
  )
  const { status, out, err } = await home.run(['import', 'wiki', '--json'], { signal: ending.signal })
  t.is(status, 2)
  const { imported, isWhole } = JSON.parse(out) as Summary
  t.is(imported, working.pages.size, 'what it says is what is there')
  t.ok(imported >= 500 && imported < 1_000 && !isWhole, `${imported}`)
  t.ok(err.includes('"CANCELLED"'))
  const last = node.commands.findLast(({ type }) => type === 'publish')
  t.ok(last?.type === 'publish' && last.index, 'the last batch signs the list')
  const again = await home.run(['import', 'wiki'])
  t.is(again.out, `${1_000 - imported} pages stored, ${imported} unchanged, held 5/5\n`)
})

test('import - while it waits for holders Ctrl-C ends it at once', async (t) => {
  const ending = new AbortController()
  const node = fakeNode({
    held: (_, progress) => {
      progress({ ...HELD, held: 1, isHeld: false })
      ending.abort()
      return new Promise(() => {})
    },
  })
  const home = await servedHome(t, node)
  write(home, many(3))
  const { status, err } = await home.run(['import', 'wiki'], { signal: ending.signal })
  t.is(status, 2)
  t.ok(err.includes('3 of 3 pages are stored'))
})

test('publish - what was stored before a bad line is listed too', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const { ControlClient } = await import('../../src/node/io/control/client.ts')
  const client = new ControlClient({ socketPath: home.paths.socket })
  async function* lines() {
    for (let i = 0; i < 600; i++) yield `{"path":"p${i}","text":"${i}"}\n`
    yield '{"path":"../x","text":""}\n'
  }
  let code = ''
  try {
    for await (const _ of client.stream('/v1/publish', { method: 'POST', lines: lines() }));
  } catch (error) {
    code = (error as SheafError).code
  }
  t.is(code, 'BAD_PATH')
  const last = node.commands.findLast(({ type }) => type === 'publish')
  t.ok(last?.type === 'publish' && last.index && last.pages.length === 0)
})
