/**
 * Server halves of one node and the client halves that talk to it, without stores or links: what is
 * served is held until a test ends it. Everything is on one clock, and messages arrive in order.
 */
import { deviceVerify } from '../../src/base/crypto.ts'
import type { SheafError } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'
import { IdSet } from '../../src/base/id-map.ts'
import { networkOf } from '../../src/base/network.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { callerOf } from '../../src/node/caller.ts'
import { ClientSession } from '../../src/node/client-session.ts'
import { Gate } from '../../src/node/gate.ts'
import type { Peer, SessionEnv } from '../../src/node/peer.ts'
import type { Query } from '../../src/node/queries.ts'
import { Queue } from '../../src/node/queue.ts'
import type { Reply } from '../../src/node/reply.ts'
import { ServerSession } from '../../src/node/server-session.ts'
import { run } from '../../src/node/task.ts'
import { Timers } from '../../src/node/timers.ts'
import type { MessageName } from '../../src/node/wire.ts'
import { EpochKeys, Search } from '../../src/node/work.ts'
import { FirstStanding } from '../../src/ranking/standing.ts'
import { type Actor, actor, START_MS } from './actor.ts'
import { utf8 } from './bytes.ts'

/** A client half, and the server half that it talks to. */
export interface Pair {
  client: ClientSession
  server: ServerSession
  /** The other way round than the peer of the server half. */
  actor: Actor
  atServer: Peer
  /** Bids of the searches that the client began. */
  bids: number[]
  /** Asks; what comes of it, once it does. */
  ask(asked: Query, patienceMs?: number): { outcome: 'found' | string | undefined }
}

export class Halves {
  readonly network = networkOf('test', 4)
  readonly server = actor('server', this.network)
  readonly timers = new Timers()
  readonly standing = new FirstStanding()
  /** What is being served, in the order of its beginning. */
  readonly serving: { peer: Peer; asked: Query; reply: Reply }[] = []
  readonly faults: { code: string; at: 'server' | 'client' }[] = []
  readonly said: { from: 'server' | 'client'; name: MessageName; message: Uint8Array }[] = []
  readonly queue: Queue
  readonly env: SessionEnv
  nowMs = START_MS
  /** Public-key operations of the server. */
  verified = 0
  readonly #inbox: (() => void)[] = []
  readonly #send = new Map<Peer, (name: MessageName, message: Uint8Array) => void>()
  #nextNumber = 1

  constructor(servedAtOnce: number) {
    this.queue = new Queue({
      nowMs: () => this.nowMs,
      at: (timeMs, fire) => void this.timers.at(timeMs, fire),
      servedAtOnce,
    })
    this.env = this.#env(this.server, 'server', [])
  }

  add(name: string, address?: string): Pair {
    const who = actor(name, this.network)
    const number = this.#nextNumber++
    const session = sha256(utf8(`${name} ${number}`))
    const bids: number[] = []
    const atServer = this.#peer(number, who, session, address)
    const atClient = this.#peer(number, this.server, session, address)
    const client = new ClientSession(this.#env(who, 'client', bids), atClient)
    const server = new ServerSession(this.env, atServer, (peer, asked, reply) => {
      this.serving.push({ peer, asked, reply })
    })
    this.#send.set(atServer, (kind, message) => client.receive(kind, message))
    this.#send.set(atClient, (kind, message) => server.receive(kind, message))
    return {
      client,
      server,
      actor: who,
      atServer,
      bids,
      ask: (asked, patienceMs = 60_000) => {
        const result: { outcome: string | undefined } = { outcome: undefined }
        run(client.ask(asked, { items: () => {} }, this.nowMs + patienceMs), (outcome) => {
          result.outcome = 'error' in outcome ? (outcome.error as SheafError).code : 'found'
        })
        this.settle()
        return result
      },
    }
  }

  /** Answers what is served, the oldest first; with nothing found. */
  end(count = Number.POSITIVE_INFINITY): void {
    for (const { reply } of this.serving.splice(0, count)) reply.end()
    this.settle()
  }

  /** Messages under way do not arrive. */
  forget(): void {
    this.#inbox.length = 0
  }

  settle(): void {
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) next()
  }

  advance(ms: number): void {
    const untilMs = this.nowMs + ms
    this.settle()
    for (let due = this.timers.nextMs; due !== undefined && due <= untilMs; due = this.timers.nextMs) {
      this.nowMs = Math.max(this.nowMs, due)
      this.timers.run(this.nowMs)
      this.settle()
    }
    this.nowMs = untilMs
  }

  #peer(number: number, who: Actor, session: Uint8Array, address: string | undefined): Peer {
    const device = who.device.publicKey
    return {
      number,
      device,
      caller: callerOf(device, address),
      session,
      isBlocked: false,
      isGone: false,
      usedMs: this.nowMs,
      onWritable: [],
      keysSent: new IdSet(),
    }
  }

  #env(who: Actor, at: 'server' | 'client', bids: number[]): SessionEnv {
    const random = seededRandom(`halves ${Buffer.from(who.device.publicKey).toString('hex')}`)
    return {
      network: this.network,
      device: who.device,
      incarnation: who.incarnation,
      certificate: undefined,
      verifyDevice: (signature, digest, signer) => {
        if (at === 'server') this.verified += 1
        return deviceVerify(signature, digest, signer)
      },
      random,
      epochKeys: new EpochKeys(random),
      timers: this.timers,
      standing: this.standing,
      evidence: at === 'server' ? this.standing : { observe: () => {} },
      gate: new Gate(),
      queue: this.queue,
      nowMs: () => this.nowMs,
      wallMs: () => this.nowMs,
      send: (peer, name, message) => {
        this.said.push({ from: at, name, message })
        this.#inbox.push(() => this.#send.get(peer)?.(name, message))
      },
      solve: (_peer, seed, bid, done) => {
        bids.push(bid)
        const proofs = new Search(seed, bid).run(Number.POSITIVE_INFINITY)!
        this.#inbox.push(() => done(proofs))
        return () => {}
      },
      claim: () => undefined,
      learnClaim: () => {},
      acceptsStores: () => true,
      knownPeers: () => [],
      learnPeers: () => {},
      fault: ({ caller }, { code }) => {
        this.env.gate.noteFault(caller, this.nowMs)
        this.faults.push({ code, at })
      },
    }
  }
}
