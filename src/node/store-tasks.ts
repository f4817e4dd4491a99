/** The store as tasks see it: a call goes out as an effect, its outcome comes back as an input. */
import type { BlockMeta, Feed, Note, NoteTable, StoredBlock, Usage } from './store.ts'
import type { Task } from './task.ts'
import { Watchers } from './watchers.ts'

/** One call of the store as data: what a `store` effect carries. */
export type StoreCall =
  | { method: 'append'; feed: Feed; blocks: StoredBlock[]; sync: boolean; notes: Note[] }
  | { method: 'get'; ids: readonly Uint8Array[] }
  | { method: 'meta'; ids: readonly Uint8Array[] }
  | { method: 'at'; locator: Uint8Array; limit: number; kind?: number | undefined }
  | { method: 'vacant'; locators: readonly Uint8Array[] }
  | { method: 'within'; prefix: Uint8Array; depth: number }
  | { method: 'placesWithin'; prefix: Uint8Array; depth: number }
  | { method: 'sizesWithin'; prefix: Uint8Array; depth: number }
  | { method: 'note'; notes: Note[]; sync: boolean }
  | { method: 'noted'; table: NoteTable; key: Uint8Array }
  | { method: 'notes'; table: NoteTable }
  | { method: 'damagedAmong'; ids: readonly Uint8Array[] }
  | { method: 'usage' }

/** A record and where it lies. */
export type PlacedRecord = Pick<BlockMeta, 'id' | 'locator' | 'kind'>

/** A record or loose piece (of kind 0), and the bytes of its block. */
export type SizedBlock = Pick<BlockMeta, 'id' | 'kind' | 'length'>

/** Makes the call and waits for its outcome. */
export type CallStore = (call: StoreCall) => Task<unknown>

export class StoreTasks {
  readonly #call: CallStore
  readonly #watchers: Watchers

  /** `watchers` hear of what is new once it is written, in the order of its writing. */
  constructor(call: CallStore, watchers: Watchers = new Watchers()) {
    this.#call = call
    this.#watchers = watchers
  }

  *append(feed: Feed, blocks: StoredBlock[], options: { sync: boolean; notes?: Note[] }): Task<void> {
    const watched = this.#watchers.watched(blocks)
    const here = watched.length === 0 ? [] : yield* this.meta(watched.map(({ id }) => id))
    yield* this.#call({ method: 'append', feed, blocks, sync: options.sync, notes: options.notes ?? [] })
    for (const [i, block] of watched.entries()) if (here[i] === undefined) this.#watchers.tell(block)
    this.#watchers.tellOfPlaces(blocks)
  }

  *get(ids: readonly Uint8Array[]): Task<(Uint8Array | undefined)[]> {
    return (yield* this.#call({ method: 'get', ids })) as (Uint8Array | undefined)[]
  }

  *meta(ids: readonly Uint8Array[]): Task<(BlockMeta | undefined)[]> {
    return (yield* this.#call({ method: 'meta', ids })) as (BlockMeta | undefined)[]
  }

  *at(locator: Uint8Array, limit: number, kind?: number): Task<BlockMeta[]> {
    return (yield* this.#call({ method: 'at', locator, limit, kind })) as BlockMeta[]
  }

  /** True for each of these locators at which certainly nothing lies. */
  *vacant(locators: readonly Uint8Array[]): Task<boolean[]> {
    return (yield* this.#call({ method: 'vacant', locators })) as boolean[]
  }

  /** The ids of everything within a prefix. */
  *within(prefix: Uint8Array, depth: number): Task<Uint8Array[]> {
    return (yield* this.#call({ method: 'within', prefix, depth })) as Uint8Array[]
  }

  /** What lies where within a prefix, but for loose pieces. */
  *placesWithin(prefix: Uint8Array, depth: number): Task<PlacedRecord[]> {
    return (yield* this.#call({ method: 'placesWithin', prefix, depth })) as PlacedRecord[]
  }

  /** What is within a prefix, with its lengths. */
  *sizesWithin(prefix: Uint8Array, depth: number): Task<SizedBlock[]> {
    return (yield* this.#call({ method: 'sizesWithin', prefix, depth })) as SizedBlock[]
  }

  *note(notes: Note[], options: { sync: boolean }): Task<void> {
    yield* this.#call({ method: 'note', notes, sync: options.sync })
  }

  *noted(table: NoteTable, key: Uint8Array): Task<Uint8Array | undefined> {
    return (yield* this.#call({ method: 'noted', table, key })) as Uint8Array | undefined
  }

  *notes(table: NoteTable): Task<{ key: Uint8Array; value: Uint8Array }[]> {
    return (yield* this.#call({ method: 'notes', table })) as { key: Uint8Array; value: Uint8Array }[]
  }

  *damagedAmong(ids: readonly Uint8Array[]): Task<boolean[]> {
    return (yield* this.#call({ method: 'damagedAmong', ids })) as boolean[]
  }

  *usage(): Task<Usage> {
    return (yield* this.#call({ method: 'usage' })) as Usage
  }
}
