/**
 * What a device says of itself and its shelf. Statements are numbered within an
 * incarnation, one uninterrupted life of the device's store: two different statements
 * under one number are a proof of lying, and nothing that follows from restoring a backup
 * is, because a restored store draws a new incarnation.
 */

import type { Codec } from '../base/codec.ts'
import { fixed, id32, optional, type State, struct, timeMs, uint, type Value } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'

export const HOLDING = 128
export const SHELF_CLAIM = 129
export const CHECKPOINT = 130

const incarnation = fixed(16)

/** A promise to keep a batch of records until a time: one signature however many there are. */
export const holding = struct({
  incarnation,
  sequence: uint(),
  /** Merkle root over the sorted ids. */
  root: id32,
  count: uint(2 ** 32, 1),
  until: timeMs,
})
export type Holding = Value<typeof holding>

/** The first `depth` bits of a locator in as many bytes as they need; the bits after them are zero. */
export const prefixBits: Codec<{ depth: number; prefix: Uint8Array }> = {
  preencode(state, value) {
    checkPrefix(value.depth, value.prefix)
    state.end += 1 + value.prefix.byteLength
  },
  encode(state, value) {
    state.buffer[state.start] = value.depth
    state.buffer.set(value.prefix, state.start + 1)
    state.start += 1 + value.prefix.byteLength
  },
  decode(state: State) {
    const depth = DEPTH.decode(state)
    const prefix = fixed(Math.ceil(depth / 8)).decode(state)
    checkPrefix(depth, prefix)
    return { depth, prefix }
  },
}

/** What a shelf holds: everything at locators with this prefix, as one root. */
export const shelfClaim = struct({
  incarnation,
  sequence: uint(),
  shard: prefixBits,
  count: uint(2 ** 32),
  root: id32,
  until: timeMs,
})
export type ShelfClaim = Value<typeof shelfClaim>

const flow = struct({
  /** Messages so far in this direction, bytes in them, and the running hash over them. */
  messages: uint(),
  bytes: uint(),
  hash: id32,
})

/**
 * One signature over everything a session has said so far. `over` undefined: "thank you, I
 * rank you better"; `over` set: "you are welcome", a checkpoint over that thank. A pair of
 * them is a receipt. It names counts and bytes, never queries.
 */
export const checkpoint = struct({
  incarnation,
  /** Hash of the Noise handshake: no checkpoint means anything in another session. */
  session: id32,
  /** The device at the other end. */
  peer: id32,
  /** Things found for the asker so far. */
  results: uint(),
  fromClient: flow,
  fromServer: flow,
  over: optional(id32),
})
export type Checkpoint = Value<typeof checkpoint>

const DEPTH = uint(64)

function checkPrefix(depth: number, prefix: Uint8Array): void {
  if (prefix.byteLength !== Math.ceil(depth / 8)) {
    throw new SheafError('BAD_FORMAT', `${prefix.byteLength} bytes for ${depth} bits`)
  }
  const spare = prefix.byteLength * 8 - depth
  if (spare > 0 && (prefix[prefix.byteLength - 1]! & ((1 << spare) - 1)) !== 0) {
    throw new SheafError('NOT_CANONICAL', 'bits set behind the prefix')
  }
}
