import { deflateRawSync } from 'node:zlib'
import test from 'brittle'
import fc from 'fast-check'
import { inflateExactly } from '../../src/content/inflate.ts'
import { parameters } from '../helpers/seed.ts'

const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex')
const text = Buffer.from('# Bees\n\nBees keep time by the sun.\n'.repeat(20))
const stream = deflateRawSync(text)

test('inflate - a text of the announced length comes back, and keeps when the next is inflated', (t) => {
  const first = inflateExactly(stream, text.length)
  t.is(hex(inflateExactly(deflateRawSync(Buffer.alloc(60_000, 1)), 60_000)), '01'.repeat(60_000))
  t.is(hex(first), hex(text))
  t.is(inflateExactly(deflateRawSync(Buffer.alloc(0)), 0)?.byteLength, 0)
})

test('inflate - a stream that is longer, shorter, cut off, broken or followed by more is none', (t) => {
  const broken = Buffer.from(stream)
  broken[0] = 0b111 // a kind of block that there is not
  const others: [Uint8Array, number][] = [
    [stream, text.length - 1],
    [stream, text.length + 1],
    [stream, 0],
    [deflateRawSync(Buffer.alloc(2 ** 24)), 1_000],
    [stream.subarray(0, -1), text.length],
    [new Uint8Array(0), 0],
    [Buffer.concat([stream, Buffer.alloc(1)]), text.length],
    [broken, text.length],
  ]
  for (const [other, bytes] of others) {
    t.is(inflateExactly(other, bytes), undefined, `${other.length} bytes as ${bytes}`)
    t.is(hex(inflateExactly(stream, text.length)), hex(text), 'the next is not touched by it')
  }
})

test('inflate - after any bytes, what is right is read, and nothing of what came before', (t) => {
  const any = fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.nat(300))
  fc.assert(
    fc.property(fc.array(any, { maxLength: 4 }), fc.uint8Array({ maxLength: 3_000 }), (before, page) => {
      for (const [bytes, length] of before) {
        const got = inflateExactly(bytes, length)
        if (got !== undefined && got.byteLength !== length) return false
      }
      return hex(inflateExactly(deflateRawSync(page), page.byteLength)) === hex(page)
    }),
    parameters({ numRuns: 500 }),
  )
  t.pass()
})
