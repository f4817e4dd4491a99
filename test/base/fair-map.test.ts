import test from 'brittle'
import fc from 'fast-check'
import { FairMap } from '../../src/base/fair-map.ts'
import { parameters } from '../helpers/seed.ts'

const id = (n: number): Uint8Array => Uint8Array.of(n >> 8, n & 255)

test('fair map - a crowd pushes out itself and nobody else', (t) => {
  const map = new FairMap<number>({ max: 10, ofGroupMax: 3 })
  for (let i = 0; i < 5; i++) map.set(id(i), i, `honest ${i}`)
  for (let i = 100; i < 1_100; i++) map.set(id(i), i, 'crowd')
  t.alike(
    [...map].map(([, value]) => value),
    [0, 1, 2, 3, 4, 1_097, 1_098, 1_099],
  )
})

test('fair map - what is set again is the youngest', (t) => {
  const map = new FairMap<number>({ max: 2, ofGroupMax: 2 })
  map.set(id(1), 1, undefined)
  map.set(id(2), 2, 'a')
  map.set(id(1), 10, 'a')
  map.set(id(3), 3, undefined)
  t.alike(
    [...map].map(([, value]) => value),
    [10, 3],
  )
  map.delete(id(1))
  t.is(map.size, 1)
})

test('fair map - both bounds hold whatever is set and deleted', (t) => {
  const move = fc.record({
    n: fc.nat(40),
    group: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(fc.record({ move, isGone: fc.boolean() }), { maxLength: 200 }), (moves) => {
      const map = new FairMap<number>({ max: 12, ofGroupMax: 4 })
      for (const { move, isGone } of moves) {
        if (isGone) map.delete(id(move.n))
        else map.set(id(move.n), move.n, move.group)
        if (!isGone && map.get(id(move.n)) !== move.n) return false
        const counts = new Map<string | undefined, number>()
        for (const { group } of map.values()) counts.set(group, (counts.get(group) ?? 0) + 1)
        counts.delete(undefined)
        if (map.size > 12 || [...counts.values()].some((count) => count > 4)) return false
      }
      return true
    }),
    parameters(),
  )
  t.pass()
})
