import test from 'brittle'
import fc from 'fast-check'
import { IdMap, IdSet, idKey } from '../../src/base/id-map.ts'
import { hex } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const id = (...bytes: number[]) => Uint8Array.from(bytes)

test('id map - ids are equal by their bytes, whatever array holds them', (t) => {
  const map = new IdMap<string>().set(id(1, 2), 'a').set(Buffer.from([1, 2]), 'b')
  t.is(map.size, 1)
  t.is(map.get(new Uint8Array([0, 1, 2]).subarray(1)), 'b')
  t.absent(map.has(id(1)))
  t.absent(map.has(id(1, 2, 0)))
  t.is(idKey(id(0, 255)), '\x00\xff')
})

test('id map - the oldest entry leaves where one too many comes; setting one again keeps its place', (t) => {
  const map = new IdMap<number>(2).set(id(1), 1).set(id(2), 2).set(id(1), 10)
  t.is(map.size, 2)
  map.set(id(3), 3)
  t.alike(
    [...map].map(([key, value]) => [...key, value]),
    [
      [2, 2],
      [3, 3],
    ],
  )
  t.alike([...map.values()], [2, 3])
  t.alike([...map.keys()].map(hex), ['02', '03'])
  map.clear()
  t.is(map.size, 0)
})

test('id set - tells whether an id is new', (t) => {
  const set = new IdSet([id(1), id(1), id(2)], 2)
  t.is(set.size, 2)
  t.absent(set.add(id(2)))
  t.ok(set.add(id(3)))
  t.absent(set.has(id(1)), 'the oldest left')
  t.ok(set.delete(id(3)))
  t.absent(set.delete(id(3)))
  t.alike([...set].map(hex), ['02'])
})

test('id map - does what a Map with hexadecimal keys does', (t) => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 2, max: 3 })
  const step = fc.oneof(
    fc.record({ what: fc.constant('set' as const), key, value: fc.nat() }),
    fc.record({ what: fc.constant('delete' as const), key }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const map = new IdMap<number>()
      const model = new Map<string, number>()
      for (const one of steps) {
        if (one.what === 'set') {
          map.set(one.key, one.value)
          model.set(hex(one.key), one.value)
        } else if (map.delete(one.key) !== model.delete(hex(one.key))) return false
      }
      const all = [...map].map(([id, value]) => [hex(id), value])
      return JSON.stringify(all) === JSON.stringify([...model])
    }),
    parameters(),
  )
  t.pass()
})
