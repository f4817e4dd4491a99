/**
 * Judges the work of an earn by its bytes as they came, before anything is made of them: who sends a
 * bogus one has spent more on it than this node does.
 *
 *     hello │ challenge │ bid │ proofs │ signature │ ask │ query
 */
import { readUint, type State, take } from '../base/codec.ts'
import { type EpochKeys, judgeChallenge, judgeProofs, type Refused, workSeed } from './work.ts'

const TIME_BYTES = 6
const MAC_BYTES = 32
const NONCE_BYTES = 8
const SIGNATURE_BYTES = 64

export interface Judge {
  /** See `boundTo`. */
  bound: Uint8Array
  keys: EpochKeys
  /** The counter of the last challenge that was answered. */
  answered: number
  nowMs: number
}

/**
 * Undefined where the earn shows the work that it bids, on a challenge of ours that was not answered
 * yet. Whether the bid is high enough, and the rest of the bytes, is for the codec and its user. Throws
 * TRUNCATED, NOT_CANONICAL or TOO_LARGE where the bytes are no earn.
 */
export function judgeEarn(message: Uint8Array, { bound, keys, answered, nowMs }: Judge): Refused | undefined {
  const state: State = { start: 0, end: message.byteLength, buffer: message }
  take(state, readUint(state)) // hello
  const from = state.start
  readUint(state) // version
  readUint(state) // algorithm
  const counter = readUint(state)
  take(state, TIME_BYTES)
  readUint(state) // effort
  take(state, TIME_BYTES + MAC_BYTES)
  const challenge = message.subarray(from, state.start)
  const refused = judgeChallenge(challenge, bound, keys, nowMs)
  if (refused !== undefined) return refused
  if (counter <= answered) return REPLAYED

  const bid = readUint(state)
  const proofs = take(state, readUint(state) * NONCE_BYTES)
  take(state, SIGNATURE_BYTES)
  readUint(state) // ask
  const query = take(state, readUint(state))
  return judgeProofs(workSeed(challenge, query, bid), bid, proofs)
}

const REPLAYED: Refused = {
  code: 'REPLAYED',
  why: 'this challenge, or a later one, was answered before',
}
