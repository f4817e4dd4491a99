/**
 * What this node follows: pages, persons, groups. Each place is watched at a few of its keepers, gathered
 * whenever something may have been missed, kept whole on the shelf, and told of as events; a note of each
 * says what was told last, so that it goes on there after a restart.
 *
 *     stored here ───────────┐
 *     pushed, verified ──────┼──▶ due ──▶ settle: what is news? fetch, tell, note
 *     opened, missed, old ───┘     (gathers first)
 */
import { decode, encode } from '../base/codec.ts'
import { asSheafError, SheafError } from '../base/errors.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import type { VerifiedBlock } from '../content/block.ts'
import { acceptPushed } from './accepting.ts'
import { Buckets, type Rate } from './buckets.ts'
import { gatherBundle, localBundle } from './bundles.ts'
import { deniedHere } from './denials.ts'
import { Feeds } from './feeds.ts'
import {
  type Followed,
  locatorOfPlace,
  type Place,
  type PlaceNote,
  placeNote,
  placesOf,
  type Subject,
  subjectOf,
} from './followed.ts'
import type { Connection, Node } from './node.ts'
import { Settling } from './settling.ts'
import { run, type Task } from './task.ts'

/** Places in all: a person has two, a page one. */
export const PLACES_FOLLOWED_MAX = 1_024
/** Places that are worked at at a time. */
const AT_ONCE = 4
/** So that a page and what comes with it are told together. */
const SETTLE_AFTER_MS = 50
const GATHER_WITHIN_MS = 20_000
/** A place is gathered at most so often, whatever keepers say of it. */
const GATHER_EVERY_MS = 15_000
/** Without a keeper that tells, a place is gathered this often; with one too, now and then: it may be silent. */
const POLL_MS = 5 * 60_000
const POLL_WATCHED_MS = 30 * 60_000
const TICK_MS = 60_000
/** Blocks that one peer may push: a burst, and then on. Beyond it places are gathered instead. */
const PUSH_RATE: Rate = { burst: 256, perS: 4 }
const PUSHERS_MAX = 1_024
/** Of one place, what came and is not settled yet. */
const FRESH_MAX = 1_024
const ARRIVED_MAX = 64

export class Following {
  readonly #node: Node
  readonly #places = new IdMap<Place>()
  readonly #feeds: Feeds
  readonly #settling: Settling
  /** Places that a timer waits for, to be settled, or gathered first. */
  readonly #waiting = { settle: new IdSet(), gather: new IdSet() }
  /** Places whose turn it is; whether they are to be gathered first. */
  readonly #due = new IdMap<boolean>()
  readonly #busy = new IdSet()
  readonly #pushers = new Buckets(PUSHERS_MAX)
  #isTicking = false

  constructor(node: Node) {
    this.#node = node
    this.#settling = new Settling(node, {
      note: (place) => this.#note(place, false),
      again: (place, afterMs) => this.#gatherLater(place, afterMs),
    })
    this.#feeds = new Feeds(node, {
      pushed: (peer, blocks) => this.#pushed(peer, blocks),
      behind: (locator) => {
        const place = this.#places.get(locator)
        if (place !== undefined) this.#gatherLater(place, 0)
      },
    })
  }

  /** Takes up what was followed before the start. */
  *load(): Task<void> {
    for (const { value } of yield* this.#node.store.notes('follow')) {
      const note = readNote(value)
      if (note !== undefined) this.#begin(note)
    }
    for (const place of this.#places.values()) this.#gatherLater(place, 0)
  }

  /** To be called when a connection comes or goes, or has said what it keeps. */
  noteChange(): void {
    this.#feeds.planSoon()
  }

  /** Follows from now on; of something new, asks keepers what is there, until `untilMs`. Throws TOO_LARGE, REFUSED. */
  *add(subject: Subject, untilMs: number): Task<Followed & { isNew: boolean }> {
    const fresh = placesOf(subject).filter((place) => !this.#places.has(locatorOfPlace(place)))
    if (this.#places.size + fresh.length > PLACES_FOLLOWED_MAX)
      throw new SheafError('TOO_LARGE', `${PLACES_FOLLOWED_MAX} places are followed, and no more fit`)
    const denied = fresh.find((place) => !this.#node.retention.serves(locatorOfPlace(place)))
    if (denied !== undefined) throw deniedHere('what is to be followed')
    const since = this.#node.env.wallMs()
    const notes = fresh.map((place): PlaceNote => ({ place, since, isStarted: false, seen: [] }))
    yield* this.#node.store.note(
      notes.map((note) => ({
        table: 'follow',
        key: locatorOfPlace(note.place),
        value: encode(placeNote, note),
      })),
      { sync: true },
    )
    for (const note of notes) {
      const place = this.#begin(note)
      this.#busy.add(place.locator)
      try {
        yield* this.#work(place, true, untilMs)
      } finally {
        this.#busy.delete(place.locator)
      }
    }
    return { ...this.#followed(subject), isNew: fresh.length > 0 }
  }

  /** Whether it was followed. */
  *remove(subject: Subject): Task<boolean> {
    const locators = placesOf(subject).map(locatorOfPlace)
    const there = locators.filter((locator) => this.#places.has(locator))
    if (there.length === 0) return false
    yield* this.#node.store.note(
      there.map((key) => ({ table: 'follow', key, value: undefined })),
      { sync: true },
    )
    for (const locator of there) {
      this.#places.get(locator)?.leave()
      this.#places.delete(locator)
      this.#due.delete(locator)
      this.#feeds.drop(locator)
    }
    return true
  }

  list(): Followed[] {
    const subjects = [...this.#places.values()].filter(({ place }) => place.type !== 'entity')
    return subjects.map(({ place }) => this.#followed(subjectOf(place)))
  }

  #followed(subject: Subject): Followed {
    const places = placesOf(subject).flatMap((words) => this.#places.get(locatorOfPlace(words)) ?? [])
    const [first] = places
    const toldMs = Math.max(...places.map((one) => one.toldMs))
    const gathered = places.map(({ gatheredMs }) => gatheredMs)
    return {
      subject,
      sinceMs: first?.since ?? 0,
      keepers: Math.min(...places.map(({ locator }) => this.#feeds.standing(locator))),
      told: places.reduce((sum, { told }) => sum + told, 0),
      toldMs: toldMs === Number.NEGATIVE_INFINITY ? undefined : toldMs,
      gatheredMs: gathered.includes(Number.NEGATIVE_INFINITY)
        ? undefined
        : this.#onWall(Math.min(...gathered)),
    }
  }

  #onWall(ms: number): number {
    const { nowMs, wallMs } = this.#node.env
    return ms + wallMs() - nowMs()
  }

  #begin(note: PlaceNote): Place {
    const locator = locatorOfPlace(note.place)
    const known = this.#places.get(locator)
    if (known !== undefined) return known
    const place: Place = {
      ...note,
      locator,
      fresh: new IdSet([], FRESH_MAX),
      arrived: new IdMap(ARRIVED_MAX),
      gatheredMs: Number.NEGATIVE_INFINITY,
      told: 0,
      toldMs: Number.NEGATIVE_INFINITY,
      leave: this.#node.watchers.watch([locator], ({ id }) => {
        place.fresh.add(id)
        this.#settleSoon(place)
      }),
    }
    this.#places.set(locator, place)
    this.#feeds.want(locator)
    this.#tick()
    return place
  }

  #settleSoon(place: Place): void {
    this.#dueAfter(place, SETTLE_AFTER_MS, 'settle')
  }

  /** After this, or later where it was gathered just now. */
  #gatherLater(place: Place, afterMs: number): void {
    const nowMs = this.#node.env.nowMs()
    this.#dueAfter(place, Math.max(afterMs, place.gatheredMs + GATHER_EVERY_MS - nowMs, 0), 'gather')
  }

  #dueAfter({ locator }: Place, afterMs: number, what: 'settle' | 'gather'): void {
    const { timers, nowMs } = this.#node.env
    if (!this.#waiting[what].add(locator)) return
    timers.at(nowMs() + afterMs, () => {
      this.#waiting[what].delete(locator)
      if (!this.#places.has(locator)) return
      this.#due.set(locator, what === 'gather' || this.#due.get(locator) === true)
      this.#pump()
    })
  }

  #pump(): void {
    for (const [locator, gather] of [...this.#due]) {
      if (this.#busy.size >= AT_ONCE) return
      if (this.#busy.has(locator)) continue
      this.#due.delete(locator)
      const place = this.#places.get(locator)
      if (place === undefined) continue
      this.#busy.add(locator)
      const untilMs = this.#node.env.nowMs() + GATHER_WITHIN_MS
      run(this.#work(place, gather, untilMs), (outcome) => {
        this.#busy.delete(locator)
        if ('error' in outcome) this.#failed(outcome.error)
        this.#pump()
      })
    }
  }

  *#work(place: Place, gather: boolean, untilMs: number): Task<void> {
    const { locator, fresh, arrived } = place
    if (!this.#node.retention.serves(locator)) return
    place.fresh = new IdSet([], FRESH_MAX)
    place.arrived = new IdMap(ARRIVED_MAX)
    const blocks = new IdMap<VerifiedBlock>()
    let isKnown = false
    if (gather) {
      place.gatheredMs = this.#node.env.nowMs()
      const bundle = yield* gatherBundle(this.#node, locator, untilMs)
      for (const block of bundle.blocks) blocks.set(block.id, block)
      isKnown = bundle.blocks.length > 0 || bundle.asked.some(({ answer }) => answer === 'unknown')
    } else for (const block of yield* localBundle(this.#node, locator)) blocks.set(block.id, block)
    for (const block of arrived.values()) blocks.set(block.id, block)
    if (!this.#places.has(locator)) return
    yield* this.#settling.settle(place, [...blocks.values()], { fresh, isKnown, untilMs })
  }

  /** Blocks that nobody has checked yet. */
  #pushed(peer: Connection, blocks: { locator: Uint8Array; bytes: Uint8Array }[]): void {
    const nowMs = this.#node.env.nowMs()
    const name = Buffer.from(peer.device).toString('latin1')
    const taken = blocks.filter(({ locator }) => {
      const isTaken = this.#pushers.level(name, PUSH_RATE, nowMs) >= 1
      if (isTaken) this.#pushers.take(name, PUSH_RATE, nowMs)
      else {
        const place = this.#places.get(locator)
        if (place !== undefined) this.#gatherLater(place, GATHER_EVERY_MS)
      }
      return isTaken
    })
    const accepting = acceptPushed(this.#node, peer, taken, nowMs + GATHER_WITHIN_MS, (locator, block) => {
      const place = this.#places.get(locator)
      if (place === undefined) return
      place.fresh.add(block.id)
      place.arrived.set(block.id, block)
      this.#settleSoon(place)
    })
    run(accepting, (outcome) => {
      if ('error' in outcome) this.#failed(outcome.error)
    })
  }

  *#note(place: Place, sync: boolean): Task<void> {
    const { locator, place: words, since, isStarted, seen } = place
    if (!this.#places.has(locator)) return
    const value = encode(placeNote, { place: words, since, isStarted, seen })
    yield* this.#node.store.note([{ table: 'follow', key: locator, value }], { sync })
  }

  #failed(cause: unknown): void {
    const { code, message } = asSheafError(cause)
    if (code !== 'CANCELLED') this.#node.emit({ type: 'failed', what: 'following', code, message })
  }

  /** Gathers what was not gathered for long. */
  #tick(): void {
    if (this.#isTicking || this.#places.size === 0) return
    this.#isTicking = true
    const { timers, nowMs } = this.#node.env
    timers.at(nowMs() + TICK_MS, () => {
      this.#isTicking = false
      for (const place of this.#places.values()) {
        const everyMs = this.#feeds.standing(place.locator) > 0 ? POLL_WATCHED_MS : POLL_MS
        if (nowMs() - place.gatheredMs >= everyMs) this.#gatherLater(place, 0)
      }
      this.#feeds.planSoon()
      this.#tick()
    })
  }
}

function readNote(value: Uint8Array): PlaceNote | undefined {
  try {
    return decode(placeNote, value)
  } catch {
    return undefined // by another version of this program: what it follows is not lost, and not followed here
  }
}
