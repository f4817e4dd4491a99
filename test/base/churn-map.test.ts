import test from 'brittle'
import fc from 'fast-check'
import { ChurnMap } from '../../src/base/churn-map.ts'
import { parameters } from '../helpers/seed.ts'

test('churn map - what is taken out is handed over once', (t) => {
  const map = new ChurnMap<number, string>()
  map.set(1, 'one')
  map.set(2, 'two')
  map.set(1, 'uno')
  t.alike([map.size, map.get(1), [...map.values()]], [2, 'uno', ['uno', 'two']])
  t.alike([map.take(1), map.take(1), map.get(1), map.size], ['uno', undefined, undefined, 1])
  t.alike([map.has(1), map.has(2)], [false, true])
  map.clear()
  t.alike([map.size, map.has(2), [...map.values()]], [0, false, []])
})

test('churn map - it is a map, in whatever order entries come and go', (t) => {
  // As many keys as make it leave its empty cells behind.
  const step = fc.tuple(fc.nat(60), fc.option(fc.nat(99), { nil: undefined }))
  t.execution(() =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
        const map = new ChurnMap<number, number>()
        const plain = new Map<number, number>()
        for (const [key, value] of steps) {
          if (value === undefined) {
            if (map.take(key) !== plain.get(key)) return false
            plain.delete(key)
          } else {
            map.set(key, value)
            plain.set(key, value)
          }
          if (map.size !== plain.size || map.get(key) !== plain.get(key)) return false
          if (String([...map.values()]) !== String([...plain.values()])) return false
        }
        return true
      }),
      parameters(),
    ),
  )
})

test('churn map - an entry that goes while others are looked at is passed over', (t) => {
  const map = new ChurnMap<number, number>()
  for (let i = 0; i < 4; i++) map.set(i, i)
  const seen: number[] = []
  for (const value of map.values()) {
    seen.push(value)
    map.take(value + 1)
  }
  t.alike(seen, [0, 2])
})
