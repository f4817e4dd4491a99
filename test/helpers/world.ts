/**
 * Services in one process on memory stores, joined by links that deliver in order: no sockets,
 * virtual time. `log` keeps what was said, `tamper` changes it under way, `inject` says what nobody
 * said, and a stranger is an end of a link that a test drives by hand.
 */
import { equalBytes, sha256 } from '../../src/base/hash.ts'
import { networkOf } from '../../src/base/network.ts'
import type { Random } from '../../src/base/random.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import type { HeadResolver } from '../../src/content/heads.ts'
import { cutText } from '../../src/content/piece.ts'
import type { Verify } from '../../src/content/record.ts'
import { checkItems } from '../../src/node/checking.ts'
import type { Answers, Command } from '../../src/node/commands.ts'
import { MemoryStore } from '../../src/node/memory-store.ts'
import { perform } from '../../src/node/perform.ts'
import { quotaPolicy, type RetentionPolicy } from '../../src/node/retention.ts'
import type { Rule } from '../../src/node/rules.ts'
import { type Effect, type Input, Service } from '../../src/node/service.ts'
import { logicalBytes, type Store } from '../../src/node/store.ts'
import { FROM_CLIENT, type MessageName } from '../../src/node/wire.ts'
import { Search } from '../../src/node/work.ts'
import type { Observation } from '../../src/ranking/evidence.ts'
import { FirstStanding, type Standing } from '../../src/ranking/standing.ts'
import { type Actor, actor, START_MS, verify, verifyDevice } from './actor.ts'
import { Stranger } from './stranger.ts'

export { type Actor, actor, onAnotherDevice, START_MS, stored } from './actor.ts'

export interface NodeOptions {
  depth?: number
  acceptsStores?: boolean
  store?: Store
  quotaBytes?: number
  /** A throw-away device: no author, no certificate. */
  isReader?: boolean
  /** Who runs it; else a person made from the node's name. */
  actor?: Actor
  standing?: Partial<Standing>
  retention?: Partial<RetentionPolicy>
  rules?: readonly Rule[]
  heads?: HeadResolver
  verifyDevice?: Verify
  hadEveryMs?: number
}

export interface WorldNode {
  name: string
  actor: Actor
  service: Service
  store: Store
  events: { type: string; [field: string]: unknown }[]
  /** What its sessions observed of others. */
  observed: { device: Uint8Array; observation: Observation }[]
  run<T extends Command['type']>(
    command: Extract<Command, { type: T }>,
    progress?: (value: unknown) => void,
    signal?: AbortSignal,
  ): Promise<Answers[T]>
}

/** One message that went over a link, as it was sent. */
export interface Said {
  from: string
  to: string
  name: MessageName
  message: Uint8Array
}

/** What happens to a message under way: changed, dropped, or left as it is. */
export type Tamper = (
  from: string,
  to: string,
  name: MessageName,
  message: Uint8Array,
) => Uint8Array | undefined

interface Waiting {
  resolve(value: unknown): void
  reject(error: unknown): void
  progress: ((value: unknown) => void) | undefined
}

/** Queries that wait for each other without time passing would go round forever. */
const TURNS_MAX = 1_000_000

export class World {
  readonly network = networkOf('test', 4)
  readonly nodes = new Map<string, WorldNode>()
  readonly strangers = new Map<string, Stranger>()
  readonly log: Said[] = []
  nowMs = START_MS
  /** Whether nodes that join, visit or name one another are connected; else a test does it. */
  hasTopics = false
  /** How far the clocks of nodes are ahead of the time, as people set them; negative where they are behind. */
  readonly clocksAheadMs = new Map<string, number>()
  /** Nodes that no topic shows. */
  readonly hidden = new Set<string>()
  /** Nodes that cannot be reached by those who look for them. */
  readonly away = new Set<string>()
  /** False: searches for work that are begun come to no end. */
  isWorkDone = true
  tamper: Tamper = (_from, _to, _name, message) => message
  readonly #queue: (() => void)[] = []
  readonly #announced = new Map<string, Uint8Array[]>()
  readonly #links = new Map<string, { to: string; number: number }>()
  readonly #answers = new Map<number, Waiting>()
  readonly #options = new Map<string, NodeOptions>()
  /** How often a node was started: what an earlier life began comes to nothing. */
  readonly #lives = new Map<string, number>()
  #nextLink = 1
  #busy = 0
  #nextToken = 1

  add(name: string, options: NodeOptions = {}): WorldNode {
    const who = options.actor ?? actor(name, this.network)
    const store = options.store ?? new MemoryStore(undefined, options.quotaBytes)
    const observed: WorldNode['observed'] = []
    const node: WorldNode = {
      name,
      actor: who,
      store,
      events: [],
      observed,
      service: this.#service(who, store, options, observed),
      run: (command, progress, signal) =>
        new Promise((resolve, reject) => {
          const token = this.#nextToken++
          signal?.addEventListener('abort', () => {
            this.#input(name, { type: 'left', token })
            void this.settle()
          })
          this.#answers.set(token, { resolve: resolve as Waiting['resolve'], reject, progress })
          this.#input(name, { type: 'command', token, command })
          void this.settle()
        }),
    }
    this.nodes.set(name, node)
    this.#options.set(name, options)
    this.#start(name)
    return node
  }

  /** Ends a node at once, as a crash does, and starts it again on the same store: no link is left. */
  restart(name: string): WorldNode {
    this.#disconnectAll(name)
    this.#announced.delete(name)
    const node = this.nodes.get(name)!
    node.service = this.#service(node.actor, node.store, this.#options.get(name) ?? {}, node.observed)
    this.#start(name)
    return node
  }

  /** `person` is who it is; another one under the same name takes its place. */
  addStranger(name: string, person = name): Stranger {
    const stranger = new Stranger(name, actor(person, this.network), this)
    this.strangers.set(name, stranger)
    return stranger
  }

  /** Ends a node for good. */
  remove(name: string): void {
    this.#disconnectAll(name)
    this.#announced.delete(name)
    this.nodes.delete(name)
  }

  /** Joins two nodes by a link. */
  connect(a: string, b: string): { a: number; b: number } {
    const handshakeHash = sha256(Buffer.from(`${a} ${b} ${this.#nextLink}`))
    const ends = { a: this.#nextLink++, b: this.#nextLink++ }
    this.#links.set(`${a} ${ends.a}`, { to: b, number: ends.b })
    this.#links.set(`${b} ${ends.b}`, { to: a, number: ends.a })
    this.#input(a, { type: 'connected', peer: ends.a, device: this.#deviceOf(b), handshakeHash })
    this.#input(b, { type: 'connected', peer: ends.b, device: this.#deviceOf(a), handshakeHash })
    return ends
  }

  disconnect(name: string, number: number): void {
    const link = this.#links.get(`${name} ${number}`)
    if (link === undefined) return
    this.#links.delete(`${name} ${number}`)
    this.#links.delete(`${link.to} ${link.number}`)
    this.#input(name, { type: 'disconnected', peer: number })
    this.#input(link.to, { type: 'disconnected', peer: link.number })
  }

  #disconnectAll(name: string): void {
    for (const [end] of this.#links) {
      const at = end.lastIndexOf(' ')
      if (end.slice(0, at) === name) this.disconnect(name, Number(end.slice(at)))
    }
  }

  /** Sends a message as if node `from` had sent it on its end of a link. */
  inject(from: string, number: number, name: MessageName, message: Uint8Array): void {
    const link = this.#links.get(`${from} ${number}`)
    if (link !== undefined) this.#input(link.to, { type: 'received', peer: link.number, name, message })
  }

  /** Tells the node at the other end of `from`'s link that the link takes no more, or has room again. */
  press(from: string, number: number, type: 'blocked' | 'drained'): void {
    const link = this.#links.get(`${from} ${number}`)
    if (link !== undefined) this.#input(link.to, { type, peer: link.number })
  }

  /** The names of what `client` said as a client to `server`, and what that answered, in order. */
  dialogue(client: string, server: string): MessageName[] {
    return this.log
      .filter(({ from, to, name }) =>
        FROM_CLIENT.has(name) ? from === client && to === server : from === server && to === client,
      )
      .map(({ name }) => name)
  }

  /** Lets everything happen that happens without time passing. */
  async settle(): Promise<void> {
    for (let turns = 0; ; turns++) {
      if (turns > TURNS_MAX) throw new Error('the world does not come to rest')
      const next = this.#queue.shift()
      if (next !== undefined) {
        next()
        continue
      }
      if (this.#busy === 0) return
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  /** Lets time pass, from one due moment to the next. */
  async advance(ms: number): Promise<void> {
    const until = this.nowMs + ms
    await this.settle()
    for (;;) {
      const due = [...this.nodes.values()].map(({ service }) => service.wakeAtMs ?? Number.POSITIVE_INFINITY)
      const next = Math.min(...due)
      if (next > until) break
      this.nowMs = Math.max(this.nowMs, next)
      for (const name of this.nodes.keys()) this.#input(name, { type: 'wake' })
      await this.settle()
    }
    this.nowMs = until
  }

  #start(name: string): void {
    this.#lives.set(name, (this.#lives.get(name) ?? 0) + 1)
    this.#input(name, { type: 'start' })
  }

  #service(who: Actor, store: Store, options: NodeOptions, observed: WorldNode['observed']): Service {
    const first = new FirstStanding()
    const quotaBytes = options.quotaBytes ?? 2 ** 30
    const quota = quotaPolicy(quotaBytes, () => logicalBytes(store.usage()))
    const isReader = options.isReader ?? false
    return new Service({
      network: this.network,
      identity: isReader ? { author: undefined, blocks: [] } : who.identity,
      device: who.device,
      incarnation: who.incarnation,
      certificate: isReader ? undefined : who.certificate,
      verify,
      verifyDevice: options.verifyDevice ?? verifyDevice,
      random: this.#chance(who),
      standing: withOverrides<Standing>(first, options.standing),
      evidence: {
        observe: (device, observation) => {
          observed.push({ device, observation })
          first.observe(device, observation)
        },
      },
      retention: withOverrides<RetentionPolicy>(quota, options.retention),
      ...(options.heads !== undefined && { heads: options.heads }),
      ...(options.rules !== undefined && { rules: options.rules }),
      depth: options.depth ?? 0,
      connectionsMax: 64,
      quotaBytes,
      acceptsStores: options.acceptsStores ?? !isReader,
      ...(options.hadEveryMs !== undefined && { hadEveryMs: options.hadEveryMs }),
      introduceAfterMs: 0,
    })
  }

  /** Another stream of chance for each life, as a machine has. */
  #chance({ device }: Actor): Random {
    return seededRandom(`${Buffer.from(device.publicKey).toString('hex')} ${this.#nextToken++}`)
  }

  #deviceOf(name: string): Uint8Array {
    return (this.nodes.get(name) ?? this.strangers.get(name))!.actor.device.publicKey
  }

  #input(name: string, input: Input): void {
    const life = this.#lives.get(name)
    this.#queue.push(() => {
      const stranger = this.strangers.get(name)
      if (stranger !== undefined) return stranger.take(input)
      const node = this.nodes.get(name)
      if (node === undefined || this.#lives.get(name) !== life) return
      for (const effect of node.service.step(input, this.nowMs, this.nowMs + this.#wallAhead(name)))
        this.#carryOut(node, effect)
    })
  }

  #wallAhead(name: string): number {
    return this.clocksAheadMs.get(name) ?? 0
  }

  #carryOut(node: WorldNode, effect: Effect): void {
    const { name } = node
    switch (effect.type) {
      case 'send':
        return this.#send(name, effect)
      case 'disconnect':
        return this.disconnect(name, effect.peer)
      case 'store': {
        const done = this.#doneLater(name, effect.token)
        this.#busy += 1
        perform(node.store, effect.call).then(
          (value) => done({ value }),
          (error) => done({ error }),
        )
        return
      }
      case 'check':
        return this.#input(name, {
          type: 'done',
          token: effect.token,
          outcome: { value: checkItems(effect.request, this.network, verify) },
        })
      case 'cut':
        return this.#input(name, {
          type: 'done',
          token: effect.token,
          outcome: { value: effect.texts.map(cutText) },
        })
      case 'solve':
        if (!this.isWorkDone) return
        return this.#input(name, {
          type: 'done',
          token: effect.token,
          outcome: { value: new Search(effect.seed, effect.bid).run(Number.POSITIVE_INFINITY) },
        })
      case 'event':
        node.events.push(effect.event)
        return
      case 'progress':
        return this.#answers.get(effect.token)?.progress?.(effect.value)
      case 'answer': {
        const waiting = this.#answers.get(effect.token)
        this.#answers.delete(effect.token)
        if ('error' in effect.outcome) waiting?.reject(effect.outcome.error)
        else waiting?.resolve(effect.outcome.value)
        return
      }
      case 'join':
        if (this.hasTopics) this.#meetAt(name, effect.topic)
        this.#announced.set(name, [...(this.#announced.get(name) ?? []), effect.topic])
        return
      case 'visit':
        if (this.hasTopics) this.#meetAt(name, effect.topic)
        return this.#input(name, { type: 'done', token: effect.token, outcome: { value: undefined } })
      case 'connect':
        if (this.hasTopics) this.#meetDevice(name, effect.device)
        return
      case 'leave':
        return
    }
  }

  /** Joins a node with those who announce a topic. */
  #meetAt(name: string, topic: Uint8Array): void {
    for (const [other, topics] of this.#announced) {
      if (other !== name && !this.hidden.has(other) && topics.some((one) => equalBytes(one, topic)))
        this.#meetOnce(name, other)
    }
  }

  #meetDevice(name: string, device: Uint8Array): void {
    for (const other of this.nodes.keys()) {
      if (equalBytes(this.#deviceOf(other), device)) this.#meetOnce(name, other)
    }
  }

  #meetOnce(a: string, b: string): void {
    const isLinked = [...this.#links].some(([end, { to }]) => end.startsWith(`${a} `) && to === b)
    if (!isLinked && !this.away.has(b)) this.connect(a, b)
  }

  #send(name: string, { peer, name: kind, message }: Extract<Effect, { type: 'send' }>): void {
    const link = this.#links.get(`${name} ${peer}`)
    if (link === undefined) return
    this.log.push({ from: name, to: link.to, name: kind, message })
    const arrives = this.tamper(name, link.to, kind, message)
    if (arrives !== undefined) {
      this.#input(link.to, { type: 'received', peer: link.number, name: kind, message: arrives })
    }
  }

  /** The outcome of an effect goes to the life that asked for it, or nowhere. */
  #doneLater(name: string, token: number): (outcome: { value: unknown } | { error: unknown }) => void {
    const life = this.#lives.get(name)
    return (outcome) => {
      this.#busy -= 1
      if (this.#lives.get(name) === life) this.#input(name, { type: 'done', token, outcome })
    }
  }
}

/** `base` with some of its methods replaced. */
function withOverrides<T extends object>(base: T, overrides: Partial<T> | undefined): T {
  if (overrides === undefined) return base
  return new Proxy(base, {
    get(target, name) {
      const own = (overrides as Record<PropertyKey, unknown>)[name]
      if (own !== undefined) return own
      const inherited = Reflect.get(target, name) as unknown
      return typeof inherited === 'function' ? inherited.bind(target) : inherited
    },
  })
}
