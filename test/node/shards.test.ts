import test from 'brittle'
import fc from 'fast-check'
import { sha256 } from '../../src/base/hash.ts'
import { networkOf } from '../../src/base/network.ts'
import { shuffled } from '../../src/base/random.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import {
  addressOf,
  distanceOf,
  prefixOf,
  rootOfIds,
  shardTopic,
  sharesPrefix,
} from '../../src/node/shards.ts'
import { hex, unhex, utf8 } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const point = fc.uint8Array({ minLength: 32, maxLength: 32 })
const bits = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')

test('shards - a prefix is the first bits, and zeros behind them', (t) => {
  const ones = new Uint8Array(32).fill(0xff)
  t.alike(
    [0, 1, 7, 8, 9, 16].map((depth) => hex(prefixOf(ones, depth))),
    ['', '80', 'fe', 'ff', 'ff80', 'ffff'],
  )
  fc.assert(
    fc.property(point, fc.nat(256), (one, depth) => {
      const prefix = prefixOf(one, depth)
      return (
        prefix.byteLength === Math.ceil(depth / 8) &&
        bits(prefix) ===
          bits(one)
            .slice(0, depth)
            .padEnd(prefix.byteLength * 8, '0')
      )
    }),
    parameters(),
  )
})

test('shards - a point shares a prefix if its first bits say so, and is left as it is', (t) => {
  fc.assert(
    fc.property(point, point, fc.nat(24), (one, other, depth) => {
      const buffer = Buffer.from(one) // what arrives from peers is a Buffer, whose slices are views
      const shares = sharesPrefix(buffer, prefixOf(other, depth), depth)
      return (
        shares === (bits(one).slice(0, depth) === bits(other).slice(0, depth)) && hex(buffer) === hex(one)
      )
    }),
    parameters({ numRuns: 500 }),
  )
  t.ok(sharesPrefix(unhex('ff'.repeat(32)), new Uint8Array(0), 0), 'everything is within nothing')
})

test('shards - points are the further apart the earlier the bit in which they differ', (t) => {
  fc.assert(
    fc.property(point, fc.nat(46), (one, at) => {
      const differing = (bit: number): Uint8Array =>
        one.map((byte, i) => byte ^ (bit >> 3 === i ? 0x80 >> (bit & 7) : 0))
      const [near, far] = [distanceOf(one, differing(at + 1)), distanceOf(one, differing(at))]
      return (
        distanceOf(one, one) === 0 && near > 0 && far === 2 * near && far === distanceOf(differing(at), one)
      )
    }),
    parameters(),
  )
  t.pass()
})

test('shards - each network, depth and prefix has a topic of its own', (t) => {
  const [a, b] = [networkOf('a', 4), networkOf('b', 4)]
  const address = addressOf(sha256(utf8('device')))
  const topics = [
    shardTopic(a, 0, address),
    shardTopic(b, 0, address),
    shardTopic(a, 1, address),
    shardTopic(a, 1, Uint8Array.of(address[0]! ^ 0x80)),
    shardTopic(a, 8, Uint8Array.of(0)),
    shardTopic(a, 9, Uint8Array.of(0, 0)),
  ]
  t.is(new Set(topics.map(hex)).size, topics.length)
  t.is(
    hex(shardTopic(a, 3, address)),
    hex(shardTopic(a, 3, prefixOf(address, 3))),
    'bits behind the prefix do not matter',
  )
})

test('shards - the root of a set of ids is the same in any order, and another for another set', (t) => {
  const random = seededRandom('ids')
  const ids = Array.from({ length: 100 }, () => random(32))
  const root = hex(rootOfIds(ids))
  for (let i = 0; i < 5; i++) t.is(hex(rootOfIds(shuffled(ids, random))), root)
  t.not(hex(rootOfIds(ids.slice(1))), root)
  t.not(hex(rootOfIds([...ids, random(32)])), root)
})
