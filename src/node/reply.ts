/**
 * The answer to one query on its way out: items are packed into messages of about 64 KiB,
 * and what must be certified goes behind a signed header.
 */
import { encode, encodedBytes, id32, list, struct, uint } from '../base/codec.ts'
import type { SheafError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import { BLOCK_BYTES_MAX } from '../base/limits.ts'
import { encodeMessage, headerDigest, type Peer, type SessionEnv } from './peer.ts'
import { suspend, type Task } from './task.ts'
import {
  type Answer,
  type Deliver,
  type Item,
  item as itemCodec,
  type Listing,
  type MessageName,
  RESULT_BYTES,
} from './wire.ts'

/** Pieces above this come after a signed header, whoever asks. */
export const CERTIFY_ABOVE_BYTES = 32_768

/** Items of one message: with those before it they stay within the 256 results that a checkpoint may cover. */
const RESULT_ITEMS_MAX = 128

interface Out {
  send(name: MessageName, message: Uint8Array): void
  refuse(error: SheafError): void
  /** Whether it waits for the client: for its link, or for what it delivers. */
  waits(isWaiting: boolean): void
  /** It stays open until further notice, and gives up its place among those that are served. */
  opened(): void
  /** So many things found went out unasked. */
  pushed(results: number): void
  /** How many more may go out before the client thanks. */
  credit(): number
  ended(results: number): void
}

export class Reply {
  readonly #env: SessionEnv
  readonly #peer: Peer
  readonly #about: { ask: number; query: Uint8Array }
  readonly #out: Out
  #items: Item[] = []
  #bytes = 0
  #results = 0
  /** Of them, those that the session was told of as pushed. */
  #pushed = 0
  #hasEnded = false
  /** Set to have every message certified first. */
  certify = false
  #onDeliver: ((delivery: Deliver) => void) | undefined
  /** Called when an open one may go on: the client has thanked, or is gone. */
  onTurn: () => void = () => {}

  constructor(env: SessionEnv, peer: Peer, about: { ask: number; query: Uint8Array }, out: Out) {
    this.#env = env
    this.#peer = peer
    this.#about = about
    this.#out = out
  }

  get onDeliver(): ((delivery: Deliver) => void) | undefined {
    return this.#onDeliver
  }

  /** Set by a store request as long as it waits for what it wanted. */
  set onDeliver(take: ((delivery: Deliver) => void) | undefined) {
    this.#onDeliver = take
    this.#out.waits(take !== undefined)
  }

  get ask(): number {
    return this.#about.ask
  }

  /** See `Out`. */
  get credit(): number {
    return this.#out.credit()
  }

  /** Keeps the query open: what is gathered goes out, or an empty result that says so. */
  open(): void {
    this.#sendItems(false)
    this.#out.opened()
  }

  /** Sends what an open query has gathered. */
  push(): void {
    this.flush()
    this.#out.pushed(this.#results - this.#pushed)
    this.#pushed = this.#results
  }

  add(index: number, answer: Answer): void {
    const item = { index, answer }
    const bytes = encodedBytes(itemCodec, item)
    const isFull = this.#bytes + bytes > RESULT_BYTES || this.#items.length === RESULT_ITEMS_MAX
    if (this.#bytes > 0 && isFull) this.flush()
    this.#items.push(item)
    this.#bytes += bytes
    if (answer.type === 'found') this.#results += 1
  }

  /** Sends what is gathered so far. */
  flush(): void {
    if (this.#items.length > 0) this.#sendItems(false)
  }

  end(listing?: Listing): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#sendItems(true, listing)
    this.#out.ended(this.#results)
  }

  refuse(error: SheafError): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#out.refuse(error)
    this.#out.ended(this.#results)
  }

  get isGone(): boolean {
    return this.#peer.isGone
  }

  /** Waits until the link takes more. */
  *writable(): Task<void> {
    if (this.#peer.isBlocked && !this.#peer.isGone) yield* this.until((go) => this.#peer.onWritable.push(go))
  }

  /** Waits until `go` is called, for something that is the client's to bring about: its place is another's meanwhile. */
  *until(start: (go: () => void) => void): Task<void> {
    this.#out.waits(true)
    yield* suspend<void>((resume) => start(() => resume({ value: undefined })))
    this.#out.waits(false)
  }

  #sendItems(last: boolean, listing?: Listing): void {
    const found = this.#items.flatMap(({ index, answer }) =>
      answer.type === 'found' ? [{ index, bytes: answer.bytes }] : [],
    )
    if (
      found.length > 0 &&
      (this.certify || found.some(({ bytes }) => bytes.byteLength > CERTIFY_ABOVE_BYTES))
    ) {
      const entries = found.map(({ index, bytes }) => ({
        index,
        hash: sha256(bytes),
        bytes: bytes.byteLength,
      }))
      const digest = headerDigest(
        this.#peer.session,
        this.#env.network,
        this.#about.query,
        encode(headerEntries, entries),
      )
      const signature = this.#env.device.sign(digest)
      this.#out.send('header', encodeMessage('header', { ask: this.#about.ask, entries, signature }))
    }
    this.#out.send(
      'result',
      encodeMessage('result', { ask: this.#about.ask, last, listing, items: this.#items }),
    )
    this.#items = []
    this.#bytes = 0
  }
}

/** The part of a header that is signed. */
export const headerEntries = list(
  struct({ index: uint(65_535), hash: id32, bytes: uint(BLOCK_BYTES_MAX) }),
  65_535,
)
