/**
 * The client's certification of a session: the transcript as the client knows it, the
 * thanks that fix it, and the welcomes that answer them, in the order of the thanks.
 */
import { decode, encode } from '../base/codec.ts'
import { plainError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { CHECKPOINT, checkpoint } from '../content/statement.ts'
import { encodeMessage, type Peer, type SessionEnv, signStatement, verifyStatement } from './peer.ts'
import type { Timer } from './timers.ts'
import { extended, type Flow, START } from './transcript.ts'
import { MESSAGE_NAMES, type MessageName, type Welcome, welcome as welcomeCodec } from './wire.ts'

/** Results after which the next thank goes out: with one more message (RESULT_ITEMS_MAX) within the 256 that a checkpoint may cover. */
const THANK_AFTER = 128
/** A busy session is certified at least this often. */
const THANK_EVERY_MS = 1_000
/** A server that was thanked has this long to welcome before we go on without. */
const WELCOME_WITHIN_MS = 5_000
/** A connection that still stands after this was not what kept the welcome: broken ones end sooner, and full ones have drained. */
const UNGRATEFUL_AFTER_MS = 30_000
/** Thanks without their welcome yet; a further one waits. A fast server has two or three of them under way. */
const UNDER_WAY_MAX = 16

/** A thank on its way. Of a late one it is not known yet who is to blame; should its welcome come, it changes nothing. */
interface Thanked {
  id: Uint8Array
  fromClient: Flow
  fromServer: Flow
  timer: Timer
  isLate: boolean
}

export class Thanks {
  readonly #env: SessionEnv
  readonly #peer: Peer
  readonly #onUnwelcome: () => void
  #fromClient: Flow = START
  #fromServer: Flow = START
  /** The earn that the server has not taken up yet, as far as we know: the transcript before it, and what was said since. */
  #earn: { before: Flow; since: { name: MessageName; message: Uint8Array }[] } | undefined
  #results = 0
  #unthanked = 0
  #isDue = false
  #busyTimer: Timer | undefined
  readonly #underWay: Thanked[] = []

  constructor(env: SessionEnv, peer: Peer, onUnwelcome: () => void) {
    this.#env = env
    this.#peer = peer
    this.#onUnwelcome = onUnwelcome
  }

  /** Something came that no thank has covered yet. */
  get areOwed(): boolean {
    return this.#unthanked > 0
  }

  get areUnderWay(): boolean {
    return this.#underWay.some(({ isLate }) => !isLate)
  }

  said(name: MessageName, message: Uint8Array): void {
    if (name === 'earn') this.#earn = { before: this.#fromClient, since: [] }
    else this.#earn?.since.push({ name, message })
    this.#fromClient = extended(this.#fromClient, MESSAGE_NAMES.indexOf(name), message)
  }

  heard(name: MessageName, message: Uint8Array): void {
    this.#fromServer = extended(this.#fromServer, MESSAGE_NAMES.indexOf(name), message)
  }

  /** The last earn was answered: it is on the transcript. Thanks that waited for that go out. */
  earnAccepted(): void {
    this.#earn = undefined
    this.followUp()
  }

  /** The last earn was refused: it is not on the transcript. */
  takeBackEarn(): void {
    if (this.#earn === undefined) return
    const { before, since } = this.#earn
    this.#earn = undefined
    this.#fromClient = before
    for (const { name, message } of since) this.said(name, message)
    this.followUp()
  }

  /** Counts what an answer brought; one that found nothing is still worth a thank. */
  owe(found: number): void {
    this.#results += found
    this.#unthanked += Math.max(1, found)
  }

  /** Thanks now where it is time or much has come, else within the second. */
  consider(isTime: boolean): void {
    if (this.#unthanked === 0) return
    if (isTime || this.#unthanked >= THANK_AFTER) return this.thank()
    this.#busyTimer ??= this.#env.timers.at(this.#env.nowMs() + THANK_EVERY_MS, () => this.thank())
  }

  thank(): void {
    if (this.#peer.isGone) return
    if (this.#earn !== undefined) {
      this.#isDue = true // whether the earn is on the transcript is not known yet
      return
    }
    if (this.#underWay[0]?.isLate && this.#underWay.length === UNDER_WAY_MAX) this.#underWay.shift()
    if (this.#underWay.length === UNDER_WAY_MAX) {
      this.#isDue = true
      return
    }
    this.#busyTimer?.cancel()
    this.#busyTimer = undefined
    this.#isDue = false
    this.#unthanked = 0
    const fromClient = this.#fromClient
    const fromServer = this.#fromServer
    const record = signStatement(
      this.#env,
      CHECKPOINT,
      encode(checkpoint, {
        incarnation: this.#env.incarnation,
        session: this.#peer.session,
        peer: this.#peer.device,
        results: this.#results,
        fromClient,
        fromServer,
        over: undefined,
      }),
    )
    const timer = this.#env.timers.at(this.#env.nowMs() + WELCOME_WITHIN_MS, () => this.#goOn(thanked))
    const thanked: Thanked = { id: record.id, fromClient, fromServer, timer, isLate: false }
    this.#underWay.push(thanked)
    const message = encodeMessage('thank', { checkpoint: record.bytes, claim: this.#env.claim() })
    this.#env.send(this.#peer, 'thank', message)
  }

  /** The welcome in `message`, checked against the first of our thanks; undefined where it came too late. Throws UNEXPECTED_MESSAGE, BAD_SIGNATURE, WRONG_SESSION. */
  welcome(message: Uint8Array): Welcome | undefined {
    const welcome = decode(welcomeCodec, message)
    const thanked = this.#underWay[0]
    if (thanked === undefined) {
      throw plainError('UNEXPECTED_MESSAGE', 'a welcome that nobody thanked for')
    }
    const record = verifyStatement(welcome.checkpoint, this.#env)
    if (record.kind !== CHECKPOINT || !equalBytes(record.signer, this.#peer.device)) {
      throw plainError('BAD_SIGNATURE', 'a welcome that is no checkpoint of the server')
    }
    const said = decode(checkpoint, record.body)
    const agrees =
      equalBytes(said.session, this.#peer.session) &&
      equalBytes(said.peer, this.#env.device.publicKey) &&
      said.over !== undefined &&
      equalBytes(said.over, thanked.id) &&
      equalBytes(said.fromServer.hash, thanked.fromServer.hash) &&
      equalBytes(said.fromClient.hash, thanked.fromClient.hash)
    if (!agrees) throw plainError('WRONG_SESSION', 'a welcome over something else than our thanks')
    this.#underWay.shift()
    thanked.timer.cancel()
    if (thanked.isLate) return undefined
    this.#env.evidence.observe(this.#peer.device, { type: 'welcomed' }, this.#env.nowMs())
    return welcome
  }

  /** Sends the thank that came due while too many were under way. */
  followUp(): void {
    if (this.#isDue) this.thank()
  }

  end(): void {
    this.#busyTimer?.cancel()
    for (const { timer } of this.#underWay) timer.cancel()
  }

  #goOn(thanked: Thanked): void {
    thanked.isLate = true
    const { timers, nowMs } = this.#env
    thanked.timer = timers.at(nowMs() + UNGRATEFUL_AFTER_MS - WELCOME_WITHIN_MS, () => {
      if (!this.#peer.isGone) this.#env.evidence.observe(this.#peer.device, { type: 'not welcomed' }, nowMs())
    })
    this.#onUnwelcome()
  }
}
