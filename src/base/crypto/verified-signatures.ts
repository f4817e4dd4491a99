/**
 * A bounded memory of signatures that were found valid, so that each is computed once.
 *
 * Up to 256 records are signed together, over one root: the same signature then comes with
 * each of them, mostly one after the other. Only what was valid is remembered, and only for
 * exactly its digest and key; forgetting costs a computation and changes no answer.
 *
 *     #slots   signature (64) | digest (32) | key (33)   one after the other, the oldest overwritten
 *     #places  tag of a signature -> its slot
 *
 * The tag is 31 bits of r. Two signatures with one tag take turns in one slot; to push out somebody
 * else's that way takes about 2^31 nonces tried, and costs one computation.
 */

import { type Crypto, DIGEST_BYTES, ENTITY_KEY_BYTES, isWellFormed, SIGNATURE_BYTES } from './ecdsa.ts'

/** 1 MiB of slots; a batch of 256 records takes one, so this is up to two million records. */
export const VERIFIED_SIGNATURES_MAX = 8192

const SLOT_BYTES = SIGNATURE_BYTES + DIGEST_BYTES + ENTITY_KEY_BYTES

export class VerifiedSignatures {
  readonly #crypto: Crypto
  readonly #capacity: number
  readonly #slots: Uint8Array
  readonly #places = new Map<number, number>()
  /** The tag of the signature in each slot, -1 in a slot that was never used. */
  readonly #tags: Int32Array
  #oldest = 0
  /** The slot that was last right: where the next record of a batch will look. */
  #last = 0

  constructor(crypto: Crypto, capacity: number = VERIFIED_SIGNATURES_MAX) {
    this.#crypto = crypto
    this.#capacity = capacity
    this.#slots = new Uint8Array(capacity * SLOT_BYTES)
    this.#tags = new Int32Array(capacity).fill(-1)
  }

  /** How many signatures are remembered; never above the capacity. */
  get size(): number {
    return this.#places.size
  }

  /** As `Crypto.verify`: strict, and never throws. */
  verify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
    if (this.has(signature, digest, publicKey)) return true
    if (!this.#crypto.verify(signature, digest, publicKey)) return false
    this.#remember(signature, digest, publicKey)
    return true
  }

  /** Whether these three were found valid and are still remembered; computes nothing. */
  has(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
    if (!isWellFormed(signature, digest, publicKey)) return false
    if (this.#holds(this.#last, signature, digest, publicKey)) return true
    const slot = this.#places.get(tagOf(signature))
    if (slot === undefined || !this.#holds(slot, signature, digest, publicKey)) return false
    this.#last = slot
    return true
  }

  /**
   * Takes in what a worker found valid with a `Crypto` of its own. The caller answers for it.
   * Bytes that cannot be a signature, digest and key are passed over.
   */
  remember(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): void {
    if (!isWellFormed(signature, digest, publicKey)) return
    if (!this.has(signature, digest, publicKey)) this.#remember(signature, digest, publicKey)
  }

  #remember(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): void {
    const tag = tagOf(signature)
    // One signature can be valid for several digests, each with another key: the newest keeps the slot.
    const slot = this.#places.get(tag) ?? this.#freeSlot()
    const start = slot * SLOT_BYTES
    this.#slots.set(signature, start)
    this.#slots.set(digest, start + SIGNATURE_BYTES)
    this.#slots.set(publicKey, start + SIGNATURE_BYTES + DIGEST_BYTES)
    this.#places.set(tag, slot)
    this.#tags[slot] = tag
    this.#last = slot
  }

  #freeSlot(): number {
    const slot = this.#oldest
    this.#oldest = (slot + 1) % this.#capacity
    this.#places.delete(this.#tags[slot] as number)
    return slot
  }

  #holds(slot: number, signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
    const start = slot * SLOT_BYTES
    return (
      isAt(this.#slots, start, signature) &&
      isAt(this.#slots, start + SIGNATURE_BYTES, digest) &&
      isAt(this.#slots, start + SIGNATURE_BYTES + DIGEST_BYTES, publicKey)
    )
  }
}

/** The last 31 bits of r: its first can be zeros by choice of the signer. */
function tagOf(signature: Uint8Array): number {
  return (signature[28]! & 0x7f) * 2 ** 24 + ((signature[29]! << 16) | (signature[30]! << 8) | signature[31]!)
}

/** The first byte tells most others apart; for the rest, a loop without a branch takes half the time of one with. */
function isAt(bytes: Uint8Array, start: number, part: Uint8Array): boolean {
  if (bytes[start] !== part[0]) return false
  let difference = 0
  for (let i = 1; i < part.length; i++) difference |= bytes[start + i]! ^ part[i]!
  return difference === 0
}
