/**
 * The price of a query: a challenge that the server need not remember, and a proof of work
 * that is bound to it, to the query and to the effort that was bid before solving.
 *
 *     N    = HMAC(epoch key, fields of the challenge, handshake, both devices)
 *     seed = H(challenge ‖ hash of the query ‖ bid)
 *     proof i, one of 8: a nonce with H(seed ‖ i ‖ nonce) < 2^48 / (bid / 8) in its first 48 bits
 */
import { encode } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { domainHash, hmacSha256, sha256 } from '../base/hash.ts'
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

export function mintChallenge(
  fields: Omit<Challenge, 'mac' | 'expires' | 'time'>,
  ends: Ends,
  keys: EpochKeys,
  nowMs: number,
): Challenge {
  const unsigned = { ...fields, time: nowMs, expires: nowMs + CHALLENGE_LIFE_MS, mac: NO_MAC }
  return { ...unsigned, mac: macOf(unsigned, ends, keys.at(nowMs)[0]!) }
}

/** Throws WRONG_SESSION where this server did not mint the challenge for these ends, EXPIRED where it is too old. */
export function checkChallenge(given: Challenge, ends: Ends, keys: EpochKeys, nowMs: number): void {
  const known = keys.at(nowMs).some((key) => isSameMac(macOf(given, ends, key), given.mac))
  const isOld = nowMs > given.expires
  if (!known) {
    // A key that has rotated away looks like another session's; the claimed time tells the two apart for the honest.
    if (isOld) throw new SheafError('EXPIRED', 'the challenge is too old')
    throw new SheafError('WRONG_SESSION', 'the challenge was not made here for this session')
  }
  if (isOld) throw new SheafError('EXPIRED', 'the challenge is too old')
}

/** What proofs are searched on. */
export function workSeed(given: Challenge, query: Uint8Array, bid: number): Uint8Array {
  return domainHash('sheaf/1 work', encode(challengeCodec, given), sha256(query), number6(bid))
}

/** Throws BAD_WORK unless the proofs show the bid; a bid of 0 needs none. */
export function checkProofs(seed: Uint8Array, bid: number, proofs: readonly Uint8Array[]): void {
  const needed = bid === 0 ? 0 : PROOFS
  if (proofs.length !== needed)
    throw new SheafError('BAD_WORK', `${proofs.length} proofs where ${needed} belong`)
  const target = targetOf(bid)
  for (let i = 0; i < needed; i++) {
    if (first48Bits(seed, i, proofs[i]!) >= target)
      throw new SheafError('BAD_WORK', `proof ${i} does not show its work`)
  }
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
    for (let left = tries; left > 0 && this.proofs.length < PROOFS; left--) {
      const nonce = nonceOf(this.#next++)
      if (first48Bits(this.seed, this.proofs.length, nonce) < target) {
        this.proofs.push(nonce)
        this.#next = 0
      }
    }
    return this.proofs.length === PROOFS ? this.proofs : undefined
  }
}

const NO_MAC = new Uint8Array(32)

function macOf(given: Challenge, ends: Ends, key: Uint8Array): Uint8Array {
  const fields = encode(challengeCodec, { ...given, mac: NO_MAC })
  return hmacSha256(
    key,
    domainHash('sheaf/1 challenge', ends.network.id, fields, ends.session, ends.client, ends.server),
  )
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

function first48Bits(seed: Uint8Array, index: number, nonce: Uint8Array): number {
  scratch.set(seed, 0)
  scratch[32] = index
  scratch.set(nonce, 33)
  const hash = sha256(scratch)
  return (
    ((hash[0]! * 256 + hash[1]!) * 256 + hash[2]!) * 2 ** 24 + (hash[3]! * 256 + hash[4]!) * 256 + hash[5]!
  )
}

function nonceOf(value: number): Uint8Array {
  const nonce = new Uint8Array(8)
  new DataView(nonce.buffer).setBigUint64(0, BigInt(value), true)
  return nonce
}

function number6(value: number): Uint8Array {
  const out = Buffer.alloc(6)
  out.writeUIntLE(value, 0, 6)
  return out
}
