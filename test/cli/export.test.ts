import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { idToText } from '../../src/base/text-id.ts'
import type { ExportedPage } from '../../src/node/commands.ts'
import { fakeNode, idOf, type Overrides } from './fake-node.ts'
import { servedHome } from './fake-shell.ts'

function page(path: string, text = path): ExportedPage {
  return { path, id: idOf(path), text: Buffer.from(text) }
}

/** A node that hands out these pages, whatever their paths. */
function exporting(pages: readonly ExportedPage[], missing: string[] = []): Overrides {
  return {
    list: () => [...pages.map(({ path }) => path), ...missing].map((path) => ({ path, version: idOf(path) })),
    export: ({ pages: window }, progress) => {
      const isWanted = (path: string): boolean => window?.some((one) => one.path === path) ?? true
      for (const one of pages) if (isWanted(one.path)) progress(one)
      return {
        pages: pages.length + missing.length,
        found: pages.length,
        missing: missing.filter(isWanted).map((path) => ({
          path,
          id: idOf(path),
          asked: [{ device: idOf('peer'), answer: 'unreachable' as const }],
        })),
      }
    },
  }
}

test('export - a space becomes files, byte for byte, and is not written twice', async (t) => {
  const odd = 'a\rb\0\u2028'
  const pages = [page('index'), page('garden/bees', odd), page('what is this?'), page('aux/con'), page('.')]
  const home = await servedHome(t, fakeNode(exporting(pages)))
  const first = await home.run(['export', '@me', 'out/copy'])
  t.alike([first.status, first.out, first.err], [0, '5 pages written, 0 unchanged\n', ''])
  const out = join(home.home, 'out', 'copy')
  t.alike(readdirSync(out).sort(), ['%61ux', '..md', 'garden', 'index.md', 'what is this%3F.md'])
  t.is(readFileSync(join(out, 'garden/bees.md'), 'utf8'), odd)
  const second = await home.run(['export', '@me', 'out/copy'])
  t.alike([second.status, second.out], [0, '0 pages written, 5 unchanged\n'])
  const json = await home.run(['export', '@me', 'other', '--json'])
  const lines = json.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string })
  t.alike(lines[0], { type: 'written', path: 'index', id: idToText(idOf('index')) })
  t.alike(
    lines.map(({ type }) => type),
    ['written', 'written', 'written', 'written', 'written', 'done'],
  )
})

test('export - a file that differs is left alone, unless it is forced', async (t) => {
  const home = await servedHome(t, fakeNode(exporting([page('a', 'theirs'), page('b')])))
  mkdirSync(join(home.home, 'out'))
  writeFileSync(join(home.home, 'out', 'a.md'), 'mine')
  const { status, err } = await home.run(['export', '@me', 'out'])
  t.is(status, 1)
  t.ok(
    /^left alone: a\nerror: 1 file that differs was left alone \(ALREADY_EXISTS\)\nhint: add --force/.test(
      err,
    ),
    err,
  )
  t.is(readFileSync(join(home.home, 'out/a.md'), 'utf8'), 'mine')
  t.is(readFileSync(join(home.home, 'out/b.md'), 'utf8'), 'b', 'the others are written')
  t.is((await home.run(['export', '@me', 'out', '--force'])).status, 0)
  t.is(readFileSync(join(home.home, 'out/a.md'), 'utf8'), 'theirs')
})

test('export - a hostile space writes nothing outside of the folder', async (t) => {
  const hostile = [
    ...[
      '../escape',
      'a/../../escape',
      '/escape',
      '..',
      'a/..',
      './escape',
      'a//escape',
      '',
      '/',
      '\\escape',
      'a\\..\\b',
    ],
    ...[
      'escape\0',
      'esc\u001b[2Jape',
      'a\u202eb',
      `${'a/'.repeat(9)}a`,
      'a'.repeat(300),
      'a\nb',
      ' a',
      '\ud800',
    ],
  ]
  const home = await servedHome(t, fakeNode(exporting([...hostile.map((path) => page(path)), page('good')])))
  const { status, out, err } = await home.run(['export', '@me', 'out'])
  t.is(status, 6)
  t.is(out, '1 page written, 0 unchanged\n')
  t.ok(/error: \d+ pages not written: .*\(BAD_FORMAT\)/.test(err))
  t.absent(
    ['\0', '\u001b', '\u202e'].some((one) => err.includes(one)),
    'and nothing of it reaches the terminal',
  )
  t.alike(readdirSync(join(home.home, 'out')), ['good.md'])
  t.alike(readdirSync(home.home).sort(), ['control.sock', 'out'])
})

test('export - links in the folder are not followed', async (t) => {
  const home = await servedHome(t, fakeNode(exporting([page('a'), page('b/c'), page('d'), page('e')])))
  const out = join(home.home, 'out')
  mkdirSync(join(home.home, 'elsewhere'))
  mkdirSync(join(out, 'd.md'), { recursive: true })
  writeFileSync(join(home.home, 'precious.md'), 'precious')
  symlinkSync(join(home.home, 'precious.md'), join(out, 'a.md'))
  symlinkSync(join(home.home, 'elsewhere'), join(out, 'b'))
  for (const args of [[], ['--force']]) {
    const { status, err } = await home.run(['export', '@me', 'out', ...args])
    t.is(status, 5)
    t.ok(/error: 3 pages not written: a\.md is in the way/.test(err), JSON.stringify(err))
  }
  t.is(readFileSync(join(home.home, 'precious.md'), 'utf8'), 'precious')
  t.alike(readdirSync(join(home.home, 'elsewhere')), [])
  t.is(readFileSync(join(out, 'e.md'), 'utf8'), 'e')
})

test('export - pages that nobody delivered are named, with 75', async (t) => {
  const home = await servedHome(t, fakeNode(exporting([page('a')], ['b', 'c'])))
  const { status, err } = await home.run(['export', '@me', 'out'])
  t.is(status, 75)
  t.ok(
    err.startsWith(
      'missing: b\nmissing: c\nerror: 2 of 3 pages were delivered by nobody in time (UNREACHABLE)\n',
    ),
  )
})

test('export - a space that is not found leaves no folder behind', async (t) => {
  const home = await servedHome(t, fakeNode())
  t.is((await home.run(['export', `@${idToText(idOf('stranger'))}`, 'out'])).status, 3)
  t.absent(existsSync(join(home.home, 'out')))
})
