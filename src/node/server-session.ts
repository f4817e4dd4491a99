/**
 * The server's half of a session. Nothing is kept for a hello; nothing is verified with a
 * public key before the work has been checked.
 *
 *     closed ──hello──▶ closed (a challenge went out)
 *     closed ──earn───▶ open   work, then signatures; the first query is served
 *     open   ──ask────▶ open   within the allowance
 *     open   ──thank──▶ open   a welcome goes out, the allowance grows
 */
import { decode, encode } from '../base/codec.ts'
import { asSheafError, type ErrorCode, SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { CHECKPOINT, checkpoint } from '../content/statement.ts'
import { earnDigest, helloDigest } from './earning.ts'
import {
  EARN_REFUSALS,
  encodeMessage,
  type Peer,
  type SessionEnv,
  signStatement,
  verifyStatement,
  wireCodeOf,
} from './peer.ts'
import { type Query, query as queryCodec, weightOf } from './queries.ts'
import { Reply } from './reply.ts'
import { extended, type Flow, START } from './transcript.ts'
import {
  ask as askCodec,
  challenge as challengeCodec,
  type Deliver,
  deliver as deliverCodec,
  type Earn,
  earn as earnCodec,
  hello as helloCodec,
  MESSAGE_NAMES,
  type MessageName,
  PROTOCOL_VERSION,
  thank as thankCodec,
} from './wire.ts'
import { ALGORITHMS, checkChallenge, checkProofs, type Ends, mintChallenge, workSeed } from './work.ts'

/** Answers a query through `reply`; calls `reply.end` or `reply.refuse` in the end. */
export type Serve = (peer: Peer, asked: Query, reply: Reply) => void

/** Queries of one peer that are answered at the same time; the others wait in the order of their coming. */
const SERVED_AT_ONCE = 8
/** Queries of one peer that wait; only earned ones can be so many. */
const WAITING_MAX = 64
/** Queries beyond the window before it counts as a breach. */
const EXCESS_MAX = 64
const ENDED_MAX = 256
/** Messages to a client that it has not thanked for yet; then it must thank before it is told more. */
const UNTHANKED_MAX = 4096

export class ServerSession {
  readonly #env: SessionEnv
  readonly #peer: Peer
  readonly #serve: Serve
  #challenges = 0
  /** The counter of the last challenge that was answered: a solution is good once, and in its order. The MAC binds it to this session. */
  #answered = -1
  #isOpen = false
  #allowance = 0
  #used = 0
  #fromClient: Flow = START
  #fromServer: Flow = START
  /** What the transcript towards the client was after each message since its last thank. */
  #sent: Flow[] = [START]
  #results = 0
  /** Queries beyond the window: a few are a misunderstanding. */
  #excess = 0
  #thankedUpTo = 0
  /** Queries that were answered or refused: what is still delivered for them is late, and no fault. */
  readonly #ended = new Set<number>()
  #waiting: { ask: number; bytes: Uint8Array }[] = []
  #serving = new Map<number, Reply>()

  constructor(env: SessionEnv, peer: Peer, serve: Serve) {
    this.#env = env
    this.#peer = peer
    this.#serve = serve
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Queries that wait or are answered. */
  get load(): number {
    return this.#waiting.length + this.#serving.size
  }

  /** Takes a message of the client's; a fault of its is noted and refused. */
  receive(name: MessageName, message: Uint8Array): void {
    try {
      switch (name) {
        case 'hello':
          return this.#hello(message)
        case 'earn':
          return this.#earn(message)
        case 'ask':
          return this.#ask(message)
        case 'deliver':
          return this.#deliver(message)
        case 'thank':
          return this.#thank(message)
        default:
          throw new SheafError('UNEXPECTED_MESSAGE', `a client sent ${name}`)
      }
    } catch (cause) {
      const error = asSheafError(cause)
      this.#refuseSession(undefined, error)
      this.#env.fault(this.#peer, error)
    }
  }

  /** The connection ended: nothing that waits is begun any more. */
  end(): void {
    this.#waiting = []
  }

  #end(ask: number): void {
    this.#ended.add(ask)
    if (this.#ended.size <= ENDED_MAX) return
    const [oldest] = this.#ended
    if (oldest !== undefined) this.#ended.delete(oldest)
  }

  #hello(message: Uint8Array): void {
    if (this.#peer.isBlocked) return // who does not read gets no challenges
    const { versions, algorithms } = decode(helloCodec, message)
    const algorithm = ALGORITHMS.find((known) => algorithms.includes(known))
    if (!versions.includes(PROTOCOL_VERSION) || algorithm === undefined) {
      const offered = `versions ${versions.join(', ')} and algorithms ${algorithms.join(', ')}`
      const error = new SheafError(
        'NO_COMMON_VERSION',
        `${offered}; this node speaks ${PROTOCOL_VERSION} with ${ALGORITHMS.join(', ')}`,
      )
      return this.#refuseSession(undefined, error)
    }
    const nowMs = this.#env.nowMs()
    const challenge = mintChallenge(
      {
        version: PROTOCOL_VERSION,
        algorithm,
        counter: this.#challenges++,
        effort: this.#env.standing.price(this.#peer.device, nowMs),
      },
      this.#ends,
      this.#env.epochKeys,
      nowMs,
    )
    this.#env.send(this.#peer, 'challenge', encodeMessage('challenge', challenge))
  }

  #earn(message: Uint8Array): void {
    const earn = decode(earnCodec, message)
    const nowMs = this.#env.nowMs()
    try {
      this.#checkEarned(earn, nowMs)
    } catch (cause) {
      const error = asSheafError(cause)
      if (!EARN_REFUSALS.has(error.code)) throw error
      return this.#refuseSession(earn.ask, error) // honest, only late or unlucky: it may ask for another challenge
    }
    this.#env.evidence.observe(this.#peer.device, { type: 'earned', bid: earn.bid }, nowMs)
    this.#isOpen = true
    this.#hear('earn', message)
    this.#enqueue(earn.ask, earn.query)
  }

  /** In the order of cost: the MAC, the memory of answered ones, the work, and only then signatures. */
  #checkEarned(earn: Earn, nowMs: number): void {
    const { challenge, bid, query } = earn
    checkChallenge(challenge, this.#ends, this.#env.epochKeys, nowMs)
    if (challenge.counter <= this.#answered) {
      throw new SheafError('REPLAYED', 'this challenge, or a later one, was answered before')
    }
    if (this.#waiting.length >= WAITING_MAX)
      throw new SheafError('BUSY', 'too many queries of yours are waiting')
    const asked = knownQuery(query)
    const price = challenge.effort * (asked === undefined ? 1 : weightOf(asked))
    if (bid < price) throw new SheafError('BAD_WORK', `a bid of ${bid} where ${price} is the price`)
    checkProofs(workSeed(challenge, query, bid), bid, earn.proofs)

    const hello = decode(helloCodec, earn.hello)
    if (!this.#env.verifyDevice(hello.signature, helloDigest(hello, this.#ends), this.#peer.device)) {
      throw new SheafError('WRONG_SESSION', 'the hello was not signed for this session')
    }
    const parts = { hello: earn.hello, challenge: encode(challengeCodec, challenge), query, bid }
    if (!this.#env.verifyDevice(earn.signature, earnDigest(parts, this.#ends), this.#peer.device)) {
      throw new SheafError('BAD_SIGNATURE', 'the earned query was not signed by its asker')
    }
    this.#answered = challenge.counter
  }

  #ask(message: Uint8Array): void {
    if (!this.#isOpen) throw new SheafError('UNEXPECTED_MESSAGE', 'a query before one was earned')
    const { ask, query } = decode(askCodec, message)
    this.#hear('ask', message)
    const asked = knownQuery(query)
    const weight = asked === undefined ? 1 : weightOf(asked)
    if (this.#used + weight > this.#allowance) {
      this.#excess += 1
      if (this.#excess > EXCESS_MAX) throw new SheafError('WINDOW_EXCEEDED', 'again and again')
      return this.#refuse(
        ask,
        new SheafError('WINDOW_EXCEEDED', `weight ${weight} where ${this.#allowance - this.#used} is left`),
      )
    }
    if (this.#sent.length > UNTHANKED_MAX) {
      this.#excess += 1
      if (this.#excess > EXCESS_MAX) throw new SheafError('WINDOW_EXCEEDED', 'again and again')
      return this.#refuse(
        ask,
        new SheafError('WINDOW_EXCEEDED', 'thank for what came before asking for more'),
      )
    }
    this.#used += weight
    this.#enqueue(ask, query)
  }

  #enqueue(ask: number, bytes: Uint8Array): void {
    const isTaken = this.#serving.has(ask) || this.#waiting.some((one) => one.ask === ask)
    if (isTaken) throw new SheafError('WRONG_QUERY', `query ${ask} asked twice`)
    this.#waiting.push({ ask, bytes })
    this.#serveNext()
  }

  #serveNext(): void {
    while (this.#serving.size < SERVED_AT_ONCE) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      const { ask, bytes } = next
      const reply = new Reply(
        this.#env,
        this.#peer,
        { ask, query: bytes },
        {
          send: (name, message) => this.#say(name, message),
          refuse: (error) => this.#refuse(ask, error),
          ended: (results) => {
            this.#results += results
            this.#serving.delete(ask)
            this.#end(ask)
            this.#serveNext()
          },
        },
      )
      this.#serving.set(ask, reply)
      const asked = knownQuery(bytes)
      if (asked === undefined)
        reply.refuse(new SheafError('UNSUPPORTED', 'this node does not know that kind of query'))
      else this.#serve(this.#peer, asked, reply)
    }
  }

  #deliver(message: Uint8Array): void {
    if (!this.#isOpen) throw new SheafError('UNEXPECTED_MESSAGE', 'a delivery before a query was earned')
    this.#hear('deliver', message)
    const delivery: Deliver = decode(deliverCodec, message)
    const reply = this.#serving.get(delivery.ask)
    if (reply === undefined && this.#ended.has(delivery.ask)) return
    if (reply?.onDeliver === undefined)
      throw new SheafError('UNEXPECTED_MESSAGE', 'a delivery that nobody waits for')
    reply.onDeliver(delivery)
  }

  #thank(message: Uint8Array): void {
    if (!this.#isOpen) throw new SheafError('UNEXPECTED_MESSAGE', 'thanks before a query was earned')
    const { checkpoint: bytes, claim } = decode(thankCodec, message)
    const { device, session } = this.#peer
    const record = verifyStatement(bytes, this.#env)
    if (record.kind !== CHECKPOINT || !equalBytes(record.signer, device)) {
      throw new SheafError('BAD_SIGNATURE', 'thanks that are no checkpoint of the asker')
    }
    const said = decode(checkpoint, record.body)
    const heard = this.#sent.find((flow) => flow.messages === said.fromServer.messages)
    const agrees =
      equalBytes(said.session, session) &&
      equalBytes(said.peer, this.#env.device.publicKey) &&
      said.over === undefined &&
      heard !== undefined &&
      sameFlow(heard, said.fromServer) &&
      sameFlow(this.#fromClient, said.fromClient)
    if (!agrees) throw new SheafError('WRONG_SESSION', 'thanks for another transcript than this session has')
    if (said.fromServer.messages <= this.#thankedUpTo) {
      throw new SheafError('UNEXPECTED_MESSAGE', 'thanks for nothing new')
    }
    this.#thankedUpTo = said.fromServer.messages
    this.#sent = this.#sent.filter((flow) => flow.messages >= said.fromServer.messages)
    const nowMs = this.#env.nowMs()
    this.#env.evidence.observe(device, { type: 'thanked' }, nowMs)
    if (claim !== undefined) this.#env.learnClaim(this.#peer, claim)

    this.#allowance = this.#used + this.#env.standing.window(device, nowMs)
    const over = signStatement(
      this.#env,
      CHECKPOINT,
      encode(checkpoint, {
        incarnation: this.#env.incarnation,
        session,
        peer: device,
        results: this.#results,
        fromClient: said.fromClient,
        fromServer: said.fromServer,
        over: record.id,
      }),
    )
    const welcome = {
      checkpoint: over.bytes,
      claim: this.#env.claim(),
      allowance: this.#allowance,
      acceptsStores: this.#env.acceptsStores(),
      peers: this.#env.knownPeers(),
    }
    this.#env.send(this.#peer, 'welcome', encodeMessage('welcome', welcome))
  }

  #hear(name: MessageName, message: Uint8Array): void {
    this.#fromClient = extended(this.#fromClient, MESSAGE_NAMES.indexOf(name), message)
  }

  #say(name: MessageName, message: Uint8Array): void {
    this.#fromServer = extended(this.#fromServer, MESSAGE_NAMES.indexOf(name), message)
    this.#sent.push(this.#fromServer)
    this.#env.send(this.#peer, name, message)
  }

  /** Refuses one query of an open session: a part of the transcript. */
  #refuse(ask: number, error: SheafError): void {
    this.#say('refuse', refusal(ask, error))
  }

  /** Refuses before, or instead of, a session. */
  #refuseSession(ask: number | undefined, error: SheafError): void {
    this.#env.send(this.#peer, 'refuse', refusal(ask, error))
  }

  get #ends(): Ends {
    return {
      network: this.#env.network,
      session: this.#peer.session,
      client: this.#peer.device,
      server: this.#env.device.publicKey,
    }
  }
}

/** The query in `bytes`, or undefined where this node does not know its kind. Throws where it is malformed. */
function knownQuery(bytes: Uint8Array): Query | undefined {
  try {
    return decode(queryCodec, bytes)
  } catch (cause) {
    const error = asSheafError(cause)
    if (error.code === 'UNKNOWN_KIND') return undefined
    throw error
  }
}

function refusal(ask: number | undefined, error: SheafError): Uint8Array {
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

function sameFlow(a: Flow, b: Flow): boolean {
  return a.messages === b.messages && a.bytes === b.bytes && equalBytes(a.hash, b.hash)
}
