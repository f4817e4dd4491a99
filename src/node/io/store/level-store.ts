/**
 * The store of a node on disk.
 *
 *     append ─► WriteQueue ─► feed (segments) ─► index (one batch) ─► sync? ─► both logs fdatasync'ed ─► resolved
 *     get    ─► index (ids → places) ─► segments, from the cache or the feed ─► checksum ─► bytes
 *
 * What it promises. Without `sync`: all that was acknowledged survives the end of the process
 * (kill -9), since feed and index were handed to the kernel. With `sync`: before the acknowledgement,
 * fdatasync has completed on the write-ahead logs of both, so it survives power loss with all that
 * was acknowledged before. The index is synced too although it could be derived: LevelDB may come back
 * from a power loss with a hole in what was not synced, and no hole may lie before something that was.
 */
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { SheafError } from '../../../base/errors.ts'
import { IdMap } from '../../../base/id-map.ts'
import {
  type BlockMeta,
  checkStorable,
  type Describe,
  type Feed,
  type Note,
  type NoteTable,
  type Store,
  type StoredBlock,
  type Usage,
} from '../../store.ts'
import { BlockIndex, type IndexBatch } from './block-index.ts'
import { type Disk, realDisk } from './disk.ts'
import { diskError } from './disk-error.ts'
import { Feeds } from './feeds.ts'
import { type IndexedBlock, metaOf } from './index-keys.ts'
import { type HomeLock, lockHome } from './lock.ts'
import { LogSync } from './log-sync.ts'
import { openIndex } from './migrate.ts'
import { catchUp, rebuild } from './reindex.ts'
import { packSegments } from './segment.ts'
import type { Position } from './segment-cache.ts'
import { SpaceGuard } from './space-guard.ts'
import { type Write, WriteQueue } from './write-queue.ts'

const INCARNATION_BYTES = 16
/** Holds the 1,000 blocks of 4 KB that were written or read last; a reader in random order rereads none of them. */
const CACHE_BYTES_MAX = 8 * 1024 * 1024
/** Segments that are read at once: 4 MB, and enough for RocksDB to be busy. */
const READS_AT_ONCE = 256
/** Damaged blocks that are remembered, so that they can be stored anew. */
const DAMAGED_MAX = 65_536

export interface StoreOptions {
  /** The directory of the node; made where there is none. */
  home: string
  /** 16 bytes, drawn when the store was made or restored. A new one opens new feeds; old ones stay readable. */
  incarnation: Uint8Array
  describe: Describe
  /** Of this home, where the caller already has it: it stays the caller's to release. */
  lock?: HomeLock
  cacheBytesMax?: number
  /** Saves what can be saved of an index that does not open, and makes the rest again. */
  repair?: boolean
  /** For tests. */
  disk?: Disk
}

/**
 * Opens the store of a home, and makes it where there is none. Mends what a crash left behind.
 * Errors: ALREADY_RUNNING, BAD_STORE (permissions, damage, a format that is too new), DISK_FULL.
 */
export async function openStore(options: StoreOptions): Promise<LevelStore> {
  const { home, incarnation, describe, disk = realDisk, cacheBytesMax = CACHE_BYTES_MAX } = options
  if (incarnation.byteLength !== INCARNATION_BYTES) {
    throw new SheafError('BAD_ARGUMENT', `an incarnation of ${incarnation.byteLength} bytes, not 16`)
  }
  const lock = options.lock ?? lockHome(home)
  const undo: (() => unknown)[] = options.lock ? [] : [() => lock.release()]
  try {
    const directories = { feeds: join(home, 'feeds'), index: join(home, 'index') }
    for (const made of Object.values(directories)) await mkdir(made, { recursive: true, mode: 0o700 })
    const level = await openIndex(home, { repair: options.repair ?? false, disk })
    undo.push(() => level.close())
    const feeds = await Feeds.open(directories.feeds, cacheBytesMax, disk)
    undo.push(() => feeds.close())
    const hex = Buffer.from(incarnation).toString('hex')
    const names = { outbox: `outbox/${hex}`, shelf: `shelf/${hex}` }
    await feeds.add(names.outbox)
    await feeds.add(names.shelf)
    const index = await BlockIndex.load(level, disk)
    const { damaged } = await catchUp(index, feeds, describe)
    const logs = {
      feeds: new LogSync(join(directories.feeds, 'db'), disk),
      index: new LogSync(directories.index, disk),
    }
    for (const made of [dirname(home), home, directories.feeds]) await disk.syncDirectory(made)
    return new LevelStore({
      feeds,
      index,
      names,
      logs,
      damaged,
      describe,
      space: new SpaceGuard(home, disk),
      release: () => {
        if (!options.lock) lock.release()
      },
    })
  } catch (error) {
    for (const step of undo.reverse()) await step()
    throw diskError(error, `cannot open the store in ${home}`)
  }
}

interface Parts {
  feeds: Feeds
  index: BlockIndex
  /** Of the feeds that this incarnation writes. */
  names: Record<Feed, string>
  logs: { feeds: LogSync; index: LogSync }
  damaged: number
  describe: Describe
  space: SpaceGuard
  release: () => void
}

export class LevelStore implements Store {
  readonly #feeds: Feeds
  readonly #index: BlockIndex
  readonly #names: Record<Feed, string>
  readonly #logs: Parts['logs']
  readonly #describe: Describe
  readonly #space: SpaceGuard
  readonly #release: () => void
  readonly #queue = new WriteQueue((writes) => this.#writeGroup(writes))
  /** What did not read back: missing for everybody until it is stored anew. */
  readonly #unreadable = new IdMap<IndexedBlock>(DAMAGED_MAX)
  #damaged: number
  /** Why nothing can be written any more: after a failed write, memory and disk may differ. */
  #failure: SheafError | undefined
  /** Calls under way; closing waits for them. */
  readonly #underWay = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  constructor(parts: Parts) {
    this.#feeds = parts.feeds
    this.#index = parts.index
    this.#names = parts.names
    this.#logs = parts.logs
    this.#describe = parts.describe
    this.#space = parts.space
    this.#release = parts.release
    this.#damaged = parts.damaged
  }

  append(
    feed: Feed,
    blocks: readonly StoredBlock[],
    { sync, notes = [] }: { sync: boolean; notes?: readonly Note[] },
  ): Promise<void> {
    return this.#run('cannot store blocks', async () => {
      checkStorable(blocks, notes)
      await this.#queue.write({ feed, blocks, notes })
      if (sync) await this.#syncLogs()
    })
  }

  note(notes: readonly Note[], { sync }: { sync: boolean }): Promise<void> {
    return this.append('outbox', [], { sync, notes })
  }

  get(ids: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#run('cannot read blocks', async () => {
      const found = await this.#index.find(ids)
      const segments = await this.#segmentsOf(found)
      return found.map((block) => {
        if (block === undefined) return undefined
        const bytes = segments.get(placeOf(block))?.subarray(block.offset, block.offset + block.length)
        if (bytes !== undefined && bytes.byteLength === block.length && crc32(bytes) === block.crc)
          return bytes
        this.#reportDamaged(block)
        return undefined
      })
    })
  }

  meta(ids: readonly Uint8Array[]): Promise<(BlockMeta | undefined)[]> {
    return this.#run('cannot read the index', async () => {
      const found = await this.#index.find(ids)
      return found.map((one) => (one && !this.#unreadable.has(one.id) ? metaOf(one) : undefined))
    })
  }

  at(locator: Uint8Array, limit: number, kind?: number): Promise<BlockMeta[]> {
    return this.#run('cannot read the index', () => this.#index.at(locator, limit, kind, this.#unreadable))
  }

  async *within(prefix: Uint8Array, depth: number): AsyncIterable<BlockMeta> {
    for await (const meta of this.#each(() => this.#index.within(prefix, depth))) {
      if (!this.#unreadable.has(meta.id)) yield meta
    }
  }

  noted(table: NoteTable, key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#run('cannot read the index', () => this.#index.noted(table, key))
  }

  notes(
    table: NoteTable,
    prefix: Uint8Array = NOTHING,
  ): AsyncIterable<{ key: Uint8Array; value: Uint8Array }> {
    return this.#each(() => this.#index.notes(table, prefix))
  }

  usage(): Usage {
    let { blocks, bytes } = this.#index.state
    for (const { length } of this.#unreadable.values()) {
      blocks--
      bytes -= length
    }
    return { blocks, bytes, damaged: this.#damaged }
  }

  /** The public keys of the feeds that this incarnation writes. */
  feedKeys(): Record<Feed, Uint8Array> {
    return { outbox: this.#feeds.key(this.#names.outbox), shelf: this.#feeds.key(this.#names.shelf) }
  }

  /** Makes the index again from the feeds; what they hold. Reads find less while it runs; writes wait. */
  reindex(): Promise<Usage> {
    return this.#run('cannot rebuild the index', async () => {
      let usage = this.usage()
      await this.#queue.alone(() =>
        this.#writing(async () => {
          const { damaged } = await rebuild(this.#index, this.#feeds, this.#describe)
          this.#unreadable.clear()
          this.#damaged = damaged
          usage = this.usage()
        }),
      )
      await this.#syncLogs()
      return usage
    })
  }

  damagedAmong(ids: readonly Uint8Array[]): boolean[] {
    return ids.map((id) => this.#unreadable.has(id))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#underWay)
    await this.#queue.drained()
    try {
      if (this.#failure === undefined) await this.#syncLogs()
      await this.#index.close()
      await this.#feeds.close()
    } catch (error) {
      throw diskError(error, 'cannot close the store')
    } finally {
      this.#release()
    }
  }

  /** One append a feed and one batch for all writes; what is written twice is stored once. */
  async #writeGroup(writes: Write[]): Promise<void> {
    await this.#space.reserve(writes)
    await this.#writing(async () => {
      const batch = this.#index.batch()
      const fresh = await this.#freshBlocks(writes)
      for (const feed of ['outbox', 'shelf'] as const) {
        if (fresh[feed].length > 0) await this.#appendTo(feed, fresh[feed], batch)
      }
      for (const { notes } of writes) for (const note of notes) batch.note(note)
      if (batch.length === 0) return
      await batch.write()
      for (const { id } of [...fresh.outbox, ...fresh.shelf]) this.#unreadable.delete(id)
    })
  }

  /** The blocks that the index lacks or cannot read, each once, by feed. */
  async #freshBlocks(writes: readonly Write[]): Promise<Record<Feed, StoredBlock[]>> {
    const wanted = new IdMap<{ feed: Feed; block: StoredBlock }>()
    for (const { feed, blocks } of writes) {
      for (const block of blocks) if (!wanted.has(block.id)) wanted.set(block.id, { feed, block })
    }
    const fresh: Record<Feed, StoredBlock[]> = { outbox: [], shelf: [] }
    const all = [...wanted.values()]
    const known = await this.#index.find(all.map(({ block }) => block.id))
    all.forEach(({ feed, block }, i) => {
      if (known[i] === undefined || this.#unreadable.has(block.id)) fresh[feed].push(block)
    })
    return fresh
  }

  async #appendTo(feed: Feed, blocks: readonly StoredBlock[], batch: IndexBatch): Promise<void> {
    const name = this.#names[feed]
    const segments = packSegments(blocks)
    const first = await this.#feeds.append(
      name,
      segments.map(({ bytes }) => bytes),
    )
    const number = batch.advance(name, first + segments.length)
    segments.forEach(({ entries }, i) => {
      for (const { block, offset } of entries) {
        const { id, locator, kind, timeMs, length } = block
        const place = { feed: number, segment: first + i, offset, crc: crc32(block.bytes) }
        const indexed = { id, locator, kind, timeMs, length, ...place }
        const damaged = this.#unreadable.get(id)
        if (damaged === undefined) batch.add(indexed)
        else batch.replace(indexed, damaged)
      }
    })
  }

  /** The segments in which these blocks lie, read in the order of the feeds. */
  async #segmentsOf(blocks: readonly (IndexedBlock | undefined)[]): Promise<Map<number, Uint8Array>> {
    const places = new Set<number>()
    for (const block of blocks) if (block !== undefined) places.add(placeOf(block))
    const sorted = [...places].sort((a, b) => a - b)
    const segments = new Map<number, Uint8Array>()
    for (let start = 0; start < sorted.length; start += READS_AT_ONCE) {
      const some = sorted.slice(start, start + READS_AT_ONCE)
      const read = await this.#feeds.read(some.map((place) => this.#positionOf(place)))
      some.forEach((place, i) => {
        const bytes = read[i]
        if (bytes !== undefined) segments.set(place, bytes)
      })
    }
    return segments
  }

  #positionOf(place: number): Position {
    const segment = place % SEGMENTS_MAX
    return { name: this.#index.nameOf((place - segment) / SEGMENTS_MAX) ?? '', segment }
  }

  #reportDamaged(block: IndexedBlock): void {
    if (this.#unreadable.has(block.id)) return
    this.#unreadable.set(block.id, block)
    this.#damaged++
  }

  async #syncLogs(): Promise<void> {
    await this.#writing(async () => {
      await Promise.all([this.#logs.feeds.sync(), this.#logs.index.sync()])
    })
  }

  /** Runs what changes the disk. Where it fails, nothing is written until the store is opened anew. */
  async #writing(change: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    try {
      await change()
    } catch (error) {
      this.#failure ??= diskError(error, WRITE_FAILED)
      throw this.#failure
    }
  }

  async #run<T>(what: string, call: () => Promise<T>): Promise<T> {
    this.#assertOpen()
    const running = call().catch((error: unknown) => {
      throw diskError(error, what)
    })
    const settled: Promise<unknown> = running.catch(() => {}).finally(() => this.#underWay.delete(settled))
    this.#underWay.add(settled)
    return running
  }

  /** Passes on an iteration; closing ends it. */
  async *#each<T>(iterate: () => AsyncIterable<T>): AsyncIterable<T> {
    this.#assertOpen()
    try {
      for await (const one of iterate()) {
        yield one
        this.#assertOpen()
      }
    } catch (error) {
      this.#assertOpen()
      throw diskError(error, 'cannot read the index')
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new SheafError('CANCELLED', 'the store is closed')
  }
}

const NOTHING = new Uint8Array(0)
const WRITE_FAILED = 'a write failed, and the store takes no more until it is opened anew'
/** A position in one number: feeds are told apart by what lies above 32 bits. */
const SEGMENTS_MAX = 2 ** 32

const placeOf = ({ feed, segment }: IndexedBlock): number => feed * SEGMENTS_MAX + segment
