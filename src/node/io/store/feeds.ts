/**
 * The feeds of a home: one Corestore in HOME/feeds, one Hypercore a feed, named by what it holds and
 * by the incarnation that wrote it (`outbox/<hex>`, `shelf/<hex>`). The blocks of a feed are segments.
 */
import Corestore from 'corestore'
import type Hypercore from 'hypercore'
import type { Disk } from './disk.ts'
import { type Position, SegmentCache } from './segment-cache.ts'

/** Under this key a feed keeps its own name: Corestore finds a name's core, but not a core's name. */
const NAME_KEY = 'sheaf/name'

/** Few enough that several threads of the pool take part, many enough that the price of a call is spread. */
const READS_PER_CALL = 16

/** What the pinned Hypercore keeps to itself: several blocks by one read. */
interface CoreInternals {
  state: { storage: { read(): BlockReader } }
}

interface BlockReader {
  /** Null where the block is not there; resolves after `tryFlush`. */
  getBlock(segment: number): Promise<Uint8Array | null>
  tryFlush(): void
}

export class Feeds {
  readonly #corestore: Corestore
  readonly #cores = new Map<string, Hypercore>()
  readonly #cache: SegmentCache
  readonly #disk: Disk

  private constructor(corestore: Corestore, cacheBytesMax: number, disk: Disk) {
    this.#corestore = corestore
    this.#cache = new SegmentCache(cacheBytesMax)
    this.#disk = disk
  }

  /** Opens all feeds that lie in `directory`. */
  static async open(directory: string, cacheBytesMax: number, disk: Disk): Promise<Feeds> {
    // Corestore refuses a directory whose files were moved or restored; we tell lives apart by incarnation.
    const corestore = new Corestore(directory, { allowBackup: true })
    await corestore.ready()
    const feeds = new Feeds(corestore, cacheBytesMax, disk)
    try {
      for await (const discoveryKey of corestore.list()) {
        const core = corestore.get({ discoveryKey })
        await core.ready()
        const name = await core.getUserData(NAME_KEY)
        await core.close()
        // without a name: the process ended while it made the feed, which is empty
        if (name !== null) await feeds.add(Buffer.from(name).toString())
      }
    } catch (error) {
      await corestore.close()
      throw error
    }
    return feeds
  }

  /** Opens the feed of this name, and makes it where there is none. */
  async add(name: string): Promise<void> {
    if (this.#cores.has(name)) return
    const core = this.#corestore.get({ name })
    await core.ready()
    if ((await core.getUserData(NAME_KEY)) === null) await core.setUserData(NAME_KEY, Buffer.from(name))
    this.#cores.set(name, core)
  }

  names(): string[] {
    return [...this.#cores.keys()].sort()
  }

  /** The public key under which others could mirror this feed. */
  key(name: string): Uint8Array {
    return this.#core(name).key!
  }

  /** How many segments it has; 0 where it does not exist. */
  length(name: string): number {
    return this.#cores.get(name)?.length ?? 0
  }

  /** Adds segments, all or none; resolves to the position of the first once they survive kill -9. */
  async append(name: string, segments: readonly Buffer[]): Promise<number> {
    this.#disk.passes('appending')
    const { length } = await this.#core(name).append(segments)
    this.#disk.passes('appended')
    const first = length - segments.length
    segments.forEach((bytes, i) => {
      this.#cache.set({ name, segment: first + i }, bytes)
    })
    return first
  }

  /** Forgets what only saves reading. */
  rest(): void {
    this.#cache.clear()
  }

  /** A segment that was read or written lately. */
  cached(position: Position): Uint8Array | undefined {
    return this.#cache.get(position)
  }

  /** The segments at these positions, in this order; undefined where one does not read back. */
  async read(positions: readonly Position[]): Promise<(Uint8Array | undefined)[]> {
    const segments = positions.map((position) => this.#cache.get(position))
    const absent = positions.filter((_, i) => segments[i] === undefined)
    const reads: Promise<(Uint8Array | undefined)[]>[] = []
    for (let start = 0; start < absent.length; start += READS_PER_CALL) {
      reads.push(this.#readFromDisk(absent.slice(start, start + READS_PER_CALL)))
    }
    const found = (await Promise.all(reads)).flat().values()
    return segments.map((segment) => segment ?? found.next().value)
  }

  /** The same, from the disk and past the cache: what lies there now. */
  async readAnew(positions: readonly Position[]): Promise<(Uint8Array | undefined)[]> {
    const reads: Promise<(Uint8Array | undefined)[]>[] = []
    for (let start = 0; start < positions.length; start += READS_PER_CALL) {
      reads.push(this.#readFromDisk(positions.slice(start, start + READS_PER_CALL), false))
    }
    return (await Promise.all(reads)).flat()
  }

  async close(): Promise<void> {
    await this.#corestore.close()
  }

  /** One call into RocksDB for several segments: through `core.get` each would cost the main thread 20 µs. */
  async #readFromDisk(positions: readonly Position[], isKept = true): Promise<(Uint8Array | undefined)[]> {
    const readers = new Map<string, BlockReader>()
    const reads = positions.map(async (position) => {
      const core = this.#cores.get(position.name)
      if (core === undefined) return undefined
      const reader = readers.get(position.name) ?? (core as unknown as CoreInternals).state.storage.read()
      readers.set(position.name, reader)
      try {
        const bytes = await reader.getBlock(position.segment)
        if (bytes === null) return undefined
        if (isKept) this.#cache.set(position, bytes)
        return bytes
      } catch {
        // RocksDB has checksums of its own: what it refuses is damaged, and the caller counts it
        return undefined
      }
    })
    for (const reader of readers.values()) reader.tryFlush()
    return Promise.all(reads)
  }

  #core(name: string): Hypercore {
    const core = this.#cores.get(name)
    if (core === undefined) throw new Error(`no feed is named ${name}`)
    return core
  }
}
