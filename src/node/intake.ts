/**
 * The queries of one client that were let in: a few have a place in the node's queue or are served,
 * the others wait in the order of their coming.
 */
import { ChurnMap } from '../base/churn-map.ts'
import { plainError, type SheafError } from '../base/errors.ts'
import { RecentNumbers } from '../base/recent.ts'
import type { Peer, SessionEnv } from './peer.ts'
import { type Query, weightOf } from './queries.ts'
import type { Entry, Lane } from './queue.ts'
import { Reply } from './reply.ts'
import type { Deliver, MessageName } from './wire.ts'

/** Answers a query through `reply`; calls `reply.end` or `reply.refuse` in the end. */
export type Serve = (peer: Peer, asked: Query, reply: Reply) => void

/** Queries of one client that are served, or have a place in the node's queue. */
const AT_ONCE = 8
/** Queries of one client that wait behind those. */
export const WAITING_MAX = 128
const ENDED_MAX = 256

/** A query that was let in. */
export interface Admitted {
  ask: number
  bytes: Uint8Array
  /** Undefined where this node does not know the kind. */
  asked: Query | undefined
  lane: Lane
  /** See `Entry`. */
  effort: number
  /** Called when it is about to be served. */
  onBegun?(): void
  /** Called instead where it cannot be served in time. */
  onDropped(): void
}

interface Out {
  say(name: MessageName, message: Uint8Array): void
  refuse(ask: number, error: SheafError): void
  /** A query was answered with so many things found. */
  answered(results: number): void
  /** So many things found went out unasked; how many more may before the client thanks. */
  pushed(results: number): void
  credit(): number
}

/** One of a kind that this node knows: only such wait and are served. */
type Known = Admitted & { asked: Query }

export class Intake {
  readonly #env: SessionEnv
  readonly #peer: Peer
  readonly #serve: Serve
  readonly #out: Out
  #waiting: Known[] = []
  readonly #queued = new ChurnMap<number, Entry>()
  readonly #serving = new ChurnMap<number, Reply>()
  /** Queries that stay open: they take no place. */
  readonly #open = new ChurnMap<number, Reply>()
  /** Queries that were answered or refused: what is still delivered for them is late, and no fault. */
  readonly #ended = new RecentNumbers(ENDED_MAX)

  constructor(env: SessionEnv, peer: Peer, serve: Serve, out: Out) {
    this.#env = env
    this.#peer = peer
    this.#serve = serve
    this.#out = out
  }

  /** Queries that are not served yet and have no place in the node's queue. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Queries under way, served or not. */
  get load(): number {
    // Those that stay open are none: else asking for one thing would keep a connection for good.
    return this.#waiting.length + this.#queued.size + this.#serving.size
  }

  get isFull(): boolean {
    return this.#waiting.length >= WAITING_MAX
  }

  /** Throws WRONG_QUERY where the number is taken. */
  admit(one: Admitted): void {
    const { ask } = one
    const isTaken =
      this.#serving.has(ask) ||
      this.#open.has(ask) ||
      this.#queued.has(ask) ||
      this.#waiting.some((other) => other.ask === ask)
    if (isTaken) throw plainError('WRONG_QUERY', `query ${ask} asked twice`)
    if (isKnown(one)) this.#waiting.push(one)
    else this.#refuseUnknown(one)
    this.#advance()
  }

  /** Hands a delivery to the query that waits for it. Throws UNEXPECTED_MESSAGE where there is none. */
  deliver(delivery: Deliver): void {
    const reply = this.#serving.get(delivery.ask)
    if (reply === undefined && this.#ended.has(delivery.ask)) return
    if (reply?.onDeliver === undefined)
      throw plainError('UNEXPECTED_MESSAGE', 'a delivery that nobody waits for')
    reply.onDeliver(delivery)
  }

  /** The connection ended: nothing that waits is begun any more. */
  end(): void {
    this.#waiting = []
    for (const entry of this.#queued.values()) this.#env.queue.withdraw(entry)
    this.#queued.clear()
    this.goOn()
  }

  /** The client has thanked, or is gone: what stays open may go on. */
  goOn(): void {
    for (const reply of [...this.#open.values()]) reply.onTurn()
  }

  #advance(): void {
    while (this.#queued.size + this.#serving.size < AT_ONCE) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      const entry = this.#entryOf(next)
      this.#queued.set(next.ask, entry)
      if (!this.#env.queue.submit(entry)) this.#drop(next)
    }
  }

  #entryOf(one: Known): Entry {
    const { networks, isLocal } = this.#peer.caller
    return {
      lane: one.lane,
      effort: one.effort,
      weight: weightOf(one.asked),
      bytes: one.bytes.byteLength,
      networks,
      isLocal,
      begin: () => this.#begin(one),
      drop: () => {
        this.#drop(one)
        this.#advance()
      },
    }
  }

  #drop(one: Known): void {
    this.#queued.take(one.ask)
    this.#ended.add(one.ask)
    one.onDropped()
  }

  #begin(one: Known): void {
    const { ask, bytes, asked } = one
    const { queue } = this.#env
    let holdsPlace = true
    this.#queued.take(ask)
    this.#peer.usedMs = this.#env.nowMs()
    one.onBegun?.()
    const reply = new Reply(
      this.#env,
      this.#peer,
      { ask, query: bytes },
      {
        send: (name, message) => this.#out.say(name, message),
        refuse: (error) => this.#out.refuse(ask, error),
        waits: (isWaiting) => {
          if (isWaiting !== holdsPlace || this.#open.has(ask)) return
          holdsPlace = !isWaiting
          if (isWaiting) queue.release()
          else queue.resume()
        },
        opened: () => {
          this.#serving.take(ask)
          this.#open.set(ask, reply)
          if (holdsPlace) queue.release()
          holdsPlace = false
          this.#advance()
        },
        pushed: (results) => this.#out.pushed(results),
        credit: () => this.#out.credit(),
        ended: (results) => {
          this.#out.answered(results)
          this.#serving.take(ask)
          this.#open.take(ask)
          this.#ended.add(ask)
          this.#advance()
          if (holdsPlace) queue.release()
        },
      },
    )
    this.#serving.set(ask, reply)
    this.#serve(this.#peer, asked, reply)
  }

  /** At once: its bytes may be many, and are of no use. */
  #refuseUnknown({ ask, onBegun }: Admitted): void {
    this.#peer.usedMs = this.#env.nowMs()
    onBegun?.()
    this.#ended.add(ask)
    this.#out.refuse(ask, plainError('UNSUPPORTED', 'this node does not know that kind of query'))
  }
}

function isKnown(one: Admitted): one is Known {
  return one.asked !== undefined
}
