/**
 * Compression of pieces: one gzip member (RFC 1952) with one fixed header.
 *
 *     1f 8b 08 00 | 00 00 00 00 |  00 | 03 | deflate … | CRC-32 | length of the text
 *     magic, kind   no time       XFL   OS               both little-endian
 *
 * pako writes these bytes whatever the machine: no name, no time, OS byte 3 ("Unix"), XFL 0 at
 * this level. Ids are over the bytes as received and nobody compresses twice, but every author
 * writes with the pinned pako, so that the same text is the same piece; vectors hold its output.
 *
 * Reading uses node:zlib, which inflates 4 KB in 20 µs where pako takes 70 (median page, one
 * core). Inflating has one right answer in every version of zlib; header, trailer, bound and
 * the end of the stream are checked here.
 */
import { constants, crc32, inflateRawSync } from 'node:zlib'
import { gzip } from 'pako'
import { SheafError } from '../base/errors.ts'

/**
 * Measured on 7,425 short pages (4.3 MB) and 112 long ones (1.2 MB): level 9 saves 0.02 % and
 * 0.06 % of what 6 leaves, in the same time; but text made to be slow takes it 16 ms a piece
 * where 6 takes 4. Level 1 is 1.6 % and 9 % larger. The other settings are zlib's defaults,
 * spelled out so that a new default of pako changes nothing.
 */
const SETTINGS = { level: 6, windowBits: 15, memLevel: 8, strategy: 0, legacyHash: false } as const

const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3)
const TRAILER_BYTES = 8

/** Header, trailer and the two bytes of an empty deflate stream. */
export const GZIP_BYTES_MIN = HEADER.length + 2 + TRAILER_BYTES

/** Text → one gzip member. */
export function compress(text: Uint8Array): Uint8Array {
  return gzip(text, SETTINGS)
}

/**
 * Exactly one gzip member → its text of at most `bytesMax` bytes; the inverse of `compress`.
 * Takes no more memory than `bytesMax`, whatever the member announces. Throws TOO_LARGE where
 * the text is longer, BAD_GZIP for another header, a second member or anything else behind the
 * first, a stream that is broken or cut off, a wrong checksum or a wrong length.
 */
export function decompress(member: Uint8Array, { bytesMax }: { bytesMax: number }): Uint8Array {
  if (member.byteLength < GZIP_BYTES_MIN) {
    throw new SheafError('BAD_GZIP', `${member.byteLength} bytes are no gzip member`)
  }
  for (let i = 0; i < HEADER.length; i++) {
    if (member[i] !== HEADER[i]) throw new SheafError('BAD_GZIP', `byte ${i} of the gzip header is another`)
  }
  const end = member.byteLength - TRAILER_BYTES
  const trailer = new DataView(member.buffer, member.byteOffset + end, TRAILER_BYTES)
  const textBytes = trailer.getUint32(4, true)
  if (textBytes > bytesMax) refuseLength(`${textBytes} bytes`, bytesMax)

  const text = inflate(member.subarray(HEADER.length, end), textBytes, bytesMax)
  if (text.byteLength !== textBytes) {
    throw new SheafError('BAD_GZIP', `${text.byteLength} bytes of text where ${textBytes} were announced`)
  }
  if (crc32(text) !== trailer.getUint32(0, true)) throw new SheafError('BAD_GZIP', 'the checksum is another')
  return text
}

/** With `info`, zlib's engine tells how much of the input it took; @types/node 20 does not know this form. */
interface Inflated {
  buffer: Uint8Array
  engine: { bytesWritten: number }
}

function inflate(stream: Uint8Array, textBytes: number, bytesMax: number): Uint8Array {
  let inflated: Inflated
  try {
    inflated = inflateRawSync(stream, {
      info: true,
      // One byte above the announced length: an honest stream then ends in its first and only
      // buffer, which holds the text and not the 16 KiB that a default buffer would keep alive.
      chunkSize: Math.max(constants.Z_MIN_CHUNK, textBytes + 1),
      maxOutputLength: Math.max(1, bytesMax),
    }) as unknown as Inflated
  } catch (cause) {
    if (isTooLarge(cause)) refuseLength('more', bytesMax)
    throw new SheafError('BAD_GZIP', 'the deflate stream is broken or cut off', { cause })
  }
  const { buffer, engine } = inflated
  if (buffer.byteLength > bytesMax) refuseLength('more', bytesMax)
  if (engine.bytesWritten !== stream.byteLength) {
    throw new SheafError('BAD_GZIP', `${stream.byteLength - engine.bytesWritten} bytes behind the member`)
  }
  return buffer
}

function refuseLength(found: string, bytesMax: number): never {
  throw new SheafError('TOO_LARGE', `${found} of text in a gzip member where ${bytesMax} bytes fit`)
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}
