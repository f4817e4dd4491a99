/**
 * A client driven by hand: it greets, solves, earns, asks, delivers and thanks by the rules, and each
 * step can be changed before it is said.
 */
import { decode, encode } from '../../src/base/codec.ts'
import type { ErrorCode } from '../../src/base/errors.ts'
import type { SignedRecord } from '../../src/content/record.ts'
import { CHECKPOINT, checkpoint } from '../../src/content/statement.ts'
import { earnDigest, helloDigest } from '../../src/node/earning.ts'
import { encodeMessage, NO_SIGNATURE, WIRE_CODES } from '../../src/node/peer.ts'
import { type Query, query as queryCodec, weightOf } from '../../src/node/queries.ts'
import { extended, type Flow, START } from '../../src/node/transcript.ts'
import {
  type Challenge,
  challenge as challengeCodec,
  type Deliver,
  type Earn,
  type Hello,
  type Item,
  MESSAGE_NAMES,
  type MessageName,
  type MessageOf,
  refuse as refuseCodec,
  result as resultCodec,
} from '../../src/node/wire.ts'
import { type Ends, Search, workSeed } from '../../src/node/work.ts'
import { statementOf } from './actor.ts'
import type { Stranger } from './stranger.ts'

type Change<T> = (one: T) => T

const same = <T>(one: T): T => one

export class HandClient {
  readonly end: Stranger
  fromClient: Flow = START
  fromServer: Flow = START
  results = 0
  #nextAsk = 0
  #sequence = 0
  #isOpen = false

  constructor(end: Stranger) {
    this.end = end
    end.onHeard = ({ name, message }) => this.#hear(name, message)
  }

  get ends(): Ends {
    const { actor, session, other, wire } = this.end
    return { network: wire.network, session, client: actor.device.publicKey, server: other }
  }

  /** A signed hello. */
  hello(change: Change<Hello> = same, ends = this.ends): Uint8Array {
    const hello = change({
      versions: [1],
      algorithms: [1],
      time: this.end.wire.nowMs,
      certificate: this.end.actor.certificate,
      signature: NO_SIGNATURE,
    })
    const signature = this.end.actor.device.sign(helloDigest(hello, ends))
    return encodeMessage('hello', { ...hello, signature })
  }

  /** Says hello and comes back with the challenge. */
  async greet(hello = this.hello()): Promise<Challenge> {
    this.end.say('hello', hello)
    await this.end.wire.settle()
    const challenge = this.end.last('challenge')
    if (challenge === undefined) throw new Error('no challenge came')
    return challenge
  }

  /** An earn by the rules: solved, signed. `query` may be any bytes. */
  earnOf(
    asked: Query | Uint8Array,
    challenge: Challenge,
    options: { hello?: Uint8Array; bid?: number; ends?: Ends; ask?: number } = {},
  ): Earn {
    const query = asked instanceof Uint8Array ? asked : encode(queryCodec, asked)
    const weight = asked instanceof Uint8Array ? 1 : weightOf(asked)
    const bid = options.bid ?? challenge.effort * weight
    const hello = options.hello ?? this.hello()
    const proofs = new Search(workSeed(encode(challengeCodec, challenge), query, bid), bid).run(
      Number.POSITIVE_INFINITY,
    )!
    const parts = { hello, challenge: encode(challengeCodec, challenge), query, bid }
    const signature = this.end.actor.device.sign(earnDigest(parts, options.ends ?? this.ends))
    return { hello, challenge, bid, proofs, signature, ask: options.ask ?? this.#nextAsk++, query }
  }

  /** Earns one query from hello to answer. */
  async earn(asked: Query | Uint8Array, change: Change<Earn> = same): Promise<void> {
    const challenge = await this.greet()
    this.sayEarn(change(this.earnOf(asked, challenge)))
    await this.end.wire.settle()
  }

  sayEarn(earn: Earn): void {
    this.#isOpen = true
    this.#say('earn', encodeMessage('earn', earn))
  }

  /** Asks within the window; the number of the query. */
  async ask(asked: Query | Uint8Array, number = this.#nextAsk++): Promise<number> {
    this.sayAsk(number, asked instanceof Uint8Array ? asked : encode(queryCodec, asked))
    await this.end.wire.settle()
    return number
  }

  sayAsk(ask: number, query: Uint8Array): void {
    this.#say('ask', encodeMessage('ask', { ask, query }))
  }

  async deliver(delivery: Deliver): Promise<void> {
    this.#say('deliver', encodeMessage('deliver', delivery))
    await this.end.wire.settle()
  }

  /** A checkpoint over what was said so far. */
  checkpoint(change: Change<MessageOf<'thank'> & { said: CheckpointBody }> = same): Uint8Array {
    const { actor, session, other } = this.end
    const said: CheckpointBody = {
      incarnation: actor.incarnation,
      session,
      peer: other,
      results: this.results,
      fromClient: this.fromClient,
      fromServer: this.fromServer,
      over: undefined,
    }
    const changed = change({ checkpoint: new Uint8Array(0), claim: undefined, said })
    return encodeMessage('thank', {
      checkpoint: this.statement(CHECKPOINT, encode(checkpoint, changed.said)).bytes,
      claim: changed.claim,
    })
  }

  async thank(message = this.checkpoint()): Promise<MessageOf<'welcome'> | undefined> {
    const before = this.end.all('welcome').length
    this.end.say('thank', message)
    await this.end.wire.settle()
    return this.end.all('welcome')[before]
  }

  /** A statement of this device, of any kind. */
  statement(kind: number, body: Uint8Array): SignedRecord {
    const { actor, wire } = this.end
    return statementOf(actor, wire.network, { kind, body, timeMs: wire.nowMs, count: this.#sequence++ })
  }

  /** All items that came for a query. */
  items(ask: number): Item[] {
    return this.end.all('result').flatMap((one) => (one.ask === ask ? one.items : []))
  }

  /** The code of the last refusal. */
  get refusal(): ErrorCode | undefined {
    const refused = this.end.last('refuse')
    return refused && WIRE_CODES[refused.code]
  }

  #say(name: MessageName, message: Uint8Array): void {
    this.fromClient = extended(this.fromClient, MESSAGE_NAMES.indexOf(name), message)
    this.end.say(name, message)
  }

  #hear(name: MessageName, message: Uint8Array): void {
    const isRefusal = name === 'refuse' && decode(refuseCodec, message).ask !== undefined && this.#isOpen
    if (name !== 'result' && name !== 'header' && !isRefusal) return
    this.fromServer = extended(this.fromServer, MESSAGE_NAMES.indexOf(name), message)
    if (name === 'result') {
      const { items } = decode(resultCodec, message)
      this.results += items.filter(({ answer }) => answer.type === 'found').length
    }
  }
}

interface CheckpointBody {
  incarnation: Uint8Array
  session: Uint8Array
  peer: Uint8Array
  results: number
  fromClient: Flow
  fromServer: Flow
  over: Uint8Array | undefined
}
