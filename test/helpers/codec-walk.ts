/** What every entry of a registry of codecs must show: its vector, its round trip, its refusals. */
import fc, { type Arbitrary } from 'fast-check'
import { type AnyCodec, decode, encode, encodedBytes } from '../../src/base/codec.ts'
import { flips, hex, plain, refusal, truncations, unhex, unplain, withTrailing } from './bytes.ts'
import { parameters } from './seed.ts'
import type { WireVector } from './wire-vectors.ts'

/** The assertions that the walk makes. */
interface Asserts {
  is(actual: unknown, expected: unknown, message?: string): void
  alike(actual: unknown, expected: unknown, message?: string): void
  pass(message?: string): void
  fail(message?: string): void
}

/** The value in the vector gives its bytes, and the bytes give the value. */
export function holdsItsVector(t: Asserts, codec: AnyCodec, vector: WireVector): void {
  t.is(hex(encode(codec, unplain(vector.value))), vector.bytes)
  t.alike(plain(decode(codec, unhex(vector.bytes))), vector.value)
}

export function comesBack(t: Asserts, codec: AnyCodec, values: Arbitrary<unknown>): void {
  fc.assert(
    fc.property(values, (value) => {
      const bytes = encode(codec, value)
      const back: unknown = decode(codec, bytes)
      return (
        bytes.byteLength === encodedBytes(codec, value) &&
        JSON.stringify(plain(back)) === JSON.stringify(plain(value)) &&
        hex(encode(codec, back)) === hex(bytes)
      )
    }),
    parameters(),
  )
  t.pass('round trip')
}

/** Cut anywhere, lengthened, with any byte changed, or made of anything: refused with a code, or another value in its one form. */
export function refusesHostileBytes(t: Asserts, codec: AnyCodec, good: Uint8Array): void {
  const isCanonical = (bytes: Uint8Array): boolean => {
    let value: unknown
    const code = refusal(() => {
      value = decode(codec, bytes)
    })
    return code !== undefined || hex(encode(codec, value)) === hex(bytes)
  }
  const cuts = truncations(good).map((cut) => refusal(() => decode(codec, cut)))
  t.alike(
    cuts.filter((code) => code !== 'TRUNCATED'),
    [],
    'truncated',
  )
  t.is(
    refusal(() => decode(codec, withTrailing(good))),
    'TRAILING_BYTES',
    'trailing bytes',
  )
  for (const { at, bytes } of flips(good)) if (!isCanonical(bytes)) t.fail(`byte ${at} has two forms`)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 150 }), isCanonical), parameters({ numRuns: 200 }))
  t.is(
    refusal(() => decode(codec, new Uint8Array(300_000).fill(0xff))) === undefined,
    false,
    'a flood of ones',
  )
}
