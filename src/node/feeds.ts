/**
 * Subscriptions, seen by who asks for them: each wanted place is watched at a few of those who keep it,
 * over connections that come and go. Who cannot or will not tell is left alone for a while, and another
 * asked; what may have been missed is said, so that it is gathered.
 *
 *     asked ──first result──▶ open ──four fifths of its time──▶ replaced by its renewal
 *        ╲                      ╲
 *         ▶ no answer, refused   ▶ ended, connection gone ──▶ another is asked
 */
import { asSheafError, SheafError } from '../base/errors.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import { keepersFirst } from './choosing.ts'
import { takeKey } from './learning.ts'
import type { Connection, Node } from './node.ts'
import { type QueryOf, SUBSCRIBE_LOCATORS_MAX } from './queries.ts'
import { PLACES_MAX, PUSHES_MAX } from './subscribing.ts'
import { type Outcome, run } from './task.ts'
import type { Timer } from './timers.ts'
import type { Item } from './wire.ts'

/** Keepers that each place is watched at: one alone could keep news back. */
const KEEPERS = 3
/** A keeper stays one of a place's as long as it is among so many that come first. */
const STAYS_AMONG = 6
const LEASE_S = 600
const RENEW_AFTER_MS = LEASE_S * 800
/** Until a server that does not end what is over counts as silent. */
const END_WITHIN_MS = 30_000
/** A server that does not say within this that it is open is given up. */
const OPEN_WITHIN_MS = 30_000
const PLAN_AFTER_MS = 200
/** Until a server is asked again that failed; that ended at once what it had opened; that does not know the query. */
const REST_MS = 60_000
const REST_SHORT_MS = 10_000
const REST_LONG_MS = 3600_000
const RESTING_MAX = 1_024
/** Keys beside the blocks, and words that bring none: more from one subscription is a flood. */
const KEYS_MAX = PUSHES_MAX
const WORDS_MAX = 4_096
const FEEDS_OF_PEER_MAX = PLACES_MAX / SUBSCRIBE_LOCATORS_MAX

export interface FeedListener {
  /** Blocks that a peer says were stored at these places: nothing of it is checked. */
  pushed(peer: Connection, blocks: { locator: Uint8Array; bytes: Uint8Array }[]): void
  /** What was stored there up to now may not have been told. */
  behind(locator: Uint8Array): void
}

interface Feed {
  peer: Connection
  asked: QueryOf<'subscribe'>
  /** Its number, once it was sent. */
  ask: number | undefined
  openedMs: number | undefined
  isReplaced: boolean
  hasEnded: boolean
  blocks: number
  keys: number
  words: number
  timer: Timer
}

export class Feeds {
  readonly #node: Node
  readonly #listener: FeedListener
  readonly #wanted = new IdSet()
  readonly #feeds = new Set<Feed>()
  /** Feeds by place. */
  readonly #at = new IdMap<Set<Feed>>()
  /** Until when a device is not asked. */
  readonly #resting = new IdMap<number>(RESTING_MAX)
  /** Places that a connection does not watch. */
  readonly #declined = new WeakMap<Connection, IdSet>()
  #isPlanned = false

  constructor(node: Node, listener: FeedListener) {
    this.#node = node
    this.#listener = listener
  }

  /** How many keepers watch a place for us. */
  standing(locator: Uint8Array): number {
    const open = [...(this.#at.get(locator) ?? [])].filter(({ openedMs }) => openedMs !== undefined)
    return new Set(open.map(({ peer }) => peer)).size
  }

  want(locator: Uint8Array): void {
    this.#wanted.add(locator)
    this.planSoon()
  }

  /** A place that nobody wants any more ends with the feed that it is in; one with no others at once. */
  drop(locator: Uint8Array): void {
    this.#wanted.delete(locator)
    for (const feed of [...(this.#at.get(locator) ?? [])]) {
      if (!feed.asked.locators.some((one) => this.#wanted.has(one))) this.#cancel(feed)
    }
  }

  /** To be called when a connection comes or goes, or has said what it keeps. */
  planSoon(afterMs = PLAN_AFTER_MS): void {
    if (this.#wanted.size === 0 || (this.#isPlanned && afterMs === PLAN_AFTER_MS)) return
    if (afterMs === PLAN_AFTER_MS) this.#isPlanned = true
    const { timers, nowMs } = this.#node.env
    timers.at(nowMs() + afterMs, () => {
      if (afterMs === PLAN_AFTER_MS) this.#isPlanned = false
      this.#plan()
    })
  }

  #plan(): void {
    const fresh = new Map<Connection, Uint8Array[]>()
    for (const locator of this.#wanted) {
      if (!this.#node.retention.serves(locator)) continue
      const has = new Set([...(this.#at.get(locator) ?? [])].map(({ peer }) => peer))
      if (has.size >= KEEPERS) continue
      const able = this.#keepers(locator).filter((peer) => !has.has(peer) && this.#mayAsk(peer, locator))
      for (const peer of able.slice(0, KEEPERS - has.size))
        fresh.set(peer, [...(fresh.get(peer) ?? []), locator])
      if (has.size + able.length < KEEPERS) this.#node.reach.seek(locator, KEEPERS)
    }
    for (const [peer, locators] of fresh) this.#watchAt(peer, locators)
  }

  #keepers(locator: Uint8Array): Connection[] {
    return keepersFirst(this.#node, locator).filter((peer) => this.#node.reach.covers(peer, locator))
  }

  #mayAsk(peer: Connection, locator: Uint8Array): boolean {
    const untilMs = this.#resting.get(peer.device) ?? 0
    return !peer.isGone && untilMs <= this.#node.env.nowMs() && !this.#declined.get(peer)?.has(locator)
  }

  /** Has more places watched by a peer, with those of an open feed of it where there is room. */
  #watchAt(peer: Connection, locators: Uint8Array[]): void {
    const ofPeer = [...this.#feeds].filter((feed) => feed.peer === peer && !feed.isReplaced)
    let left = locators
    for (const feed of ofPeer) {
      const kept = feed.asked.locators.filter((one) => this.#isWatched(feed, one))
      const room = SUBSCRIBE_LOCATORS_MAX - kept.length
      if (left.length === 0 || room <= 0 || feed.openedMs === undefined) continue
      this.#subscribe(peer, [...kept, ...left.slice(0, room)], feed)
      left = left.slice(room)
    }
    for (let feeds = ofPeer.length; left.length > 0 && feeds < FEEDS_OF_PEER_MAX; feeds++) {
      this.#subscribe(peer, left.slice(0, SUBSCRIBE_LOCATORS_MAX))
      left = left.slice(SUBSCRIBE_LOCATORS_MAX)
    }
  }

  #subscribe(peer: Connection, locators: Uint8Array[], earlier?: Feed): void {
    const { standing, timers, nowMs } = this.#node.env
    const certify = !standing.isVetted(peer.device, nowMs())
    const asked = {
      type: 'subscribe' as const,
      locators,
      seconds: LEASE_S,
      certify,
      replaces: earlier?.ask,
    }
    const feed: Feed = {
      peer,
      asked,
      ask: undefined,
      openedMs: undefined,
      isReplaced: false,
      hasEnded: false,
      blocks: 0,
      keys: 0,
      words: 0,
      timer: timers.at(nowMs() + OPEN_WITHIN_MS, () => peer.client.giveUp(asked)),
    }
    if (earlier !== undefined) earlier.isReplaced = true
    this.#feeds.add(feed)
    for (const locator of locators) {
      const there = this.#at.get(locator)
      if (there === undefined) this.#at.set(locator, new Set([feed]))
      else there.add(feed)
    }
    const listener = {
      sent: (ask: number) => {
        feed.ask = ask
      },
      items: (items: Item[]) => this.#hear(feed, items, earlier),
    }
    const untilMs = nowMs() + LEASE_S * 1_000 + END_WITHIN_MS
    run(peer.client.ask(asked, listener, untilMs), (outcome) => this.#ended(feed, outcome))
  }

  /** Throws WRONG_QUERY or TOO_LARGE for what no subscription brings. */
  #hear(feed: Feed, items: Item[], earlier: Feed | undefined): void {
    const { asked, peer } = feed
    if (feed.openedMs === undefined) this.#open(feed, earlier)
    feed.words += 1
    const blocks: { locator: Uint8Array; bytes: Uint8Array }[] = []
    for (const { index, answer } of items) {
      const locator = asked.locators[index]
      if (locator === undefined) throw new SheafError('WRONG_QUERY', 'an answer to something not asked')
      switch (answer.type) {
        case 'found':
          feed.blocks += 1
          if (this.#wanted.has(locator)) blocks.push({ locator, bytes: answer.bytes })
          break
        case 'key':
          feed.keys += 1
          takeKey(this.#node, answer.bytes)
          break
        case 'missed':
          feed.words += 1
          this.#listener.behind(locator)
          break
        case 'moved':
        case 'refused':
          feed.words += 1
          this.#decline(feed, locator)
          break
        default:
          throw new SheafError('WRONG_QUERY', `${answer.type} is no answer to a subscription`)
      }
    }
    if (feed.blocks > PUSHES_MAX || feed.keys > KEYS_MAX || feed.words > WORDS_MAX)
      throw new SheafError('TOO_LARGE', 'a subscription without end')
    if (blocks.length > 0) this.#listener.pushed(peer, blocks)
  }

  /** What came before it opened is not told by it; one that takes the place of another that is still open misses nothing. */
  #open(feed: Feed, earlier: Feed | undefined): void {
    const { timers, nowMs } = this.#node.env
    feed.timer.cancel()
    feed.openedMs = nowMs()
    feed.timer = timers.at(nowMs() + RENEW_AFTER_MS, () => this.#renew(feed))
    const told = new IdSet(earlier === undefined || earlier.hasEnded ? [] : earlier.asked.locators)
    for (const locator of feed.asked.locators) if (!told.has(locator)) this.#listener.behind(locator)
  }

  #renew(feed: Feed): void {
    if (feed.isReplaced || feed.hasEnded) return
    const kept = feed.asked.locators.filter(
      (one) => this.#isWatched(feed, one) && this.#keepers(one).slice(0, STAYS_AMONG).includes(feed.peer),
    )
    if (kept.length === 0) this.#cancel(feed)
    else this.#subscribe(feed.peer, kept, feed)
    this.planSoon()
  }

  #cancel(feed: Feed): void {
    if (feed.isReplaced || feed.hasEnded) return
    feed.isReplaced = true
    const { peer, ask } = feed
    if (ask === undefined) return peer.client.giveUp(feed.asked)
    const nothing = { type: 'subscribe' as const, locators: [], seconds: 1, certify: false, replaces: ask }
    const untilMs = this.#node.env.nowMs() + END_WITHIN_MS
    run(peer.client.ask(nothing, { items: refuseAny }, untilMs), () => {})
  }

  #isWatched(feed: Feed, locator: Uint8Array): boolean {
    return this.#wanted.has(locator) && this.#at.get(locator)?.has(feed) === true
  }

  #decline(feed: Feed, locator: Uint8Array): void {
    const declined = this.#declined.get(feed.peer) ?? new IdSet([], PLACES_MAX)
    this.#declined.set(feed.peer, declined)
    declined.add(locator)
    this.#leave(feed, locator)
    this.planSoon()
  }

  #leave(feed: Feed, locator: Uint8Array): void {
    const there = this.#at.get(locator)
    there?.delete(feed)
    if (there?.size === 0) this.#at.delete(locator)
  }

  #ended(feed: Feed, outcome: Outcome<unknown>): void {
    const { peer, openedMs } = feed
    const nowMs = this.#node.env.nowMs()
    feed.hasEnded = true
    feed.timer.cancel()
    this.#feeds.delete(feed)
    for (const locator of feed.asked.locators) this.#leave(feed, locator)
    if (!peer.isGone) {
      if ('error' in outcome)
        this.#rest(peer, asSheafError(outcome.error).code === 'UNSUPPORTED' ? REST_LONG_MS : REST_MS)
      else if (!feed.isReplaced && nowMs - (openedMs ?? nowMs) < REST_SHORT_MS)
        this.#rest(peer, REST_SHORT_MS)
    }
    this.planSoon()
  }

  #rest({ device }: Connection, forMs: number): void {
    this.#resting.set(device, this.#node.env.nowMs() + forMs)
    if (forMs < REST_LONG_MS) this.planSoon(forMs)
  }
}

function refuseAny(items: Item[]): void {
  if (items.length > 0) throw new SheafError('WRONG_QUERY', 'an answer to nothing')
}
