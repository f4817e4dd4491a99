import test from 'brittle'
import fc from 'fast-check'
import { clockSkew, TOLD_MAX, type ToldTime } from '../../src/node/clock-skew.ts'
import { parameters } from '../helpers/seed.ts'

const NOW = { nowMs: 1_000_000, wallMs: 1_000_000 }
const MINUTE = 60_000

test('clock skew - is what most peers say, and nothing where nobody said', (t) => {
  t.is(clockSkew([], NOW), undefined)
  const told = [
    { timeMs: 900_000, atMs: 900_000 },
    { timeMs: 900_000 + 5 * MINUTE, atMs: 900_000 },
    { timeMs: 950_000 + 5 * MINUTE, atMs: 950_000 },
  ]
  t.alike(clockSkew(told, NOW), { aheadMs: -5 * MINUTE, peers: 3 }, 'five minutes behind two of three')
  const set = { ...NOW, wallMs: NOW.wallMs + 5 * MINUTE }
  t.is(clockSkew(told, set)!.aheadMs, 0, 'a clock that was set right is right at once')
})

test('clock skew - whatever fewer than half say, it stays within what the others said', (t) => {
  const time = fc.integer({ min: 0, max: 2 ** 48 })
  const honest = fc.array(fc.integer({ min: -500, max: 500 }), { minLength: 5, maxLength: 20 })
  const liars = fc.array(fc.record({ timeMs: time, atMs: time }), { maxLength: 4 })
  fc.assert(
    fc.property(honest, liars, (offsets, lies) => {
      const told: ToldTime[] = offsets.map((offset) => ({ timeMs: NOW.nowMs - offset, atMs: NOW.nowMs }))
      const { aheadMs, peers } = clockSkew([...lies, ...told], NOW)!
      const within = aheadMs >= Math.min(...offsets) && aheadMs <= Math.max(...offsets)
      return peers === told.length + lies.length && within
    }),
    parameters(),
  )
  t.pass()
})

test('clock skew - only the newest words are looked at', (t) => {
  const old = Array.from({ length: 1_000 }, () => ({ timeMs: 0, atMs: NOW.nowMs }))
  const fresh = Array.from({ length: TOLD_MAX }, () => ({ timeMs: NOW.nowMs, atMs: NOW.nowMs }))
  t.alike(clockSkew([...old, ...fresh], NOW), { aheadMs: 0, peers: TOLD_MAX })
})
