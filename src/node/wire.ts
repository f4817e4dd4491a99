/**
 * The wire: one channel, numbered messages. The number is the position in MESSAGES and
 * never changes; a new message goes to the end. Fields stand in the order of the codec,
 * each variable one with its maximum.
 *
 *     client                                server
 *       hello      ─────────────────────────▶
 *                  ◀─────────────────────────  challenge      nothing is stored for it
 *       earn       ─────────────────────────▶                 work, then signatures
 *                  ◀─────────────────────────  (header) result …
 *       thank      ─────────────────────────▶                 a checkpoint
 *                  ◀─────────────────────────  welcome        a checkpoint over it, and a window
 *       ask, ask … ─────────────────────────▶                 within the window, pipelined
 *                  ◀─────────────────────────  result …
 *
 * Both ends of a connection are client and server to each other, on the same channel.
 */
import {
  type AnyCodec,
  bytes,
  fixed,
  flag,
  id32,
  list,
  optional,
  struct,
  text,
  timeMs,
  uint,
  type Value,
  variant,
} from '../base/codec.ts'
import { BLOCK_BYTES_MAX, RECORD_BYTES_MAX } from '../base/limits.ts'

export const PROTOCOL_VERSION = 1

/** No message is larger; the link drops a longer one before it is read. A block and its frame fit. */
export const MESSAGE_BYTES_MAX = 262_144
/** Results are packed up to about this size: large messages are what the link carries best. */
export const RESULT_BYTES = 65_536
/** Ids in one query, and things found between two checkpoints. */
export const ASK_IDS_MAX = 256
/** Sub-solutions of a proof: they narrow the spread of its cost from 1 to 0.35. */
export const PROOFS = 8

const signature = fixed(64)
const number8 = uint(255)

export const hello = struct({
  versions: list(number8, 8, 1),
  algorithms: list(number8, 8, 1),
  time: timeMs,
  /** Id of the device's certificate; none for a throw-away device. */
  certificate: optional(id32),
  signature,
})
export type Hello = Value<typeof hello>

export const challenge = struct({
  version: number8,
  algorithm: number8,
  /** Counts the challenges of this session. */
  counter: uint(2 ** 32),
  /** The server's time. */
  time: timeMs,
  /** Expected hashes for a query of weight 1. */
  effort: uint(2 ** 40),
  expires: timeMs,
  /** N: the server's MAC over all of this, the handshake and both devices. */
  mac: id32,
})
export type Challenge = Value<typeof challenge>

export const earn = struct({
  hello: bytes(512),
  challenge,
  /** Effort that was committed to before solving. */
  bid: uint(2 ** 40),
  proofs: list(fixed(8), PROOFS),
  signature,
  /** Number of the query, and the query. */
  ask: uint(2 ** 32),
  query: bytes(MESSAGE_BYTES_MAX / 2),
})
export type Earn = Value<typeof earn>

/** One answer for each thing asked. */
export const answer = variant({
  found: struct({ bytes: bytes(BLOCK_BYTES_MAX) }),
  unknown: struct({}),
  /** It was here and is damaged: help wanted. */
  lost: struct({}),
  /** Not this node's to keep; these devices claim it. */
  moved: struct({ to: list(id32, 8) }),
  refused: struct({
    reason: variant({ policy: struct({}), tombstone: struct({ id: id32 }), full: struct({}) }),
  }),
  /** To a store request only: send it; or it is here already. */
  wanted: struct({}),
  held: struct({}),
  /** To a store request, at the end: the signed promise for all that was taken. */
  holding: struct({ record: bytes(RECORD_BYTES_MAX) }),
  /** The key record that the block at this index was signed under; once a session for each key. */
  key: struct({ bytes: bytes(BLOCK_BYTES_MAX) }),
  /** To a subscription only: things were stored at this locator that were not sent; ask for them. */
  missed: struct({}),
})
export type Answer = Value<typeof answer>

export const item = struct({ index: uint(65_535), answer })
export type Item = Value<typeof item>

/** How a list of records was sorted and cut. */
export const listing = struct({
  total: uint(),
  offset: uint(),
  snapshot: fixed(8),
})
export type Listing = Value<typeof listing>

export const result = struct({
  ask: uint(2 ** 32),
  last: flag,
  listing: optional(listing),
  items: list(item, 65_535),
})
export type Result = Value<typeof result>

/** What the server is about to send, signed first: whoever lies signs the lie. */
export const header = struct({
  ask: uint(2 ** 32),
  entries: list(struct({ index: uint(65_535), hash: id32, bytes: uint(BLOCK_BYTES_MAX) }), 65_535),
  signature,
})
export type Header = Value<typeof header>

const record = bytes(RECORD_BYTES_MAX)

export const thank = struct({
  /** The client's checkpoint. */
  checkpoint: record,
  /** The client's shelf claim. */
  claim: optional(record),
})

export const welcome = struct({
  checkpoint: record,
  claim: optional(record),
  /** Weight of queries that may be asked in this session up to now and from here on, in all. */
  allowance: uint(),
  acceptsStores: flag,
  /** Devices that the server knows to be up. */
  peers: list(id32, 20),
})
export type Welcome = Value<typeof welcome>

export const ask = struct({ ask: uint(2 ** 32), query: bytes(MESSAGE_BYTES_MAX / 2) })

/** Why the server will not go on with a query (or with the session, where `ask` is undefined). */
export const refuse = struct({
  ask: optional(uint(2 ** 32)),
  code: number8,
  detail: text(200),
})
export type Refuse = Value<typeof refuse>

/** The client's part of a store request: what the server wanted. */
export const deliver = struct({
  ask: uint(2 ** 32),
  last: flag,
  items: list(struct({ index: uint(65_535), bytes: bytes(BLOCK_BYTES_MAX) }), 65_535),
})
export type Deliver = Value<typeof deliver>

export const MESSAGES = {
  hello,
  challenge,
  earn,
  result,
  thank,
  welcome,
  ask,
  refuse,
  deliver,
  header,
} satisfies Record<string, AnyCodec>

export type MessageName = keyof typeof MESSAGES
export type MessageOf<N extends MessageName> = Value<(typeof MESSAGES)[N]>
export const MESSAGE_NAMES = Object.keys(MESSAGES) as MessageName[]

/** Who sends a message in the role of client; the rest come from the server's. */
export const FROM_CLIENT: ReadonlySet<MessageName> = new Set(['hello', 'earn', 'thank', 'ask', 'deliver'])
