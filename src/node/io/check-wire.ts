/**
 * Check requests and outcomes as one buffer each: a buffer moves between threads without a
 * copy, where objects with views would be cloned one by one.
 */
import {
  bytes,
  type Codec,
  decode,
  fixed,
  flag,
  id32,
  list,
  optional,
  type State,
  struct,
  text,
  timeMs,
  uint,
  variant,
} from '../../base/codec.ts'
import { ERROR_CODES } from '../../base/errors.ts'
import { BLOCK_BYTES_MAX, KEY_CHAIN_MAX } from '../../base/limits.ts'
import { PIECE_TEXT_BYTES_MAX } from '../../content/piece.ts'
import type { Checked, CheckRequest } from '../checking.ts'

/** Items of one request; far above what one query may bring. */
const ITEMS_MAX = 65_535
const MESSAGE_BYTES_MAX = 1_000

const requestCodec = struct({
  number: uint(),
  nowMs: timeMs,
  withTexts: flag,
  keys: list(
    struct({ id: id32, entity: id32, publicKey: fixed(33), position: uint(KEY_CHAIN_MAX), next: id32 }),
    ITEMS_MAX,
  ),
  items: list(struct({ id: id32, pieceAt: optional(id32), bytes: bytes(BLOCK_BYTES_MAX) }), ITEMS_MAX),
})

const outcomesCodec = struct({
  number: uint(),
  outcomes: list(
    variant({
      ok: struct({
        locator: id32,
        kind: uint(255),
        timeMs,
        hadText: flag,
        text: optional(bytes(PIECE_TEXT_BYTES_MAX)),
      }),
      failed: struct({ code: uint(ERROR_CODES.length - 1), message: text(MESSAGE_BYTES_MAX) }),
    }),
    ITEMS_MAX,
  ),
})

export function packRequest(number: number, request: CheckRequest): Uint8Array<ArrayBuffer> {
  return pack(requestCodec, { number, ...request })
}

export function unpackRequest(packed: Uint8Array): { number: number; request: CheckRequest } {
  const { number, ...request } = decode(requestCodec, packed)
  return { number, request }
}

export function packOutcomes(number: number, outcomes: readonly Checked[]): Uint8Array<ArrayBuffer> {
  return pack(outcomesCodec, {
    number,
    outcomes: outcomes.map((one) =>
      one.ok
        ? { type: 'ok' as const, ...one }
        : {
            type: 'failed' as const,
            code: ERROR_CODES.indexOf(one.code),
            message: one.message.slice(0, MESSAGE_BYTES_MAX / 4).toWellFormed(),
          },
    ),
  })
}

export function unpackOutcomes(packed: Uint8Array): { number: number; outcomes: Checked[] } {
  const { number, outcomes } = decode(outcomesCodec, packed)
  return {
    number,
    outcomes: outcomes.map((one): Checked => {
      if (one.type === 'failed') return { ok: false, code: ERROR_CODES[one.code]!, message: one.message }
      const { locator, kind, timeMs: time, hadText, text: found } = one
      return { ok: true, locator, kind, timeMs: time, hadText, text: found }
    }),
  }
}

/** Encoded into memory of its own, which can be handed to another thread. */
export function pack<T>(codec: Codec<T>, value: T): Uint8Array<ArrayBuffer> {
  const state: State = { start: 0, end: 0, buffer: NOTHING }
  codec.preencode(state, value)
  const packed = new Uint8Array(state.end)
  state.buffer = packed
  codec.encode(state, value)
  return packed
}

const NOTHING = new Uint8Array(0)
