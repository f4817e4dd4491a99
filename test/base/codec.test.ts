import test from 'brittle'
import fc from 'fast-check'
import {
  type AnyCodec,
  bytes,
  checked,
  decode,
  encode,
  encodedBytes,
  fixed,
  flag,
  id32,
  list,
  optional,
  readUtf8,
  struct,
  text,
  timeMs,
  uint,
  variant,
} from '../../src/base/codec.ts'
import { type ErrorCode, SheafError } from '../../src/base/errors.ts'
import { flips, hex, plain, refusal, truncations, unhex, utf8, withTrailing } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const bee = struct({
  name: text(40),
  age: uint(1000),
  hive: optional(fixed(4)),
  born: timeMs,
  visits: list(variant({ flower: struct({ name: text(20) }), home: struct({}) }), 5),
  isQueen: flag,
  sting: bytes(300),
})

const someBee = fc.record({
  name: fc.string({ unit: 'binary', maxLength: 10 }),
  age: fc.nat(1000),
  hive: fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }), { nil: undefined }),
  born: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  visits: fc.array(
    fc.oneof(
      fc.record({ type: fc.constant('flower' as const), name: fc.string({ maxLength: 20 }) }),
      fc.record({ type: fc.constant('home' as const) }),
    ),
    { maxLength: 5 },
  ),
  isQueen: fc.boolean(),
  sting: fc.uint8Array({ maxLength: 300 }),
})

/** A queen of hive 01020304, born at 256 ms, after one flower. */
const QUEEN = unhex(
  `03426565${'fd2c01'}${'0101020304'}${'000100000000'}${'020004526f7365'}01${'01'}${'02aabb'}`,
)

test('codec - the bytes are those of the layout', (t) => {
  const value = {
    name: 'Bee',
    age: 300,
    hive: Uint8Array.of(1, 2, 3, 4),
    born: 256,
    visits: [{ type: 'flower' as const, name: 'Rose' }, { type: 'home' as const }],
    isQueen: true,
    sting: Uint8Array.of(0xaa, 0xbb),
  }
  t.is(hex(encode(bee, value)), hex(QUEEN))
  t.alike(plain(decode(bee, QUEEN)), plain(value))
})

test('codec - whatever is encoded decodes to the same value, in as many bytes as were announced', (t) => {
  fc.assert(
    fc.property(someBee, (value) => {
      const encoded = encode(bee, value)
      return (
        encodedBytes(bee, value) === encoded.byteLength &&
        JSON.stringify(plain(decode(bee, encoded))) === JSON.stringify(plain(value))
      )
    }),
    parameters(),
  )
  t.pass()
})

test('codec - any bytes are refused with a code, or are the one encoding of their value', (t) => {
  const isCanonical = (input: Uint8Array): boolean => {
    let value: unknown
    const code = refusal(() => {
      value = decode(bee as AnyCodec, input)
    })
    return code !== undefined || hex(encode(bee as AnyCodec, value)) === hex(input)
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), isCanonical), parameters({ numRuns: 500 }))
  for (const { bytes: changed } of flips(QUEEN)) if (!isCanonical(changed)) t.fail(hex(changed))
  t.ok(truncations(QUEEN).every((cut) => refusal(() => decode(bee, cut)) === 'TRUNCATED'))
  t.is(
    refusal(() => decode(bee, withTrailing(QUEEN))),
    'TRAILING_BYTES',
  )
})

test('codec - each way to be wrong has its code', (t) => {
  const cases: [string, AnyCodec, string, ErrorCode][] = [
    ['an integer that fits a shorter form', uint(), 'fdfc00', 'NOT_CANONICAL'],
    ['the same in five bytes', uint(), 'feffff0000', 'NOT_CANONICAL'],
    ['the same in nine bytes', uint(), 'ffffffffff00000000', 'NOT_CANONICAL'],
    ['an integer above 2^53', uint(), 'ff0000000000002000', 'TOO_LARGE'],
    ['an integer above its maximum', uint(9), '0a', 'TOO_LARGE'],
    ['an integer below its minimum', uint(9, 1), '00', 'TOO_LARGE'],
    ['a flag of 2', flag, '02', 'NOT_CANONICAL'],
    ['an option of 2', optional(id32), `02${'00'.repeat(32)}`, 'NOT_CANONICAL'],
    ['a case that nobody knows', variant({ one: struct({}) }), '01', 'UNKNOWN_KIND'],
    ['more bytes than may be', bytes(2), '03000000', 'TOO_LARGE'],
    ['more bytes than are there', bytes(2 ** 40), 'fe00000080ff', 'TRUNCATED'],
    ['more items than may be', list(flag, 2), '03000000', 'TOO_LARGE'],
    ['more items than are there', list(flag, 2 ** 40), 'fe0000008000', 'TRUNCATED'],
    ['half of a UTF-8 character', text(9), '01c3', 'BAD_TEXT'],
    ['a surrogate in UTF-8', text(9), '03eda080', 'BAD_TEXT'],
    ['an overlong slash', text(9), '02c0af', 'BAD_TEXT'],
    ['fewer bytes than a fixed field has', fixed(4), '000000', 'TRUNCATED'],
  ]
  for (const [what, codec, input, code] of cases) {
    t.is(
      refusal(() => decode(codec, unhex(input))),
      code,
      what,
    )
  }
})

test('codec - what could not be decoded again is not encoded', (t) => {
  t.is(
    refusal(() => encode(uint(), -1)),
    'TOO_LARGE',
  )
  t.is(
    refusal(() => encode(uint(), 0.5)),
    'TOO_LARGE',
  )
  t.is(
    refusal(() => encode(uint(), Number.NaN)),
    'TOO_LARGE',
  )
  t.is(
    refusal(() => encode(fixed(2), Uint8Array.of(1))),
    'BAD_FORMAT',
  )
  t.is(
    refusal(() => encode(bytes(1), Uint8Array.of(1, 2))),
    'TOO_LARGE',
  )
  t.is(
    refusal(() => encode(text(3), 'ééé')),
    'TOO_LARGE',
    'text is bounded in bytes, not in letters',
  )
  t.is(
    refusal(() => encode(text(30), 'half \ud800')),
    'BAD_TEXT',
  )
  t.is(
    refusal(() => encode(timeMs, 2 ** 48)),
    'BAD_TIME',
  )
  t.is(
    refusal(() => encode(timeMs, -1)),
    'BAD_TIME',
  )
  t.is(
    refusal(() => encode(variant({ one: struct({}) }), { type: 'two' } as never)),
    'UNKNOWN_KIND',
  )
})

test('codec - integers change their form at 252, 65,535 and 2^32 - 1', (t) => {
  const forms: [number, string][] = [
    [0, '00'],
    [252, 'fc'],
    [253, 'fdfd00'],
    [65_535, 'fdffff'],
    [65_536, 'fe00000100'],
    [2 ** 32 - 1, 'feffffffff'],
    [2 ** 32, 'ff0000000001000000'],
    [Number.MAX_SAFE_INTEGER, 'ffffffffffffff1f00'],
  ]
  for (const [value, form] of forms) {
    t.is(hex(encode(uint(), value)), form)
    t.is(decode(uint(), unhex(form)), value)
  }
})

test('codec - decoded bytes are views, and a checked codec checks both ways', (t) => {
  const input = unhex('03aabbcc')
  const value = decode(bytes(9), input)
  t.is(value.buffer, input.buffer)
  const even = checked(uint(), (number) => {
    if (number % 2 === 1) throw new SheafError('NOT_CANONICAL', 'odd')
  })
  t.is(decode(even, unhex('02')), 2)
  t.is(
    refusal(() => decode(even, unhex('03'))),
    'NOT_CANONICAL',
  )
  t.is(
    refusal(() => encode(even, 3)),
    'NOT_CANONICAL',
  )
  t.is(readUtf8(utf8('\ufeffbee')), '\ufeffbee', 'a byte-order mark is kept')
})
