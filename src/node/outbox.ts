/**
 * The way of our own words to other shelves. A batch is what one publish wrote; it stays
 * pending, on disk, until enough peers have signed that they hold it, and goes on when a
 * peer comes back or the node restarts.
 */
import { asSheafError, SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import { Batch, type BatchEntry, batchIn, HOLDERS_MIN, RETRIES, storedAmong } from './batch.ts'
import { nearestFirst, orderedPeers } from './choosing.ts'
import type { HeldProgress } from './commands.ts'
import { mayOffer } from './denials.ts'
import { mergeBatches } from './merging.ts'
import type { Connection, Node } from './node.ts'
import { furthest, isFurther, progressOf } from './progress.ts'
import { push, RENEW_BEFORE_MS, Unreadable } from './pushing.ts'
import { Retries } from './retries.ts'
import { learnHolders } from './revoking.ts'
import { SEEK_WITHIN_MS, Seeker } from './seeking.ts'
import { rootOfIds } from './shards.ts'
import type { Note, StoredBlock } from './store.ts'
import { begin, run, suspend, type Task } from './task.ts'
import type { Timer } from './timers.ts'

/** Pushes to one peer at a time, and in all: each may hold one batch in memory. */
const PUSHES_PER_PEER = 2
const PUSHES_MAX = 10
const PUSH_WITHIN_MS = 60_000
/** Failures that another batch would meet as well. */
const UNABLE: ReadonlySet<string> = new Set(['QUOTA_FULL', 'TIMEOUT'])
/** For those who wait for a batch while it is taken apart. */
const SUCCESSORS_MAX = 1_024
/** Promises are looked through so often. */
const RENEW_EVERY_MS = 12 * 3600_000

/** A block on its way into a batch: what a note says of it. */
type Entered = Pick<StoredBlock, 'id' | 'locator' | 'length'> & { owner?: Uint8Array }

export class Outbox {
  readonly #node: Node
  readonly #pending = new IdMap<Batch>()
  readonly #pushes = new IdMap<number>()
  /** Keepers without room, or that let a push run out of time: its place is for others meanwhile. */
  readonly #unable = new Retries(RETRIES)
  /** Batches that were taken apart in this life, and what goes on in their place, if anything. */
  readonly #successors = new IdMap<Uint8Array | undefined>(SUCCESSORS_MAX)
  #pushing = 0
  readonly #seeker: Seeker
  #renewTimer: Timer | undefined
  readonly #watchers = new Set<() => void>()
  /** What each watcher knows to be held: a batch that settles is added to them. */
  readonly #settled = new Set<IdSet>()

  constructor(node: Node) {
    this.#node = node
    this.#seeker = new Seeker(node, this.#pending, () => this.pump())
  }

  get pending(): { batches: number; oldestMs: number | undefined } {
    const madeMs = [...this.#pending.values()].flatMap((one) => (one.isRenewal ? [] : [one.madeMs]))
    return { batches: madeMs.length, oldestMs: madeMs.sort((a, b) => a - b)[0] }
  }

  /** Takes up what is pending on disk and not here: at the start, and after a write that failed halfway. Not beside a write. */
  *load(): Task<void> {
    const { store, env } = this.#node
    yield* learnHolders(this.#node)
    for (const { key, value } of yield* store.notes('pending')) {
      if (this.#pending.has(key)) continue
      const batch = yield* batchIn(store, key, value, env)
      batch.isRenewal = (yield* store.noted('holding', key)) !== undefined
      const here = yield* storedAmong(store, batch.entries)
      if (here.length === batch.entries.length) this.#pending.set(key, batch)
      else yield* this.#goOnWith(here, batch)
    }
    yield* this.#merge()
    yield* this.#renew()
    this.#seeker.seek()
    this.heed()
  }

  /** Promises that end soon count no more: who is there is asked again, or others, while the old ones still hold. */
  *#renew(): Task<void> {
    const { store, people, env } = this.#node
    // First, so that a disk that fails now does not end it; and once, however often it is called.
    this.#renewTimer?.cancel()
    this.#renewTimer = env.timers.at(env.nowMs() + RENEW_EVERY_MS, () => {
      run(this.#renew(), () => {
        this.#seeker.seek()
        this.pump()
      })
    })
    const endingMs = env.wallMs() + RENEW_BEFORE_MS
    const notes: Note[] = []
    for (const batch of this.#pending.values()) {
      if (!batch.forgetEndingBefore(endingMs)) continue
      notes.push({ table: 'pending', key: batch.root, value: batch.encode() })
    }
    for (const { key, value } of yield* store.notes('holding')) {
      if (this.#pending.has(key)) continue
      const held = Batch.decode(key, value, env)
      if (!held.forgetEndingBefore(endingMs) || held.held(people) >= HOLDERS_MIN) continue
      const batch = yield* batchIn(store, key, value, env)
      batch.forgetEndingBefore(endingMs)
      batch.isRenewal = true
      this.#pending.set(key, batch)
      notes.push({ table: 'pending', key, value: batch.encode() })
    }
    if (notes.length > 0) yield* store.note(notes, { sync: false })
  }

  /** A block does not read back: our keys are written anew, and what is left of the batch goes on without the rest. */
  *#mend(batch: Batch): Task<void> {
    if (this.#pending.get(batch.root) !== batch) return
    const { store, identity } = this.#node
    yield* store.append('outbox', identity.blocks, { sync: true })
    const here = yield* storedAmong(store, batch.entries)
    if (here.length === batch.entries.length || this.#pending.get(batch.root) !== batch) return
    this.#node.emit({
      type: 'failed',
      what: 'outbox',
      code: 'BAD_STORE',
      message: `${batch.entries.length - here.length} of ${batch.entries.length} blocks of a batch do not read back`,
    })
    yield* this.#goOnWith(here, batch)
    this.#seeker.seek()
  }

  /** What was published page by page while nobody was there goes on together. */
  *#merge(): Task<void> {
    const { store, reach } = this.#node
    for (const { batch, parts } of mergeBatches(this.#pending.values(), reach.usualDepth())) {
      const notes: Note[] = [{ table: 'pending', key: batch.root, value: batch.encode() }]
      for (const { root } of parts) {
        if (equalBytes(root, batch.root)) continue
        notes.push({ table: 'pending', key: root, value: undefined })
        this.#pending.delete(root)
        this.#successors.set(root, batch.root)
      }
      this.#pending.set(batch.root, batch)
      yield* store.note(notes, { sync: true })
    }
  }

  /** What is left of a batch goes on under a root of its own; the promises for the whole are kept as they are. */
  *#goOnWith(entries: BatchEntry[], whole: Batch): Task<void> {
    const notes: Note[] = [{ table: 'pending', key: whole.root, value: undefined }]
    this.#pending.delete(whole.root)
    this.#successors.set(whole.root, undefined)
    if (whole.holdings.size > 0) notes.push({ table: 'holding', key: whole.root, value: whole.encode() })
    if (entries.length > 0) {
      const rest = new Batch(rootOfIds(entries.map(({ id }) => id)), whole.madeMs, entries)
      notes.push({ table: 'pending', key: rest.root, value: rest.encode() })
      this.#pending.set(rest.root, rest)
      this.#successors.set(whole.root, rest.root)
    }
    yield* this.#node.store.note(notes, { sync: true })
  }

  /** The batches that still lack holders and contain one of these ids. */
  pendingWith(ids: readonly Uint8Array[]): Uint8Array[] {
    if (ids.length === 0) return []
    const wanted = new IdSet(ids)
    return [...this.#pending.values()]
      .filter(({ entries, isRenewal }) => !isRenewal && entries.some(({ id }) => wanted.has(id)))
      .map(({ root }) => root)
  }

  /** A batch, and the note that makes it durable together with its blocks. */
  form(blocks: readonly Entered[]): { batch: Batch; note: Note } {
    // Ids of their own: a batch may wait for long, and these may be views into all that came with them.
    const entries = blocks.map(({ id, locator, length, owner }): BatchEntry => {
      return { id: Uint8Array.from(id), locator, bytes: length, owner }
    })
    const root = rootOfIds(entries.map(({ id }) => id))
    const batch = new Batch(root, this.#node.env.wallMs(), entries)
    return { batch, note: { table: 'pending', key: root, value: batch.encode() } }
  }

  /** Starts to hand out a batch whose note and blocks are written. */
  begin(batch: Batch): void {
    this.#pending.set(batch.root, batch)
    for (const connection of this.#node.connections()) connection.meet()
    this.#seeker.seekSoon()
    this.pump()
  }

  /** How far these batches are. One that is not pending is held where `settled` has it, and else held by nobody. */
  #progress(roots: readonly Uint8Array[], settled: IdSet): HeldProgress {
    const batches = roots.map((root) => {
      const last = this.#lastOf(root)
      return this.#pending.get(last) ?? (settled.has(last) ? 'settled' : 'lost')
    })
    return progressOf(this.#node, this.#node.connections().filter(isAccepting), batches)
  }

  /** Waits until all are held, or nothing has moved for `patienceMs`. */
  *held(
    roots: readonly Uint8Array[],
    patienceMs: number,
    tell: (progress: HeldProgress) => void,
  ): Task<HeldProgress> {
    const { env } = this.#node
    const settled = yield* this.#settledAmong(roots)
    this.#settled.add(settled)
    let end = (): void => {}
    let look = (): void => {}
    let timer = env.timers.at(env.nowMs() + patienceMs, () => end())
    try {
      return yield* suspend<HeldProgress>((resume) => {
        let last = this.#progress(roots, settled)
        let best = furthest(last, last)
        end = () => resume({ value: this.#progress(roots, settled) })
        look = () => {
          const now = this.#progress(roots, settled)
          if (now.isHeld && !this.#mayGrow) return end()
          if (now.batchesHeld === last.batchesHeld && now.held === last.held && now.peers === last.peers)
            return
          last = now
          tell(now)
          if (!isFurther(now, best)) return
          best = furthest(now, best)
          timer.cancel()
          timer = env.timers.at(env.nowMs() + patienceMs, () => end())
        }
        if (last.isHeld && !this.#mayGrow) return end()
        this.#watchers.add(look)
      })
    } finally {
      timer.cancel()
      this.#watchers.delete(look)
      this.#settled.delete(settled)
    }
  }

  /** Which of these roots have all their holders: a root that nobody wrote has none. */
  *#settledAmong(roots: readonly Uint8Array[]): Task<IdSet> {
    const settled = new IdSet()
    for (const root of roots.map((one) => this.#lastOf(one))) {
      if (this.#pending.has(root) || this.#successors.has(root)) continue
      if ((yield* this.#node.store.noted('holding', root)) !== undefined) settled.add(root)
    }
    return settled
  }

  /** The root under which a batch goes on that was taken apart. */
  #lastOf(root: Uint8Array): Uint8Array {
    const next = this.#successors.get(root)
    return next === undefined ? root : this.#lastOf(next)
  }

  /** The holdings over an id. */
  *holdersOf(id: Uint8Array): Task<{ holders: Uint8Array[]; isPending: boolean }> {
    const holders = new IdMap<Uint8Array>()
    let isPending = false
    // The younger promises last: they stand for those that they renew.
    for (const table of ['holding', 'pending'] as const) {
      for (const { key, value } of yield* this.#node.store.notes(table)) {
        const { entries, holdings } = Batch.decode(key, value, this.#node.env)
        const at = entries.findIndex((entry) => equalBytes(entry.id, id))
        if (at < 0) continue
        isPending ||= table === 'pending' && this.#pending.get(key)?.isRenewal !== true
        for (const [device, { record, part }] of holdings) {
          if (part === undefined || part.has(at)) holders.set(device, record)
        }
      }
    }
    return { holders: [...holders.values()], isPending }
  }

  /** Pushes what can be pushed now. Called whenever a peer comes, a push ends, or a batch is new. */
  pump(): void {
    for (const look of [...this.#watchers]) look()
    if (this.#pending.size === 0) return
    const { people, reach } = this.#node
    const peers = orderedPeers(this.#node).filter((peer) => isAccepting(peer) && !peer.isMeeting)
    for (const batch of this.#pending.values()) {
      if (this.#pushing >= PUSHES_MAX) return
      const able = peers.filter((peer) => this.#mayTake(batch, peer))
      for (const peer of nearestFirst(this.#node, able, batch.places(reach.usualDepth()))) {
        if (this.#pushing >= PUSHES_MAX) return
        const covers = (locator: Uint8Array): boolean => reach.covers(peer, locator)
        const offered = batch.offerFor(peer.device, people, covers, (one) => mayOffer(this.#node, one))
        if (offered.length > 0) this.#begin(batch, peer, offered)
      }
    }
  }

  #mayTake(batch: Batch, peer: Connection): boolean {
    const { env, reach } = this.#node
    const { device } = peer
    if (batch.busy.has(device) || (this.#pushes.get(device) ?? 0) >= PUSHES_PER_PEER) return false
    if (!batch.concerns((locator) => reach.covers(peer, locator))) return false
    return this.#unable.mayAsk(device, env.nowMs()) && batch.retries.mayAsk(device, env.nowMs())
  }

  /** Promises of those that the operator blocked no longer count. */
  heed(): void {
    const { retention, people } = this.#node
    for (const batch of this.#pending.values())
      batch.heed((device) => retention.talksTo(device, people.entityOf(device)))
    this.pump()
  }

  /** Whether there may soon be more keepers: a peer that has just come may turn out to be one, and one of one is not yet all of them. */
  get #mayGrow(): boolean {
    return this.#seeker.isSeeking || this.#node.connections().some(({ isMeeting }) => isMeeting)
  }

  #begin(batch: Batch, peer: Connection, offered: readonly number[]): void {
    const { device } = peer
    batch.busy.set(device, new Set(offered))
    this.#pushing += 1
    this.#pushes.set(device, (this.#pushes.get(device) ?? 0) + 1)
    run(this.#push(batch, peer, offered), (outcome) => {
      batch.busy.delete(device)
      this.#pushing -= 1
      this.#pushes.set(device, (this.#pushes.get(device) ?? 1) - 1)
      if ('error' in outcome) this.#failed(batch, device, outcome.error)
      else {
        batch.retries.succeeded(device)
        this.#unable.succeeded(device)
      }
      this.pump()
    })
  }

  /** Who has no room, or no time, is left alone with everything, who failed with this batch; what our own disk lost is nobody's fault. */
  #failed(batch: Batch, device: Uint8Array, error: unknown): void {
    const { code, message } = asSheafError(error)
    const { nowMs, timers } = this.#node.env
    const again = (): void => this.pump()
    if (error instanceof Unreadable) {
      run(this.#mend(batch), (outcome) => {
        if ('error' in outcome) this.#node.emit({ type: 'failed', what: 'outbox', code, message })
        // Where the batch is what it was, the next push would fail as this one did.
        if (this.#pending.get(batch.root) === batch) timers.at(batch.retries.failed(device, nowMs()), again)
        this.pump()
      })
      return
    }
    const retries = UNABLE.has(code) ? this.#unable : batch.retries
    timers.at(retries.failed(device, nowMs()), again)
    this.#node.emit({ type: 'push failed', device, code, message })
  }

  *#push(batch: Batch, peer: Connection, offered: readonly number[]): Task<void> {
    const { env, reach } = this.#node
    const { device } = peer
    const { record, kept, named, isFull } = yield* push(
      this.#node,
      peer,
      batch,
      offered,
      env.nowMs() + PUSH_WITHIN_MS,
    )
    if (named.length > 0) begin(reach.meet(named, env.nowMs() + SEEK_WITHIN_MS))
    if (record !== undefined) {
      if (!batch.add(device, record, kept)) throw new SheafError('REFUSED', 'the promise adds nothing')
      env.evidence.observe(device, { type: 'gave a holding', count: kept.size }, env.nowMs())
      yield* this.#settle(batch, device)
    }
    // What it took counts; it is asked for the rest again, as one that failed is.
    if (kept.size < offered.length) {
      const took = kept.size === 0 ? 'none' : String(kept.size)
      throw new SheafError(isFull ? 'QUOTA_FULL' : 'REFUSED', `the peer took ${took} of ${offered.length}`)
    }
  }

  /** Writes a new holding down, and whose it is; a batch with enough of them leaves the pending table. */
  *#settle(batch: Batch, device: Uint8Array): Task<void> {
    const { people, store } = this.#node
    const isDone = batch.signed(people) >= HOLDERS_MIN
    const { value, written } = batch.toWrite()
    const entity = people.entityOf(device)
    const notes: Note[] = isDone
      ? [
          { table: 'holding', key: batch.root, value },
          { table: 'pending', key: batch.root, value: undefined },
        ]
      : [{ table: 'pending', key: batch.root, value }]
    if (entity !== undefined) notes.push({ table: 'peer', key: device, value: entity })
    yield* store.note(notes, { sync: false })
    written()
    if (isDone && this.#pending.get(batch.root) === batch) {
      this.#pending.delete(batch.root)
      for (const settled of this.#settled) settled.add(batch.root)
    }
    this.#node.emit({
      type: 'held',
      root: batch.root,
      blocks: batch.entries.length,
      holders: batch.held(people),
    })
  }
}

const isAccepting = ({ client }: Connection): boolean => client.isOpen && client.acceptsStores
