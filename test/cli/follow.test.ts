import test from 'brittle'
import { idToText } from '../../src/base/text-id.ts'
import { fakeNode, idOf, TIME_MS } from './fake-node.ts'
import { servedHome } from './fake-shell.ts'

const version = (id: number, page: string, more: object = {}) => ({
  id,
  timeMs: TIME_MS + id,
  type: 'version',
  page,
  version: idOf(`${page} ${id}`),
  author: idOf('ann'),
  claimedMs: TIME_MS,
  content: 'text',
  summary: 'a change',
  head: idOf(`${page} ${id}`),
  isHead: true,
  headChanged: true,
  ...more,
})

const isWatched = async (node: ReturnType<typeof fakeNode>): Promise<void> => {
  while (node.watchers.length === 0) await new Promise((resolve) => setImmediate(resolve))
}

test('follow - a page, a space, the list, and no more', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const me = idToText(node.entity)
  const none = await home.run(['follow'])
  t.alike([none.out, none.err.includes('nothing is followed')], ['', true])
  const first = await home.run(['follow', 'garden/bees'])
  t.alike([first.status, first.out], [0, `@${me}/garden/bees is followed from now on\n`])
  t.ok(first.err.includes('--watch'))
  const again = await home.run(['follow', '@me/garden/bees'])
  t.is(again.out, `@${me}/garden/bees is followed already\n`)
  t.is((await home.run(['follow', '@me', '-q'])).out, `@${me}\n`)
  const list = await home.run(['follow'])
  t.is(list.out.split('\n').length, 3)
  t.ok(/^@\w+\/garden\/bees +since .* ago +3 keepers tell +2 new, the last .* ago\n/.test(list.out), list.out)
  const { follows } = JSON.parse((await home.run(['follow', '--json'])).out) as { follows: object[] }
  t.alike(Object.keys(follows[0]!).sort(), ['gatheredMs', 'keepers', 'sinceMs', 'told', 'toldMs', 'what'])
  t.is((await home.run(['unfollow', 'garden/bees'])).out, `@${me}/garden/bees is followed no more\n`)
  t.is((await home.run(['unfollow', 'garden/bees'])).out, `@${me}/garden/bees was not followed\n`)
  t.is((await home.run(['follow', '-q'])).out, `@${me}\n`)
})

test('follow - with --watch what is new is printed as it comes, of what was named', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const me = idToText(node.entity)
  node.events.push(version(1, `@${me}/old`))
  const running = home.run(['follow', '@me', '--watch', '--count', '2'])
  await isWatched(node)
  node.happens(
    { id: 2, timeMs: 1, type: 'connected' },
    version(3, `@${idToText(idOf('ben'))}/bees`),
    version(4, `@${me}/bees`, { isHead: false, content: 'deleted', summary: 'evil \u001b[2J' }),
    {
      id: 5,
      timeMs: 1,
      type: 'entity',
      entity: node.entity,
      record: idOf('r'),
      kind: 'profile',
      claimedMs: 1,
    },
  )
  const { status, out, err } = await running
  t.is(status, 0)
  t.alike(out.split('\n'), [
    `@${me}/bees  ${idToText(idOf(`@${me}/bees 4`))}  beside the head  by @${idToText(idOf('ann'))}  deleted  evil \\u{1b}[2J`,
    `@${me}  ${idToText(idOf('r'))}  profile`,
    '',
  ])
  t.is(err, `watching; Ctrl-C ends it\n@${me} is followed from now on\n`)
})

test('follow - with --json and --watch there is an object a line; of all that is followed where nothing is named', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const running = home.run(['follow', '--watch', '--count', '1', '--json'])
  await isWatched(node)
  const page = `@${idToText(idOf('ben'))}/bees`
  node.happens(version(1, page))
  const { out, err } = await running
  const id = idToText(idOf(`${page} 1`))
  t.alike(JSON.parse(out), {
    type: 'version',
    page,
    author: idToText(idOf('ann')),
    content: 'text',
    summary: 'a change',
    head: id,
    isHead: true,
    headChanged: true,
    id,
    timeMs: TIME_MS,
  })
  t.is(err, '')
  t.is(node.commands.filter(({ type }) => type === 'follow').length, 0)
})

test('follow - ends with 2 on Ctrl-C, and arguments that are wrong are refused', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const ending = new AbortController()
  const running = home.run(['follow', '@me', '--watch'], { signal: ending.signal })
  await isWatched(node)
  ending.abort()
  t.is((await running).status, 2)
  t.is((await home.run(['follow', '--count', '3'])).status, 64)
  t.is((await home.run(['follow', '--watch', '--count', '0'])).status, 64)
  t.is((await home.run(['follow', '@'])).status, 64)
  t.is((await home.run(['unfollow'])).status, 64)
})
