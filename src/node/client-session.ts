/**
 * The client's half of a session: earns the first query, thanks, and asks on within the window of its welcome.
 *
 *     idle ──query──▶ greeting ──challenge──▶ solving ──▶ earned ──results──▶ thanking
 *      ▲ ▲                │                                  │                  │ welcome
 *      │ └── resting ◀────┴─────── BUSY, for a while ────────┘                  │
 *      └────────── allowance used up, or no welcome in time ◀──── open ◀────────┘
 */
import { ChurnMap } from '../base/churn-map.ts'
import { decode } from '../base/codec.ts'
import { asSheafError, plainError, SheafError } from '../base/errors.ts'
import { RecentNumbers } from '../base/recent.ts'
import { Backoff } from './backoff.ts'
import { refuseUncertified, verifyHeader } from './certified.ts'
import { bidFor, formEarn, formHello, refuseUnknownWork } from './earning.ts'
import { EARN_REFUSALS, encodeMessage, type Peer, type SessionEnv, WIRE_CODES } from './peer.ts'
import { goneError, type Listener, newPending, type Pending, servedObservation } from './pending.ts'
import { PutOff } from './put-off.ts'
import type { Query } from './queries.ts'
import { type Resume, suspend, type Task } from './task.ts'
import { Thanks } from './thanks.ts'
import type { Timer } from './timers.ts'
import type { Deliver, Listing, MessageName } from './wire.ts'
import * as wire from './wire.ts'
import { type Ends, workSeed } from './work.ts'

/** A server takes an earn up or drops it sooner than this; until then no other is begun, or a refusal could mean either. */
const EARN_FATE_MS = 20_000
/** Queries that timed out; what still arrives for them is no fault. */
const ABANDONED_MAX = 1_024

export class ClientSession {
  readonly #env: SessionEnv
  readonly #peer: Peer
  readonly #ends: Ends
  #state: 'idle' | 'greeting' | 'solving' | 'earned' | 'resting' | 'open' = 'idle'
  #hello: Uint8Array = new Uint8Array(0)
  #hellosOut = 0
  #nextAsk = 0
  #allowance = 0
  #granted = 0
  /** The query of an earn that the server has not answered yet. */
  #earning: number | undefined
  #cancelSearch: () => void = () => {}
  #used = 0
  /** Waiting for the session or the window, then on their way. */
  #queue: Pending[] = []
  readonly #asked = new ChurnMap<number, Pending>()
  readonly #putOff: PutOff
  readonly #abandoned = new RecentNumbers(ABANDONED_MAX)
  readonly #thanks: Thanks
  /** When the fate of the last earn is given up. */
  #fate: Timer | undefined
  readonly #backoff: Backoff
  acceptsStores = false

  constructor(env: SessionEnv, peer: Peer) {
    this.#env = env
    this.#peer = peer
    const { network, device } = env
    this.#ends = { network, session: peer.session, client: device.publicKey, server: peer.device }
    this.#backoff = new Backoff(env.random)
    this.#putOff = new PutOff(env, (pending) => {
      pending.ask = this.#nextAsk++
      this.#queue.push(pending)
      this.#pump()
    })
    this.#thanks = new Thanks(env, peer, () => this.#notWelcomed())
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Queries that wait or are under way. */
  get load(): number {
    return this.#queue.length + this.#asked.size + this.#putOff.size
  }

  /**
   * Asks, and ends with the listing (where the query has one) once the last item has gone to
   * `listener`. Throws TIMEOUT at `untilMs`, UNREACHABLE where the connection ends, the server's
   * refusal, or what `listener` threw.
   */
  *ask(asked: Query, listener: Listener, untilMs: number): Task<Listing | undefined> {
    if (this.#peer.isGone) throw goneError()
    const deadline = this.#env.timers.at(untilMs, () => this.#timeOut(pending))
    const pending = newPending(asked, { ask: this.#nextAsk++, listener, deadline })
    const start = (resume: Resume<Listing | undefined>): void => {
      pending.resume = resume
      this.#queue.push(pending)
      this.#pump()
    }
    return yield* suspend(start, () => this.#drop(pending))
  }

  /** Ends a query that is under way with TIMEOUT, at once. */
  giveUp(asked: Query): void {
    const pending = [...this.#asked.values(), ...this.#queue].find((one) => one.asked === asked)
    if (pending !== undefined) this.#timeOut(pending)
  }

  /** The client's part of a store request that is under way. */
  deliver(asked: Query, items: Deliver['items'], last: boolean): void {
    const pending = [...this.#asked.values()].find((one) => one.asked === asked)
    if (pending === undefined || this.#peer.isGone) return
    this.#say('deliver', encodeMessage('deliver', { ask: pending.ask, last, items }))
  }

  receive(name: MessageName, message: Uint8Array): void {
    try {
      switch (name) {
        case 'challenge':
          return this.#challenge(message)
        case 'header':
          return this.#header(message)
        case 'result':
          return this.#result(message)
        case 'welcome':
          return this.#welcome(message)
        case 'refuse':
          return this.#refused(message)
        default:
          throw plainError('UNEXPECTED_MESSAGE', `a server sent ${name}`)
      }
    } catch (cause) {
      this.#env.fault(this.#peer, asSheafError(cause))
    }
  }

  /** The connection ended. */
  end(): void {
    this.#thanks.end()
    this.#fate?.cancel()
    this.#failAll(goneError())
  }

  /** Certifies what came so far, as a session does before it closes. */
  close(): void {
    if (this.#thanks.areOwed) this.#thanks.thank()
  }

  #pump(): void {
    const first = this.#queue[0]
    if (first === undefined) return
    if (this.#state === 'idle') return this.#greet()
    if (this.#state !== 'open') return
    while (this.#queue.length > 0) {
      const next = this.#queue[0]!
      if (this.#used + next.weight > this.#allowance) break
      this.#queue.shift()
      this.#used += next.weight
      this.#sending(next)
      this.#say('ask', encodeMessage('ask', { ask: next.ask, query: next.bytes }))
    }
    if (this.#queue.length === 0 || this.#thanks.areUnderWay) return
    // The window is used up: thanks bring a new one; where there is nothing to thank for, earn again.
    if (this.#thanks.areOwed) this.#thanks.thank()
    else if (this.#asked.size === 0) {
      this.#state = 'idle'
      this.#greet()
    }
  }

  #sending(one: Pending): void {
    one.sentMs = this.#env.nowMs()
    this.#asked.set(one.ask, one)
    one.listener.sent?.(one.ask)
  }

  #greet(): void {
    this.#state = 'greeting'
    this.#hello = formHello(this.#env, this.#ends)
    this.#hellosOut += 1
    this.#env.send(this.#peer, 'hello', this.#hello)
  }

  #challenge(message: Uint8Array): void {
    const challenge = decode(wire.challenge, message)
    if (this.#hellosOut === 0) {
      throw plainError('UNEXPECTED_MESSAGE', 'a challenge that nobody asked for')
    }
    this.#hellosOut -= 1
    if (this.#state !== 'greeting') return // a late one, for a hello that was given up
    refuseUnknownWork(challenge)
    this.#peer.toldTime = { timeMs: challenge.time, atMs: this.#env.nowMs() }
    this.#state = 'idle'
    const first = this.#queue[0]
    if (first === undefined) return // everything timed out meanwhile
    const bid = bidFor(challenge, first, this.#backoff.raise)
    if (bid instanceof SheafError) return this.#failAll(bid)
    this.#state = 'solving'
    const seed = workSeed(message, first.bytes, bid)
    this.#cancelSearch = this.#env.solve(this.#peer, seed, bid, (proofs) => {
      if (this.#state !== 'solving' || this.#peer.isGone) return
      if (!this.#queue.includes(first)) {
        this.#state = 'idle'
        return this.#pump()
      }
      this.#queue.splice(this.#queue.indexOf(first), 1)
      const { ask, bytes: query } = first
      const earn = formEarn(this.#env, this.#ends, { hello: this.#hello, challenge, bid, proofs, ask, query })
      this.#state = 'earned'
      this.#sending(first)
      this.#earning = ask
      this.#say('earn', earn)
      this.#fate?.cancel()
      this.#fate = this.#env.timers.at(first.sentMs + EARN_FATE_MS, () => this.#giveUpEarn(first))
    })
  }

  #header(message: Uint8Array): void {
    this.#thanks.heard('header', message)
    const header = decode(wire.header, message)
    const pending = this.#asked.get(header.ask)
    if (pending === undefined) return this.#refuseUnasked(header.ask)
    verifyHeader(header, this.#peer, this.#env, pending.bytes)
    pending.header = header
  }

  #result(message: Uint8Array): void {
    this.#thanks.heard('result', message)
    const { ask, last, listing, items } = decode(wire.result, message)
    if (ask === this.#earning) this.#accepted()
    const pending = this.#asked.get(ask)
    if (pending === undefined) return this.#refuseUnasked(ask)
    pending.firstByteMs ??= this.#env.nowMs()
    pending.busy = undefined
    pending.bytesIn += message.byteLength
    const found = items.filter(({ answer }) => answer.type === 'found').length
    pending.results += found
    this.#thanks.owe(found)
    refuseUncertified(items, pending.header, pending.asked)
    const { header } = pending
    pending.header = undefined
    if (last) this.#asked.take(ask)
    try {
      pending.listener.items(items, header)
    } catch (cause) {
      const error = asSheafError(cause)
      this.#asked.take(ask)
      pending.deadline.cancel()
      const certified = header !== undefined
      this.#env.fault(this.#peer, error, { type: 'wrong bytes', code: error.code, certified })
      pending.resume({ error })
      return
    }
    if (last) this.#finish(pending, { value: listing })
    this.#considerThanks()
    this.#pump()
  }

  #finish(pending: Pending, outcome: { value: Listing | undefined }): void {
    pending.deadline.cancel()
    const nowMs = this.#env.nowMs()
    this.#peer.usedMs = nowMs
    this.#env.evidence.observe(this.#peer.device, servedObservation(pending, nowMs), nowMs)
    pending.resume(outcome)
  }

  /** The first thing that comes is thanked for at once: only a welcome opens the window. Then before it is used up, or after a second. */
  #considerThanks(): void {
    const isFirst = this.#state === 'earned'
    this.#thanks.consider(isFirst || this.#allowance - this.#used < this.#granted / 2)
  }

  #welcome(message: Uint8Array): void {
    const welcome = this.#thanks.welcome(message)
    if (welcome === undefined) return
    this.acceptsStores = welcome.acceptsStores
    this.#allowance = welcome.allowance
    this.#granted = welcome.allowance - this.#used
    this.#state = 'open'
    if (welcome.claim !== undefined) this.#env.learnClaim(this.#peer, welcome.claim)
    this.#env.learnPeers(welcome.peers)
    this.#thanks.followUp()
    this.#pump()
  }

  #notWelcomed(): void {
    if (this.#state !== 'open' && this.#state !== 'earned') return
    this.#state = 'idle'
    this.#pump()
  }

  #refused(message: Uint8Array): void {
    const { ask, code, detail } = decode(wire.refuse, message)
    const error = plainError(WIRE_CODES[code] ?? 'INTERNAL', `refused: ${detail}`)
    this.#env.evidence.observe(this.#peer.device, { type: 'refused', code: error.code }, this.#env.nowMs())
    if (ask === undefined) return this.#turnedAway(error)
    const pending = this.#asked.get(ask)
    this.#thanks.heard('refuse', message)
    if (ask === this.#earning) this.#accepted()
    if (pending === undefined) return this.#refuseUnasked(ask)
    this.#asked.take(ask)
    this.#thanks.owe(0)
    if (error.code !== 'BUSY' || !this.#putOff.add(pending, error)) {
      pending.deadline.cancel()
      pending.resume({ error })
    }
    this.#considerThanks()
    this.#pump()
  }

  /** A refusal of the session, or of the earn that is under way: it is not on the transcript. */
  #turnedAway(error: SheafError): void {
    const earning = this.#earning
    this.#earning = undefined
    if (earning !== undefined) this.#thanks.takeBackEarn()
    if (!EARN_REFUSALS.has(error.code)) {
      if (this.#state !== 'open') this.#state = 'idle'
      return this.#failAll(error)
    }
    if (earning === undefined && this.#state !== 'greeting') return // for a hello that was given up
    const pending = earning === undefined ? undefined : this.#asked.take(earning)
    if (pending !== undefined) this.#queue.unshift(pending)
    this.#state = 'idle'
    if (error.code !== 'BUSY') return this.#pump()
    if (earning !== undefined) this.#backoff.outbid()
    this.#rest(error)
  }

  /** Comes back after a while, to a node that was busy. */
  #rest(error: SheafError): void {
    const waitMs = this.#backoff.next()
    if (waitMs === undefined) {
      this.#backoff.reset()
      return this.#failAll(error)
    }
    for (const one of this.#queue) one.busy = error
    this.#state = 'resting'
    this.#env.timers.at(this.#env.nowMs() + waitMs, () => {
      if (this.#state !== 'resting' || this.#peer.isGone) return
      this.#state = 'idle'
      this.#pump()
    })
  }

  /** The earn was taken up. */
  #accepted(): void {
    this.#earning = undefined
    this.#backoff.reset()
    this.#thanks.earnAccepted()
  }

  #giveUpEarn({ ask, sentMs }: Pending): void {
    if (this.#earning !== ask || this.#env.nowMs() < sentMs + EARN_FATE_MS) return
    this.#accepted()
    if (this.#state === 'earned' && this.#asked.size === 0) this.#state = 'idle'
    this.#pump()
  }

  #timeOut(pending: Pending): void {
    if (pending.busy === undefined)
      this.#env.evidence.observe(this.#peer.device, { type: 'timed out' }, this.#env.nowMs())
    this.#drop(pending)
    pending.resume({ error: pending.busy ?? plainError('TIMEOUT', 'no answer within the deadline') })
  }

  /** Nobody waits for it any more. */
  #drop(pending: Pending): void {
    pending.deadline.cancel()
    this.#putOff.delete(pending)
    const at = this.#queue.indexOf(pending)
    if (at >= 0) this.#queue.splice(at, 1)
    if (at === 0 && this.#state === 'solving') {
      this.#cancelSearch() // it was for this one
      this.#state = 'idle'
    }
    if (this.#asked.take(pending.ask) !== undefined) this.#abandoned.add(pending.ask)
    // A hello may still be answered, for those that wait longer; what becomes of an earn is not known before `EARN_FATE_MS`.
    const isOver =
      this.#state === 'greeting'
        ? this.#queue.length === 0
        : this.#state === 'earned' && this.#earning === undefined
    if (isOver && this.#asked.size === 0) this.#state = 'idle'
    this.#pump()
  }

  #refuseUnasked(ask: number): void {
    if (!this.#abandoned.has(ask))
      throw plainError('UNEXPECTED_MESSAGE', `an answer to query ${ask}, which is not open`)
  }

  #failAll(error: SheafError): void {
    this.#cancelSearch()
    const all = [...this.#asked.values(), ...this.#queue, ...this.#putOff.takeAll()]
    this.#asked.clear()
    this.#queue = []
    for (const pending of all) {
      pending.deadline.cancel()
      pending.resume({ error })
    }
  }

  #say(name: MessageName, message: Uint8Array): void {
    this.#thanks.said(name, message)
    this.#env.send(this.#peer, name, message)
  }
}
