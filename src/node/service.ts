/**
 * The node without its I/O. Inputs and the time go in, effects come out; the daemon and the
 * simulator are two ways of carrying them out.
 */
import { ChurnMap } from '../base/churn-map.ts'
import { TIME_MS_MAX } from '../base/codec.ts'
import { asSheafError, type ErrorCode, SheafError, unreachable } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import { IdSet } from '../base/id-map.ts'
import type { VerifyContext } from '../content/block.ts'
import { DEVICE_CERTIFICATE } from '../content/device.ts'
import { ownHeads } from '../content/heads.ts'
import { KeyBook } from '../content/key-book.ts'
import type { CutText } from '../content/piece.ts'
import { type Caller, callerOf } from './caller.ts'
import type { Checked } from './checking.ts'
import { Claims } from './claims.ts'
import { ClientSession } from './client-session.ts'
import { onOurClock } from './commands.ts'
import { Deliveries } from './deliveries.ts'
import { Desk } from './desk.ts'
import type { Effect, Input } from './effects.ts'
import { Errands } from './errands.ts'
import { Following } from './following.ts'
import { Gate } from './gate.ts'
import type { Counters } from './inspecting.ts'
import { heedEntities, meetLater, NOT_MEETING } from './introducing.ts'
import { addKey } from './learning.ts'
import type { Connection, Node, NodeEvent } from './node.ts'
import { Numbering } from './numbering.ts'
import { Outbox } from './outbox.ts'
import { type Peer, refusal, type SessionEnv } from './peer.ts'
import { People } from './people.ts'
import { prove } from './proof-seeking.ts'
import { Queue } from './queue.ts'
import { refuseUnwanted } from './refusing.ts'
import { Rules, ruledBy } from './rules.ts'
import { Catalog, engineFor } from './search/catalog.ts'
import { ServerSession } from './server-session.ts'
import type { ServiceOptions } from './service-options.ts'
import { Serving } from './serving.ts'
import { addressOf, sharesPrefix } from './shards.ts'
import { Shelving } from './shelving.ts'
import { StoreTasks } from './store-tasks.ts'
import { type Outcome, type Resume, run, suspend, type Task } from './task.ts'
import { Timers } from './timers.ts'
import { Visiting } from './visiting.ts'
import { Watchers } from './watchers.ts'
import { FROM_CLIENT, MESSAGE_BYTES_MAX, type MessageName } from './wire.ts'
import { EpochKeys } from './work.ts'

/** Authors whose keys a session remembers to have sent; beyond, they are sent again. */
const KEYS_SENT_MAX = 1_000
/** A link that has taken nothing for so long holds up to 4 MB of answers in vain: 14 kB/s would have been enough. */
const STALLED_AFTER_MS = 5 * 60_000

export type { Effect, Input } from './effects.ts'
export type { ServiceOptions } from './service-options.ts'

export class Service {
  readonly #options: ServiceOptions
  readonly #timers = new Timers()
  readonly #connections = new ChurnMap<number, Connection>()
  /** Connections that are being ended for a fault: one is noted once, and nothing is taken from it any more. */
  readonly #faulty = new Set<number>()
  readonly #waiting = new ChurnMap<number, Resume<unknown>>()
  readonly #node: Node
  readonly #outbox: Outbox
  readonly #serving: Serving
  readonly #desk: Desk
  readonly #errands: Errands
  readonly #following: Following
  readonly #claims: Claims
  readonly #visiting: Visiting
  readonly #counters: Counters = { startedMs: 0, queriesServed: 0, lastError: undefined }
  #effects: Effect[] = []
  #nextToken = 1
  #nowMs = 0
  #wallMs = 0

  constructor(options: ServiceOptions) {
    this.#options = options
    const { identity, network } = options
    const address = addressOf(options.device.publicKey)
    const keys = new KeyBook()
    const env = this.#sessionEnv()
    const callOut = (make: (token: number) => Effect): Task<unknown> => this.#effect(make)
    const watchers = new Watchers()
    const store = new StoreTasks((call) => callOut((token) => ({ type: 'store', token, call })), watchers)
    const numbering = new Numbering(store)
    const rules = new Rules(options.rules)
    const retention = ruledBy(rules, options.retention)
    const connections = (): Connection[] => [...this.#connections.values()]
    const visiting = (): Visiting => this.#visiting
    const emit = (event: NodeEvent): void => void this.#effects.push({ type: 'event', event })
    this.#node = {
      env,
      store,
      watchers,
      shelving: new Shelving(() => this.#node),
      keys,
      identity,
      retention,
      quotaBytes: options.quotaBytes,
      deliveries: new Deliveries(),
      heads: options.heads ?? ownHeads({ reader: identity.author?.entity, trustOf: options.trustOf }),
      depth: options.depth,
      connections,
      verifyContext: (of = 'arrived'): VerifyContext => ({
        network,
        verify: options.verify,
        keyOf: (id) => keys.get(id),
        requireCounts: (record) => keys.requireCounts(record),
        nowMs: of === 'stored' ? TIME_MS_MAX : this.#wallMs,
      }),
      keeps: (locator) => sharesPrefix(locator, address, options.depth),
      claimants: (locator) => (retention.serves(locator) ? this.#claims.covering(locator) : []),
      people: new People(),
      get reach() {
        return visiting()
      },
      catalog: new Catalog(() => this.#node, engineFor(options, callOut)),
      nextSequence: () => numbering.next(),
      prove: (records, untilMs) => prove(this.#node, records, untilMs),
      check: (request) => callOut((token) => ({ type: 'check', token, request })) as Task<Checked[]>,
      cut: (texts) => callOut((token) => ({ type: 'cut', token, texts })) as Task<CutText[]>,
      emit,
      obey: (wanted) => {
        rules.replace(wanted)
        this.#outbox.heed()
        return this.#refuseUnwanted()
      },
    }
    this.#claims = new Claims(this.#node, address)
    this.#visiting = new Visiting({
      network,
      device: options.device.publicKey,
      depth: options.depth,
      connectionsMax: options.connectionsMax,
      timers: this.#timers,
      claims: this.#claims,
      nowMs: env.nowMs,
      connections,
      visit: (topic) => callOut((token) => ({ type: 'visit', token, topic })),
      leave: (topic) => void this.#effects.push({ type: 'leave', topic }),
      connect: (device) => {
        if (retention.talksTo(device)) this.#effects.push({ type: 'connect', device })
      },
      disconnect: ({ number }) => void this.#effects.push({ type: 'disconnect', peer: number, code: 'idle' }),
    })
    this.#outbox = new Outbox(this.#node)
    this.#serving = new Serving(this.#node)
    this.#following = new Following(this.#node)
    heedEntities(this.#node, () => this.#outbox.pump())
    this.#desk = new Desk(this.#node, this.#outbox, this.#following, this.#counters, address)
    this.#errands = new Errands(this.#desk, (effect) => void this.#effects.push(effect))
  }

  /** When the service wants to be woken at the latest. */
  get wakeAtMs(): number | undefined {
    return this.#timers.nextMs
  }

  /** How much it holds on to, for the watch on its bounds: connections, effects that were not answered, timers, places that somebody listens at. */
  get held(): { connections: number; awaited: number; timers: number; subscribed: number } {
    return {
      connections: this.#connections.size,
      awaited: this.#waiting.size,
      timers: this.#timers.size,
      subscribed: this.#node.watchers.size,
    }
  }

  /**
   * One input at one time → what is to be done. `nowMs` is of a clock that never goes back: deadlines hang on it.
   * `wallMs` is what people call the time, which may be set: it stands in what is signed.
   */
  step(input: Input, nowMs: number, wallMs: number = nowMs): Effect[] {
    this.#nowMs = Math.max(this.#nowMs, nowMs)
    this.#wallMs = wallMs
    this.#timers.run(this.#nowMs)
    this.#take(input)
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  #take(input: Input): void {
    switch (input.type) {
      case 'start':
        return this.#start()
      case 'connected':
        return this.#connected(input)
      case 'received':
        return this.#received(input.peer, input.name, input.message)
      case 'blocked':
        return this.#setBlocked(input.peer, true)
      case 'drained':
        return this.#setBlocked(input.peer, false)
      case 'disconnected':
        return this.#disconnected(input.peer)
      case 'done':
        return this.#waiting.take(input.token)?.(input.outcome)
      case 'command':
        return this.#errands.begin(input.token, onOurClock(input.command, this.#nowMs - this.#wallMs))
      case 'left':
        return this.#errands.leave(input.token)
      case 'wake':
        return
      case 'stop':
        for (const { client } of this.#connections.values()) client.close()
        return
      default:
        return unreachable(input)
    }
  }

  #start(): void {
    this.#counters.startedMs = this.#wallMs
    for (const topic of this.#visiting.ownTopics()) this.#effects.push({ type: 'join', topic })
    for (const { kind, bytes } of this.#node.identity.blocks)
      if (kind !== DEVICE_CERTIFICATE) addKey(this.#node, bytes, 'stored')
    run(this.#desk.takeUp(), (outcome) => this.#noteFailure('outbox', outcome))
    run(this.#following.load(), (outcome) => this.#noteFailure('following', outcome))
    run(this.#desk.start(this.#options.hadEveryMs), (outcome) => this.#noteFailure('index', outcome))
    this.#claims.renew()
  }

  #connected({ peer, device, handshakeHash, address }: Extract<Input, { type: 'connected' }>): void {
    const caller = callerOf(device, address)
    if (!this.#mayConnect(peer, device, caller)) return
    const shared: Peer = {
      number: peer,
      device,
      caller,
      session: sha256(handshakeHash),
      isBlocked: false,
      isGone: false,
      usedMs: this.#nowMs,
      keysSent: new IdSet([], KEYS_SENT_MAX),
      onWritable: [],
    }
    const { env } = this.#node
    const connection = Object.assign(shared, {
      client: new ClientSession(env, shared),
      server: new ServerSession(env, shared, (from, asked, reply) => {
        this.#counters.queriesServed += 1
        this.#serving.serve(from, asked, reply)
      }),
      entity: undefined,
      connectedMs: this.#nowMs,
      ...NOT_MEETING,
    }) satisfies Connection as Connection
    this.#connections.set(peer, connection)
    this.#node.emit({ type: 'connected', device })
    this.#refuseUnwanted()
    if (this.#faulty.has(peer)) return
    this.#visiting.noteChange()
    this.#following.noteChange()
    if (!this.#options.acceptsStores && this.#options.identity.author === undefined) return
    const waitMs = this.#outbox.pending.batches > 0 ? 0 : this.#options.introduceAfterMs
    meetLater(this.#node, connection, waitMs, (outcome) => {
      if (outcome !== undefined) this.#noteFailure('introduction', outcome)
      this.#refuseUnwanted()
      this.#outbox.pump()
    })
  }

  /** Nothing is kept of a connection that came too soon: it hears BUSY and ends. */
  #mayConnect(peer: number, device: Uint8Array, caller: Caller): boolean {
    const { gate, standing } = this.#node.env
    const isKnown = standing.price(device, this.#nowMs) === 0
    if (gate.passes(caller, 'connect', isKnown, this.#nowMs)) return true
    const busy = new SheafError('BUSY', 'too many connections from there')
    this.#effects.push({ type: 'send', peer, name: 'refuse', message: refusal(undefined, busy) })
    this.#effects.push({ type: 'disconnect', peer, code: busy.code })
    return false
  }

  /** Ends connections that the operator does not want: nothing is taken from them any more. */
  #refuseUnwanted(): number {
    return refuseUnwanted(this.#node, this.#faulty, ({ number }) => this.#end(number, 'REFUSED'))
  }

  /** Nothing more is taken from it, whatever comes until it is gone. */
  #end(number: number, code: ErrorCode): void {
    this.#faulty.add(number)
    this.#effects.push({ type: 'disconnect', peer: number, code })
  }

  #received(number: number, name: MessageName, message: Uint8Array): void {
    const connection = this.#connections.get(number)
    if (connection === undefined || connection.isGone || this.#faulty.has(number)) return
    if (message.byteLength > MESSAGE_BYTES_MAX) {
      const error = new SheafError('TOO_LARGE', `a message of ${message.byteLength} bytes`)
      return this.#node.env.fault(connection, error)
    }
    if (FROM_CLIENT.has(name)) connection.server.receive(name, message)
    else {
      const wasOpen = connection.client.isOpen
      connection.client.receive(name, message)
      if (!wasOpen && connection.client.isOpen) {
        const { acceptsStores } = connection.client
        this.#node.emit({ type: 'opened', device: connection.device, acceptsStores })
        this.#visiting.noteChange()
        this.#following.noteChange()
        this.#outbox.pump()
      }
    }
  }

  #setBlocked(number: number, isBlocked: boolean): void {
    const connection = this.#connections.get(number)
    if (connection === undefined) return
    // Said with each message that the link cannot send now: the first of them counts.
    if (isBlocked && !connection.isBlocked) {
      connection.stall = this.#timers.at(this.#nowMs + STALLED_AFTER_MS, () => this.#end(number, 'TIMEOUT'))
    }
    if (!isBlocked) connection.stall?.cancel()
    connection.isBlocked = isBlocked
    if (!isBlocked) for (const writable of connection.onWritable.splice(0)) writable()
  }

  #disconnected(number: number): void {
    const connection = this.#connections.take(number)
    if (connection === undefined) return
    this.#faulty.delete(number)
    connection.isGone = true
    connection.stall?.cancel()
    for (const writable of connection.onWritable.splice(0)) writable()
    connection.client.end()
    connection.server.end()
    connection.part()
    this.#node.emit({ type: 'disconnected', device: connection.device })
    this.#outbox.pump()
  }

  /** Sends an effect out and waits for its `done`. */
  *#effect(make: (token: number) => Effect) {
    return yield* suspend<unknown>((resume) => {
      const token = this.#nextToken++
      this.#waiting.set(token, resume)
      this.#effects.push(make(token))
    })
  }

  #noteFailure(what: string, outcome: Outcome<unknown>): void {
    if (!('error' in outcome)) return
    const { code, message } = asSheafError(outcome.error)
    this.#counters.lastError = `${what}: ${message}`
    this.#node.emit({ type: 'failed', what, code, message })
  }

  #sessionEnv(): SessionEnv {
    const { network, device, incarnation, certificate, verifyDevice, random, standing, evidence } =
      this.#options
    return {
      network,
      device,
      incarnation,
      certificate,
      verifyDevice,
      random,
      standing,
      evidence,
      timers: this.#timers,
      epochKeys: new EpochKeys(random),
      gate: new Gate(),
      queue: new Queue({
        nowMs: () => this.#nowMs,
        at: (timeMs, fire) => void this.#timers.at(timeMs, fire),
      }),
      nowMs: () => this.#nowMs,
      wallMs: () => this.#wallMs,
      send: (peer, name, message) => this.#effects.push({ type: 'send', peer: peer.number, name, message }),
      solve: (peer, seed, bid, done) => {
        const token = this.#nextToken++
        this.#waiting.set(token, (outcome) => 'value' in outcome && done(outcome.value as Uint8Array[]))
        this.#effects.push({ type: 'solve', token, peer: peer.number, seed, bid })
        return () => {
          if (this.#waiting.take(token) !== undefined) this.#effects.push({ type: 'cancel', token })
        }
      },
      claim: () => this.#claims.own,
      learnClaim: (peer, record) => this.#claims.learn(peer, record),
      acceptsStores: () => this.#options.acceptsStores,
      knownPeers: () => this.#claims.devices().slice(0, 20),
      learnPeers: (devices) => this.#visiting.learnOf(devices),
      fault: (peer, error, seen = { type: 'misbehaved', code: error.code }) => {
        if (peer.isGone || this.#faulty.has(peer.number)) return
        this.#faulty.add(peer.number)
        this.#node.env.gate.noteFault(peer.caller, this.#nowMs)
        this.#options.evidence.observe(peer.device, seen, this.#nowMs)
        this.#node.emit({ type: 'fault', device: peer.device, code: error.code, message: error.message })
        this.#effects.push({ type: 'disconnect', peer: peer.number, code: error.code })
      },
    }
  }
}
