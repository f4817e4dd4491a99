import test from 'brittle'
import { serveControl } from '../../src/node/io/control/server.ts'
import { fakeNode } from './fake-node.ts'
import { fakeHome, servedHome } from './fake-shell.ts'

const TIMES = { getTimeoutMs: 10_000, publishPatienceMs: 10_000 }
const event = (id: number, type = 'connected') => ({ id, timeMs: 1_700_000_000_000 + id, type })

test('events - are printed one a line, from where one was', async (t) => {
  const node = fakeNode()
  node.events.push(event(1), { ...event(2, 'odd\u001b[2J'), device: 'abc', size: 7 }, event(9))
  const home = await servedHome(t, node)
  const all = await home.run(['events', '--count', '3'])
  t.alike([all.status, all.err], [0, '6 events before 9 are no longer kept\n'])
  t.alike(all.out.split('\n').slice(0, 2), [
    '1  2023-11-14T22:13:20.001Z  connected',
    '2  2023-11-14T22:13:20.002Z  odd\\u{1b}[2J  device=abc  size=7',
  ])
  const json = await home.run(['events', '--since', '2', '--count', '1', '--json'])
  t.alike([json.out, json.err], [`${JSON.stringify(event(9))}\n`, ''])
  t.is((await home.run(['events', '--since', 'x'])).status, 64)
})

test('events - wait for the next daemon where one ends, and say so', async (t) => {
  const home = fakeHome(t)
  t.is((await home.run(['events'])).status, 69, 'where none runs at first there is nothing to wait for')
  const first = fakeNode()
  first.events.push(event(1), event(2))
  const one = await serveControl(first.api, { socketPath: home.paths.socket, config: TIMES })
  const running = home.run(['events', '--count', '3'])
  while (first.watchers.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await one.close()
  const second = fakeNode()
  second.events.push(event(1, 'opened'))
  const other = await serveControl(second.api, { socketPath: home.paths.socket, config: TIMES })
  t.teardown(() => other.close())
  const { status, out, err } = await running
  t.is(status, 0)
  t.alike(
    out
      .trimEnd()
      .split('\n')
      .map((line) => line.split('  ')[2]),
    ['connected', 'connected', 'opened'],
  )
  t.is(err, 'the daemon has ended; waiting for the next one\na daemon is back: its events begin at 1\n')
})

test('events - end with 2 on Ctrl-C', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const ending = new AbortController()
  const running = home.run(['events'], { signal: ending.signal })
  while (node.watchers.length === 0) await new Promise((resolve) => setImmediate(resolve))
  ending.abort()
  t.is((await running).status, 2)
})
