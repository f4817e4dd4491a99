/** Events for whoever watches: numbered, kept for a while, then as they happen. */
import test from 'brittle'
import { EventLog, type LoggedEvent } from '../../../src/node/io/event-log.ts'

/** What is kept, as event-log.ts has it. */
const EVENTS_MAX = 2_000

async function take(watch: AsyncIterable<LoggedEvent>, count: number): Promise<LoggedEvent[]> {
  const taken: LoggedEvent[] = []
  if (count === 0) return taken
  for await (const event of watch) if (taken.push(event) === count) break
  return taken
}

const never = new AbortController().signal

test('event log - ids count from one, and a watcher picks up where it left off', async (t) => {
  const log = new EventLog()
  const first = log.add({ type: 'connected', device: 'x' }, 10)
  t.alike(first, { type: 'connected', device: 'x', id: 1, timeMs: 10 })
  log.add({ type: 'opened' }, 20)
  t.alike(
    (await take(log.watch(0, never), 2)).map(({ type }) => type),
    ['connected', 'opened'],
  )
  t.alike(
    (await take(log.watch(1, never), 1)).map(({ id }) => id),
    [2],
  )
})

test('event log - a watcher that waits hears what comes, once each and in order', async (t) => {
  const log = new EventLog()
  const watchers = [take(log.watch(0, never), 3), take(log.watch(1, never), 2)]
  for (const timeMs of [1, 2, 3]) log.add({ type: 'held' }, timeMs)
  const [all, later] = await Promise.all(watchers)
  t.alike(
    all!.map(({ id }) => id),
    [1, 2, 3],
  )
  t.alike(
    later!.map(({ id }) => id),
    [2, 3],
  )
})

test('event log - memory is bounded, and the gap in the ids tells what is gone', async (t) => {
  const log = new EventLog()
  for (let i = 1; i <= EVENTS_MAX + 500; i++) log.add({ type: 'held' }, i)
  const kept = await take(log.watch(0, never), EVENTS_MAX)
  t.is(kept[0]!.id, 501)
  t.is(kept.at(-1)!.id, EVENTS_MAX + 500)
})

test('event log - a watcher that is aborted ends, while it waits and before', async (t) => {
  const log = new EventLog()
  const leaving = new AbortController()
  const seen: number[] = []
  const watching = (async () => {
    for await (const { id } of log.watch(0, leaving.signal)) {
      seen.push(id)
      leaving.abort()
    }
  })()
  log.add({ type: 'held' }, 1)
  await watching
  log.add({ type: 'held' }, 2)
  t.alike(seen, [1])
  const waiting = new AbortController()
  const end = take(log.watch(2, waiting.signal), 1)
  waiting.abort()
  t.alike(await end, [])
  t.alike(await take(log.watch(0, AbortSignal.abort()), 1), [])
})
