/**
 * The price of a query: a challenge that the server need not remember, and a proof of work
 * that is bound to it, to the query and to the effort that was bid before solving.
 *
 *     N    = HMAC(epoch key, H(handshake, both devices) ‖ fields of the challenge)
 *     seed = H(challenge ‖ hash of the query ‖ bid)
 *     proof i, one of 8: a nonce with H(seed ‖ i ‖ nonce) < 2^48 / (bid / 8) in its first 48 bits
 */
import { decode, encode, timeMs } from '../base/codec.ts'
import type { ErrorCode } from '../base/errors.ts'
import { domainHash, hmacSha256, sha256, sha256First48Bits } from '../base/hash.ts'
import type { Network } from '../base/network.ts'
import type { Random } from '../base/random.ts'
import { type Challenge, challenge as challengeCodec, PROOFS } from './wire.ts'

/** Algorithms by number: SHA-256. */
export const ALGORITHM_SHA256 = 1
export const ALGORITHMS: readonly number[] = [ALGORITHM_SHA256]

/** A challenge may be answered this long. */
export const CHALLENGE_LIFE_MS = 60_000
const EPOCH_MS = 60_000

/** Who is at the two ends of which handshake. */
export interface Ends {
  network: Network
  /** 32-byte hash of the Noise handshake. */
  session: Uint8Array
  client: Uint8Array
  server: Uint8Array
}

/** What a challenge is bound to: hash of the ends, which a session has once and for all. */
export function boundTo({ network, session, client, server }: Ends): Uint8Array {
  return domainHash('sheaf/1 challenge', network.id, session, client, server)
}

/** The keys of the server's MAC: the present epoch's and the last one's. A restart draws new ones, which only means new challenges. */
export class EpochKeys {
  readonly #random: Random
  #keys: Uint8Array[] = []
  #bornMs = Number.NEGATIVE_INFINITY

  constructor(random: Random) {
    this.#random = random
  }

  at(nowMs: number): readonly Uint8Array[] {
    const age = nowMs - this.#bornMs
    if (age >= EPOCH_MS) {
      this.#keys = [this.#random(32), ...(age < 2 * EPOCH_MS ? this.#keys.slice(0, 1) : [])]
      this.#bornMs = nowMs
    }
    return this.#keys
  }
}

/** `bound`: see `boundTo`. */
export function mintChallenge(
  fields: Omit<Challenge, 'mac' | 'expires' | 'time'>,
  bound: Uint8Array,
  keys: EpochKeys,
  nowMs: number,
): Challenge {
  const { version, algorithm, counter, effort } = fields
  const expires = nowMs + CHALLENGE_LIFE_MS
  const minted: Challenge = { version, algorithm, counter, time: nowMs, effort, expires, mac: NO_MAC }
  minted.mac = macOf(encode(challengeCodec, minted), bound, keys.at(nowMs)[0]!)
  return minted
}

/** Why a challenge or its proofs are not taken. */
export interface Refused {
  code: ErrorCode
  why: string
}

/** `given` is a challenge as it came. Undefined where this server minted it for these ends, and lately. */
export function judgeChallenge(
  given: Uint8Array,
  bound: Uint8Array,
  keys: EpochKeys,
  nowMs: number,
): Refused | undefined {
  const isOld = nowMs > expiryOf(given)
  const mac = given.subarray(-MAC_BYTES)
  for (const key of keys.at(nowMs)) {
    if (isSameMac(macOf(given, bound, key), mac)) return isOld ? EXPIRED : undefined
  }
  // A key that has rotated away looks like another session's; the claimed time tells the two apart for the honest.
  return isOld ? EXPIRED : NOT_OURS
}

const EXPIRED: Refused = { code: 'EXPIRED', why: 'the challenge is too old' }
const NOT_OURS: Refused = { code: 'WRONG_SESSION', why: 'the challenge was not made here for this session' }
const NO_WORK: Refused = { code: 'BAD_WORK', why: 'the proofs do not show the work that was bid' }

/** What proofs are searched on; `given` is the encoded challenge. */
export function workSeed(given: Uint8Array, query: Uint8Array, bid: number): Uint8Array {
  return domainHash('sheaf/1 work', given, sha256(query), number6(bid))
}

/** `proofs` one after the other; undefined where they show the bid. A bid of 0 needs none. */
export function judgeProofs(seed: Uint8Array, bid: number, proofs: Uint8Array): Refused | undefined {
  const needed = bid === 0 ? 0 : PROOFS
  if (proofs.byteLength !== needed * NONCE_BYTES) return NO_WORK
  const target = targetOf(bid)
  for (let i = 0; i < needed; i++) {
    if (first48Bits(seed, i, proofs, i * NONCE_BYTES) >= target) return NO_WORK
  }
  return undefined
}

/** A search that can be done in slices. */
export class Search {
  readonly seed: Uint8Array
  readonly bid: number
  readonly proofs: Uint8Array[] = []
  #next = 0

  constructor(seed: Uint8Array, bid: number) {
    this.seed = seed
    this.bid = bid
  }

  /** Tries up to `tries` nonces; the proofs once all are found. */
  run(tries: number): Uint8Array[] | undefined {
    if (this.bid === 0) return []
    const target = targetOf(this.bid)
    const nonce = Buffer.alloc(NONCE_BYTES)
    for (let left = tries; left > 0 && this.proofs.length < PROOFS; left--) {
      nonce.writeUIntLE(this.#next++, 0, COUNTED_BYTES)
      if (first48Bits(this.seed, this.proofs.length, nonce, 0) < target) {
        this.proofs.push(Uint8Array.from(nonce))
        this.#next = 0
      }
    }
    return this.proofs.length === PROOFS ? this.proofs : undefined
  }
}

const MAC_BYTES = 32
const TIME_BYTES = 6
const NONCE_BYTES = 8
/** Of a nonce, those that a search counts through: nobody comes to their end. */
const COUNTED_BYTES = 6
/** The ends' hash and a challenge, which has 80 bytes at the most, whatever numbers a stranger writes into it. */
const macScratch = new Uint8Array(128)
const NO_MAC = new Uint8Array(MAC_BYTES)

/** Of an encoded challenge, whatever stands in the place of its MAC. */
function macOf(challenge: Uint8Array, bound: Uint8Array, key: Uint8Array): Uint8Array {
  const length = bound.byteLength + challenge.byteLength
  macScratch.set(bound)
  macScratch.set(challenge, bound.byteLength)
  macScratch.fill(0, length - MAC_BYTES, length)
  return hmacSha256(key, macScratch.subarray(0, length))
}

/** The time of expiry stands right before the MAC, which is last. */
function expiryOf(given: Uint8Array): number {
  return decode(timeMs, given.subarray(-MAC_BYTES - TIME_BYTES, -MAC_BYTES))
}

/** Takes as long wherever the two differ, so that nobody finds a MAC byte by byte. */
function isSameMac(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.byteLength ^ b.byteLength
  for (let i = 0; i < a.byteLength; i++) difference |= a[i]! ^ (b[i] ?? 0)
  return difference === 0
}

/** Below this the first 48 bits of a hash must lie, so that finding all proofs takes `bid` tries on average. */
function targetOf(bid: number): number {
  return 2 ** 48 / Math.max(1, bid / PROOFS)
}

const scratch = Buffer.alloc(32 + 1 + 8)

/** Of H(seed ‖ index ‖ nonce); the nonce stands in `nonces` at `from`. */
function first48Bits(seed: Uint8Array, index: number, nonces: Uint8Array, from: number): number {
  scratch.set(seed, 0)
  scratch[32] = index
  for (let i = 0; i < NONCE_BYTES; i++) scratch[33 + i] = nonces[from + i]!
  return sha256First48Bits(scratch)
}

function number6(value: number): Uint8Array {
  const out = Buffer.alloc(6)
  out.writeUIntLE(value, 0, 6)
  return out
}
