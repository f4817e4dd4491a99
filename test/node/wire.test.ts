/** A walk through the wire table: a message without its vector, its generator or a refusal of hostile bytes fails here. */
import test from 'brittle'
import { type AnyCodec, decode, encode } from '../../src/base/codec.ts'
import { WIRE_CODES, wireCodeOf } from '../../src/node/peer.ts'
import { answer, FROM_CLIENT, MESSAGE_NAMES, MESSAGES, refuse, result } from '../../src/node/wire.ts'
import { refusal, unhex } from '../helpers/bytes.ts'
import { comesBack, holdsItsVector, refusesHostileBytes } from '../helpers/codec-walk.ts'
import { ANSWERS, MESSAGE_VALUES } from '../helpers/generators.ts'
import { wireVectors } from '../helpers/wire-vectors.ts'

test('wire - the numbers are final: each message keeps its place', (t) => {
  t.alike(MESSAGE_NAMES, [
    'hello',
    'challenge',
    'earn',
    'result',
    'thank',
    'welcome',
    'ask',
    'refuse',
    'deliver',
    'header',
  ])
  t.alike(Object.keys(wireVectors.messages), MESSAGE_NAMES)
  t.alike([...FROM_CLIENT], ['hello', 'earn', 'thank', 'ask', 'deliver'])
})

for (const [number, name] of MESSAGE_NAMES.entries()) {
  test(`wire - ${name}: vector, round trip, hostile bytes`, (t) => {
    const vector = wireVectors.messages[name]!
    t.is(vector.number, number)
    holdsItsVector(t, MESSAGES[name], vector)
    comesBack(t, MESSAGES[name], MESSAGE_VALUES[name])
    refusesHostileBytes(t, MESSAGES[name], unhex(vector.bytes))
  })
}

for (const [number, name] of Object.keys(ANSWERS).entries()) {
  test(`wire - the answer ${name}: number, vector, round trip, hostile bytes`, (t) => {
    const vector = wireVectors.answers[name]!
    t.is(vector.number, number)
    t.is(Number.parseInt(vector.bytes.slice(0, 2), 16), number)
    holdsItsVector(t, answer as AnyCodec, vector)
    comesBack(t, answer as AnyCodec, ANSWERS[name as keyof typeof ANSWERS])
    refusesHostileBytes(t, answer as AnyCodec, unhex(vector.bytes))
  })
}

test('wire - an answer that nobody knows is refused, and so is a list longer than its bytes', (t) => {
  t.alike(Object.keys(wireVectors.answers), Object.keys(ANSWERS))
  const next = Uint8Array.of(Object.keys(ANSWERS).length)
  t.is(
    refusal(() => decode(answer, next)),
    'UNKNOWN_KIND',
  )
  t.is(
    refusal(() => decode(result, unhex('000000fdffff'))),
    'TRUNCATED',
  )
})

test('wire - refusals travel as numbers, which are final; what has none travels as INTERNAL', (t) => {
  t.alike(WIRE_CODES.slice(0, 8), [
    'INTERNAL',
    'NO_COMMON_VERSION',
    'WRONG_SESSION',
    'EXPIRED',
    'REPLAYED',
    'BAD_WORK',
    'WRONG_QUERY',
    'UNEXPECTED_MESSAGE',
  ])
  t.is(new Set(WIRE_CODES).size, WIRE_CODES.length)
  for (const [number, code] of WIRE_CODES.entries()) t.is(wireCodeOf(code), number)
  t.is(wireCodeOf('BAD_CONFIG'), 0)
  t.is(decode(refuse, encode(refuse, { ask: undefined, code: 255, detail: '' })).code, 255)
})
