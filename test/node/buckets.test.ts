import test from 'brittle'
import fc from 'fast-check'
import { Buckets } from '../../src/node/buckets.ts'
import { parameters } from '../helpers/seed.ts'

const RATE = { burst: 3, perS: 2 }

test('buckets - so many at once, then so many a second', (t) => {
  const buckets = new Buckets(10)
  const takes = (nowMs: number): boolean => {
    const may = buckets.level('a', RATE, nowMs) >= 1
    if (may) buckets.take('a', RATE, nowMs)
    return may
  }
  t.alike([0, 0, 0, 0].map(takes), [true, true, true, false])
  t.alike([499, 500, 501].map(takes), [false, true, false])
  t.is(buckets.level('a', RATE, 1_000_000), 3, 'no more than it holds')
  t.is(buckets.level('b', RATE, 0), 3, 'another is another')
})

test('buckets - beyond the bound the one that was not used for longest is forgotten', (t) => {
  const buckets = new Buckets(2)
  for (const name of ['a', 'b', 'a']) buckets.take(name, RATE, 0)
  for (const name of ['a', 'c']) buckets.take(name, RATE, 1_000)
  t.is(buckets.size, 2)
  t.alike(
    ['a', 'b', 'c'].map((name) => buckets.level(name, RATE, 1_000)),
    [2, 3, 2],
  )
})

test('buckets - whatever is asked when, no more gets through than burst and time allow', (t) => {
  const step = fc.record({ afterMs: fc.integer({ min: -500, max: 2_000 }), name: fc.nat(3) })
  t.execution(() =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const buckets = new Buckets(4)
        const taken = new Map<number, number>()
        let nowMs = 1_000_000
        let elapsedMs = 0
        for (const { afterMs, name } of steps) {
          nowMs += afterMs
          elapsedMs += Math.max(0, afterMs)
          const level = buckets.level(`${name}`, RATE, nowMs)
          if (level < 0 || level > RATE.burst) return false
          if (level < 1) continue
          buckets.take(`${name}`, RATE, nowMs)
          taken.set(name, (taken.get(name) ?? 0) + 1)
        }
        const most = RATE.burst + (elapsedMs / 1000) * RATE.perS
        return buckets.size <= 4 && [...taken.values()].every((count) => count <= most)
      }),
      parameters(),
    ),
  )
})
