import test from 'brittle'
import fc from 'fast-check'
import { Heap } from '../../src/base/heap.ts'
import { Chance } from '../../src/sim/chance.ts'
import { FAIR, Uplink, type Weather } from '../../src/sim/path.ts'
import { Stream } from '../../src/sim/stream.ts'
import { parameters } from '../helpers/seed.ts'

const SILENCE_MS = 15_000

/** Sends messages of these sizes through a stream; what arrived, and whether the stream died. */
function through(
  weather: Weather,
  sizes: readonly number[],
  options: { seed: string; isCut?: (nowMs: number) => boolean } = { seed: 'one' },
) {
  const heap = new Heap<() => void>()
  let nowMs = 0
  const arrived: number[] = []
  let isDead = false
  let drained = 0
  const stream = new Stream<number>({
    weather,
    uplink: new Uplink(1_000_000),
    chance: new Chance(options.seed),
    silenceMs: SILENCE_MS,
    nowMs: () => nowMs,
    at: (timeMs, happen) => heap.push(timeMs, happen),
    isCut: () => options.isCut?.(nowMs) ?? false,
    deliver: (message) => arrived.push(message),
    drained: () => {
      drained += 1
    },
    died: () => {
      isDead = true
      stream.end()
    },
  })
  const wasFree = sizes.map((bytes, number) => stream.send(number, bytes))
  while (heap.size > 0) {
    nowMs = heap.firstKey!
    heap.pop()!()
  }
  return { arrived, isDead, nowMs, drained, wasFree, left: stream.buffered + stream.early }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

test('stream - messages of every size arrive in their order', (t) => {
  const { arrived, isDead, left } = through(FAIR, [1, 70_000, 0, 1_200, 5])
  t.alike(arrived, numbers(5))
  t.absent(isDead)
  t.is(left, 0)
})

test('stream - whatever is lost below all, doubled and overtaken, messages arrive whole, once and in order, or the stream dies', () => {
  const weather = fc.record({
    latencyMs: fc.integer({ min: 0, max: 300 }),
    jitterMs: fc.integer({ min: 0, max: 300 }),
    loss: fc.double({ min: 0, max: 0.95, noNaN: true }),
    duplicate: fc.double({ min: 0, max: 1, noNaN: true }),
    heldUp: fc.double({ min: 0, max: 1, noNaN: true }),
    heldMs: fc.integer({ min: 0, max: 3_000 }),
  })
  const sizes = fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 12 })
  fc.assert(
    fc.property(weather, sizes, fc.string(), (conditions, lengths, seed) => {
      const { arrived, isDead, left } = through(conditions, lengths, { seed })
      const isOrdered = arrived.every((number, i) => number === i)
      return isOrdered && (isDead || (arrived.length === lengths.length && left === 0))
    }),
    parameters(),
  )
})

test('stream - a way that is cut for a while delivers late, and one that is cut for good dies', (t) => {
  const short = through(FAIR, [100, 100], { seed: 'a', isCut: (nowMs) => nowMs < 8_000 })
  t.alike(short.arrived, [0, 1])
  t.ok(short.nowMs >= 8_000)
  const long = through(FAIR, [100, 100], { seed: 'a', isCut: () => true })
  t.alike(long.arrived, [])
  t.ok(long.isDead)
  t.ok(long.nowMs < SILENCE_MS + 3_000)
})

test('stream - a sender is told to wait when much is under way, and to go on once', (t) => {
  const { wasFree, drained } = through(FAIR, [60_000, 60_000, 60_000])
  t.alike(wasFree, [true, false, false])
  t.is(drained, 1)
})
