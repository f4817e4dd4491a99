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
import { gzip, ZStream, zlibDeflate, zlibDeflateInit2, zlibDeflateReset } from 'pako'
import { SheafError } from '../base/errors.ts'
import { PIECE_BYTES_MAX, PIECE_TEXT_BYTES_MAX } from '../base/limits.ts'
import { inflateExactly } from './inflate.ts'

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
  if (text.byteLength > PIECE_TEXT_BYTES_MAX) return gzip(text, SETTINGS)
  compressor ??= new Compressor()
  return compressor.compress(text)
}

let compressor: Compressor | undefined

/** zlib.h: finish the stream; it ended well. */
const FINISH = 4
const STREAM_END = 1
const DEFLATED = 8
/** Added to the bits of the window: a gzip member around the stream. */
const GZIP = 16

/** What pako keeps of the texts before: the text itself, and for each hash of three letters, and each place, where such stood last. */
interface Memory {
  window: Uint8Array
  head: Uint16Array
  prev: Uint16Array
}

/**
 * One compressor for all pieces: making one takes as long as compressing a short page. A reset alone
 * is not enough. It leaves the window of the text before, and of 7,425 pages five came out otherwise; with
 * window and chains cleared as far as the text before reached, pako is where a new one begins (a test compares
 * the two). Nor does it pay to let pako clear its heads: its loop takes 30 µs, half of a short page, where `fill` takes 2.
 */
class Compressor {
  readonly #stream = new ZStream()
  readonly #output = new Uint8Array(PIECE_BYTES_MAX)
  /** Length of the text before. */
  #before = 0

  constructor() {
    const { level, windowBits, memLevel, strategy } = SETTINGS
    zlibDeflateInit2(this.#stream, level, DEFLATED, windowBits + GZIP, memLevel, strategy)
  }

  /** A text of at most PIECE_TEXT_BYTES_MAX, which always fits. */
  compress(text: Uint8Array): Uint8Array {
    const stream = this.#stream
    this.#reset()
    this.#before = text.byteLength
    stream.input = text
    stream.next_in = 0
    stream.avail_in = text.byteLength
    stream.output = this.#output
    stream.next_out = 0
    stream.avail_out = this.#output.byteLength
    const status = zlibDeflate(stream, FINISH)
    stream.input = NOTHING
    if (status !== STREAM_END) throw new SheafError('INTERNAL', `pako ended with ${status}`)
    return this.#output.slice(0, stream.next_out)
  }

  /** No piece is so long that the window slides: what was written begins at 0. */
  #reset(): void {
    const memory = this.#stream.state as Memory
    const { window, head, prev } = memory
    window.fill(0, 0, this.#before)
    prev.fill(0, 0, this.#before)
    head.fill(0)
    memory.head = NO_HEADS
    zlibDeflateReset(this.#stream)
    memory.head = head
  }
}

const NOTHING = new Uint8Array(0)
const NO_HEADS = new Uint16Array(0)

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

  const stream = member.subarray(HEADER.length, end)
  const text = inflateExactly(stream, textBytes) ?? inflate(stream, textBytes, bytesMax)
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

/** The long way, which also tells what is wrong with a stream. */
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
