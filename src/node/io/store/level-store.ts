/**
 * The store of a node on disk.
 *
 *     append ─► WriteQueue ─► notes ─► feed (segments) ─► index (one batch) ─► sync? ─► the logs of all three fdatasync'ed ─► resolved
 *     get    ─► index (ids → places) ─► segments, from the cache or the feed ─► checksum ─► bytes
 *
 * What it promises. Without `sync`: all that was acknowledged survives the end of the process
 * (kill -9), since notes, feed and index were handed to the kernel. With `sync`: before the acknowledgement,
 * fdatasync has completed on the write-ahead logs of all, so it survives power loss with all that
 * was acknowledged before. The index is synced too although it could be derived: LevelDB may come back
 * from a power loss with a hole in what was not synced, and no hole may lie before something that was.
 *
 * A note says what is to be done about blocks: it is written before them, and removed after them. Whatever
 * cuts an append off, nothing is there that nobody carries on; a note may name what never came to be.
 */
import { SheafError } from '../../../base/errors.ts'
import { IdMap } from '../../../base/id-map.ts'
import { distinct, QuotaGuard } from '../../quota.ts'
import {
  type BlockMeta,
  checkStorable,
  type Describe,
  type Feed,
  logicalBytes,
  type Note,
  type NoteTable,
  type ScrubReport,
  type Store,
  type StoredBlock,
  type Usage,
} from '../../store.ts'
import { realDisk } from './disk.ts'
import { diskError } from './disk-error.ts'
import { type Files, type FilesOptions, openFiles } from './files.ts'
import { type IndexedBlock, metaOf } from './index-keys.ts'
import { LiveFiles } from './live-files.ts'
import { type HomeLock, lockHome } from './lock.ts'
import { rebuild } from './reindex.ts'
import { eachBlock, scrub } from './scan.ts'
import { bodyIn } from './segment.ts'
import type { Position } from './segment-cache.ts'
import { SpaceGuard } from './space-guard.ts'
import { writeAll } from './write-all.ts'
import { type Write, WriteQueue } from './write-queue.ts'

const INCARNATION_BYTES = 16
/** Holds the 1,000 blocks of 4 KB that were written or read last; a reader in random order rereads none of them. */
const CACHE_BYTES_MAX = 8 * 1024 * 1024
/** Segments that are read at once: 4 MB, and enough for RocksDB to be busy. */
const READS_AT_ONCE = 256
/** Damaged blocks that are remembered, so that they can be stored anew. */
const DAMAGED_MAX = 65_536

export interface StoreOptions extends Partial<Omit<FilesOptions, 'home' | 'incarnation' | 'describe'>> {
  home: string
  incarnation: Uint8Array
  describe: Describe
  /** Logical bytes that blocks may take; without it there is no end. */
  quotaBytes?: number
  /** Of this home, where the caller already has it: it stays the caller's to release. */
  lock?: HomeLock
}

/**
 * Opens the store of a home, and makes it where there is none. Mends what a crash left behind.
 * Errors: ALREADY_RUNNING, BAD_STORE (permissions, damage, a format that is too new), DISK_FULL.
 */
export async function openStore(options: StoreOptions): Promise<LevelStore> {
  const { home, incarnation, lock = lockHome(home) } = options
  const release = (): void => {
    if (options.lock === undefined) lock.release()
  }
  const whole: Options = {
    cacheBytesMax: CACHE_BYTES_MAX,
    repair: false,
    disk: realDisk,
    quotaBytes: Number.POSITIVE_INFINITY,
    ...options,
  }
  try {
    if (incarnation.byteLength !== INCARNATION_BYTES) {
      throw new SheafError('BAD_ARGUMENT', `an incarnation of ${incarnation.byteLength} bytes, not 16`)
    }
    return new LevelStore(await openFiles(whole), whole, release)
  } catch (error) {
    release()
    throw diskError(error, `cannot open the store in ${home}`)
  }
}

type Options = FilesOptions & { quotaBytes: number }

export class LevelStore implements Store {
  readonly #live: LiveFiles
  readonly #describe: Describe
  readonly #space: SpaceGuard
  readonly #quota: QuotaGuard
  readonly #release: () => void
  readonly #queue = new WriteQueue((writes) => this.#writeGroup(writes))
  /** What did not read back: missing for everybody until it is stored anew. */
  readonly #unreadable = new IdMap<IndexedBlock>(DAMAGED_MAX)
  #damaged: number
  /** Calls under way; closing waits for them. */
  readonly #underWay = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  constructor(files: Files, options: Options, release: () => void) {
    const { home, describe, disk, quotaBytes } = options
    this.#live = new LiveFiles(files, options, ({ damaged }) => {
      this.#unreadable.clear()
      this.#damaged += damaged
    })
    this.#describe = describe
    this.#space = new SpaceGuard(home, disk)
    this.#quota = new QuotaGuard(quotaBytes, () => logicalBytes(this.#files.index.state))
    this.#release = release
    this.#damaged = files.damaged
  }

  get #files(): Files {
    return this.#live.files
  }

  /** Of the statements that may be signed with the numbers in the notes: the one that it was opened with, unless they were lost. */
  get incarnation(): Uint8Array {
    return this.#files.incarnation
  }

  append(
    feed: Feed,
    blocks: readonly StoredBlock[],
    { sync, notes = [] }: { sync: boolean; notes?: readonly Note[] },
  ): Promise<void> {
    return this.#runWriting('cannot store blocks', async () => {
      checkStorable(blocks, notes)
      const [before, after] = blocks.length === 0 ? [notes, []] : partedByTime(notes)
      const release = await this.#quota.reserve(blocks, () => this.#live.read(() => this.#lacking(blocks)))
      try {
        await this.#queue.write({ feed, blocks, notes: before })
      } finally {
        release()
      }
      if (sync) await this.#syncLogs()
      if (after.length > 0) await this.#queue.write({ feed, blocks: [], notes: after })
    })
  }

  note(notes: readonly Note[], { sync }: { sync: boolean }): Promise<void> {
    return this.append('outbox', [], { sync, notes })
  }

  get(ids: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#run('cannot read blocks', async () => {
      const found = await this.#files.index.find(ids)
      const segments = await this.#segmentsOf(found)
      return found.map((block) => {
        if (block === undefined) return undefined
        const bytes = bodyIn(segments.get(placeOf(block)), block)
        if (bytes === undefined) this.#reportDamaged(block)
        return bytes
      })
    })
  }

  getNow(ids: readonly Uint8Array[]): (Uint8Array | undefined)[] | undefined {
    if (this.#closing !== undefined || !this.#live.areOpen) return undefined
    const { index, feeds } = this.#files
    const found = index.findNow(ids)
    if (found === undefined) return undefined
    const bodies: (Uint8Array | undefined)[] = []
    for (const block of found) {
      const bytes = block && bodyIn(feeds.cached(this.#positionOf(placeOf(block))), block)
      if (block !== undefined && bytes === undefined) return undefined // `get` reads it, or tells of the damage
      bodies.push(bytes)
    }
    return bodies
  }

  meta(ids: readonly Uint8Array[]): Promise<(BlockMeta | undefined)[]> {
    return this.#run('cannot read the index', async () => {
      const found = await this.#files.index.find(ids)
      return found.map((one) => (one && !this.#unreadable.has(one.id) ? metaOf(one) : undefined))
    })
  }

  at(locator: Uint8Array, limit: number, kind?: number): Promise<BlockMeta[]> {
    return this.#run('cannot read the index', () =>
      this.#files.index.at(locator, limit, kind, this.#unreadable),
    )
  }

  vacant(locators: readonly Uint8Array[]): Promise<boolean[]> {
    return this.#run('cannot read the index', () => this.#files.index.vacant(locators))
  }

  async *within(prefix: Uint8Array, depth: number): AsyncIterable<BlockMeta> {
    for await (const meta of this.#each(() => this.#files.index.within(prefix, depth))) {
      if (!this.#unreadable.has(meta.id)) yield meta
    }
  }

  noted(table: NoteTable, key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#run('cannot read the notes', () => this.#files.notes.get(table, key))
  }

  notes(
    table: NoteTable,
    prefix: Uint8Array = NOTHING,
  ): AsyncIterable<{ key: Uint8Array; value: Uint8Array }> {
    return this.#each(() => this.#files.notes.each(table, prefix))
  }

  usage(): Usage {
    let { blocks, bytes } = this.#files.index.state
    for (const { length } of this.#unreadable.values()) {
      blocks--
      bytes -= length
    }
    const trouble = this.#live.failure?.message ?? this.#space.trouble
    return { blocks, bytes, damaged: this.#damaged, ...(trouble !== undefined && { trouble }) }
  }

  /** The public keys of the feeds that this incarnation writes. */
  feedKeys(): Record<Feed, Uint8Array> {
    return {
      outbox: this.#files.feeds.key(this.#files.names.outbox),
      shelf: this.#files.feeds.key(this.#files.names.shelf),
    }
  }

  /** Makes the index again from the feeds; what they hold. Reads find less while it runs; writes wait. */
  reindex(): Promise<Usage> {
    return this.#runWriting('cannot rebuild the index', async () => {
      let usage = this.usage()
      await this.#queue.alone(() =>
        this.#live.write(async () => {
          const { damaged } = await rebuild(this.#files.index, this.#files.feeds, this.#describe)
          this.#unreadable.clear()
          this.#damaged = damaged
          usage = this.usage()
        }),
      )
      await this.#syncLogs()
      return usage
    })
  }

  each(): AsyncIterable<{ feed: Feed; block: StoredBlock }> {
    return this.#each(() => eachBlock({ ...this.#files, describe: this.#describe }))
  }

  scrub(tell: (checked: number) => void = () => {}): Promise<ScrubReport> {
    return this.#runWriting('cannot read the store', () =>
      scrub({ ...this.#files, describe: this.#describe }, async (harmed, checked) => {
        if (this.#closing !== undefined) throw new SheafError('CANCELLED', 'the store is closed')
        for (const { block } of harmed) this.#reportDamaged(block)
        const others = harmed.flatMap(({ block, state }) => (state === 'another' ? [block] : []))
        if (others.length > 0) await this.#queue.alone(() => this.#live.write(() => this.#forget(others)))
        tell(checked)
      }),
    )
  }

  damagedAmong(ids: readonly Uint8Array[]): boolean[] {
    return ids.map((id) => this.#unreadable.has(id))
  }

  /** Gives back memory that only saves time. */
  rest(): void {
    this.#files.feeds.rest()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#underWay)
    await this.#queue.drained()
    try {
      try {
        if (this.#live.failure === undefined) await this.#syncLogs()
      } finally {
        await this.#live.close()
      }
    } catch (error) {
      throw diskError(error, 'cannot close the store')
    } finally {
      this.#release()
    }
  }

  async #writeGroup(writes: Write[]): Promise<void> {
    await this.#space.reserve(writes)
    await this.#live.recover()
    await this.#live.write(() => writeAll(this.#files, writes, this.#unreadable))
  }

  /** The blocks that the index lacks, each once. */
  async #lacking(blocks: readonly StoredBlock[]): Promise<StoredBlock[]> {
    const once = distinct(blocks)
    const known = await this.#files.index.find(once.map(({ id }) => id))
    return once.filter((_, i) => known[i] === undefined)
  }

  /** The segments in which these blocks lie, read in the order of the feeds. */
  async #segmentsOf(blocks: readonly (IndexedBlock | undefined)[]): Promise<Map<number, Uint8Array>> {
    const places = new Set<number>()
    for (const block of blocks) if (block !== undefined) places.add(placeOf(block))
    const sorted = [...places].sort((a, b) => a - b)
    const segments = new Map<number, Uint8Array>()
    for (let start = 0; start < sorted.length; start += READS_AT_ONCE) {
      const some = sorted.slice(start, start + READS_AT_ONCE)
      const read = await this.#files.feeds.read(some.map((place) => this.#positionOf(place)))
      some.forEach((place, i) => {
        const bytes = read[i]
        if (bytes !== undefined) segments.set(place, bytes)
      })
    }
    return segments
  }

  #positionOf(place: number): Position {
    const segment = place % SEGMENTS_MAX
    return { name: this.#files.index.nameOf((place - segment) / SEGMENTS_MAX) ?? '', segment }
  }

  /** Takes blocks out of the index, where they have not been stored anew meanwhile. */
  async #forget(blocks: readonly IndexedBlock[]): Promise<void> {
    const { index } = this.#files
    const known = await index.find(blocks.map(({ id }) => id))
    const batch = index.batch()
    blocks.forEach((block, i) => {
      const entry = known[i]
      if (entry === undefined || placeOf(entry) !== placeOf(block) || entry.offset !== block.offset) return
      batch.remove(entry)
      this.#unreadable.delete(block.id)
    })
    await batch.write()
  }

  #reportDamaged(block: IndexedBlock): void {
    if (this.#unreadable.has(block.id)) return
    this.#unreadable.set(block.id, block)
    this.#damaged++
  }

  async #syncLogs(): Promise<void> {
    await this.#live.write(async () => {
      await Promise.all(this.#files.logs.map((log) => log.sync()))
    })
  }

  #run<T>(what: string, call: () => Promise<T>): Promise<T> {
    return this.#runWriting(what, () => this.#live.read(call))
  }

  /** What writes does not hold up the writer that it waits for. */
  async #runWriting<T>(what: string, call: () => Promise<T>): Promise<T> {
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
/** A position in one number: feeds are told apart by what lies above 32 bits. */
const SEGMENTS_MAX = 2 ** 32

const placeOf = ({ feed, segment }: IndexedBlock): number => feed * SEGMENTS_MAX + segment

/** Notes to write before the blocks that they come with, and after. */
function partedByTime(notes: readonly Note[]): [before: Note[], after: Note[]] {
  return [notes.filter(({ value }) => value !== undefined), notes.filter(({ value }) => value === undefined)]
}
