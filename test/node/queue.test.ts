import test from 'brittle'
import fc from 'fast-check'
import {
  DROP_AFTER_MS,
  type Entry,
  type Lane,
  PLACES,
  Queue,
  WAITING_BYTES_MAX,
} from '../../src/node/queue.ts'
import { parameters } from '../helpers/seed.ts'

/** A queue on a clock of its own, and what becomes of what is submitted. */
class Bench {
  nowMs = 0
  readonly begun: string[] = []
  readonly dropped: string[] = []
  readonly refused: string[] = []
  readonly queue: Queue
  readonly #alarms: { timeMs: number; fire: () => void }[] = []

  constructor(servedAtOnce = 1) {
    this.queue = new Queue({
      nowMs: () => this.nowMs,
      at: (timeMs, fire) => this.#alarms.push({ timeMs, fire }),
      servedAtOnce,
    })
  }

  entry(name: string, options: Partial<Entry> = {}): Entry {
    return {
      lane: 'earned',
      effort: 1,
      weight: 1,
      bytes: 10,
      networks: [],
      isLocal: false,
      begin: () => this.begun.push(name),
      drop: () => this.dropped.push(name),
      ...options,
    }
  }

  submit(name: string, options: Partial<Entry> = {}): Entry {
    const entry = this.entry(name, options)
    if (!this.queue.submit(entry)) this.refused.push(name)
    return entry
  }

  /** Ends what is served, one after the other. */
  serve(times: number): void {
    for (let i = 0; i < times && this.queue.running > 0; i++) this.queue.release()
  }

  advance(ms: number): void {
    this.nowMs += ms
    for (let due = this.#due(); due !== undefined; due = this.#due()) due.fire()
  }

  #due(): { fire: () => void } | undefined {
    const at = this.#alarms.findIndex(({ timeMs }) => timeMs <= this.nowMs)
    return at < 0 ? undefined : this.#alarms.splice(at, 1)[0]
  }
}

test('queue - what there is room for is served at once, the rest in the order of effort, the oldest first', (t) => {
  const bench = new Bench(2)
  for (const name of ['a', 'b']) bench.submit(name)
  t.alike(bench.begun, ['a', 'b'])
  for (const [name, effort] of [
    ['low', 1],
    ['high', 9],
    ['older', 5],
    ['younger', 5],
  ] as const)
    bench.submit(name, { effort })
  bench.serve(6)
  t.alike(bench.begun, ['a', 'b', 'high', 'older', 'younger', 'low'])
  t.is(bench.queue.running, 0)
})

test('queue - while both wait, known and strangers take turns by weight; else each has all there is', (t) => {
  const bench = new Bench()
  bench.submit('first')
  for (let i = 0; i < 6; i++) bench.submit(`k${i}`, { lane: 'known' })
  for (let i = 0; i < 3; i++) bench.submit(`s${i}`)
  bench.serve(10)
  t.alike(bench.begun, ['first', 'k0', 's0', 'k1', 's1', 'k2', 's2', 'k3', 'k4', 'k5'])

  const heavy = new Bench()
  heavy.submit('first')
  for (let i = 0; i < 6; i++) heavy.submit(`k${i}`, { lane: 'known' })
  for (let i = 0; i < 2; i++) heavy.submit(`S${i}`, { weight: 3 })
  heavy.serve(10)
  t.alike(heavy.begun, ['first', 'k0', 'S0', 'k1', 'k2', 'k3', 'S1', 'k4', 'k5'])
})

test('queue - a flood of strangers, whatever it bids, leaves the known half of what is served; and the other way round', (t) => {
  for (const flood of ['known', 'earned'] as const) {
    const bench = new Bench()
    const other: Lane = flood === 'known' ? 'earned' : 'known'
    bench.submit('first')
    for (let i = 0; i < PLACES; i++) bench.submit('flood', { lane: flood, effort: 1e9 })
    for (let i = 0; i < 20; i++) bench.submit('honest', { lane: other })
    bench.serve(41)
    t.is(bench.begun.filter((name) => name === 'honest').length, 20, flood)
  }
})

test('queue - where all places are taken a higher bid takes the place of the lowest, an equal one does not', (t) => {
  const bench = new Bench()
  bench.submit('first')
  for (let i = 0; i < PLACES; i++) bench.submit(`s${i}`, { effort: i < 2 ? 5 : 10 })
  bench.submit('equal', { effort: 5 })
  t.alike(bench.refused, ['equal'])
  bench.submit('higher', { effort: 6 })
  t.alike(bench.dropped, ['s1'], 'of the lowest, who came last')
  t.is(bench.queue.waiting('earned'), PLACES)
  for (let i = 0; i < PLACES; i++) bench.submit('k', { lane: 'known' })
  bench.submit('late', { lane: 'known', effort: 1e9 })
  t.alike(bench.refused, ['equal', 'late'], 'nobody who is known is put out')
})

test('queue - bytes are bounded as places are, and one bid may put out several', (t) => {
  const bench = new Bench()
  bench.submit('first')
  const quarter = { bytes: WAITING_BYTES_MAX / 4 }
  for (let i = 0; i < 4; i++) bench.submit(`s${i}`, { ...quarter, effort: i })
  bench.submit('too low', { bytes: 1, effort: 0 })
  t.alike(bench.refused, ['too low'])
  bench.submit('large', { bytes: WAITING_BYTES_MAX / 2, effort: 9 })
  t.alike(bench.dropped, ['s1', 's0'])
  bench.submit('larger than all', { bytes: WAITING_BYTES_MAX + 1, effort: 99 })
  t.alike(bench.refused, ['too low', 'larger than all'])
})

test('queue - one host and one network have so many places, a local network has them all', (t) => {
  const host = new Bench()
  host.submit('first')
  for (let i = 0; i < PLACES; i++) host.submit('h', { networks: ['1.2.3.4', '1.2.3.'], effort: i })
  const net = new Bench()
  net.submit('first')
  for (let i = 0; i < PLACES; i++) net.submit('n', { networks: [`1.2.3.${i}`, '1.2.3.'] })
  const local = new Bench()
  local.submit('first')
  for (let i = 0; i < PLACES; i++) local.submit('l', { networks: ['127.0.0.1', '127.0.0.'], isLocal: true })
  const [ofHost, ofNet, ofLocal] = [host, net, local].map(({ queue }) => queue.waiting('earned'))
  t.ok(ofHost! < ofNet! && ofNet! < ofLocal! && ofLocal === PLACES, `${ofHost} ${ofNet} ${ofLocal}`)
  host.serve(1)
  t.is(host.queue.waiting('earned'), ofHost! - 1)
  host.submit('again', { networks: ['1.2.3.4', '1.2.3.'] })
  t.is(host.queue.waiting('earned'), ofHost!, 'a place that was left is free')
})

test('queue - what was not begun in time is dropped, and what could not be in time is not let in', (t) => {
  const bench = new Bench()
  bench.submit('first')
  bench.submit('late')
  bench.advance(DROP_AFTER_MS - 1)
  bench.submit('later', { lane: 'known' })
  t.alike(bench.dropped, [])
  bench.advance(1)
  t.alike(bench.dropped, ['late'])
  bench.advance(DROP_AFTER_MS)
  t.alike(bench.dropped, ['late', 'later'])

  const slow = new Bench()
  slow.submit('first')
  for (let i = 0; i < 100; i++) slow.submit(`s${i}`, { effort: 10 })
  for (let i = 0; i < 20; i++) {
    slow.nowMs += 700
    slow.serve(1)
  }
  slow.submit('hopeless', { effort: 1 })
  t.alike(slow.refused, ['hopeless'], 'fifty wait before it, at half a second each')
  slow.submit('first in line', { effort: 11 })
  t.is(slow.refused.length, 1)
})

test('queue - a query that waits for its client leaves its place to others', (t) => {
  const bench = new Bench()
  bench.submit('a')
  bench.submit('b')
  bench.queue.release()
  t.alike(bench.begun, ['a', 'b'])
  bench.queue.resume()
  t.is(bench.queue.running, 2)
  bench.submit('c')
  bench.queue.release()
  t.alike(bench.begun, ['a', 'b'])
  bench.queue.release()
  t.alike(bench.begun, ['a', 'b', 'c'])
})

test('queue - who is gone is not begun, and its place is free', (t) => {
  const bench = new Bench()
  bench.submit('a')
  const gone = bench.submit('gone', { networks: ['1.2.3.4', '1.2.3.'] })
  bench.submit('b')
  bench.queue.withdraw(gone)
  bench.queue.withdraw(gone)
  bench.serve(3)
  t.alike(bench.begun, ['a', 'b'])
  t.alike(bench.dropped, [])
})

/** What may happen to a queue, in any order. */
const move = fc.oneof(
  fc.record({
    type: fc.constant('submit' as const),
    lane: fc.constantFrom<Lane>('known', 'earned'),
    effort: fc.nat(50),
    weight: fc.integer({ min: 1, max: 12 }),
    bytes: fc.oneof(fc.nat(30_000), fc.constant(WAITING_BYTES_MAX / 3)),
    host: fc.nat(300),
    isLocal: fc.boolean(),
  }),
  fc.record({ type: fc.constant('release' as const), count: fc.nat(3) }),
  fc.record({ type: fc.constant('advance' as const), ms: fc.nat(6_000) }),
  fc.record({ type: fc.constant('withdraw' as const), at: fc.nat(500) }),
)

test('queue - in any order of events: never above its bounds, the best first, and each query has one fate', (t) => {
  t.execution(() =>
    fc.assert(
      fc.property(fc.array(move, { maxLength: 600, size: 'max' }), (moves) => {
        const bench = new Bench(3)
        const waiting = new Map<string, Entry>()
        const fates = new Map<string, number>()
        let submitted = 0
        let isInOrder = true
        const end = (name: string): void => {
          waiting.delete(name)
          fates.set(name, (fates.get(name) ?? 0) + 1)
        }
        for (const one of moves) {
          if (one.type === 'submit') {
            const name = `q${submitted++}`
            const networks = [`1.2.${one.host >> 4}.${one.host}`, `1.2.${one.host >> 4}.`]
            const entry: Entry = {
              ...bench.entry(name, { ...one, networks }),
              begin: () => {
                end(name)
                const better = [...waiting.values()].some(
                  (other) =>
                    entry.lane === 'earned' && other.lane === 'earned' && other.effort > entry.effort,
                )
                if (better) isInOrder = false
              },
              drop: () => end(name),
            }
            waiting.set(name, entry)
            if (!bench.queue.submit(entry)) end(name)
          } else if (one.type === 'release') bench.serve(one.count)
          else if (one.type === 'advance') bench.advance(one.ms)
          else {
            const [name, entry] = [...waiting][one.at] ?? []
            if (name !== undefined && entry !== undefined) {
              bench.queue.withdraw(entry)
              end(name)
            }
          }
          const lanes = ['known', 'earned'] as const
          for (const lane of lanes) {
            const bytes = [...waiting.values()].reduce(
              (sum, one) => sum + (one.lane === lane ? one.bytes : 0),
              0,
            )
            if (bench.queue.waiting(lane) > PLACES || bytes > WAITING_BYTES_MAX) return false
          }
          if (bench.queue.running > 3) return false
          if (lanes.reduce((sum, lane) => sum + bench.queue.waiting(lane), 0) !== waiting.size) return false
          if (waiting.size > 0 && bench.queue.running < 3) return false
        }
        bench.advance(DROP_AFTER_MS)
        return (
          isInOrder &&
          waiting.size === 0 &&
          fates.size === submitted &&
          [...fates.values()].every((n) => n === 1)
        )
      }),
      parameters(),
    ),
  )
})
