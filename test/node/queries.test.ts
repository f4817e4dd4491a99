/** A walk through the registry of queries: an entry without its vector, its generator or a refusal of hostile bytes fails here. */
import test from 'brittle'
import fc from 'fast-check'
import { type AnyCodec, decode, encode } from '../../src/base/codec.ts'
import { type Query, query, TIPS_LOCATORS_MAX, weightOf } from '../../src/node/queries.ts'
import { ASK_IDS_MAX, MESSAGE_BYTES_MAX } from '../../src/node/wire.ts'
import { refusal, unhex } from '../helpers/bytes.ts'
import { comesBack, holdsItsVector, refusesHostileBytes } from '../helpers/codec-walk.ts'
import { QUERIES } from '../helpers/generators.ts'
import { parameters } from '../helpers/seed.ts'
import { wireVectors } from '../helpers/wire-vectors.ts'

const names = Object.keys(QUERIES) as Query['type'][]
const id = new Uint8Array(32)

for (const [number, name] of names.entries()) {
  test(`queries - ${name}: number, vector, round trip, hostile bytes`, (t) => {
    const vector = wireVectors.queries[name]!
    t.is(vector.number, number)
    t.is(Number.parseInt(vector.bytes.slice(0, 2), 16), number)
    holdsItsVector(t, query as AnyCodec, vector)
    comesBack(t, query as AnyCodec, QUERIES[name])
    refusesHostileBytes(t, query as AnyCodec, unhex(vector.bytes))
  })
}

test('queries - every registered kind is walked, and the next number is unknown', (t) => {
  t.alike(Object.keys(wireVectors.queries), names)
  t.is(
    refusal(() => decode(query, Uint8Array.of(names.length))),
    'UNKNOWN_KIND',
  )
})

test('queries - bounds: nothing at all, and one too many', (t) => {
  const blocks = (count: number) =>
    encode(query, { type: 'blocks', ids: Array(count).fill(id), certify: false })
  const tips = (count: number) =>
    encode(query, { type: 'tips', locators: Array(count).fill(id), certify: false })
  for (const make of [blocks, tips])
    t.is(
      refusal(() => make(0)),
      'TOO_LARGE',
    )
  t.is(
    refusal(() => blocks(ASK_IDS_MAX)),
    undefined,
  )
  t.is(
    refusal(() => blocks(ASK_IDS_MAX + 1)),
    'TOO_LARGE',
  )
  t.is(
    refusal(() => tips(TIPS_LOCATORS_MAX + 1)),
    'TOO_LARGE',
  )
})

test('queries - a larger one never weighs less, and each weighs something and fits a message', (t) => {
  fc.assert(
    fc.property(fc.oneof(...(Object.values(QUERIES) as fc.Arbitrary<Query>[])), (asked) => {
      return weightOf(asked) >= 1 && encode(query, asked).byteLength <= MESSAGE_BYTES_MAX / 2
    }),
    parameters(),
  )
  const weights = [1, 63, 64, 256].map((count) =>
    weightOf({ type: 'blocks', ids: Array(count).fill(id), certify: false }),
  )
  t.alike(weights, [1, 1, 1, 4])
  const offer = { id, locator: id, bytes: 1, owner: undefined }
  t.is(weightOf({ type: 'store', offers: [offer] }), 4, 'a store request costs more')
  t.is(weightOf({ type: 'store', offers: Array(256).fill(offer) }), 12)
})
