/**
 * One connection to another device, as the pure node sees it: who is there, in which
 * handshake, and a way to send. What both ends of a session share stands here too.
 */
import { encode } from '../base/codec.ts'
import type { ErrorCode, SheafError } from '../base/errors.ts'
import { domainHash, sha256 } from '../base/hash.ts'
import type { IdSet } from '../base/id-map.ts'
import type { Network } from '../base/network.ts'
import type { Random } from '../base/random.ts'
import {
  parseRecord,
  type SignedRecord,
  signRecord,
  type VerifiedRecord,
  type Verify,
  verifyRecord,
} from '../content/record.ts'
import type { EvidenceSink, Observation } from '../ranking/evidence.ts'
import type { Standing } from '../ranking/standing.ts'
import type { Caller } from './caller.ts'
import type { ToldTime } from './clock-skew.ts'
import type { Gate } from './gate.ts'
import type { Queue } from './queue.ts'
import type { Timers } from './timers.ts'
import { MESSAGES, type MessageName, type MessageOf } from './wire.ts'
import type { EpochKeys } from './work.ts'

export interface Peer {
  /** Number of the connection; the same device may come back under another. */
  number: number
  device: Uint8Array
  /** Device and networks as limits are kept for them. */
  caller: Caller
  /** 32-byte hash of the Noise handshake, the same at both ends. */
  session: Uint8Array
  /** The link has taken more than it could send; wait for `onWritable`. */
  isBlocked: boolean
  isGone: boolean
  /** When something was last served or answered on it; at first, when it came. */
  usedMs: number
  /** What time it is by its challenges. */
  toldTime?: ToldTime
  /** Keys that were sent with blocks in this session. */
  keysSent: IdSet
  /** Called once when the link has room again or is gone. */
  onWritable: (() => void)[]
}

/** What sessions need from the node around them. */
export interface SessionEnv {
  network: Network
  device: { publicKey: Uint8Array; sign(digest: Uint8Array): Uint8Array }
  incarnation: Uint8Array
  /** Id of our device certificate; none for a throw-away device. */
  certificate: Uint8Array | undefined
  /** Whether a device's signature holds for a message. */
  verifyDevice: Verify
  random: Random
  epochKeys: EpochKeys
  timers: Timers
  standing: Standing
  evidence: EvidenceSink
  gate: Gate
  queue: Queue
  /** For deadlines: never goes back. */
  nowMs(): number
  /** For what is signed: people may set it. */
  wallMs(): number
  /** Gives a message to the link. */
  send(peer: Peer, name: MessageName, message: Uint8Array): void
  /** Searches for proofs of `bid` on `seed`; what comes back gives the search up. */
  solve(peer: Peer, seed: Uint8Array, bid: number, done: (proofs: Uint8Array[]) => void): () => void
  /** Our shelf claim, and what we learn of others'. */
  claim(): Uint8Array | undefined
  learnClaim(peer: Peer, record: Uint8Array): void
  acceptsStores(): boolean
  knownPeers(): Uint8Array[]
  learnPeers(devices: Uint8Array[]): void
  /** The peer broke the protocol: it is noted, once, as `seen` or as misbehaviour, and the connection ends. */
  fault(peer: Peer, error: SheafError, seen?: Observation): void
}

/** Refusals that travel, by number; new ones go to the end. */
export const WIRE_CODES: readonly ErrorCode[] = [
  'INTERNAL',
  'NO_COMMON_VERSION',
  'WRONG_SESSION',
  'EXPIRED',
  'REPLAYED',
  'BAD_WORK',
  'WRONG_QUERY',
  'UNEXPECTED_MESSAGE',
  'UNSUPPORTED',
  'WINDOW_EXCEEDED',
  'BUSY',
  'TOO_EXPENSIVE',
  'SNAPSHOT_GONE',
  'REFUSED',
  'BAD_SIGNATURE',
  'TRUNCATED',
  'TRAILING_BYTES',
  'TOO_LARGE',
  'NOT_CANONICAL',
  'BAD_FORMAT',
  'UNKNOWN_KIND',
  'BAD_TEXT',
  'BAD_TIME',
  'BAD_HASH',
  'BAD_GZIP',
  'BAD_PATH',
  'BAD_CHAIN',
  'BAD_KEY',
  'BAD_PUZZLE',
  'BAD_PROOF',
  'NOT_FOUND',
  'DISK_FULL',
  'QUOTA_FULL',
  'TIMEOUT',
  'RETIRED_KEY',
]

/** Refusals of an honest earn: it came too late, or to a node that is busy. */
export const EARN_REFUSALS: ReadonlySet<ErrorCode> = new Set(['EXPIRED', 'BUSY'])

export function encodeMessage<N extends MessageName>(name: N, message: MessageOf<N>): Uint8Array {
  return encode(MESSAGES[name] as never, message)
}

export function wireCodeOf(code: ErrorCode): number {
  return Math.max(0, WIRE_CODES.indexOf(code))
}

/** A refuse message: of a query, or of the session where `ask` is undefined. */
export function refusal(ask: number | undefined, error: SheafError): Uint8Array {
  return encodeMessage('refuse', { ask, code: wireCodeOf(error.code), detail: detailOf(error) })
}

/** What a stranger is told of a refusal: nothing of our own disk, and no more than fits. */
function detailOf({ code, message }: SheafError): string {
  if (OUR_OWN.has(code)) return ''
  let detail = message.toWellFormed()
  while (Buffer.byteLength(detail) > DETAIL_BYTES_MAX)
    detail = detail.slice(0, detail.length * 0.8).toWellFormed()
  return detail
}

const DETAIL_BYTES_MAX = 200
const OUR_OWN: ReadonlySet<ErrorCode> = new Set(['INTERNAL', 'BAD_STORE', 'DISK_FULL', 'CANCELLED'])

/** What the server signs before it sends: these bytes for this query, in this session. */
export function headerDigest(
  session: Uint8Array,
  network: Network,
  query: Uint8Array,
  entries: Uint8Array,
): Uint8Array {
  return domainHash('sheaf/1 header', network.id, session, sha256(query), entries)
}

/** A statement of our own device as a record. */
export function signStatement(env: SessionEnv, kind: number, body: Uint8Array): SignedRecord {
  return signRecord(
    {
      kind,
      signer: env.device.publicKey,
      key: env.device.publicKey,
      timeMs: env.wallMs(),
      nonce: env.random(8),
      body,
    },
    env.network,
    env.device.sign,
  )
}

/** Bytes → a statement that its own signer signed. */
export function verifyStatement(
  bytes: Uint8Array,
  { network, verifyDevice }: Pick<SessionEnv, 'network' | 'verifyDevice'>,
): VerifiedRecord {
  const record = parseRecord(bytes)
  return verifyRecord(record, network, record.signer, verifyDevice)
}

export const NO_SIGNATURE: Uint8Array = new Uint8Array(64)
