/** Files that are no text, through the command line: in, out, in part, and beside pages. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { fakeNode } from './fake-node.ts'
import { type Ran, servedHome } from './fake-shell.ts'

const BYTES = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7) & 0xff))

const doneOf = ({ out }: Ran) => JSON.parse(out.trim().split('\n').at(-1)!) as Record<string, unknown>

test('attach - a file that is no markdown is published as it is, and comes out as it was', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  writeFileSync(join(home.home, 'bee.png'), BYTES)
  const first = await home.run(['publish', 'bee.png', '--as', 'garden/bee.png'])
  t.is(first.status, 0, first.err)
  t.is(node.pages.get('garden/bee.png')!.file!.mediaType, 'image/png')
  t.is(doneOf(await home.run(['publish', 'bee.png', '--as', 'garden/bee.png', '--json'])).unchanged, 1)

  const whole = await home.run(['get', 'garden/bee.png', '--out', 'copy.png'])
  t.is(whole.status, 0, whole.err)
  t.ok(readFileSync(join(home.home, 'copy.png')).equals(BYTES))
  const part = await home.run(['get', 'garden/bee.png', '--range', '100-199', '--out', 'part.bin', '--json'])
  t.is(doneOf(part).bytes, 100)
  t.ok(readFileSync(join(home.home, 'part.bin')).equals(BYTES.subarray(100, 200)))
  const last = await home.run(['get', 'garden/bee.png', '--range', '-1'])
  t.is(last.out, BYTES.subarray(-1).toString())
  t.absent(
    readdirSync(home.home).some((name) => name.endsWith('.tmp')),
    'nothing is left beside',
  )
})

test('attach - bytes go to no terminal, and what cannot be is said', async (t) => {
  const home = await servedHome(t, fakeNode())
  writeFileSync(join(home.home, 'bee.png'), BYTES)
  writeFileSync(join(home.home, 'bees.md'), '# Bees\n')
  await home.run(['publish', 'bee.png'])
  await home.run(['publish', 'bees.md'])
  for (const [args, status, says, isTerminal] of [
    [['get', 'bee.png'], 64, '--out FILE', true],
    [['get', 'bee.png', '--range', '200000-'], 64, '200000 bytes', false],
    [['get', 'bee.png', '--range', '5-3'], 64, 'first and the last', false],
    [['get', 'bee.png', '--range', 'all'], 64, 'first and the last', false],
    [['get', 'bees', '--range', '0-1'], 64, 'for files', false],
    [['publish', 'bees.md', '--media-type', 'text/plain'], 64, '--as-file', false],
    [['publish', 'bee.png', '--media-type', 'Image/PNG'], 6, 'lower case', false],
    [['publish', 'bee.png', '--as', '../bee'], 64, 'breaks the rule', false],
    [['publish', 'gone.png'], 3, 'there is no gone.png', false],
    [['get', 'bee.png', '--out', 'no/such/folder'], 1, 'cannot write', false],
  ] as const) {
    const ran = await home.run(args, { isTerminal })
    t.is(ran.status, status, `${args.join(' ')}: ${ran.err}`)
    t.ok(ran.err.includes(says), ran.err)
  }
  t.is((await home.run(['get', 'bees', '--out', 'copy.md'])).status, 0)
  t.is(readFileSync(join(home.home, 'copy.md'), 'utf8'), '# Bees\n')
})

test('attach - markdown may be a file of its own, and is then no text', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  writeFileSync(join(home.home, 'crlf.md'), 'a\r\nb')
  t.is((await home.run(['publish', 'crlf.md', '--as-file'])).status, 0)
  t.is(node.pages.get('crlf.md')!.file!.mediaType, 'text/markdown')
  t.is((await home.run(['get', 'crlf.md'])).out, 'a\r\nb')
})

test('attach - the other files of a folder are left out, and say so, or come with its pages', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const wiki = join(home.home, 'wiki')
  mkdirSync(join(wiki, 'garden'), { recursive: true })
  writeFileSync(join(wiki, 'garden', 'bees.md'), '# Bees\n')
  writeFileSync(join(wiki, 'garden', 'bee.png'), BYTES)
  writeFileSync(join(wiki, 'note%2Emd'), 'no page')
  writeFileSync(join(wiki, '.DS_Store'), 'not wanted')
  symlinkSync('/etc/passwd', join(wiki, 'passwd.png'))
  const without = await home.run(['publish', 'wiki'])
  t.is(without.status, 0)
  t.ok(without.err.includes('left out 2 other files'))
  t.alike([...node.pages.keys()], ['garden/bees'])
  const published = await home.run(['publish', 'wiki', '--attachments'])
  t.is(published.status, 0, published.err)
  t.alike([...node.pages.keys()].sort(), ['garden/bee.png', 'garden/bees', 'note.md'])
  const done = doneOf(await home.run(['import', 'wiki', '--attachments', '--json']))
  t.is(done.others, 2)
  t.is(done.attachedUnchanged, 2)

  const exported = await home.run(['export', '@me', 'copy'])
  t.is(exported.status, 0, exported.err)
  t.ok(readFileSync(join(home.home, 'copy', 'garden', 'bee.png')).equals(BYTES))
  t.is(readFileSync(join(home.home, 'copy', 'note%2Emd'), 'utf8'), 'no page')
  t.absent(existsSync(join(home.home, 'copy', 'note.md')), 'a file is in the way of no page')
  const again = await home.run(['export', '@me', 'copy', '--json'])
  t.is(doneOf(again).unchanged, 3)
  writeFileSync(join(home.home, 'copy', 'garden', 'bee.png'), 'mine')
  t.is((await home.run(['export', '@me', 'copy'])).status, 1)
  t.is(readFileSync(join(home.home, 'copy', 'garden', 'bee.png'), 'utf8'), 'mine')
  t.is((await home.run(['export', '@me', 'copy', '--force'])).status, 0)
  t.ok(readFileSync(join(home.home, 'copy', 'garden', 'bee.png')).equals(BYTES))
})

test('attach - a folder of files and no page is published, too', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  mkdirSync(join(home.home, 'images'))
  writeFileSync(join(home.home, 'images', 'a.png'), BYTES)
  writeFileSync(join(home.home, 'images', 'b.png'), 'short')
  const ran = await home.run(['publish', 'images', '--attachments', '--as', 'images'])
  t.is(ran.status, 0, ran.err)
  t.alike([...node.pages.keys()], ['images/a.png', 'images/b.png'])
  t.is((await home.run(['publish', 'images'])).status, 64)
  const indexed = node.commands.flatMap((command) => (command.type === 'publish' ? [command.index] : []))
  t.alike(indexed, [false, true], 'the list of the space is signed with the last')
})
