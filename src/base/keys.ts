/**
 * Keys of entities and devices: how a secret comes from chance, how an entity commits to its
 * next key, what makes a device key cost something, and what one life of a store is called.
 */

import { ENTITY_KEY_BYTES, isSecret, SECRET_BYTES } from './crypto/ecdsa.ts'
import { type Crypto, DEVICE_KEY_BYTES } from './crypto.ts'
import { SheafError } from './errors.ts'
import { domainHash, sha256LeadingZeroBits } from './hash.ts'

/** One uninterrupted life of a device's store: 16 bytes of chance, drawn when it is made or restored. */
export const INCARNATION_BYTES = 16

const ENTITY_SECRET = 'sheaf/1 entity secret'
const NEXT_KEY = 'sheaf/1 next key'
const PUZZLE = Buffer.from('sheaf/1 device puzzle')

/** A secret out of range comes up once in 2^128 times; this many in a row mean a broken hash. */
const SECRET_TRIES_MAX = 256

/** The nonce of a puzzle is an unsigned number of 8 bytes, little-endian. */
export const PUZZLE_NONCE_BYTES = 8
const PUZZLE_NONCE_MAX = 2n ** 64n - 1n

/** SHA-256 has no more bits to be zero. */
const PUZZLE_BITS_MAX = 256

export interface EntityKeyPair {
  /** 33 bytes, compressed. */
  readonly publicKey: Uint8Array
  /** 32 bytes. */
  readonly secret: Uint8Array
}

/** A new entity key from 32 bytes of chance: the same each time. Throws BAD_KEY for another length. */
export function entityKeyPair(crypto: Crypto, chance: Uint8Array): EntityKeyPair {
  return entityKeyPairOf(crypto, secretFrom(ENTITY_SECRET, chance))
}

/** The pair of a secret that was kept. Throws BAD_KEY where it is none. */
export function entityKeyPairOf(crypto: Crypto, secret: Uint8Array): EntityKeyPair {
  return { publicKey: crypto.entityPublicKey(secret), secret }
}

/**
 * A secret of an entity from 32 bytes that only its owner knows: the domain hash of the seed and
 * a byte that counts up from 0 until the hash is a secret. Throws BAD_KEY for a seed of another length.
 */
export function secretFrom(domain: string, seed: Uint8Array): Uint8Array {
  if (seed.length !== SECRET_BYTES) {
    throw new SheafError('BAD_KEY', `a key is made from ${SECRET_BYTES} bytes, not ${seed.length}`)
  }
  for (let count = 0; count < SECRET_TRIES_MAX; count++) {
    const secret = domainHash(domain, seed, Uint8Array.of(count))
    if (isSecret(secret)) return secret
  }
  throw new SheafError('INTERNAL', 'no hash of the seed was a secret key')
}

/**
 * What a key record says of the key that comes after it (32 bytes): the next record must be signed
 * by the key with this hash, so that who steals today's key cannot name tomorrow's. Throws BAD_KEY
 * for a key that is not 33 bytes.
 */
export function nextKeyCommitment(nextPublicKey: Uint8Array): Uint8Array {
  if (nextPublicKey.length !== ENTITY_KEY_BYTES) {
    throw new SheafError('BAD_KEY', `an entity key is ${ENTITY_KEY_BYTES} bytes, not ${nextPublicKey.length}`)
  }
  return domainHash(NEXT_KEY, nextPublicKey)
}

/**
 * The leading zero bits of SHA-256(domain | device key | nonce): what the puzzle in a device
 * certificate is worth. Throws BAD_KEY for a key that is not 32 bytes, BAD_PUZZLE for a nonce
 * that does not fit 8 bytes.
 */
export function puzzleBits(deviceKey: Uint8Array, nonce: bigint): number {
  return sha256LeadingZeroBits(puzzle(deviceKey, nonce))
}

/**
 * The first nonce from `startNonce` on whose puzzle has at least `bits` leading zero bits, about
 * 2^bits tries away; undefined where none of `triesMax` nonces has, so that a caller can search in
 * slices (the next one begins at `startNonce + triesMax`). Past 2^64 - 1 the search goes on at 0.
 * Throws BAD_ARGUMENT for bits that are no whole number from 0 to 256, else as `puzzleBits`.
 */
export function solvePuzzle(
  deviceKey: Uint8Array,
  bits: number,
  startNonce: bigint,
  triesMax = Number.POSITIVE_INFINITY,
): bigint | undefined {
  if (!Number.isInteger(bits) || bits < 0 || bits > PUZZLE_BITS_MAX) {
    throw new SheafError('BAD_ARGUMENT', `a puzzle of ${bits} bits; 0 to ${PUZZLE_BITS_MAX} are possible`)
  }
  const bytes = puzzle(deviceKey, startNonce)
  const at = bytes.length - PUZZLE_NONCE_BYTES
  // Two halves of 32 bits: arithmetic on bigint would take a third of the search.
  let low = bytes.readUInt32LE(at)
  let high = bytes.readUInt32LE(at + 4)
  for (let tries = 0; tries < triesMax; tries++) {
    if (sha256LeadingZeroBits(bytes) >= bits) return bytes.readBigUInt64LE(at)
    low = (low + 1) >>> 0
    if (low === 0) {
      high = (high + 1) >>> 0
      bytes.writeUInt32LE(high, at + 4)
    }
    bytes.writeUInt32LE(low, at)
  }
  return undefined
}

/** domain | device key (32) | nonce (8, little-endian): every field has one length, so none needs a prefix. */
function puzzle(deviceKey: Uint8Array, nonce: bigint): Buffer {
  if (deviceKey.length !== DEVICE_KEY_BYTES) {
    throw new SheafError('BAD_KEY', `a device key is ${DEVICE_KEY_BYTES} bytes, not ${deviceKey.length}`)
  }
  if (nonce < 0n || nonce > PUZZLE_NONCE_MAX) {
    throw new SheafError('BAD_PUZZLE', 'the nonce of a puzzle is a number of 8 bytes')
  }
  const bytes = Buffer.alloc(PUZZLE.length + DEVICE_KEY_BYTES + PUZZLE_NONCE_BYTES)
  bytes.set(PUZZLE)
  bytes.set(deviceKey, PUZZLE.length)
  bytes.writeBigUInt64LE(nonce, PUZZLE.length + DEVICE_KEY_BYTES)
  return bytes
}
