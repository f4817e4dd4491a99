import test from 'brittle'
import fc from 'fast-check'
import { Heap } from '../../src/base/heap.ts'
import { parameters } from '../helpers/seed.ts'

test('heap - the smallest key leaves first, equal ones in the order of their coming', (t) => {
  const heap = new Heap<string>()
  t.is(heap.pop(), undefined)
  t.is(heap.firstKey, undefined)
  for (const [key, value] of [
    [3, 'c'],
    [1, 'a'],
    [3, 'd'],
    [2, 'b'],
    [3, 'e'],
  ] as const)
    heap.push(key, value)
  t.is(heap.size, 5)
  t.is(heap.firstKey, 1)
  t.alike(
    Array.from({ length: 5 }, () => heap.pop()),
    ['a', 'b', 'c', 'd', 'e'],
  )
  t.is(heap.size, 0)
})

test('heap - any mixture of pushes and pops gives what a stable sort gives', (t) => {
  const steps = fc.array(fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined, freq: 2 }))
  fc.assert(
    fc.property(steps, (all) => {
      const heap = new Heap<number>()
      const model: { key: number; order: number }[] = []
      return all.every((key, order) => {
        if (key !== undefined) {
          heap.push(key, order)
          model.push({ key, order })
          model.sort((a, b) => a.key - b.key || a.order - b.order)
          return heap.firstKey === model[0]?.key && heap.size === model.length
        }
        return heap.pop() === model.shift()?.order
      })
    }),
    parameters(),
  )
  t.pass()
})
