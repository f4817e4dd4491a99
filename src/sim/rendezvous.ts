/**
 * How nodes find one another, as Hyperswarm on its DHT has it: who joins a topic is announced and looks
 * it up a few times; who visits one looks it up; a look-up names some of those announced, dead ones among
 * them; and whoever dialled tries again for a while when a connection is lost.
 */
import { IdMap } from '../base/id-map.ts'
import type { Chance } from './chance.ts'
import type { SimNode } from './node.ts'

/** A look-up or an announcement in the DHT. */
const LOOK_UP_MS: readonly [number, number] = [200, 1_200]
/** A handshake with hole punching; and what passes before a device that is not there is given up. */
const DIAL_MS: readonly [number, number] = [100, 600]
const GIVE_UP_MS = 5_000
/** Peers that one look-up names, of those that announced themselves. */
const NAMED_MAX = 40
/** As node/io/swarm looks again after it joined; then while it has few connections. */
const LOOK_AGAIN_MS: readonly number[] = [500, 2_000, 8_000, 30_000]
const LOOK_AGAIN_EVERY_MS = 30_000
const FEW_CONNECTIONS = 4
/** When a lost connection is dialled again. */
const DIAL_AGAIN_MS: readonly number[] = [1_000, 5_000, 15_000]

export interface RendezvousParts {
  chance: Chance
  nowMs(): number
  at(timeMs: number, happen: () => void): void
  /** Joins the two by a link; false where one of them cannot be reached or takes no more. */
  connect(dialler: SimNode, other: SimNode): boolean
}

export class Rendezvous {
  readonly #parts: RendezvousParts
  readonly #topics = new IdMap<Set<SimNode>>()
  readonly #devices = new IdMap<SimNode>()
  /** Who is dialling whom, by both numbers. */
  readonly #dialling = new Set<string>()
  /** Who dialled the link between two, by both numbers. */
  readonly #dialled = new Set<string>()

  constructor(parts: RendezvousParts) {
    this.#parts = parts
  }

  /** Makes a node's device known to those who dial it. */
  add(node: SimNode): void {
    this.#devices.set(node.person.device.publicKey, node)
  }

  join(node: SimNode, topic: Uint8Array): void {
    const { life } = node
    this.#later(node, this.#between(LOOK_UP_MS), () => this.#announced(topic).add(node))
    this.#lookUp(node, topic)
    for (const ms of LOOK_AGAIN_MS) this.#later(node, ms, () => this.#lookUp(node, topic))
    const whileFew = (): void => {
      if (node.life !== life) return
      if (node.connections < FEW_CONNECTIONS) this.#lookUp(node, topic)
      this.#later(node, LOOK_AGAIN_EVERY_MS, whileFew)
    }
    this.#later(node, LOOK_AGAIN_EVERY_MS, whileFew)
  }

  /** Looks a topic up once; `done` when those who were found are connected or given up. */
  visit(node: SimNode, topic: Uint8Array, done: () => void): void {
    this.#lookUp(node, topic, done)
  }

  dial(node: SimNode, device: Uint8Array): void {
    const other = this.#devices.get(device)
    if (other !== undefined) this.#dial(node, other)
  }

  /** The link of a node to another has ended; who dialled it for a topic that both have joined tries again. */
  lost(node: SimNode, other: SimNode): void {
    if (!this.#dialled.delete(pairOf(node, other)) || !this.#shareTopic(node, other)) return
    const again = (tries: number): void => {
      const waitMs = DIAL_AGAIN_MS[tries]
      if (waitMs === undefined) return
      this.#later(node, waitMs * this.#parts.chance.between(0.8, 1.2), () => {
        if (!node.isLinkedTo(other)) this.#dial(node, other, (isThere) => isThere || again(tries + 1))
      })
    }
    again(0)
  }

  #lookUp(node: SimNode, topic: Uint8Array, done: () => void = () => {}): void {
    this.#later(node, this.#between(LOOK_UP_MS), () => {
      const others = [...this.#announced(topic)].filter((other) => other !== node && !node.isLinkedTo(other))
      const named = this.#parts.chance.some(others, NAMED_MAX)
      let left = named.length
      if (left === 0) return done()
      const ended = (): void => {
        left -= 1
        if (left === 0) done()
      }
      for (const other of named) this.#dial(node, other, ended)
    })
  }

  #dial(node: SimNode, other: SimNode, ended: (isThere: boolean) => void = () => {}): void {
    const pair = pairOf(node, other)
    if (node === other || node.isLinkedTo(other) || this.#dialling.has(pair)) return ended(true)
    // Hyperswarm dials no more than it has room for.
    if (node.connections >= node.options.connectionsMax) return ended(false)
    this.#dialling.add(pair)
    const { life } = node
    this.#parts.at(this.#parts.nowMs() + this.#between(DIAL_MS), () => {
      this.#dialling.delete(pair)
      if (node.life !== life) return
      const isThere = this.#parts.connect(node, other)
      if (isThere) {
        this.#dialled.add(pair)
        ended(true)
      } else this.#later(node, GIVE_UP_MS, () => ended(false))
    })
  }

  #shareTopic(node: SimNode, other: SimNode): boolean {
    return [...this.#topics.values()].some((members) => members.has(node) && members.has(other))
  }

  #announced(topic: Uint8Array): Set<SimNode> {
    const known = this.#topics.get(topic) ?? new Set<SimNode>()
    this.#topics.set(topic, known)
    return known
  }

  #later(node: SimNode, ms: number, happen: () => void): void {
    const { life } = node
    this.#parts.at(this.#parts.nowMs() + ms, () => {
      if (node.life === life) happen()
    })
  }

  #between([low, high]: readonly [number, number]): number {
    return this.#parts.chance.between(low, high)
  }
}

function pairOf(a: SimNode, b: SimNode): string {
  return `${a.number} ${b.number}`
}
