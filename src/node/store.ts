/**
 * What a node keeps, behind one small interface: blocks by id and by locator, and
 * small durable values. `node/io` has it on Corestore and level, `MemoryStore` is its
 * twin for tests and the simulator; `test/contract/store.ts` holds both to one suite.
 */

import { SheafError } from '../base/errors.ts'
import { BLOCK_BYTES_MAX } from '../base/limits.ts'

/** Notes are small: a key names one thing, a value is a record or less. */
export const NOTE_KEY_BYTES_MAX = 256
export const NOTE_VALUE_BYTES_MAX = BLOCK_BYTES_MAX

/** Where a block belongs: our own words, or what we keep for others. */
export type Feed = 'outbox' | 'shelf'

/** What the index knows of a block without reading it. */
export interface BlockMeta {
  /** Record id or piece hash, 32 bytes. */
  id: Uint8Array
  /** Where it lives in the keyspace, 32 bytes. */
  locator: Uint8Array
  /** Kind of the record (1–255); 0 for a loose piece. */
  kind: number
  /** Claimed time of the record; 0 for a loose piece. */
  timeMs: number
  /** Length of the block in bytes. */
  length: number
}

export interface StoredBlock extends BlockMeta {
  bytes: Uint8Array
}

/** What the bytes of a record block say of themselves; throws a SheafError where they are none. The
 *  store asks it when it rebuilds its index, and never for a loose piece: its id is its SHA-256. */
export type Describe = (bytes: Uint8Array) => Pick<BlockMeta, 'id' | 'locator' | 'kind' | 'timeMs'>

/** A small durable value under a named table. `value` undefined deletes it. */
export interface Note {
  table: NoteTable
  key: Uint8Array
  value: Uint8Array | undefined
}

/**
 * The tables of what cannot be derived from the feeds (or is too dear to derive):
 * `own`: identity state; `holding`: holdings that others gave us, by id ‖ device;
 * `pending`: own blocks that still lack holders, by id; `peer`: the entity of a device that gave a
 * holding, by device; `receipt`: what sessions left;
 * `claim`: shelf claims of others by device;
 * `follow`: places that are followed, by locator.
 */
export const NOTE_TABLES = ['own', 'holding', 'pending', 'receipt', 'peer', 'claim', 'follow'] as const

export type NoteTable = (typeof NOTE_TABLES)[number]

/**
 * Every call may fail with BAD_STORE (the disk or the files do not let us), and with CANCELLED once
 * the store is closed. Bytes that come out may be views into larger buffers: nobody writes into them.
 * Bytes that go in belong to the store until the call resolves.
 */
export interface Store {
  /**
   * Adds blocks to a feed and the index; resolves once they survive kill -9 and, with `sync`, power loss
   * (with everything that was acknowledged before them). A block whose id is already there is skipped,
   * unless what is there was found damaged. Where it fails, none of `blocks` is readable afterwards in this
   * process; after a crash a prefix of whole blocks may be. Notes that are put come before the blocks, so one may
   * stay that names blocks which do not exist; notes that are removed go after the blocks (and, with `sync`, after
   * they are safe: a power loss may bring such a note back). Of a block only id, locator, kind and
   * time are taken on trust: they must be what `Describe` says of its bytes.
   * Errors: TOO_LARGE, BAD_ARGUMENT; BUSY where too much waits to be written; DISK_FULL;
   * QUOTA_FULL where the blocks that are not there yet do not fit, before anything is written. Notes are not counted.
   */
  append(
    feed: Feed,
    blocks: readonly StoredBlock[],
    options: { sync: boolean; notes?: readonly Note[] },
  ): Promise<void>
  /** The blocks with these ids, in this order; undefined where one is missing. A stored block that no longer
   *  reads back (damage) is reported as missing, here and from then on, and counted in `damaged`. */
  get(ids: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>
  /** As `get`, at once; undefined where that would wait for the disk, or fail. For a few ids. */
  getNow?(ids: readonly Uint8Array[]): (Uint8Array | undefined)[] | undefined
  /** What is known of these ids without reading bodies. */
  meta(ids: readonly Uint8Array[]): Promise<(BlockMeta | undefined)[]>
  /** What lives at a locator: of `kind`, or where none is given of every kind, at most `limit` of each. In order
   *  of kind, then the newest by claimed time first, then by id: many of one kind hide none of another, and old ones no new one. */
  at(locator: Uint8Array, limit: number, kind?: number | undefined): Promise<BlockMeta[]>
  /** Of these locators, those at which certainly nothing lies; of the others it says nothing. Cheap beside `at`. */
  vacant(locators: readonly Uint8Array[]): Promise<boolean[]>
  /** Everything whose locator shares its first `depth` bits (0–256) with `prefix`, in order of locator and
   *  then as `at` has it; `prefix` has at least `depth` bits. What is added meanwhile may be missing. */
  within(prefix: Uint8Array, depth: number): AsyncIterable<BlockMeta>
  /** Writes small values in their order, all or none; durable as `append` is, same errors. */
  note(notes: readonly Note[], options: { sync: boolean }): Promise<void>
  noted(table: NoteTable, key: Uint8Array): Promise<Uint8Array | undefined>
  /** All values of a table whose key starts with `prefix`, in order of key. */
  notes(table: NoteTable, prefix?: Uint8Array): AsyncIterable<{ key: Uint8Array; value: Uint8Array }>
  /** Which of these were found damaged since the store was opened, and have not been stored anew. */
  damagedAmong(ids: readonly Uint8Array[]): boolean[]
  /** Every block with its bytes, as each feed was written, own ones first; without those that do not read back. What is
   *  added meanwhile may be missing. */
  each(): AsyncIterable<{ feed: Feed; block: StoredBlock }>
  /** Reads every block from where it lies and holds it to its id and to what it says of itself. One that does not read
   *  back is missing from then on, and so is one that is not what it was stored as; both are counted in `damaged`. */
  scrub(tell?: (checked: number) => void): Promise<ScrubReport>
  /** Logical bytes of all blocks and how many there are; damaged ones found since the store was opened. */
  usage(): Usage
  /** Ends what was begun, then lets go of the files. A second call waits for the first. */
  /** Gives back memory that only saves time, where the store has such. */
  rest?(): void
  close(): Promise<void>
}

export interface ScrubReport {
  /** Blocks that were read. */
  checked: number
  bytes: number
  /** Of them, those that do not read back. */
  damaged: number
  /** Of them, those that were stored under an id, kind, time or place that is not their own. */
  misplaced: number
  /** Whether the index has as many blocks as it says; where not, it should be made anew. */
  isIndexWhole: boolean
}

export interface Usage {
  blocks: number
  bytes: number
  damaged: number
  /** Why nothing can be written at present. */
  trouble?: string
}

/** What a block takes beside its bytes: two entries of the index with their keys, and its frame in the feed. */
export const RECORD_OVERHEAD_BYTES = 200

/** What counts against the quota. Notes, logs and what the databases set aside do not. */
export function logicalBytes({ blocks, bytes }: Pick<Usage, 'blocks' | 'bytes'>): number {
  return bytes + blocks * RECORD_OVERHEAD_BYTES
}

/** Throws TOO_LARGE or BAD_ARGUMENT where a store could not take these. */
export function checkStorable(blocks: readonly StoredBlock[], notes: readonly Note[]): void {
  for (const { id, locator, kind, timeMs, length, bytes } of blocks) {
    if (bytes.byteLength > BLOCK_BYTES_MAX) {
      throw new SheafError('TOO_LARGE', `a block of ${bytes.byteLength} bytes where ${BLOCK_BYTES_MAX} fit`)
    }
    const whole =
      id.byteLength === 32 &&
      locator.byteLength === 32 &&
      length === bytes.byteLength &&
      Number.isInteger(kind) &&
      kind >= 0 &&
      kind <= 255 &&
      Number.isSafeInteger(timeMs) &&
      timeMs >= 0 &&
      timeMs < 2 ** 48
    if (!whole)
      throw new SheafError('BAD_ARGUMENT', 'a block whose id, locator, kind, time or length is wrong')
  }
  for (const { key, value } of notes) {
    if (key.byteLength > NOTE_KEY_BYTES_MAX || (value?.byteLength ?? 0) > NOTE_VALUE_BYTES_MAX) {
      throw new SheafError(
        'TOO_LARGE',
        `a note with a key of ${key.byteLength} and a value of ${value?.byteLength ?? 0} bytes`,
      )
    }
  }
}

/** The lowest and the highest 32-byte locator that share their first `depth` bits with `prefix`. */
export function locatorRange(prefix: Uint8Array, depth: number): { low: Uint8Array; high: Uint8Array } {
  if (!Number.isInteger(depth) || depth < 0 || depth > 256 || prefix.byteLength * 8 < depth) {
    throw new SheafError('BAD_ARGUMENT', `${depth} bits of a prefix of ${prefix.byteLength} bytes`)
  }
  const low = new Uint8Array(32)
  const high = new Uint8Array(32).fill(0xff)
  for (let i = 0; i < 32; i++) {
    const bits = Math.min(Math.max(depth - i * 8, 0), 8)
    const mask = (0xff00 >> bits) & 0xff
    const byte = prefix[i] ?? 0
    low[i] = byte & mask
    high[i] = (byte & mask) | (~mask & 0xff)
  }
  return { low, high }
}
