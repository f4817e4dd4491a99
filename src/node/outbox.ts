/**
 * The way of our own words to other shelves. A batch is what one publish wrote; it stays
 * pending, on disk, until enough peers have signed that they hold it, and goes on when a
 * peer comes back or the node restarts.
 */
import { decode } from '../base/codec.ts'
import { asSheafError, SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap, IdSet, idKey } from '../base/id-map.ts'
import { HOLDING, holding } from '../content/statement.ts'
import { Batch, type BatchEntry, HOLDERS_MIN } from './batch.ts'
import { orderedPeers } from './choosing.ts'
import type { HeldProgress } from './commands.ts'
import type { Connection, Node } from './node.ts'
import { verifyStatement } from './peer.ts'
import { prefixOf, rootOfIds } from './shards.ts'
import type { Note, StoredBlock } from './store.ts'
import { begin, forEach, run, suspend, type Task } from './task.ts'
import type { Timer } from './timers.ts'
import { type Item, RESULT_BYTES } from './wire.ts'

/** Pushes to one peer at a time, and in all: each may hold one batch in memory. */
const PUSHES_PER_PEER = 2
const PUSHES_MAX = 10
const PUSH_WITHIN_MS = 60_000
/** A peer that could not take a batch is asked again after this. */
const RETRY_AFTER_MS = 30_000
/** Keepers of a pending batch are looked for at once, and again after this; so many shards at a time, each for so long. */
const SEEK_AGAIN_MS = 5 * 60_000
const SEEK_AT_ONCE = 3
const SEEK_WITHIN_MS = 10_000

export class Outbox {
  readonly #node: Node
  readonly #pending = new IdMap<Batch>()
  readonly #pushes = new IdMap<number>()
  #pushing = 0
  #isSeeking = false
  #seekTimer: Timer | undefined
  #watchers = new Set<() => void>()

  constructor(node: Node) {
    this.#node = node
  }

  get pending(): { batches: number; oldestMs: number | undefined } {
    let oldestMs: number | undefined
    for (const { madeMs } of this.#pending.values()) oldestMs = Math.min(oldestMs ?? madeMs, madeMs)
    return { batches: this.#pending.size, oldestMs }
  }

  /** Takes up what was pending when the node last stopped. */
  *load(): Task<void> {
    const { store, people, env } = this.#node
    for (const { key, value } of yield* store.notes('peer')) people.learn(key, value)
    for (const { key, value } of yield* store.notes('pending')) {
      const batch = Batch.decode(key, value, env)
      const here = yield* this.#stored(batch.entries)
      if (here.length === batch.entries.length) this.#pending.set(key, batch)
      else yield* this.#goOnWith(here, batch)
    }
    this.#seek()
    this.pump()
  }

  /** The entries whose blocks, and owners, are in the store: a crash may come between a batch's note and its blocks. */
  *#stored(entries: readonly BatchEntry[]): Task<BatchEntry[]> {
    const metas = yield* this.#node.store.meta(entries.map(({ id }) => id))
    const here = new IdSet(entries.flatMap(({ id }, i) => (metas[i] === undefined ? [] : [id])))
    return entries.filter(({ id, owner }) => here.has(id) && (owner === undefined || here.has(owner)))
  }

  /** What is left of a batch goes on under a root of its own; the promises for the whole are kept as they are. */
  *#goOnWith(entries: BatchEntry[], whole: Batch): Task<void> {
    const notes: Note[] = [{ table: 'pending', key: whole.root, value: undefined }]
    if (whole.holdings.size > 0) notes.push({ table: 'holding', key: whole.root, value: whole.encode() })
    if (entries.length > 0) {
      const rest = new Batch(rootOfIds(entries.map(({ id }) => id)), whole.madeMs, entries)
      notes.push({ table: 'pending', key: rest.root, value: rest.encode() })
      this.#pending.set(rest.root, rest)
    }
    yield* this.#node.store.note(notes, { sync: true })
  }

  /** The batches that still lack holders and contain one of these ids. */
  pendingWith(ids: readonly Uint8Array[]): Uint8Array[] {
    if (ids.length === 0) return []
    const wanted = new IdSet(ids)
    return [...this.#pending.values()]
      .filter(({ entries }) => entries.some(({ id }) => wanted.has(id)))
      .map(({ root }) => root)
  }

  /** The note that makes a batch durable together with its blocks, and its root. */
  form(blocks: readonly (StoredBlock & { owner?: Uint8Array })[]): { root: Uint8Array; note: Note } {
    const entries: BatchEntry[] = blocks.map(({ id, locator, length, owner }) => ({
      id,
      locator,
      bytes: length,
      owner,
    }))
    const root = rootOfIds(entries.map(({ id }) => id))
    const batch = new Batch(root, this.#node.env.nowMs(), entries)
    return { root, note: { table: 'pending', key: root, value: batch.encode() } }
  }

  /** Starts to hand out a batch whose note and blocks are written. */
  begin(note: Note): void {
    this.#pending.set(note.key, Batch.decode(note.key, note.value!, this.#node.env))
    for (const connection of this.#node.connections()) connection.meet()
    this.#seek()
    this.pump()
  }

  /** How far these batches are: those that are no longer pending have reached HOLDERS_MIN. */
  progress(roots: readonly Uint8Array[]): HeldProgress {
    const { people, reach } = this.#node
    const accepting = this.#accepting()
    const persons = people.count(accepting.map(({ device }) => device))
    const depth = reach.usualDepth()
    const counted = new Map<string, number>()
    const keepersAt = (place: Uint8Array): number => {
      const key = shardKey(place, depth)
      const known = counted.get(key)
      if (known !== undefined) return known
      const keepers = accepting.filter((peer) => reach.covers(peer, place))
      const count = people.count(keepers.map(({ device }) => device))
      counted.set(key, count)
      return count
    }
    const each = roots.map((root) => {
      const batch = this.#pending.get(root)
      if (batch === undefined) return { held: HOLDERS_MIN, target: HOLDERS_MIN }
      const keepers = batch.places(depth).map(keepersAt)
      return { held: batch.held(people), target: Math.min(HOLDERS_MIN, ...keepers) }
    })
    const batchesHeld = each.filter(({ held, target }) => target > 0 && held >= target).length
    const none = { held: 0, target: Math.min(HOLDERS_MIN, persons) }
    const least = each.reduce((a, b) => (b.held < a.held ? b : a), each[0] ?? none)
    const [peers, batches] = [persons, roots.length]
    return { ...least, peers, batches, batchesHeld, isHeld: batchesHeld === batches }
  }

  /** Waits until all are held, or nothing has moved for `patienceMs`. */
  *held(
    roots: readonly Uint8Array[],
    patienceMs: number,
    tell: (progress: HeldProgress) => void,
  ): Task<HeldProgress> {
    return yield* suspend<HeldProgress>((resume) => {
      const { timers } = this.#node.env
      let last = this.progress(roots)
      let timer = timers.at(this.#node.env.nowMs() + patienceMs, end)
      const outbox = this
      function end(): void {
        timer.cancel()
        outbox.#watchers.delete(look)
        resume({ value: outbox.progress(roots) })
      }
      function look(): void {
        const now = outbox.progress(roots)
        if (now.isHeld && !outbox.#mayGrow) return end()
        if (now.batchesHeld === last.batchesHeld && now.held === last.held && now.peers === last.peers) return
        last = now
        tell(now)
        timer.cancel()
        timer = timers.at(outbox.#node.env.nowMs() + patienceMs, end)
      }
      if (last.isHeld && !this.#mayGrow) return end()
      this.#watchers.add(look)
    })
  }

  /** The holdings over an id. */
  *holdersOf(id: Uint8Array): Task<{ holders: Uint8Array[]; isPending: boolean }> {
    const holders = new IdMap<Uint8Array>()
    let isPending = false
    for (const table of ['pending', 'holding'] as const) {
      for (const { key, value } of yield* this.#node.store.notes(table)) {
        const { entries, holdings } = Batch.decode(key, value, this.#node.env)
        const at = entries.findIndex((entry) => equalBytes(entry.id, id))
        if (at < 0) continue
        isPending ||= table === 'pending'
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
    const nowMs = this.#node.env.nowMs()
    const peers = this.#accepting().filter(({ isMeeting }) => !isMeeting)
    for (const batch of this.#pending.values()) {
      for (const peer of peers) {
        if (this.#pushing >= PUSHES_MAX) return
        const { device } = peer
        const isFree = (this.#pushes.get(device) ?? 0) < PUSHES_PER_PEER
        if (!isFree || batch.busy.has(device) || (batch.retryMs.get(device) ?? 0) > nowMs) continue
        const offered = batch.offerFor(device, this.#node.people, (locator) => {
          return this.#node.reach.covers(peer, locator)
        })
        if (offered.length > 0) this.#begin(batch, peer, offered)
      }
    }
  }

  /** Has keepers looked for in the shards of all that is pending, now and again until it is held. */
  #seek(): void {
    this.#seekTimer?.cancel()
    this.#seekTimer = undefined
    if (this.#isSeeking || this.#pending.size === 0) return
    this.#isSeeking = true
    run(this.#seekAll(), () => {
      this.#isSeeking = false
      const { timers, nowMs } = this.#node.env
      this.#seekTimer = timers.at(nowMs() + SEEK_AGAIN_MS, () => this.#seek())
      this.pump()
    })
  }

  /** Batches that come meanwhile are looked for as well. */
  *#seekAll(): Task<void> {
    const { reach, env } = this.#node
    const sought = new Set<string>()
    for (;;) {
      const depth = reach.usualDepth()
      const fresh = new Map<string, Uint8Array>()
      for (const batch of this.#pending.values()) {
        for (const place of batch.places(depth)) {
          const key = shardKey(place, depth)
          if (!sought.has(key)) fresh.set(key, place)
        }
      }
      if (fresh.size === 0) return
      for (const key of fresh.keys()) sought.add(key)
      yield* forEach(fresh.values(), SEEK_AT_ONCE, function* (place) {
        yield* reach.reach(place, HOLDERS_MIN, env.nowMs() + SEEK_WITHIN_MS)
      })
    }
  }

  /** Whether there may soon be more keepers: a peer that has just come may turn out to be one, and one of one is not yet all of them. */
  get #mayGrow(): boolean {
    return this.#isSeeking || this.#node.connections().some(({ isMeeting }) => isMeeting)
  }

  #accepting(): Connection[] {
    return orderedPeers(this.#node).filter(({ client }) => client.isOpen && client.acceptsStores)
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
      const nowMs = this.#node.env.nowMs()
      if ('error' in outcome) {
        const { code, message } = asSheafError(outcome.error)
        batch.retryMs.set(device, nowMs + RETRY_AFTER_MS)
        this.#node.env.timers.at(nowMs + RETRY_AFTER_MS, () => this.pump())
        this.#node.emit({ type: 'push failed', device, code, message })
      }
      this.pump()
    })
  }

  *#push(batch: Batch, peer: Connection, offered: readonly number[]): Task<void> {
    const entries = offered.map((i) => batch.entries[i]!)
    const query = {
      type: 'store' as const,
      offers: entries.map(({ id, locator, bytes, owner }) => ({ id, locator, bytes, owner })),
    }
    const wanted: number[] = []
    const kept = new Set<number>()
    const named: Uint8Array[] = []
    let answered = 0
    let isFull = false
    let record: Uint8Array | undefined
    const listener = {
      items: (items: Item[]): void => {
        for (const { index, answer } of items) {
          if (answer.type === 'holding') {
            record = answer.record
            continue
          }
          const entry = entries[index]
          if (entry === undefined) throw new SheafError('WRONG_QUERY', 'an answer to something not offered')
          answered += 1
          if (answer.type === 'refused' && answer.reason.type === 'full') isFull = true
          if (answer.type === 'wanted') wanted.push(index)
          if (answer.type === 'wanted' || answer.type === 'held') kept.add(offered[index]!)
          if (answer.type === 'moved') named.push(...answer.to)
        }
        if (answered === entries.length && wanted.length > 0 && record === undefined) {
          run(this.#deliver(entries, peer, query, wanted.splice(0)), (outcome) => {
            if ('error' in outcome)
              this.#node.emit({
                type: 'push failed',
                device: peer.device,
                code: asSheafError(outcome.error).code,
              })
          })
        }
      },
    }
    yield* peer.client.ask(query, listener, this.#node.env.nowMs() + PUSH_WITHIN_MS)
    if (named.length > 0) begin(this.#node.reach.meet(named, this.#node.env.nowMs() + SEEK_WITHIN_MS))
    if (record === undefined || kept.size === 0) {
      throw new SheafError(isFull ? 'QUOTA_FULL' : 'REFUSED', `the peer took none of ${entries.length}`)
    }
    this.#checkHolding(
      record,
      peer,
      [...kept].map((i) => batch.entries[i]!.id),
    )
    batch.add(peer.device, record, kept)
    this.#node.env.evidence.observe(
      peer.device,
      { type: 'gave a holding', count: kept.size },
      this.#node.env.nowMs(),
    )
    yield* this.#settle(batch, peer.device)
    if (kept.size < entries.length) {
      // What it took counts; it is asked for the rest again, as one that failed is.
      throw new SheafError(
        isFull ? 'QUOTA_FULL' : 'REFUSED',
        `the peer took ${kept.size} of ${entries.length}`,
      )
    }
  }

  #checkHolding(record: Uint8Array, peer: Connection, ids: Uint8Array[]): void {
    const statement = verifyStatement(record, this.#node.env)
    const promise = decode(holding, statement.body)
    const isRight =
      statement.kind === HOLDING &&
      equalBytes(statement.signer, peer.device) &&
      equalBytes(promise.root, rootOfIds(ids)) &&
      promise.count === ids.length &&
      promise.until > this.#node.env.nowMs()
    if (!isRight) throw new SheafError('BAD_PROOF', 'a holding that does not promise what was given')
  }

  *#deliver(
    entries: readonly BatchEntry[],
    peer: Connection,
    query: Parameters<Connection['client']['deliver']>[0],
    wanted: number[],
  ): Task<void> {
    const blocks = yield* this.#node.store.get(wanted.map((index) => entries[index]!.id))
    let items: { index: number; bytes: Uint8Array }[] = []
    let size = 0
    for (const [i, index] of wanted.entries()) {
      const bytes = blocks[i]
      if (bytes === undefined) throw new SheafError('BAD_STORE', 'a block of the outbox does not read back')
      if (size > 0 && size + bytes.byteLength > RESULT_BYTES) {
        peer.client.deliver(query, items, false)
        items = []
        size = 0
      }
      items.push({ index, bytes })
      size += bytes.byteLength
    }
    peer.client.deliver(query, items, true)
  }

  /** Writes a new holding down, and whose it is; a batch with enough of them leaves the pending table. */
  *#settle(batch: Batch, device: Uint8Array): Task<void> {
    const { people, store } = this.#node
    const holders = batch.held(people)
    const isDone = holders >= HOLDERS_MIN
    const value = batch.encode()
    const entity = people.entityOf(device)
    const notes: Note[] = isDone
      ? [
          { table: 'holding', key: batch.root, value },
          { table: 'pending', key: batch.root, value: undefined },
        ]
      : [{ table: 'pending', key: batch.root, value }]
    if (entity !== undefined) notes.push({ table: 'peer', key: device, value: entity })
    yield* store.note(notes, { sync: false })
    if (isDone) this.#pending.delete(batch.root)
    this.#node.emit({ type: 'held', root: batch.root, blocks: batch.entries.length, holders })
  }
}

const shardKey = (locator: Uint8Array, depth: number): string => idKey(prefixOf(locator, depth))
