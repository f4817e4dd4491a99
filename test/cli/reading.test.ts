import test from 'brittle'
import { idToText } from '../../src/base/text-id.ts'
import type { LoggedVersion } from '../../src/node/version-answers.ts'
import { fakeNode, idOf } from './fake-node.ts'
import { servedHome } from './fake-shell.ts'

const HOSTILE = '# Bees\u001b]0;gotcha\u0007\n\tfly\r\u202eback\0\n'

function nodeWithPages(): ReturnType<typeof fakeNode> {
  const node = fakeNode()
  node.pages.set('garden/bees', { id: idOf('bees'), text: Buffer.from(HOSTILE) })
  node.pages.set('garden/ants', { id: idOf('ants'), text: Buffer.from('# Ants\n') })
  return node
}

test('get - a page by path, by full name and by id is one page', async (t) => {
  const node = nodeWithPages()
  const home = await servedHome(t, node)
  const me = `@${idToText(node.entity)}`
  for (const name of ['garden/ants', '@me/garden/ants', `${me}/garden/ants`, idToText(idOf('ants'))]) {
    const { status, out, err } = await home.run(['get', name])
    t.alike([status, out, err], [0, '# Ants\n', ''], name)
  }
  t.is((await home.run(['get', 'garden/ants', '-q'])).out, `${idToText(idOf('ants'))}\n`)
  const json = JSON.parse((await home.run(['get', 'garden/ants', '--json'])).out) as {
    text: string
    page: string
  }
  t.alike([json.text, json.page], ['# Ants\n', `${me}/garden/ants`])
})

test('get - a terminal is shown what it would obey; a file and --raw get every byte', async (t) => {
  const home = await servedHome(t, nodeWithPages())
  t.is((await home.run(['get', 'garden/bees'])).out, HOSTILE)
  const shown = await home.run(['get', 'garden/bees'], { isTerminal: true })
  t.is(shown.out, '# Bees\\u{1b}]0;gotcha\\u{7}\n\tfly\\u{d}\\u{202e}back\\u{0}\n')
  t.ok(/^@\w{52}\/garden\/bees: version \w{52} by @\w{52} \(only tip\)\n$/.test(shown.err))
  const raw = await home.run(['get', 'garden/bees', '--raw'], { isTerminal: true })
  t.alike([raw.out, raw.err], [HOSTILE, ''])
})

test('get - what is asked for is checked before anybody is asked', async (t) => {
  const node = nodeWithPages()
  const home = await servedHome(t, node)
  for (const page of ['../etc', '@me/../etc', '@nobody/a', 'a'.repeat(600), '@me/', '']) {
    t.is((await home.run(['get', page])).status, 64, page)
  }
  t.is((await home.run(['get', 'b'.repeat(52)])).status, 64, 'no id: the last letter is wrong')
  t.absent(node.commands.some(({ type }) => type === 'get'))
})

test('get - a deadline reaches the daemon', async (t) => {
  const node = nodeWithPages()
  const home = await servedHome(t, node)
  const beforeMs = Date.now()
  await home.run(['get', 'garden/ants', '--timeout', '0.5'])
  const asked = node.commands.find((command) => command.type === 'get')
  t.ok(asked?.type === 'get' && asked.untilMs >= beforeMs + 500 && asked.untilMs < beforeMs + 10_000)
})

test('log, where - tell a page’s history and holders', async (t) => {
  const home = await servedHome(t, nodeWithPages())
  const id = idToText(idOf('ants'))
  const log = await home.run(['log', 'garden/ants'])
  t.ok(log.out.startsWith(`* ${id}  7 B\n  2023-11-14 22:13:20 by @`))
  t.is((await home.run(['log', 'garden/ants', '-q'])).out, `${id}\n`)
  const where = await home.run(['where', id])
  t.ok(
    where.out.startsWith(
      `version ${id}\nhere: yes\nheld by 1 person of 5 wanted, and more are being asked\n`,
    ),
  )
  t.is((await home.run(['where', id, '-q'])).out, `${idToText(idOf('peer'))}\n`)
  t.is((await home.run(['log', 'none'])).status, 3)
  for (const verb of ['log', 'where']) {
    t.ok(JSON.parse((await home.run([verb, 'garden/ants', '--json'])).out))
  }
})

test('log - a history is drawn as a graph', async (t) => {
  const version = (name: string, timeMs: number, ...parents: string[]): LoggedVersion => ({
    id: idOf(name),
    page: { space: { type: 'entity', id: idOf('entity') }, path: name === 'root' ? 'old' : 'bees' },
    author: idOf('entity'),
    timeMs,
    summary: name,
    parents: parents.map(idOf),
    content: 'text',
    textBytes: 5,
    redirect: undefined,
    isHead: name === 'joined',
    isTip: name === 'joined',
  })
  const home = await servedHome(
    t,
    fakeNode({
      log: () => [
        version('joined', 4, 'left', 'right'),
        version('right', 3, 'root'),
        version('left', 2, 'root'),
        version('root', 1),
      ],
    }),
  )
  const { out } = await home.run(['log', 'bees', '--graph'])
  const [joined, left, right, root] = ['joined', 'left', 'right', 'root'].map((name) => idToText(idOf(name)))
  const lines = out.split('\n').map((line) => line.replace(/ {2}5 B.*| 1970.*/, ''))
  t.alike(lines, [
    `* ${joined} (head)`,
    '|',
    '| joined',
    '|\\',
    `| * ${right}`,
    '| |',
    '| | right',
    `* | ${left}`,
    '| |',
    '| | left',
    '|/',
    `* ${root}`,
    ' ',
    '  root',
    '',
  ])
  t.ok(out.includes(`5 B at @${idToText(idOf('entity'))}/old`), 'a version on another page says so')
})

test('list - the pages of a space, sorted', async (t) => {
  const node = nodeWithPages()
  const home = await servedHome(t, node)
  t.is((await home.run(['list', '@me'])).out, 'garden/ants\ngarden/bees\n')
  const json = JSON.parse((await home.run(['list', '@me', '--json'])).out) as {
    space: string
    pages: object[]
  }
  t.is(json.space, `@${idToText(node.entity)}`)
  t.alike(json.pages[0], { path: 'garden/ants', id: idToText(idOf('ants')) })
  t.is((await home.run(['list', `%${idToText(idOf('group'))}`])).status, 3)
  t.is((await home.run(['list', 'garden'])).status, 64)
})
