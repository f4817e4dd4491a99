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
import { asSheafError, plainError, type SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { CHECKPOINT, checkpoint } from '../content/statement.ts'
import { EFFORT_FLOOR } from '../ranking/standing.ts'
import { judgeEarn } from './earn-check.ts'
import { earnDigest, helloDigest } from './earning.ts'
import { quotedEffort } from './effort.ts'
import { Intake, type Serve } from './intake.ts'
import {
  EARN_REFUSALS,
  encodeMessage,
  type Peer,
  refusal,
  type SessionEnv,
  signStatement,
  verifyStatement,
} from './peer.ts'
import { PushCredit } from './push-credit.ts'
import { type Query, query as queryCodec, weightOf } from './queries.ts'
import { extended, type Flow, START } from './transcript.ts'
import {
  ask as askCodec,
  challenge as challengeCodec,
  deliver as deliverCodec,
  type Earn,
  earn as earnCodec,
  hello as helloCodec,
  MESSAGE_NAMES,
  type MessageName,
  PROTOCOL_VERSION,
  thank as thankCodec,
} from './wire.ts'
import { ALGORITHMS, boundTo, type Ends, mintChallenge, type Refused } from './work.ts'

/** Queries beyond the window before it counts as a breach. */
const EXCESS_MAX = 64
/** Hellos and earns in a row that came too soon, before it counts as a breach: who heard BUSY so often is not waiting. */
const TURNED_AWAY_MAX = 64
/** Queries that may wait before a welcome grants less than a whole window. */
const PILE_MAX = 64
/** Messages to a client that it has not thanked for yet; then it must thank before it is told more. */
const UNTHANKED_MAX = 4096

export class ServerSession {
  readonly #env: SessionEnv
  readonly #peer: Peer
  readonly #ends: Ends
  readonly #bound: Uint8Array
  readonly #intake: Intake
  #challenges = 0
  /** The algorithm of the last hello that came while the link could take no more. */
  #greeted: number | undefined
  /** The counter of the last challenge that was answered: a solution is good once, and in its order. The MAC binds it to this session. */
  #answered = -1
  #isOpen = false
  /** The first earned query waits to be served, and the session with it. */
  #isOpening = false
  #allowance = 0
  #used = 0
  #fromClient: Flow = START
  #fromServer: Flow = START
  /** What the transcript towards the client was after each message since its last thank. */
  #sent: Flow[] = [START]
  #results = 0
  readonly #credit = new PushCredit()
  /** Queries beyond the window: a few are a misunderstanding. */
  #excess = 0
  #turnedAway = 0
  #thankedUpTo = 0

  constructor(env: SessionEnv, peer: Peer, serve: Serve) {
    this.#env = env
    this.#peer = peer
    this.#ends = {
      network: env.network,
      session: peer.session,
      client: peer.device,
      server: env.device.publicKey,
    }
    this.#bound = boundTo(this.#ends)
    this.#intake = new Intake(env, peer, serve, {
      say: (name, message) => this.#say(name, message),
      refuse: (ask, error) => this.#refuse(ask, error),
      answered: (results) => {
        this.#results += results
      },
      pushed: (results) => this.#credit.spend(results, this.#fromServer.messages),
      credit: () => this.#credit.left,
    })
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Queries of the client that wait or are served. */
  get load(): number {
    return this.#intake.load
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
          throw plainError('UNEXPECTED_MESSAGE', `a client sent ${name}`)
      }
    } catch (cause) {
      this.#breach(asSheafError(cause))
    }
  }

  #breach(error: SheafError): void {
    this.#refuseSession(undefined, error)
    this.#env.fault(this.#peer, error)
  }

  /** The connection ended: nothing that waits is begun any more. */
  end(): void {
    this.#intake.end()
  }

  #hello(message: Uint8Array): void {
    if (!this.#passes('hello')) return
    const { versions, algorithms } = decode(helloCodec, message)
    const algorithm = ALGORITHMS.find((known) => algorithms.includes(known))
    if (!versions.includes(PROTOCOL_VERSION) || algorithm === undefined) {
      const offered = `versions ${versions.join(', ')} and algorithms ${algorithms.join(', ')}`
      const error = plainError(
        'NO_COMMON_VERSION',
        `${offered}; this node speaks ${PROTOCOL_VERSION} with ${ALGORITHMS.join(', ')}`,
      )
      return this.#refuseSession(undefined, error)
    }
    if (this.#peer.isBlocked) this.#challengeLater(algorithm)
    else this.#challenge(algorithm)
  }

  /** Who does not read gets no challenges; who is only being sent much gets one when that has gone. */
  #challengeLater(algorithm: number): void {
    const isAwaited = this.#greeted !== undefined
    this.#greeted = algorithm
    if (isAwaited) return
    this.#peer.onWritable.push(() => {
      const greeted = this.#greeted
      this.#greeted = undefined
      if (greeted !== undefined && !this.#peer.isGone) this.#challenge(greeted)
    })
  }

  #challenge(algorithm: number): void {
    const challenge = mintChallenge(
      {
        version: PROTOCOL_VERSION,
        algorithm,
        counter: this.#challenges++,
        effort: quotedEffort(this.#price, this.#env.queue.backlog),
      },
      this.#bound,
      this.#env.epochKeys,
      this.#env.nowMs(),
    )
    this.#env.send(this.#peer, 'challenge', encodeMessage('challenge', challenge))
  }

  #earn(message: Uint8Array): void {
    if (!this.#passes('earn')) return
    const refused = this.#isOpening || this.#intake.isFull ? WAITING : this.#judge(message)
    if (refused !== undefined) {
      const error = plainError(refused.code, refused.why)
      if (!EARN_REFUSALS.has(error.code)) return this.#breach(error)
      return this.#refuseSession(undefined, error) // honest, only late or unlucky: it may ask for another challenge
    }
    const earn = decode(earnCodec, message)
    const asked = this.#checkEarned(earn)
    this.#answered = earn.challenge.counter
    this.#admitEarned(earn, asked, message)
  }

  #judge(message: Uint8Array): Refused | undefined {
    const { epochKeys: keys } = this.#env
    const nowMs = this.#env.nowMs()
    return judgeEarn(message, { bound: this.#bound, keys, answered: this.#answered, nowMs })
  }

  /** A first query opens the session when it is served, and leaves no trace of itself where it is not. */
  #admitEarned({ ask, bid, query }: Earn, asked: Query | undefined, message: Uint8Array): void {
    const price = this.#price
    const weight = asked === undefined ? 1 : weightOf(asked)
    const wasOpen = this.#isOpen
    const before = this.#fromClient
    this.#isOpening = !wasOpen
    this.#hear('earn', message)
    this.#intake.admit({
      ask,
      bytes: query,
      asked,
      lane: price === 0 ? 'known' : 'earned',
      effort: price === 0 ? 0 : (bid / weight) * (EFFORT_FLOOR / price),
      onBegun: () => {
        this.#isOpen = true
        this.#isOpening = false
        this.#env.evidence.observe(this.#peer.device, { type: 'earned', bid }, this.#env.nowMs())
      },
      onDropped: () => {
        const busy = plainError('BUSY', 'too many wait; a higher bid is served sooner')
        if (wasOpen) return this.#refuse(ask, busy)
        this.#isOpening = false
        this.#fromClient = before
        this.#refuseSession(undefined, busy)
      },
    })
  }

  /** Asks the buckets. Who comes too soon hears BUSY; who does not listen to it breaks the protocol. */
  #passes(act: 'hello' | 'earn'): boolean {
    const { gate } = this.#env
    if (gate.passes(this.#peer.caller, act, this.#price === 0, this.#env.nowMs())) {
      this.#turnedAway = 0
      return true
    }
    this.#turnedAway += 1
    if (this.#turnedAway > TURNED_AWAY_MAX) throw plainError('WINDOW_EXCEEDED', 'again and again')
    if (!this.#peer.isBlocked) this.#refuseSession(undefined, plainError('BUSY', `too often: ${act}`))
    return false
  }

  /** What a query of weight 1 costs this asker while nobody waits. */
  get #price(): number {
    return this.#env.standing.price(this.#peer.device, this.#env.nowMs())
  }

  /** What is left once the work holds: the price, and the signatures. The query, undefined where its kind is not known. */
  #checkEarned(earn: Earn): Query | undefined {
    const { challenge, bid, query } = earn
    const asked = knownQuery(query)
    const price = challenge.effort * (asked === undefined ? 1 : weightOf(asked))
    if (bid < price) throw plainError('BAD_WORK', `a bid of ${bid} where ${price} is the price`)

    const hello = decode(helloCodec, earn.hello)
    if (!this.#env.verifyDevice(hello.signature, helloDigest(hello, this.#ends), this.#peer.device)) {
      throw plainError('WRONG_SESSION', 'the hello was not signed for this session')
    }
    const parts = { hello: earn.hello, challenge: encode(challengeCodec, challenge), query, bid }
    if (!this.#env.verifyDevice(earn.signature, earnDigest(parts, this.#ends), this.#peer.device)) {
      throw plainError('BAD_SIGNATURE', 'the earned query was not signed by its asker')
    }
    return asked
  }

  #ask(message: Uint8Array): void {
    if (!this.#isOpen) throw plainError('UNEXPECTED_MESSAGE', 'a query before one was earned')
    const { ask, query } = decode(askCodec, message)
    this.#hear('ask', message)
    const asked = knownQuery(query)
    const weight = asked === undefined ? 1 : weightOf(asked)
    if (this.#used + weight > this.#allowance) {
      this.#excess += 1
      if (this.#excess > EXCESS_MAX) throw plainError('WINDOW_EXCEEDED', 'again and again')
      return this.#refuse(
        ask,
        plainError('WINDOW_EXCEEDED', `weight ${weight} where ${this.#allowance - this.#used} is left`),
      )
    }
    if (this.#sent.length > UNTHANKED_MAX) {
      this.#excess += 1
      if (this.#excess > EXCESS_MAX) throw plainError('WINDOW_EXCEEDED', 'again and again')
      return this.#refuse(ask, plainError('WINDOW_EXCEEDED', 'thank for what came before asking for more'))
    }
    if (this.#intake.isFull) return this.#refuse(ask, plainError('BUSY', 'too many queries of yours wait'))
    this.#used += weight
    this.#intake.admit({
      ask,
      bytes: query,
      asked,
      lane: 'known',
      effort: 0,
      onDropped: () => this.#refuse(ask, plainError('BUSY', 'too many wait')),
    })
  }

  #deliver(message: Uint8Array): void {
    if (!this.#isOpen) throw plainError('UNEXPECTED_MESSAGE', 'a delivery before a query was earned')
    this.#hear('deliver', message)
    this.#intake.deliver(decode(deliverCodec, message))
  }

  #thank(message: Uint8Array): void {
    if (!this.#isOpen) throw plainError('UNEXPECTED_MESSAGE', 'thanks before a query was earned')
    const { checkpoint: bytes, claim } = decode(thankCodec, message)
    const { device, session } = this.#peer
    const record = verifyStatement(bytes, this.#env)
    if (record.kind !== CHECKPOINT || !equalBytes(record.signer, device)) {
      throw plainError('BAD_SIGNATURE', 'thanks that are no checkpoint of the asker')
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
    if (!agrees) throw plainError('WRONG_SESSION', 'thanks for another transcript than this session has')
    if (said.fromServer.messages <= this.#thankedUpTo) {
      throw plainError('UNEXPECTED_MESSAGE', 'thanks for nothing new')
    }
    this.#thankedUpTo = said.fromServer.messages
    this.#sent = this.#sent.filter((flow) => flow.messages >= said.fromServer.messages)
    const nowMs = this.#env.nowMs()
    this.#env.evidence.observe(device, { type: 'thanked' }, nowMs)
    if (claim !== undefined) this.#env.learnClaim(this.#peer, claim)

    const window = this.#env.standing.window(device, nowMs) - Math.max(0, this.#intake.waiting - PILE_MAX)
    this.#allowance = Math.max(this.#allowance, this.#used + window)
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
    this.#credit.thanked(said.fromServer.messages)
    this.#intake.goOn()
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
}

const WAITING: Refused = { code: 'BUSY', why: 'earlier queries of yours are waiting' }

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

function sameFlow(a: Flow, b: Flow): boolean {
  return a.messages === b.messages && a.bytes === b.bytes && equalBytes(a.hash, b.hash)
}
