/**
 * The client's certification of a session: the transcript as the client knows it, the
 * thanks that fix it, and the welcomes that answer them. One thank is under way at a time.
 */
import { decode, encode } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { CHECKPOINT, checkpoint } from '../content/statement.ts'
import { encodeMessage, type Peer, type SessionEnv, signStatement, verifyStatement } from './peer.ts'
import type { Timer } from './timers.ts'
import { extended, type Flow, START } from './transcript.ts'
import { MESSAGE_NAMES, type MessageName, type Welcome, welcome as welcomeCodec } from './wire.ts'

/** Results after which the next thank goes out: within the 256 that a checkpoint may cover. */
const THANK_AFTER = 128
/** A busy session is certified at least this often. */
const THANK_EVERY_MS = 1_000
/** A server that was thanked has this long to welcome. */
const WELCOME_WITHIN_MS = 5_000

export class Thanks {
  readonly #env: SessionEnv
  readonly #peer: Peer
  readonly #onUnwelcome: () => void
  #fromClient: Flow = START
  #fromServer: Flow = START
  /** The transcript before the last earn, for the case that it is not accepted. */
  #beforeEarn: Flow = START
  #results = 0
  #unthanked = 0
  #isDue = false
  #busyTimer: Timer | undefined
  #underWay: { id: Uint8Array; fromClient: Flow; fromServer: Flow; timer: Timer } | undefined

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
    return this.#underWay !== undefined
  }

  said(name: MessageName, message: Uint8Array): void {
    if (name === 'earn') this.#beforeEarn = this.#fromClient
    this.#fromClient = extended(this.#fromClient, MESSAGE_NAMES.indexOf(name), message)
  }

  heard(name: MessageName, message: Uint8Array): void {
    this.#fromServer = extended(this.#fromServer, MESSAGE_NAMES.indexOf(name), message)
  }

  /** The last earn was refused: it is not on the transcript. */
  takeBackEarn(): void {
    this.#fromClient = this.#beforeEarn
  }

  /** Counts what an answer brought; one that found nothing is still worth a thank. */
  owe(found: number): void {
    this.#results += found
    this.#unthanked += Math.max(1, found)
  }

  /** Thanks now where it is time, or the session is busy for a second. */
  consider(isTime: boolean): void {
    if (this.#unthanked === 0) return
    if (isTime || this.#unthanked >= THANK_AFTER) return this.thank()
    this.#busyTimer ??= this.#env.timers.at(this.#env.nowMs() + THANK_EVERY_MS, () => this.thank())
  }

  thank(): void {
    if (this.#peer.isGone) return
    if (this.#underWay !== undefined) {
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
    const timer = this.#env.timers.at(this.#env.nowMs() + WELCOME_WITHIN_MS, () => this.#notWelcomed())
    this.#underWay = { id: record.id, fromClient, fromServer, timer }
    const message = encodeMessage('thank', { checkpoint: record.bytes, claim: this.#env.claim() })
    this.#env.send(this.#peer, 'thank', message)
  }

  /** The welcome in `message`, checked against our thanks. Throws UNEXPECTED_MESSAGE, BAD_SIGNATURE, WRONG_SESSION. */
  welcome(message: Uint8Array): Welcome {
    const welcome = decode(welcomeCodec, message)
    const thanked = this.#underWay
    if (thanked === undefined) {
      throw new SheafError('UNEXPECTED_MESSAGE', 'a welcome that nobody thanked for')
    }
    const record = verifyStatement(welcome.checkpoint, this.#env.network)
    if (record.kind !== CHECKPOINT || !equalBytes(record.signer, this.#peer.device)) {
      throw new SheafError('BAD_SIGNATURE', 'a welcome that is no checkpoint of the server')
    }
    const said = decode(checkpoint, record.body)
    const agrees =
      equalBytes(said.session, this.#peer.session) &&
      equalBytes(said.peer, this.#env.device.publicKey) &&
      said.over !== undefined &&
      equalBytes(said.over, thanked.id) &&
      equalBytes(said.fromServer.hash, thanked.fromServer.hash) &&
      equalBytes(said.fromClient.hash, thanked.fromClient.hash)
    if (!agrees) throw new SheafError('WRONG_SESSION', 'a welcome over something else than our thanks')
    thanked.timer.cancel()
    this.#underWay = undefined
    this.#env.evidence.observe(this.#peer.device, { type: 'welcomed' }, this.#env.nowMs())
    return welcome
  }

  /** Sends the thank that came due while another was under way. */
  followUp(): void {
    if (this.#isDue) this.thank()
  }

  end(): void {
    this.#busyTimer?.cancel()
    this.#underWay?.timer.cancel()
  }

  #notWelcomed(): void {
    this.#underWay = undefined
    this.#env.evidence.observe(this.#peer.device, { type: 'not welcomed' }, this.#env.nowMs())
    this.#onUnwelcome()
  }
}
