import test from 'brittle'
import fc from 'fast-check'
import { randomBelow, shuffled } from '../../src/base/random.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { hex } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

test('random - one seed gives one sequence on every machine, however it is cut', (t) => {
  const whole = hex(seededRandom('bees')(70))
  t.is(whole.slice(0, 64), '86713d1f27a7351586e6731ad0c4932ba2464e02009cf414c4c9941216f56924')
  const cut = seededRandom('bees')
  t.is(hex(Buffer.concat([cut(1), cut(0), cut(31), cut(38)])), whole)
  t.unlike(hex(seededRandom('bee')(70)), whole)
  t.is(hex(seededRandom(7)(8)), hex(seededRandom('7')(8)))
})

test('random - numbers below a bound are whole, in range and even', (t) => {
  const random = seededRandom('dice')
  const counts = new Array<number>(6).fill(0)
  for (let i = 0; i < 6000; i++) counts[randomBelow(random, 6)]! += 1
  t.is(
    counts.reduce((sum, count) => sum + count, 0),
    6000,
  )
  t.ok(
    counts.every((count) => count > 850 && count < 1150),
    counts.join(' '),
  )
  t.is(randomBelow(random, 1), 0)
})

test('random - a draw that would tip the balance is thrown away', (t) => {
  const draws = [0xffffffff, 5]
  const random = (): Uint8Array => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(draws.shift()!)
    return bytes
  }
  t.is(randomBelow(random, 3), 2, '2^32 - 1 is one more than the largest multiple of 3')
  t.is(draws.length, 0)
})

test('random - shuffling keeps every item and leaves its input alone', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(5)), fc.string(), (items, seed) => {
      const before = [...items]
      const after = shuffled(items, seededRandom(seed))
      const sorted = (list: number[]) => [...list].sort().join()
      return sorted(after) === sorted(before) && items.join() === before.join()
    }),
    parameters(),
  )
  const orders = new Set(Array.from({ length: 200 }, (_, i) => shuffled([1, 2, 3], seededRandom(i)).join('')))
  t.is(orders.size, 6, 'every order comes up')
})
