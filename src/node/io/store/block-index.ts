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
  locatorOfPlaceKey,
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
import { PlaceFilter } from './place-filter.ts'

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

/** To go through all places takes 3 µs for each, to look for one 100: after so many look-ups the first is no dearer. */
const PLACES_PER_LOOK = 32
/** Fewer than this are not worth a smaller filter: 8 KB. */
const FILTER_PLACES_MIN = 4_096

export class BlockIndex {
  readonly #level: IndexLevel
  /** By name. */
  readonly #marks: Map<string, FeedMark>
  readonly #disk: Disk
  #state: IndexState
  /** What `vacant` goes by; undefined until enough was asked for. */
  #filter: PlaceFilter | undefined
  /** The one to come, while it is being filled. */
  #filling: { filter: PlaceFilter; done: Promise<void> } | undefined
  /** Places that `vacant` was asked about and did not know. */
  #looks = 0

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
    if (ids.length <= SYNC_IDS_MAX) return this.#findHere(ids)
    const values = await this.#level.getMany(ids.map(blockKey))
    return values.map((value, i) => value && readBlock(ids[i]!, value))
  }

  /** As `find`, at once; undefined where that takes another thread, or fails. */
  findNow(ids: readonly Uint8Array[]): (IndexedBlock | undefined)[] | undefined {
    if (ids.length > SYNC_IDS_MAX || this.#level.status !== 'open') return undefined
    try {
      return this.#findHere(ids)
    } catch {
      return undefined
    }
  }

  #findHere(ids: readonly Uint8Array[]): (IndexedBlock | undefined)[] {
    return ids.map((id) => {
      const value = this.#level.getSync(blockKey(id))
      return value && readBlock(id, value)
    })
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

  /** Of these places, those at which certainly nothing lies. */
  async vacant(locators: readonly Uint8Array[]): Promise<boolean[]> {
    await this.#prepareFilter(locators.length)
    const filter = this.#filter
    return locators.map((locator) => filter !== undefined && !filter.mayHave(locator))
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
    return new IndexBatch(this.#level, this.#marks, this.#state, this.#disk, (state, locators) => {
      this.#state = state
      this.#addToFilters(locators)
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

  /** Makes the filter as soon as looking without one has cost as much, and a larger one when it is full. */
  async #prepareFilter(looks: number): Promise<void> {
    if (this.#filter !== undefined && !this.#filter.isFull) return
    this.#looks += looks
    if (this.#filling === undefined && this.#looks * PLACES_PER_LOOK < this.#state.blocks) return
    this.#filling ??= this.#fillFilter()
    await this.#filling.done
  }

  #fillFilter(): { filter: PlaceFilter; done: Promise<void> } {
    const filter = new PlaceFilter(Math.max(FILTER_PLACES_MIN, 2 * this.#state.blocks))
    const fill = async (): Promise<void> => {
      try {
        for await (const [key] of this.#entries(PLACES)) filter.add(locatorOfPlaceKey(key))
        this.#filter = filter
      } finally {
        this.#filling = undefined
      }
    }
    return { filter, done: fill() }
  }

  /** After a write, which an iterator that was there before does not see. */
  #addToFilters(locators: readonly Uint8Array[]): void {
    for (const locator of locators) {
      this.#filter?.add(locator)
      this.#filling?.filter.add(locator)
    }
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
  readonly #settle: (state: IndexState, locators: readonly Uint8Array[]) => void
  readonly #changes: Change[] = []
  /** Where something comes to lie. */
  readonly #locators: Uint8Array[] = []
  readonly #advanced = new Map<string, FeedMark>()
  state: IndexState

  constructor(
    level: IndexLevel,
    marks: Map<string, FeedMark>,
    state: IndexState,
    disk: Disk,
    settle: (state: IndexState, locators: readonly Uint8Array[]) => void,
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
    this.#settle(this.state, this.#locators)
  }

  #put(block: IndexedBlock): void {
    this.#locators.push(block.locator)
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
