/**
 * Reaching who keeps a part of the keyspace that is not ours: when too few of those who are
 * connected do, the topics of that part are visited for a while, as a guest that announces
 * nothing, and devices known to claim it are connected to.
 *
 * Each node owns its depth and announces the topics of its own shard at that depth and at one
 * less. So the topic at depth t is where nodes of depth t and t + 1 are met, and two topics, at
 * our depth and one less, meet everybody whose depth differs from ours by one.
 */
import { equalBytes } from '../base/hash.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import type { Network } from '../base/network.ts'
import { Buckets, type Rate } from './buckets.ts'
import type { Claims } from './claims.ts'
import { idleAmong } from './idle.ts'
import type { Connection, Reach } from './node.ts'
import { addressOf, DEPTH_MAX, distanceOf, prefixOf, shardTopic, sharesPrefix } from './shards.ts'
import { run, suspend, type Task } from './task.ts'
import type { Timers } from './timers.ts'

/** Topics visited at a time; the one that was used least recently is left. */
export const VISITS_MAX = 8
/** A topic that nobody asks for any more is left after this. */
export const VISIT_LIFE_MS = 3 * 60_000
/** A topic is looked up again at most so often. */
const LOOK_AGAIN_MS = 15_000
/** A look-up in the DHT and the connections that follow take a second or two. */
const WAIT_MS = 5_000
/** Devices that are connected to because they are said to keep something. */
const NAMED_MAX = 8
/** Devices that welcomes name are tried at this rate: half of those that can be tried at a time, so that made-up names leave room. */
const WELCOME_RATE: Rate = { burst: 20, perS: 0.5 }
/**
 * Depths that are tried one after the other, from the usual one, until enough are met: its topic shows nearly all
 * where nearly all have that depth, and the one below shows twice as many. The others come where nobody is met.
 */
const RUNGS: readonly (readonly number[])[] = [[0], [-1], [2, -3], [4, -5], [6, -7]]
const USUAL_RUNGS = 2
/** The second is begun after this, though the first may still try devices that are gone. */
const NEXT_RUNG_MS = 2_000
/** Connections that are freed for a visit where all are taken: five keepers of two shards, and some that do not answer. */
const FREE_FOR_VISITS = 12
/** Part of the connections that are not filled with devices of other shards only because somebody knows them. */
const LEFT_BY_STRANGERS = 1 / 2
/** Until connections that were ended are gone. */
const FREE_EVERY_MS = 1_000

export interface VisitingParts {
  network: Network
  device: Uint8Array
  depth: number
  connectionsMax: number
  timers: Timers
  claims: Claims
  nowMs(): number
  connections(): Connection[]
  /** Looks a topic up; ends once that is over and those who were found are connected or given up. */
  visit(topic: Uint8Array): Task<unknown>
  leave(topic: Uint8Array): void
  connect(device: Uint8Array): void
  disconnect(connection: Connection): void
}

interface Visit {
  topic: Uint8Array
  /** Our own shard's: joined for good. */
  isOwn: boolean
  isLooking: boolean
  lookedMs: number
  usedMs: number
}

export class Visiting implements Reach {
  readonly #parts: VisitingParts
  readonly #address: Uint8Array
  readonly #visits = new IdMap<Visit>()
  readonly #addresses = new IdMap<Uint8Array>(1_024)
  readonly #waiting = new Set<() => void>()
  readonly #welcomed = new Buckets(1)
  #isSweeping = false
  #freedMs = Number.NEGATIVE_INFINITY

  constructor(parts: VisitingParts) {
    this.#parts = parts
    this.#address = addressOf(parts.device)
  }

  /** The topics to announce for good: our shard's, and the one that nodes of one depth less know us by. */
  ownTopics(): Uint8Array[] {
    const { network, depth } = this.#parts
    const depths = depth === 0 ? [0] : [depth, depth - 1]
    const topics = depths.map((one) => shardTopic(network, one, prefixOf(this.#address, one)))
    const usedMs = this.#parts.nowMs()
    for (const topic of topics) {
      const lookedMs = Number.NEGATIVE_INFINITY
      this.#visits.set(topic, { topic, isOwn: true, isLooking: false, lookedMs, usedMs })
    }
    return topics
  }

  /** Whether a peer keeps what lies at a locator: as far as it claims, else as far as our depth makes likely. */
  covers(peer: Connection, locator: Uint8Array): boolean {
    const { client, device } = peer
    if (client.isOpen && !client.acceptsStores) return false
    const depth = this.#parts.claims.depthOf(device) ?? this.#parts.claims.usualDepth()
    return depth === 0 || sharesPrefix(locator, this.#addressOf(device), depth)
  }

  distance({ device }: Connection, locator: Uint8Array): number {
    return distanceOf(this.#addressOf(device), locator)
  }

  depthOf({ device }: Connection): number {
    return this.#parts.claims.depthOf(device) ?? this.usualDepth()
  }

  lifeOf(device: Uint8Array): { incarnation: Uint8Array; saidMs: number } | undefined {
    return this.#parts.claims.lifeOf(device)
  }

  usualDepth(): number {
    return this.#parts.claims.usualDepth()
  }

  /** Looks for keepers of a locator where fewer than `wanted` are connected, without waiting for them. */
  seek(locator: Uint8Array, wanted: number): void {
    if (!this.#isReached(locator, wanted)) this.#begin(locator, [0, -1])
  }

  /** Waits until `wanted` keepers of a locator are connected, or nothing more is to be expected; at most half of the time until `untilMs`. */
  *reach(locator: Uint8Array, wanted: number, untilMs: number): Task<void> {
    const nowMs = this.#parts.nowMs()
    const endMs = Math.min(nowMs + WAIT_MS, nowMs + (untilMs - nowMs) / 2)
    const isReached = (): boolean => this.#isReached(locator, wanted)
    for (const [rung, offsets] of RUNGS.entries()) {
      if (isReached() || this.#parts.nowMs() >= endMs) return
      if (rung >= USUAL_RUNGS && this.#covering(locator) > 0) return
      const looking = this.#begin(locator, offsets)
      const rungEndMs = rung === 0 ? Math.min(endMs, this.#parts.nowMs() + NEXT_RUNG_MS) : endMs
      yield* this.#wait(() => isReached() || looking.every(({ isLooking }) => !isLooking), rungEndMs)
    }
  }

  /** Connects to devices that somebody named as keepers, and waits until one of them is there. */
  *meet(devices: readonly Uint8Array[], untilMs: number): Task<void> {
    const nowMs = this.#parts.nowMs()
    const tried = this.#connectTo(devices)
    if (tried.length === 0) return
    const isThere = (): boolean =>
      this.#parts.connections().some(({ device }) => tried.some((one) => equalBytes(one, device)))
    yield* this.#wait(isThere, Math.min(nowMs + WAIT_MS, nowMs + (untilMs - nowMs) / 2))
  }

  /**
   * Connects to devices that others know, while there is room, and not to all of them at once: those of other shards
   * leave some for guests and visits.
   */
  learnOf(devices: readonly Uint8Array[]): void {
    const { connections, connectionsMax, connect, nowMs } = this.#parts
    let room = connectionsMax - connections().length
    if (room <= 0) return
    const depth = this.usualDepth()
    const left = Math.ceil(connectionsMax * LEFT_BY_STRANGERS)
    for (const device of this.#unmet(devices)) {
      const isNear = depth === 0 || sharesPrefix(this.#addressOf(device), this.#address, depth)
      if (room <= (isNear ? 0 : left)) continue
      if (this.#welcomed.level('', WELCOME_RATE, nowMs()) < 1) return
      this.#welcomed.take('', WELCOME_RATE, nowMs())
      connect(device)
      room -= 1
    }
  }

  /** To be called when a connection comes or goes, or has said what it keeps. */
  noteChange(): void {
    this.#endIdle()
    for (const look of [...this.#waiting]) look()
  }

  /** Our own shard is looked for all the time: one of it is enough to begin with. */
  #isReached(locator: Uint8Array, wanted: number): boolean {
    const isOurs = sharesPrefix(locator, this.#address, this.#parts.depth)
    return this.#covering(locator) >= (isOurs ? 1 : wanted)
  }

  #covering(locator: Uint8Array): number {
    return this.#parts.connections().filter((peer) => this.covers(peer, locator)).length
  }

  #begin(locator: Uint8Array, offsets: readonly number[]): Visit[] {
    const { network, claims } = this.#parts
    if (offsets.includes(0)) this.#connectTo(claims.covering(locator))
    const around = claims.usualDepth()
    const depths = offsets.map((one) => around + one).filter((one) => one >= 0 && one <= DEPTH_MAX)
    return depths.map((depth) => this.#look(shardTopic(network, depth, locator)))
  }

  #look(topic: Uint8Array): Visit {
    const nowMs = this.#parts.nowMs()
    const known = this.#visits.get(topic)
    const lookedMs = Number.NEGATIVE_INFINITY
    const visit = known ?? { topic, isOwn: false, isLooking: false, lookedMs, usedMs: nowMs }
    visit.usedMs = nowMs
    if (known === undefined) {
      this.#makeRoom()
      this.#visits.set(topic, visit)
      this.#sweepLater()
    }
    if (visit.isLooking || nowMs < visit.lookedMs + LOOK_AGAIN_MS) return visit
    visit.isLooking = true
    visit.lookedMs = nowMs
    this.#freeConnections()
    run(this.#parts.visit(topic), () => {
      visit.isLooking = false
      this.noteChange()
    })
    return visit
  }

  /** Leaves the visit that was used least recently where there are too many. */
  #makeRoom(): void {
    const guests = [...this.#visits.values()].filter(({ isOwn }) => !isOwn)
    if (guests.length < VISITS_MAX) return
    this.#leave(guests.reduce((a, b) => (b.usedMs < a.usedMs ? b : a)))
  }

  #sweepLater(): void {
    if (this.#isSweeping) return
    this.#isSweeping = true
    this.#parts.timers.at(this.#parts.nowMs() + VISIT_LIFE_MS, () => {
      this.#isSweeping = false
      const guests = [...this.#visits.values()].filter(({ isOwn }) => !isOwn)
      const endedMs = this.#parts.nowMs() - VISIT_LIFE_MS
      const [over, on] = [
        guests.filter(({ usedMs }) => usedMs <= endedMs),
        guests.filter(({ usedMs }) => usedMs > endedMs),
      ]
      for (const visit of over) this.#leave(visit)
      if (on.length > 0) this.#sweepLater()
    })
  }

  #leave({ topic }: Visit): void {
    this.#visits.delete(topic)
    this.#parts.leave(topic)
  }

  /** The first few of those that are not connected; what comes back is tried now. */
  #connectTo(devices: readonly Uint8Array[]): Uint8Array[] {
    const fresh = this.#unmet(devices).slice(0, NAMED_MAX)
    if (fresh.length > 0) this.#freeConnections()
    for (const device of fresh) this.#parts.connect(device)
    return fresh
  }

  #unmet(devices: readonly Uint8Array[]): Uint8Array[] {
    const met = new IdSet([this.#parts.device])
    for (const { device } of this.#parts.connections()) met.add(device)
    return devices.filter((device) => !met.has(device))
  }

  /** With all connections taken nobody could be met: of those that are idle and do not keep our shard the least used go. */
  #freeConnections(): void {
    const { connectionsMax } = this.#parts
    const all = this.#parts.connections()
    const lacking = Math.min(FREE_FOR_VISITS, connectionsMax >> 2) - (connectionsMax - all.length)
    const nowMs = this.#parts.nowMs()
    if (lacking <= 0 || nowMs < this.#freedMs + FREE_EVERY_MS) return
    this.#freedMs = nowMs
    const idle = all.filter(
      (peer) =>
        peer.client.load === 0 &&
        peer.server.load === 0 &&
        !peer.isMeeting &&
        !this.covers(peer, this.#address),
    )
    idle.sort((a, b) => a.usedMs - b.usedMs)
    for (const peer of idle.slice(0, lacking)) this.#parts.disconnect(peer)
  }

  /** Peers that were met and keep our own shard stay, however quiet. */
  #endIdle(): void {
    const { connections, connectionsMax, nowMs, disconnect } = this.#parts
    const isNeeded = (peer: Connection): boolean => peer.client.isOpen && this.covers(peer, this.#address)
    for (const peer of idleAmong(connections(), connectionsMax, nowMs(), isNeeded)) disconnect(peer)
  }

  *#wait(isOver: () => boolean, endMs: number): Task<void> {
    yield* suspend<void>((resume) => {
      const end = (): void => {
        timer.cancel()
        this.#waiting.delete(look)
        resume({ value: undefined })
      }
      const look = (): void => {
        if (isOver()) end()
      }
      const timer = this.#parts.timers.at(endMs, end)
      this.#waiting.add(look)
      look()
    })
  }

  #addressOf(device: Uint8Array): Uint8Array {
    const known = this.#addresses.get(device)
    if (known !== undefined) return known
    const address = addressOf(device)
    this.#addresses.set(device, address)
    return address
  }
}
