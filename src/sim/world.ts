/**
 * Many services under one virtual time. What is to happen stands in a heap by its time, and things of one
 * time happen in the order in which they were decided; nothing else moves anything. So one seed gives one
 * run, to the byte, on every machine.
 */

import { sha256 } from '../base/hash.ts'
import { Heap } from '../base/heap.ts'
import { IdMap } from '../base/id-map.ts'
import { type Network, networkOf } from '../base/network.ts'
import { run, suspend, type Task } from '../node/task.ts'
import type { MessageName } from '../node/wire.ts'
import type { Observation } from '../ranking/evidence.ts'
import { Chance } from './chance.ts'
import type { SimCrypto } from './crypto.ts'
import { BlockPool } from './disk.ts'
import { Link, type Side } from './link.ts'
import { type Machine, USUAL_MACHINE } from './machine.ts'
import { type Around, SimNode, shortHex } from './node.ts'
import { FAIR, type Weather } from './path.ts'
import { type Person, personOf } from './person.ts'
import { Rendezvous } from './rendezvous.ts'

/** The puzzle of a device's certificate: nobody waits for it here. */
const PUZZLE_BITS = 2

/** One thing that happened: virtual milliseconds, node, kind. */
export interface TraceLine {
  ms: number
  node: string
  kind: string
  [field: string]: unknown
}

/** Sees everything that is said and observed, as the checkers need it. */
export interface Witness {
  said?(from: SimNode, to: SimNode, name: MessageName, message: Uint8Array): void
  observed?(by: SimNode, of: SimNode, observation: Observation): void
  crashed?(node: SimNode, error: unknown): void
}

export interface WorldOptions {
  seed: string
  crypto: SimCrypto
  weather?: Weather
  trace?: ((line: TraceLine) => void) | undefined
  /** What becomes of a message under way: another, nothing, or itself. */
  tamper?: (from: SimNode, to: SimNode, name: MessageName, message: Uint8Array) => Uint8Array | undefined
}

export class World implements Around {
  readonly network: Network
  readonly crypto: SimCrypto
  readonly pool = new BlockPool()
  readonly chance: Chance
  readonly nodes: SimNode[] = []
  readonly witnesses: Witness[] = []
  weather: Weather
  /** Virtual milliseconds since the world began. */
  nowMs = 0
  messages = 0
  bytes = 0
  readonly #options: WorldOptions
  readonly #rendezvous: Rendezvous
  readonly #heap = new Heap<() => unknown>()
  readonly #byDevice = new IdMap<SimNode>()
  /** Nodes of different groups do not hear each other. */
  readonly #groups = new Map<SimNode, number>()
  #links = 0
  readonly #time = {
    nowMs: (): number => this.nowMs,
    at: (timeMs: number, happen: () => void): void => this.at(timeMs, happen),
  }

  constructor(options: WorldOptions) {
    this.#options = options
    this.network = networkOf(`simulation ${options.seed}`, PUZZLE_BITS)
    this.crypto = options.crypto
    this.chance = new Chance(options.seed)
    this.weather = options.weather ?? FAIR
    this.#rendezvous = new Rendezvous({
      ...this.#time,
      chance: this.chance.fork('rendezvous'),
      connect: (a, b) => this.connect(a, b),
    })
  }

  /** A node that is not started yet, of a person of its own unless one is given. */
  add(options: Partial<Machine> = {}, whose?: Person): SimNode {
    const number = this.nodes.length
    const chance = this.chance.fork(`node ${number}`)
    const person = whose ?? personOf(`${this.#options.seed} person ${number}`, this.network, this.crypto)
    const node = new SimNode(number, person, { ...USUAL_MACHINE, ...options }, chance, this)
    this.nodes.push(node)
    this.#byDevice.set(person.device.publicKey, node)
    this.#rendezvous.add(node)
    return node
  }

  /** `happen` may end later by a promise; nothing else happens before it has. */
  at(timeMs: number, happen: () => unknown): void {
    this.#heap.push(Math.max(timeMs, this.nowMs), happen)
  }

  /** Waits until so much virtual time has passed. */
  *sleep(ms: number): Task<void> {
    yield* suspend<void>((resume) => this.at(this.nowMs + ms, () => resume({ value: undefined })))
  }

  /** Waits for something outside of the services. */
  *wait<T>(begin: () => Promise<T>): Task<T> {
    return yield* suspend<T>((resume) =>
      this.at(this.nowMs, async () => {
        const value = await begin()
        this.at(this.nowMs, () => resume({ value }))
      }),
    )
  }

  /** Lets everything happen until the task has ended; its value. Throws what it throws, and where nothing is left to happen. */
  async play<T>(task: Task<T>): Promise<T> {
    let ended: { value: T } | { error: unknown } | undefined
    run(task, (outcome) => {
      ended = outcome
    })
    while (ended === undefined) {
      const timeMs = this.#heap.firstKey
      if (timeMs === undefined) throw new Error('the simulation waits for what will not happen')
      this.nowMs = timeMs
      const doing = this.#heap.pop()?.()
      if (doing instanceof Promise) await doing
    }
    const outcome = ended as { value: T } | { error: unknown }
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }

  nodeOf(device: Uint8Array): SimNode | undefined {
    return this.#byDevice.get(device)
  }

  /** Joins two nodes by a link; false where that cannot be. */
  connect(a: SimNode, b: SimNode): boolean {
    if (this.#isCut(a, b)) return false
    const known = a.linkTo(b) ?? b.linkTo(a)
    if (known?.isAbandoned) known.fail()
    else if (known !== undefined) return true
    if ([a, b].some((one) => one.connections >= one.options.connectionsMax)) return false
    const number = this.#links++
    const handshakeHash = sha256(Buffer.from(`${a.number} ${b.number} ${number}`))
    const ends = [a.newEnd(b), b.newEnd(a)] as const
    const chance = this.chance.fork(`link ${number}`)
    const parts = { weather: this.weather, chance, isCut: () => this.#isCut(a, b) }
    const link = new Link([ends[0].end, ends[1].end], { ...this.#time, ...parts })
    this.tell(a, 'link', { to: b.name })
    for (const side of [0, 1] as const satisfies Side[]) ends[side].connect(link, side, handshakeHash)
    return true
  }

  /** Nodes in and outside of `apart` do not hear each other from now on; an empty one joins all. */
  part(apart: ReadonlySet<SimNode>): void {
    for (const node of this.nodes) this.#groups.set(node, apart.has(node) ? 1 : 0)
    for (const node of this.nodes) {
      this.tell(node, 'group', { group: apart.has(node) ? 1 : 0 })
      for (const { link, side, other } of node.links()) {
        if (side !== 0) continue
        if (this.#isCut(node, other)) link.cut()
        else link.joined()
      }
    }
  }

  #isCut(a: SimNode, b: SimNode): boolean {
    return !a.isUp || !b.isUp || this.#groups.get(a) !== this.#groups.get(b)
  }

  // What nodes need of the world.

  sent(from: SimNode, to: SimNode, name: MessageName, message: Uint8Array): Uint8Array | undefined {
    this.messages += 1
    this.bytes += message.byteLength
    for (const witness of this.witnesses) witness.said?.(from, to, name, message)
    if (this.#options.trace !== undefined) {
      this.tell(from, 'says', {
        to: to.name,
        name,
        bytes: message.byteLength,
        hash: shortHex(sha256(message)),
      })
    }
    return this.#options.tamper === undefined ? message : this.#options.tamper(from, to, name, message)
  }

  tell(node: SimNode, kind: string, fields: Record<string, unknown> = {}): void {
    this.#options.trace?.({ ms: Math.round(this.nowMs * 1000) / 1000, node: node.name, kind, ...fields })
  }

  observed(by: SimNode, device: Uint8Array, observation: Observation): void {
    const of = this.#byDevice.get(device)
    if (of === undefined) return
    for (const witness of this.witnesses) witness.observed?.(by, of, observation)
  }

  crashed(node: SimNode, error: unknown): void {
    this.tell(node, 'crashed', { message: String(error) })
    for (const witness of this.witnesses) witness.crashed?.(node, error)
  }

  join(node: SimNode, topic: Uint8Array): void {
    this.#rendezvous.join(node, topic)
  }

  visit(node: SimNode, topic: Uint8Array, done: () => void): void {
    this.#rendezvous.visit(node, topic, done)
  }

  dial(node: SimNode, device: Uint8Array): void {
    this.#rendezvous.dial(node, device)
  }

  unlinked(node: SimNode, other: SimNode): void {
    this.tell(node, 'unlinked', { from: other.name })
    this.#rendezvous.lost(node, other)
  }
}
