/** The index of a store: one level in HOME/index, laid out as `index-keys.ts` says. */
import { Level } from 'level'
import { SheafError } from '../../../base/errors.ts'
import type { IdSet } from '../../../base/id-map.ts'
import { type BlockMeta, locatorRange } from '../../store.ts'
import type { Disk } from './disk.ts'
import {
  BLOCKS,
  blockKey,
  blockValue,
  type FeedMark,
  type IndexedBlock,
  type IndexState,
  type KeyRange,
  MARKS,
  markKey,
  markValue,
  PLACES,
  placeKey,
  placesBetween,
  placesOf,
  placeValue,
  readBlock,
  readMark,
  readPlace,
  readState,
  STATE_KEY,
  stateValue,
} from './index-keys.ts'

export type IndexLevel = Level<Buffer, Buffer>

/** Entries that an iterator fetches at a time. */
const ITERATOR_STEP = 256
/** Feeds have a number of two bytes. */
const FEEDS_MAX = 65_536

/** What LevelDB keeps in memory: blocks of its tables, and writes that are in no table yet. */
export interface LevelMemory {
  cacheSize: number
  writeBufferSize: number
}

/** LevelDB's own defaults have twice the cache; most look-ups here are for ids that nobody asked for before. */
const INDEX_MEMORY: LevelMemory = { cacheSize: 4 * 2 ** 20, writeBufferSize: 4 * 2 ** 20 }

/** A level in `directory` whose keys and values are buffers, not opened yet. */
export function indexLevel(directory: string, memory = INDEX_MEMORY): IndexLevel {
  return new Level<Buffer, Buffer>(directory, { keyEncoding: 'buffer', valueEncoding: 'buffer', ...memory })
}

/** Up to so many are looked up in this thread: 4 µs each, where a visit to another thread takes 100. */
const SYNC_IDS_MAX = 8

export class BlockIndex {
  readonly #level: IndexLevel
  /** By name. */
  readonly #marks: Map<string, FeedMark>
  readonly #disk: Disk
  #state: IndexState

  private constructor(level: IndexLevel, marks: Map<string, FeedMark>, state: IndexState, disk: Disk) {
    this.#level = level
    this.#disk = disk
    this.#marks = marks
    this.#state = state
  }

  /** Reads the few things that are kept in memory. `level` is open and of the current format, or empty. */
  static async load(level: IndexLevel, disk: Disk): Promise<BlockIndex> {
    const marks = new Map<string, FeedMark>()
    for await (const [key, value] of level.iterator(MARKS)) {
      const mark = readMark(key, value)
      marks.set(mark.name, mark)
    }
    const state = await level.get(STATE_KEY)
    const known = state ? readState(state) : { rebuilding: false, blocks: 0, bytes: 0 }
    return new BlockIndex(level, marks, known, disk)
  }

  get state(): Readonly<IndexState> {
    return this.#state
  }

  /** The feeds that it knows, with the number of their segments that it has. */
  marks(): FeedMark[] {
    return [...this.#marks.values()]
  }

  nameOf(feed: number): string | undefined {
    for (const mark of this.#marks.values()) if (mark.feed === feed) return mark.name
    return undefined
  }

  /** What is known of these ids, in this order. */
  async find(ids: readonly Uint8Array[]): Promise<(IndexedBlock | undefined)[]> {
    if (ids.length === 0) return []
    if (ids.length <= SYNC_IDS_MAX) {
      return ids.map((id) => {
        const value = this.#level.getSync(blockKey(id))
        return value && readBlock(id, value)
      })
    }
    const values = await this.#level.getMany(ids.map(blockKey))
    return values.map((value, i) => value && readBlock(ids[i]!, value))
  }

  /** Up to `limit` of `kind`, or of each kind, passing over `without`. */
  async at(
    locator: Uint8Array,
    limit: number,
    kind: number | undefined,
    without: Pick<IdSet, 'has' | 'size'>,
  ): Promise<BlockMeta[]> {
    const wanted = limit + without.size
    const first = kind === undefined ? placesBetween(locator, locator) : placesOf(locator, kind)
    let read = await this.#places(first, wanted)
    if (kind === undefined && read.length === wanted) {
      // A kind may have more than it may show here: each is read by itself, from the lowest on.
      const { lt } = first
      let next = read.slice(0, 1)
      read = []
      while (next[0] !== undefined) {
        const here = placesOf(locator, next[0].kind)
        read.push(...(await this.#places(here, wanted)))
        next = await this.#places({ gte: here.lt, lt }, 1)
      }
    }
    const shown = new Map<number, number>()
    return read.filter((meta) => {
      if (without.has(meta.id)) return false
      const before = shown.get(meta.kind) ?? 0
      shown.set(meta.kind, before + 1)
      return before < limit
    })
  }

  async *within(prefix: Uint8Array, depth: number): AsyncIterable<BlockMeta> {
    const { low, high } = locatorRange(prefix, depth)
    for await (const [key, value] of this.#entries(placesBetween(low, high))) yield readPlace(key, value)
  }

  /** Every block, in order of id. */
  async *blocks(): AsyncIterable<IndexedBlock> {
    for await (const [key, value] of this.#entries(BLOCKS)) yield readBlock(key.subarray(1), value)
  }

  /** What is gathered is written at once by `write`. One batch at a time. */
  batch(): IndexBatch {
    return new IndexBatch(this.#level, this.#marks, this.#state, this.#disk, (state) => {
      this.#state = state
    })
  }

  /** Forgets every block, and that any segment was indexed. Until `finishRebuild` the index is marked as not whole. */
  async startRebuild(): Promise<void> {
    const batch = this.batch()
    batch.state = { rebuilding: true, blocks: 0, bytes: 0 }
    for (const { name } of this.marks()) batch.advance(name, 0)
    await batch.write()
    await this.#level.clear(BLOCKS)
    await this.#level.clear(PLACES)
  }

  async finishRebuild(): Promise<void> {
    const batch = this.batch()
    batch.state.rebuilding = false
    await batch.write()
  }

  close(): Promise<void> {
    return this.#level.close()
  }

  async #places(range: KeyRange, limit: number): Promise<BlockMeta[]> {
    const entries = await this.#level.iterator({ ...range, limit }).all()
    return entries.map(([key, value]) => readPlace(key, value))
  }

  async *#entries(range: KeyRange): AsyncIterable<[Buffer, Buffer]> {
    const iterator = this.#level.iterator(range)
    try {
      for (;;) {
        const entries = await iterator.nextv(ITERATOR_STEP)
        if (entries.length === 0) return
        yield* entries
      }
    } finally {
      await iterator.close()
    }
  }
}

type Change = { type: 'put'; key: Buffer; value: Buffer } | { type: 'del'; key: Buffer }

/** Changes to the index that happen together, with the counters that follow from them. */
export class IndexBatch {
  readonly #level: IndexLevel
  readonly #marks: Map<string, FeedMark>
  readonly #disk: Disk
  readonly #settle: (state: IndexState) => void
  readonly #changes: Change[] = []
  readonly #advanced = new Map<string, FeedMark>()
  state: IndexState

  constructor(
    level: IndexLevel,
    marks: Map<string, FeedMark>,
    state: IndexState,
    disk: Disk,
    settle: (state: IndexState) => void,
  ) {
    this.#level = level
    this.#disk = disk
    this.#marks = marks
    this.#settle = settle
    this.state = { ...state }
  }

  /** A block that the index does not have. */
  add(block: IndexedBlock): void {
    this.#put(block)
    this.state.blocks++
    this.state.bytes += block.length
  }

  /** A block instead of what the index has under its id. */
  replace(block: IndexedBlock, old: IndexedBlock): void {
    this.#changes.push({ type: 'del', key: placeKey(old) })
    this.#put(block)
    this.state.bytes += block.length - old.length
  }

  remove(block: IndexedBlock): void {
    this.#changes.push({ type: 'del', key: blockKey(block.id) }, { type: 'del', key: placeKey(block) })
    this.state.blocks--
    this.state.bytes -= block.length
  }

  /** Says how many segments of a feed are indexed; the number that stands for the feed. */
  advance(name: string, indexed: number): number {
    const known = this.#advanced.get(name) ?? this.#marks.get(name)
    const feed = known?.feed ?? this.#nextFeed()
    this.#advanced.set(name, { feed, name, indexed })
    return feed
  }

  get length(): number {
    return this.#changes.length
  }

  async write(): Promise<void> {
    const marks = [...this.#advanced.values()]
    for (const mark of marks) {
      this.#changes.push({ type: 'put', key: markKey(mark.feed), value: markValue(mark) })
    }
    this.#changes.push({ type: 'put', key: STATE_KEY, value: stateValue(this.state) })
    this.#disk.passes('indexing')
    await this.#level.batch(this.#changes)
    this.#disk.passes('indexed')
    for (const mark of marks) this.#marks.set(mark.name, mark)
    this.#settle(this.state)
  }

  #put(block: IndexedBlock): void {
    this.#changes.push(
      { type: 'put', key: blockKey(block.id), value: blockValue(block) },
      { type: 'put', key: placeKey(block), value: placeValue(block) },
    )
  }

  #nextFeed(): number {
    let next = 0
    for (const { feed } of [...this.#marks.values(), ...this.#advanced.values()]) {
      next = Math.max(next, feed + 1)
    }
    if (next >= FEEDS_MAX) throw new SheafError('BAD_STORE', `a store has at most ${FEEDS_MAX} feeds`)
    return next
  }
}
