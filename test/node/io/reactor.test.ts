/** The reactor over a service that decides what a test says. */
import test from 'brittle'
import { networkOf } from '../../../src/base/network.ts'
import type { Checker } from '../../../src/node/io/checker.ts'
import { Reactor } from '../../../src/node/io/reactor.ts'
import type { Searcher } from '../../../src/node/io/searcher.ts'
import type { Swarm } from '../../../src/node/io/swarm.ts'
import { MemoryStore } from '../../../src/node/memory-store.ts'
import type { Effect, Input, Service } from '../../../src/node/service.ts'

/** A reactor whose service answers each input with what `decide` says; with all that it reports. */
function reactorOf(
  decide: (input: Input) => Effect[],
  onEvent: () => void = () => {},
): { reactor: Reactor; crashes: unknown[]; listeners: unknown[] } {
  const crashes: unknown[] = []
  const listeners: unknown[] = []
  const service = { step: decide, wakeAtMs: undefined } as unknown as Service
  const swarm: Swarm = {
    onConnection() {},
    join() {},
    visit: async () => {},
    leave() {},
    forgive() {},
    connect() {},
    address: () => undefined,
    reachability: () => undefined,
    traffic: () => ({ sentBytes: 0, receivedBytes: 0 }),
    close: async () => {},
  }
  const reactor = new Reactor({
    service,
    store: new MemoryStore(),
    swarm,
    checker: {} as Checker,
    searcher: {} as Searcher,
    network: networkOf('test', 4),
    clock: () => 0,
    wallClock: () => 0,
    onEvent,
    onListenerError: (error) => listeners.push(error),
    onCrash: (error) => crashes.push(error),
  })
  return { reactor, crashes, listeners }
}

test('reactor - a listener that throws is reported, and the node goes on', async (t) => {
  const { reactor, crashes, listeners } = reactorOf(
    (input) =>
      input.type !== 'command'
        ? []
        : [
            { type: 'event', event: { type: 'opened' } },
            { type: 'progress', token: input.token, value: 1 },
            { type: 'answer', token: input.token, outcome: { value: 'answered' } },
          ],
    () => {
      throw new Error('of events')
    },
  )
  const told = (): void => {
    throw new Error('of progress')
  }
  t.is(await reactor.run({ type: 'status' }, told), 'answered')
  t.is(await reactor.run({ type: 'status' }), 'answered')
  t.alike(
    listeners.map((error) => (error as Error).message),
    ['of events', 'of progress', 'of events'],
  )
  t.alike(crashes, [])
  reactor.close(new Error('closed'))
})

test('reactor - a service that throws is a crash, and whoever waits is told', async (t) => {
  const bug = new Error('a bug')
  const { reactor, crashes, listeners } = reactorOf((input) => {
    if (input.type === 'command') throw bug
    return []
  })
  await t.exception(reactor.run({ type: 'status' }), /a bug/)
  t.alike(crashes, [bug])
  t.alike(listeners, [])
})

test('reactor - a search that is cancelled is not answered, and the next one is', async (t) => {
  const seed = new Uint8Array(32)
  const done = await new Promise<number[]>((resolve) => {
    const tokens: number[] = []
    const { reactor } = reactorOf((input) => {
      if (input.type === 'start') {
        return [
          { type: 'solve', token: 7, peer: 1, seed, bid: 20_000 },
          { type: 'cancel', token: 7 },
          { type: 'solve', token: 8, peer: 1, seed, bid: 20_000 },
        ]
      }
      if (input.type !== 'done') return []
      tokens.push(input.token)
      setImmediate(() => {
        reactor.close(new Error('closed'))
        resolve(tokens)
      })
      return []
    })
    reactor.start()
  })
  t.alike(done, [8])
})

test('reactor - who leaves is told of to the service once, and not after the answer', async (t) => {
  const inputs: string[] = []
  const { reactor } = reactorOf((input) => {
    inputs.push(input.type)
    if (input.type === 'command' && input.command.type === 'status')
      return [{ type: 'answer', token: input.token, outcome: { value: 'answered' } }]
    if (input.type !== 'left') return []
    return [{ type: 'answer', token: input.token, outcome: { error: new Error('left') } }]
  })
  const leaving = new AbortController()
  const asked = reactor.run({ type: 'peers' }, undefined, leaving.signal)
  leaving.abort()
  await t.exception(asked, /left/)
  const gone = AbortSignal.abort()
  await t.exception(reactor.run({ type: 'peers' }, undefined, gone), /left/, 'also who left before')
  const late = new AbortController()
  t.is(await reactor.run({ type: 'status' }, undefined, late.signal), 'answered')
  late.abort()
  t.alike(inputs, ['command', 'left', 'command', 'left', 'command'])
  reactor.close(new Error('closed'))
})
