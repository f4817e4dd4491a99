import { readFileSync } from 'node:fs'
import { deflateRawSync, gunzipSync, gzipSync } from 'node:zlib'
import test from 'brittle'
import fc from 'fast-check'
import { gzip } from 'pako'
import { codeOf } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'
import { compress, decompress, GZIP_BYTES_MIN } from '../../src/content/gzip.ts'
import { parameters } from '../helpers/seed.ts'

interface Vector {
  name: string
  /** The text is this, so many times. */
  text: string
  times: number
  /** The whole member, or its SHA-256 where it is long. */
  gzip?: string
  sha256?: string
}
const vectors = JSON.parse(readFileSync(new URL('../vectors/gzip.json', import.meta.url), 'utf8')) as {
  cases: Vector[]
}

const BYTES_MAX = 61_440
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const codeFor = (member: Uint8Array, bytesMax = BYTES_MAX) => codeOf(() => decompress(member, { bytesMax }))
const page = Buffer.from('# Bees\n\nBees keep time by the sun.\n')
const member = compress(page)
/** The member with another byte at a place; a place below zero counts from the end. */
const changed = (place: number, byte: number) =>
  Buffer.from(member.with(place < 0 ? member.length + place : place, byte))
/** A member around a deflate stream, with the trailer of a text that need not be its own. */
function memberOf(stream: Uint8Array, crc: number, textBytes: number): Buffer {
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc, 0)
  trailer.writeUInt32LE(textBytes, 4)
  return Buffer.concat([member.subarray(0, 10), stream, trailer])
}

test('gzip - compressing gives the bytes of the vectors', (t) => {
  for (const { name, text, times, gzip, sha256: hash } of vectors.cases) {
    const bytes = compress(Buffer.from(text.repeat(times)))
    t.is(gzip === undefined ? hex(sha256(bytes)) : hex(bytes), gzip ?? hash, name)
    t.is(hex(decompress(bytes, { bytesMax: text.length * times * 4 })), hex(Buffer.from(text.repeat(times))))
  }
})

test('gzip - what was compressed before changes nothing', (t) => {
  const settings = { level: 6, windowBits: 15, memLevel: 8, strategy: 0, legacyHash: false } as const
  const words = fc
    .array(fc.constantFrom('bee ', 'hive\n', 'swarm ', '# ', 'bees keep time ', '\u00e9t\u00e9 ', 'x'), {
      maxLength: 4000,
    })
    .map((parts) => Buffer.from(parts.join('')))
  const texts = fc.oneof(words, fc.uint8Array({ maxLength: BYTES_MAX, size: 'large' }))
  fc.assert(
    fc.property(fc.array(texts, { minLength: 2, maxLength: 6 }), (several) => {
      for (const text of several) t.alike(hex(compress(text)), hex(gzip(text, settings)))
    }),
    parameters(),
  )
  const full = Buffer.alloc(BYTES_MAX, 'what was here before ')
  compress(full)
  const noise = Buffer.from(Array.from({ length: BYTES_MAX }, (_, i) => (i * 7919 + (i >> 3)) & 255))
  t.is(hex(compress(noise)), hex(gzip(noise, settings)), 'text that does not compress fits')
})

test('gzip - the header names no machine, no file and no time', (t) => {
  t.is(hex(member.subarray(0, 10)), '1f8b0800000000000003')
})

test('gzip - any bytes come back, and any other reader of gzip reads them', (t) => {
  const bytes = fc.uint8Array({ maxLength: 3000 })
  const repeated = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 200 }))
  const texts = fc.oneof(
    bytes,
    repeated.map(([part, times]) => Buffer.concat(Array(times).fill(part))),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const compressed = compress(text)
      return (
        hex(decompress(compressed, { bytesMax: text.byteLength })) === hex(text) &&
        hex(gunzipSync(compressed)) === hex(text) &&
        compressed.byteLength >= GZIP_BYTES_MIN
      )
    }),
    parameters(),
  )
  t.pass()
})

test('gzip - the streams of other compressors are read too', (t) => {
  for (const level of [0, 1, 6, 9]) {
    const other = Buffer.from(gzipSync(page, { level }))
    member.subarray(0, 10).forEach((byte, i) => {
      other[i] = byte
    })
    t.is(hex(decompress(other, { bytesMax: page.length })), hex(page), `level ${level}`)
  }
})

test('gzip - the bound is exact', (t) => {
  t.is(codeFor(member, page.length), undefined)
  t.is(codeFor(member, page.length - 1), 'TOO_LARGE')
  t.is(codeFor(member, 0), 'TOO_LARGE')
  t.is(decompress(compress(new Uint8Array(0)), { bytesMax: 0 }).byteLength, 0)
})

test('gzip - a bomb is refused at the bound, whatever length it announces', (t) => {
  const zeros = Buffer.alloc(64 * 1024 * 1024)
  const stream = deflateRawSync(zeros)
  for (const announced of [zeros.length, 0, 1, 100, BYTES_MAX, BYTES_MAX + 1, 0xffffffff]) {
    t.is(codeFor(memberOf(stream, 0, announced)), 'TOO_LARGE', `announced as ${announced}`)
  }
})

test('gzip - one member and nothing behind it', (t) => {
  t.is(codeFor(Buffer.concat([member, member])), 'BAD_GZIP', 'two members')
  t.is(codeFor(Buffer.concat([member, compress(new Uint8Array(0))])), 'BAD_GZIP', 'an empty second member')
  t.is(codeFor(Buffer.concat([member, Buffer.alloc(1)])), 'BAD_GZIP', 'a zero')
  t.is(codeFor(Buffer.concat([member, Buffer.alloc(512)])), 'BAD_GZIP', 'many zeros')
  t.is(codeFor(Buffer.concat([member, member.subarray(-8)])), 'BAD_GZIP', 'a second trailer')
  const stream = member.subarray(10, -8)
  const trailer = Buffer.from(member.subarray(-8))
  const hidden = memberOf(
    Buffer.concat([stream, Buffer.from('hidden')]),
    trailer.readUInt32LE(0),
    page.length,
  )
  t.is(codeFor(hidden), 'BAD_GZIP', 'bytes between stream and trailer')
})

test('gzip - one header: no name, time, comment, other system or other level', (t) => {
  t.is(codeFor(changed(0, 0x1e)), 'BAD_GZIP', 'no magic')
  t.is(codeFor(changed(2, 7)), 'BAD_GZIP', 'another method')
  for (const flag of [1, 2, 4, 8, 16, 32]) t.is(codeFor(changed(3, flag)), 'BAD_GZIP', `flag ${flag}`)
  t.is(codeFor(changed(4, 1)), 'BAD_GZIP', 'a time')
  t.is(codeFor(changed(8, 2)), 'BAD_GZIP', 'the mark of level 9')
  t.is(codeFor(changed(9, 255)), 'BAD_GZIP', 'an unknown system')
  const named = Buffer.concat([changed(3, 8).subarray(0, 10), Buffer.from('bees.md\0'), member.subarray(10)])
  t.is(codeFor(named), 'BAD_GZIP', 'a file name')
})

test('gzip - checksum and length are checked', (t) => {
  t.is(codeFor(changed(-8, member.at(-8)! ^ 1)), 'BAD_GZIP', 'checksum')
  t.is(codeFor(changed(-4, page.length - 1)), 'BAD_GZIP', 'announced shorter')
  t.is(codeFor(changed(-4, page.length + 1)), 'BAD_GZIP', 'announced longer')
})

test('gzip - every cut-off member is refused', (t) => {
  for (let length = 0; length < member.length; length++) {
    // What stands last is then read as the length of the text, which may be above the bound.
    const code = codeFor(member.subarray(0, length))
    if (code !== 'BAD_GZIP' && code !== 'TOO_LARGE') t.fail(`${length} bytes: ${code}`)
  }
  t.is(codeFor(new Uint8Array(0)), 'BAD_GZIP')
})

test('gzip - hostile bytes give a code or the text that another reader finds', (t) => {
  const flips = fc.array(fc.tuple(fc.nat(member.length - 1), fc.integer({ min: 0, max: 255 })), {
    maxLength: 4,
  })
  const mutated = flips.map((places) => {
    const bytes = Buffer.from(member)
    for (const [place, byte] of places) bytes[place] = byte
    return bytes
  })
  const framed = fc.uint8Array({ maxLength: 100 }).map((stream) => memberOf(stream, 0, 10))
  fc.assert(
    fc.property(fc.oneof(mutated, framed, fc.uint8Array({ maxLength: 100 })), (bytes) => {
      const code = codeFor(bytes)
      if (code === undefined)
        return hex(decompress(bytes, { bytesMax: BYTES_MAX })) === hex(gunzipSync(bytes))
      return code === 'BAD_GZIP' || code === 'TOO_LARGE'
    }),
    parameters({ numRuns: 500 }),
  )
  t.pass()
})
