/**
 * The way of our own words to other shelves. A batch is what one publish wrote; it stays
 * pending, on disk, until enough peers have signed that they hold it, and goes on when a
 * peer comes back or the node restarts.
 */
import {
  bytes as bytesCodec,
  decode,
  encode,
  id32,
  list,
  optional,
  struct,
  uint,
  type Value,
} from '../base/codec.ts'
import { asSheafError, SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import { BLOCK_BYTES_MAX, RECORD_BYTES_MAX } from '../base/limits.ts'
import { HOLDING, holding } from '../content/statement.ts'
import { orderedPeers } from './choosing.ts'
import type { HeldProgress } from './commands.ts'
import type { Connection, Node } from './node.ts'
import { verifyStatement } from './peer.ts'
import { rootOfIds } from './shards.ts'
import type { Note, StoredBlock } from './store.ts'
import { run, suspend, type Task } from './task.ts'
import { ASK_IDS_MAX, type Item, RESULT_BYTES } from './wire.ts'

/** Holders that a batch needs before its publisher is told that it is held: min(5, N). */
export const HOLDERS_MIN = 5
/** Pushes to one peer at a time, and in all: each may hold one batch in memory. */
const PUSHES_PER_PEER = 2
const PUSHES_MAX = 10
const PUSH_WITHIN_MS = 60_000
/** A peer that could not take a batch is asked again after this. */
const RETRY_AFTER_MS = 30_000

const batchEntry = struct({ id: id32, locator: id32, bytes: uint(BLOCK_BYTES_MAX), owner: optional(id32) })
export type BatchEntry = Value<typeof batchEntry>

const batchNote = struct({
  madeMs: uint(2 ** 48),
  entries: list(batchEntry, ASK_IDS_MAX, 1),
  holdings: list(bytesCodec(RECORD_BYTES_MAX), 64),
})

/** The holdings in a note `pending` or `holding`. */
export function holdingsIn(note: Uint8Array): Uint8Array[] {
  return decode(batchNote, note).holdings
}

interface Batch {
  root: Uint8Array
  madeMs: number
  entries: BatchEntry[]
  holdings: IdMap<Uint8Array>
  /** Devices that a push is under way to, or that failed: when they may be asked again. */
  busy: IdSet
  retryMs: IdMap<number>
}

export class Outbox {
  readonly #node: Node
  readonly #pending = new IdMap<Batch>()
  readonly #pushes = new IdMap<number>()
  #pushing = 0
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
    for (const { key, value } of yield* this.#node.store.notes('pending')) {
      const { madeMs, entries, holdings } = decode(batchNote, value)
      const here = yield* this.#stored(entries)
      if (here.length < entries.length) {
        yield* this.#goOnWith(here, { key, value, madeMs })
        continue
      }
      const batch = newBatch(key, madeMs, entries)
      for (const record of holdings)
        batch.holdings.set(verifyStatement(record, this.#node.env.network).signer, record)
      this.#pending.set(key, batch)
    }
    this.pump()
  }

  /** The entries whose blocks, and owners, are in the store: a crash may come between a batch's note and its blocks. */
  *#stored(entries: BatchEntry[]): Task<BatchEntry[]> {
    const metas = yield* this.#node.store.meta(entries.map(({ id }) => id))
    const here = new IdSet(entries.flatMap(({ id }, i) => (metas[i] === undefined ? [] : [id])))
    return entries.filter(({ id, owner }) => here.has(id) && (owner === undefined || here.has(owner)))
  }

  /** What is left of a batch goes on under a root of its own; the promises for the whole are kept as they are. */
  *#goOnWith(
    entries: BatchEntry[],
    whole: { key: Uint8Array; value: Uint8Array; madeMs: number },
  ): Task<void> {
    const notes: Note[] = [{ table: 'pending', key: whole.key, value: undefined }]
    if (holdingsIn(whole.value).length > 0) {
      notes.push({ table: 'holding', key: whole.key, value: whole.value })
    }
    if (entries.length > 0) {
      const rest = newBatch(rootOfIds(entries.map(({ id }) => id)), whole.madeMs, entries)
      notes.push({ table: 'pending', key: rest.root, value: encodeBatch(rest) })
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
    const batch = newBatch(root, this.#node.env.nowMs(), entries)
    return { root, note: { table: 'pending', key: root, value: encodeBatch(batch) } }
  }

  /** Starts to hand out a batch whose note and blocks are written. */
  begin(note: Note): void {
    const { madeMs, entries } = decode(batchNote, note.value!)
    this.#pending.set(note.key, newBatch(note.key, madeMs, entries))
    for (const connection of this.#node.connections()) connection.meet()
    this.pump()
  }

  /** How far these batches are: those that are no longer pending have reached HOLDERS_MIN. */
  progress(roots: readonly Uint8Array[]): HeldProgress {
    const peers = this.#accepting().length
    const target = Math.min(HOLDERS_MIN, peers)
    const counts = roots.map((root) => this.#pending.get(root)?.holdings.size ?? HOLDERS_MIN)
    const batchesHeld = counts.filter((count) => target > 0 && count >= target).length
    const held = counts.length === 0 ? 0 : Math.min(...counts)
    return { held, target, peers, batches: roots.length, batchesHeld, isHeld: batchesHeld === roots.length }
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
        if (now.isHeld && !outbox.#isMeeting) return end()
        if (now.batchesHeld === last.batchesHeld && now.held === last.held && now.peers === last.peers) return
        last = now
        tell(now)
        timer.cancel()
        timer = timers.at(outbox.#node.env.nowMs() + patienceMs, end)
      }
      if (last.isHeld && !this.#isMeeting) return end()
      this.#watchers.add(look)
    })
  }

  /** The holdings of the batches that contain an id. */
  *holdersOf(id: Uint8Array): Task<{ holders: Uint8Array[]; isPending: boolean }> {
    const holders = new IdMap<Uint8Array>()
    let isPending = false
    for (const table of ['pending', 'holding'] as const) {
      for (const { value } of yield* this.#node.store.notes(table)) {
        const { entries, holdings } = decode(batchNote, value)
        if (!entries.some((entry) => equalBytes(entry.id, id))) continue
        isPending ||= table === 'pending'
        for (const record of holdings)
          holders.set(verifyStatement(record, this.#node.env.network).signer, record)
      }
    }
    return { holders: [...holders.values()], isPending }
  }

  /** Pushes what can be pushed now. Called whenever a peer comes, a push ends, or a batch is new. */
  pump(): void {
    for (const look of [...this.#watchers]) look()
    const nowMs = this.#node.env.nowMs()
    const peers = this.#accepting()
    for (const batch of this.#pending.values()) {
      for (const peer of peers) {
        if (this.#pushing >= PUSHES_MAX) return
        if (batch.holdings.size + batch.busy.size >= HOLDERS_MIN) break
        const { device } = peer
        const isFree = (this.#pushes.get(device) ?? 0) < PUSHES_PER_PEER
        const mayAsk =
          !batch.holdings.has(device) && !batch.busy.has(device) && (batch.retryMs.get(device) ?? 0) <= nowMs
        if (isFree && mayAsk) this.#begin(batch, peer)
      }
    }
  }

  /** Whether a peer that has just come may still turn out to keep pages: one of one is not yet all of them. */
  get #isMeeting(): boolean {
    return this.#node.connections().some(({ isMeeting }) => isMeeting)
  }

  #accepting(): Connection[] {
    return orderedPeers(this.#node).filter(({ client }) => client.isOpen && client.acceptsStores)
  }

  #begin(batch: Batch, peer: Connection): void {
    const { device } = peer
    batch.busy.add(device)
    this.#pushing += 1
    this.#pushes.set(device, (this.#pushes.get(device) ?? 0) + 1)
    run(this.#push(batch, peer), (outcome) => {
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

  *#push(batch: Batch, peer: Connection): Task<void> {
    const { entries } = batch
    const query = {
      type: 'store' as const,
      offers: entries.map(({ id, locator, bytes, owner }) => ({ id, locator, bytes, owner })),
    }
    const wanted: number[] = []
    const kept: Uint8Array[] = []
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
          if (answer.type === 'wanted' || answer.type === 'held') kept.push(entry.id)
        }
        if (answered === entries.length && wanted.length > 0 && record === undefined) {
          run(this.#deliver(batch, peer, query, wanted.splice(0)), (outcome) => {
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
    if (record === undefined || kept.length < entries.length) {
      const code = isFull ? 'QUOTA_FULL' : 'REFUSED'
      throw new SheafError(code, `the peer took ${kept.length} of ${entries.length}`)
    }
    this.#checkHolding(record, peer, batch)
    batch.holdings.set(peer.device, record)
    this.#node.env.evidence.observe(
      peer.device,
      { type: 'gave a holding', count: entries.length },
      this.#node.env.nowMs(),
    )
    yield* this.#settle(batch)
  }

  #checkHolding(record: Uint8Array, peer: Connection, batch: Batch): void {
    const statement = verifyStatement(record, this.#node.env.network)
    const promise = decode(holding, statement.body)
    const isRight =
      statement.kind === HOLDING &&
      equalBytes(statement.signer, peer.device) &&
      equalBytes(promise.root, batch.root) &&
      promise.count === batch.entries.length &&
      promise.until > this.#node.env.nowMs()
    if (!isRight) throw new SheafError('BAD_PROOF', 'a holding that does not promise what was given')
  }

  *#deliver(
    batch: Batch,
    peer: Connection,
    query: Parameters<Connection['client']['deliver']>[0],
    wanted: number[],
  ): Task<void> {
    const blocks = yield* this.#node.store.get(wanted.map((index) => batch.entries[index]!.id))
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

  /** Writes a new holding down; a batch with enough of them leaves the pending table. */
  *#settle(batch: Batch): Task<void> {
    const isDone = batch.holdings.size >= HOLDERS_MIN
    const value = encodeBatch(batch)
    const notes: Note[] = isDone
      ? [
          { table: 'holding', key: batch.root, value },
          { table: 'pending', key: batch.root, value: undefined },
        ]
      : [{ table: 'pending', key: batch.root, value }]
    yield* this.#node.store.note(notes, { sync: false })
    if (isDone) this.#pending.delete(batch.root)
    this.#node.emit({
      type: 'held',
      root: batch.root,
      blocks: batch.entries.length,
      holders: batch.holdings.size,
    })
  }
}

function newBatch(root: Uint8Array, madeMs: number, entries: BatchEntry[]): Batch {
  return { root, madeMs, entries, holdings: new IdMap(), busy: new IdSet(), retryMs: new IdMap() }
}

function encodeBatch({ madeMs, entries, holdings }: Batch): Uint8Array {
  return encode(batchNote, { madeMs, entries, holdings: [...holdings.values()] })
}
