/**
 * SHA-256 over bytes, over parts, and over parts that belong to a domain.
 *
 * All hashing of Sheaf goes through this file, so that there is one place to choose
 * what is quickest and one rule of how fields are told apart.
 */

import { createHash, createHmac, hash as hashOnce } from 'node:crypto'
import { SheafError } from './errors.ts'

/** Length of a SHA-256 hash. */
export const HASH_BYTES = 32

/** Up to this size parts are copied together and hashed at once; above it the copy costs more than a hash object. */
const SCRATCH_BYTES = 16 * 1024

/** What SHA-256 works on at a time, and HMAC pads its key to. */
const BLOCK_BYTES = 64

/** The length of a domain is written in one byte. */
const DOMAIN_BYTES_MAX = 255

/** The length of a part is written in four bytes, little-endian. */
const PART_BYTES_MAX = 0xffff_ffff

/** Where parts are laid side by side. Hashing is synchronous, so no two uses overlap. */
const scratch = Buffer.alloc(SCRATCH_BYTES)

/** SHA-256 of `bytes`, 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytesOf(digestText(bytes))
}

/** SHA-256 of the parts one after the other, 32 bytes. The parts' borders are not hashed: see `domainHash`. */
export function sha256Concat(...parts: Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  if (length > SCRATCH_BYTES) return streamed(parts)

  let end = 0
  for (const part of parts) {
    scratch.set(part, end)
    end += part.length
  }
  return sha256(scratch.subarray(0, end))
}

/**
 * SHA-256 of the domain and the parts, each behind its length, 32 bytes:
 *
 *     domain length (1) | domain, UTF-8 | then per part: its length (4, little-endian) | its bytes
 *
 * No two different lists of parts, and no two domains, give the same bytes to hash.
 * Throws BAD_ARGUMENT for a domain that is empty or longer than 255 bytes.
 */
export function domainHash(domain: string, ...parts: Uint8Array[]): Uint8Array {
  const domainBytes = Buffer.byteLength(domain)
  if (domainBytes === 0 || domainBytes > DOMAIN_BYTES_MAX) {
    throw new SheafError(
      'BAD_ARGUMENT',
      `a domain of ${domainBytes} bytes; 1 to ${DOMAIN_BYTES_MAX} are allowed`,
    )
  }
  let length = 1 + domainBytes
  for (const part of parts) length += 4 + part.length
  if (length > SCRATCH_BYTES) return streamed(prefixed(domain, parts))

  scratch[0] = domainBytes
  scratch.write(domain, 1)
  let end = 1 + domainBytes
  for (const part of parts) {
    end = scratch.writeUInt32LE(part.length, end)
    scratch.set(part, end)
    end += part.length
  }
  return sha256(scratch.subarray(0, end))
}

/** HMAC-SHA-256 of `bytes` under `key` (RFC 2104), 32 bytes. What is short is hashed in two goes, at half the time of an object that does it. */
export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (key.length > BLOCK_BYTES || bytes.length > SCRATCH_BYTES - BLOCK_BYTES) {
    return bytesOf(createHmac('sha256', key).update(bytes).digest('binary'))
  }
  padKey(key, 0x36)
  scratch.set(bytes, BLOCK_BYTES)
  const inner = digestText(scratch.subarray(0, BLOCK_BYTES + bytes.length))
  padKey(key, 0x5c)
  scratch.write(inner, BLOCK_BYTES, 'latin1')
  return sha256(scratch.subarray(0, BLOCK_BYTES + HASH_BYTES))
}

function padKey(key: Uint8Array, pad: number): void {
  for (let i = 0; i < BLOCK_BYTES; i++) scratch[i] = (key[i] ?? 0) ^ pad
}

/**
 * How many bits are zero before the first that is one, in SHA-256 of `bytes`: 0 to 256.
 * The inner step of every search for work, so it makes no array of the hash.
 */
export function sha256LeadingZeroBits(bytes: Uint8Array): number {
  const text = digestText(bytes)
  for (let i = 0; i < HASH_BYTES; i++) {
    const byte = text.charCodeAt(i)
    if (byte !== 0) return 8 * i + Math.clz32(byte) - 24
  }
  return 8 * HASH_BYTES
}

/** The first 48 bits of SHA-256 of `bytes`, as a number, big-endian: another such step. */
export function sha256First48Bits(bytes: Uint8Array): number {
  const text = digestText(bytes)
  const high = (text.charCodeAt(0) * 256 + text.charCodeAt(1)) * 256 + text.charCodeAt(2)
  const low = (text.charCodeAt(3) * 256 + text.charCodeAt(4)) * 256 + text.charCodeAt(5)
  return high * 2 ** 24 + low
}

/** Byte order: below zero where `a` comes first, above where `b` does, zero where they are equal. A prefix comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Whether both hold the same bytes. Not constant in time: for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/**
 * The hash as a string of 32 characters, one a byte. Node 20 makes such a string in half the
 * time it takes to make a Buffer, and `bytesOf` is quicker than the difference.
 */
function digestText(bytes: Uint8Array): string {
  return hashOnce('sha256', bytes, 'binary')
}

/** A fresh array, not a piece of Node's shared pool: a hash that is kept then holds 32 bytes, not 8 KiB. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HASH_BYTES)
  for (let i = 0; i < HASH_BYTES; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

function streamed(parts: Iterable<Uint8Array>): Uint8Array {
  const running = createHash('sha256')
  for (const part of parts) running.update(part)
  return bytesOf(running.digest('binary'))
}

function* prefixed(domain: string, parts: Uint8Array[]): Iterable<Uint8Array> {
  const name = Buffer.from(domain)
  yield Uint8Array.of(name.length)
  yield name
  for (const part of parts) {
    if (part.length > PART_BYTES_MAX) {
      throw new SheafError('TOO_LARGE', `a part of ${part.length} bytes; its length has four bytes`)
    }
    const length = Buffer.alloc(4)
    length.writeUInt32LE(part.length)
    yield length
    yield part
  }
}
