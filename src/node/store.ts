/**
 * What a node keeps, behind one small interface: blocks by id and by locator, and
 * small durable values. `node/io` has it on Corestore and level, `MemoryStore` is its
 * twin for tests and the simulator; `test/contract/store.ts` holds both to one suite.
 */

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

/** A small durable value under a named table. `value` undefined deletes it. */
export interface Note {
  table: NoteTable
  key: Uint8Array
  value: Uint8Array | undefined
}

/**
 * The tables of what cannot be derived from the feeds (or is too dear to derive):
 * `own`: identity state; `holding`: holdings that others gave us, by id ‖ device;
 * `pending`: own blocks that still lack holders, by id; `receipt`, `peer`: what sessions left;
 * `claim`: shelf claims of others by device.
 */
export type NoteTable = 'own' | 'holding' | 'pending' | 'receipt' | 'peer' | 'claim'

export interface Store {
  /** Adds blocks to a feed and the index; resolves once they survive kill -9 and, with `sync`, power loss.
   *  A block whose id is already there is skipped. All of `blocks` and `notes` or nothing is readable afterwards
   *  in this process; after a crash a prefix of whole blocks may be. Errors: DISK_FULL, BAD_STORE. */
  append(feed: Feed, blocks: StoredBlock[], options: { sync: boolean; notes?: Note[] }): Promise<void>
  /** The blocks with these ids, in this order; undefined where one is missing. A stored block that no longer
   *  reads back (damage) is reported as missing and counted in `damaged`. */
  get(ids: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>
  /** What is known of these ids without reading bodies. */
  meta(ids: readonly Uint8Array[]): Promise<(BlockMeta | undefined)[]>
  /** All that lives at a locator in order of id, at most `limit`. */
  at(locator: Uint8Array, limit: number): Promise<BlockMeta[]>
  /** Everything whose locator shares its first `depth` bits with `prefix`, in order of locator and id. */
  within(prefix: Uint8Array, depth: number): AsyncIterable<BlockMeta>
  /** Writes small values; durable as `append` is. */
  note(notes: Note[], options: { sync: boolean }): Promise<void>
  noted(table: NoteTable, key: Uint8Array): Promise<Uint8Array | undefined>
  /** All values of a table whose key starts with `prefix`, in order of key. */
  notes(table: NoteTable, prefix?: Uint8Array): AsyncIterable<{ key: Uint8Array; value: Uint8Array }>
  /** Logical bytes of all blocks and how many there are; damaged ones found so far. */
  usage(): { blocks: number; bytes: number; damaged: number }
  close(): Promise<void>
}
