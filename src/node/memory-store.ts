/**
 * A store in memory: the twin of `node/io/store` for tests and the simulator. Nothing
 * outlives the process; everything else is held to `test/contract/store.ts` as well.
 */
import { SheafError } from '../base/errors.ts'
import { equalBytes, sha256 } from '../base/hash.ts'
import { idKey } from '../base/id-map.ts'
import { distinct, neededBytes, quotaFull } from './quota.ts'
import {
  type BlockMeta,
  checkStorable,
  type Describe,
  type Feed,
  locatorRange,
  logicalBytes,
  type Note,
  type NoteTable,
  type ScrubReport,
  type Store,
  type StoredBlock,
  type Usage,
} from './store.ts'

export class MemoryStore implements Store {
  readonly #blocks = new Map<string, StoredBlock>()
  /** The ids of the blocks of our own. */
  readonly #own = new Set<string>()
  readonly #describe: Describe | undefined
  readonly #quotaBytes: number
  /** locator ‖ kind ‖ falling time ‖ id of every block in order, which is the order of `at` and `within`. */
  readonly #places = new SortedKeys()
  readonly #notes = new Map<NoteTable, { keys: SortedKeys; values: Map<string, Uint8Array> }>()
  readonly #unreadable = new Set<string>()
  readonly #lost = new Set<string>()
  #bytes = 0
  #damaged = 0
  #closed = false

  /** `describe` is what a scrub holds record blocks to; without it, only loose pieces are held to their ids. */
  constructor(describe?: Describe, quotaBytes = Number.POSITIVE_INFINITY) {
    this.#describe = describe
    this.#quotaBytes = quotaBytes
  }

  async append(
    feed: Feed,
    blocks: readonly StoredBlock[],
    { notes = [] }: { sync: boolean; notes?: readonly Note[] },
  ): Promise<void> {
    this.#assertOpen()
    checkStorable(blocks, notes)
    this.#assertRoom(distinct(blocks).filter(({ id }) => !this.#blocks.has(idKey(id))))
    for (const block of blocks) this.#put(feed, block)
    for (const one of notes) this.#putNote(one)
  }

  async get(ids: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.#assertOpen()
    return ids.map((id) => {
      const key = idKey(id)
      const block = this.#blocks.get(key)
      if (block === undefined || !this.#unreadable.has(key)) return block?.bytes
      this.#drop(key, block)
      return undefined
    })
  }

  async meta(ids: readonly Uint8Array[]): Promise<(BlockMeta | undefined)[]> {
    this.#assertOpen()
    return ids.map((id) => {
      const block = this.#blocks.get(idKey(id))
      return block && metaOf(block)
    })
  }

  async at(locator: Uint8Array, limit: number, kind?: number): Promise<BlockMeta[]> {
    this.#assertOpen()
    const start = idKey(locator) + (kind === undefined ? '' : String.fromCharCode(kind))
    const ofKind = new Map<string, number>()
    const found = this.#places.range(start, start + LAST_PLACE).filter((place) => {
      const count = ofKind.get(place[32]!) ?? 0
      ofKind.set(place[32]!, count + 1)
      return count < limit
    })
    return found.map((place) => this.#metaAt(place))
  }

  async vacant(locators: readonly Uint8Array[]): Promise<boolean[]> {
    this.#assertOpen()
    return locators.map((one) => this.#places.range(idKey(one), idKey(one) + LAST_PLACE).length === 0)
  }

  async *within(prefix: Uint8Array, depth: number): AsyncIterable<BlockMeta> {
    const { low, high } = locatorRange(prefix, depth)
    this.#assertOpen()
    for (const place of this.#places.range(idKey(low), idKey(high) + LAST_PLACE)) {
      this.#assertOpen()
      if (this.#blocks.has(idAt(place))) yield this.#metaAt(place)
    }
  }

  async note(notes: readonly Note[], _options: { sync: boolean }): Promise<void> {
    this.#assertOpen()
    checkStorable([], notes)
    for (const one of notes) this.#putNote(one)
  }

  async noted(table: NoteTable, key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#assertOpen()
    return this.#notes.get(table)?.values.get(idKey(key))
  }

  async *notes(
    table: NoteTable,
    prefix: Uint8Array = NOTHING,
  ): AsyncIterable<{ key: Uint8Array; value: Uint8Array }> {
    this.#assertOpen()
    const noted = this.#notes.get(table)
    if (noted === undefined) return
    const start = idKey(prefix)
    const pairs = noted.keys
      .range(start)
      .filter((key) => key.startsWith(start))
      .map((key) => ({ key: bytesOf(key), value: noted.values.get(key)! }))
    for (const pair of pairs) {
      this.#assertOpen()
      yield pair
    }
  }

  async *each(): AsyncIterable<{ feed: Feed; block: StoredBlock }> {
    for (const feed of ['outbox', 'shelf'] as const) {
      for (const [key, block] of [...this.#blocks]) {
        this.#assertOpen()
        const isWanted = this.#own.has(key) === (feed === 'outbox') && !this.#unreadable.has(key)
        if (isWanted && this.#blocks.has(key) && this.#isItself(block)) yield { feed, block }
      }
    }
  }

  async scrub(tell: (checked: number) => void = () => {}): Promise<ScrubReport> {
    this.#assertOpen()
    const report = { checked: 0, bytes: 0, damaged: 0, misplaced: 0, isIndexWhole: true }
    for (const [key, block] of [...this.#blocks]) {
      report.checked++
      report.bytes += block.length
      if (this.#unreadable.has(key)) report.damaged++
      else if (!this.#isItself(block)) report.misplaced++
      else continue
      this.#drop(key, block)
    }
    tell(report.checked)
    return report
  }

  damagedAmong(ids: readonly Uint8Array[]): boolean[] {
    return ids.map((id) => this.#lost.has(idKey(id)))
  }

  usage(): Usage {
    return { blocks: this.#blocks.size, bytes: this.#bytes, damaged: this.#damaged }
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  /** For tests: this block will not read back, as if its bytes had rotted. */
  damage(id: Uint8Array): void {
    this.#unreadable.add(idKey(id))
  }

  #put(feed: Feed, block: StoredBlock): void {
    const key = idKey(block.id)
    if (this.#blocks.has(key)) return
    if (feed === 'outbox') this.#own.add(key)
    this.#blocks.set(key, block)
    this.#lost.delete(key)
    this.#places.add(placeOf(block))
    this.#bytes += block.length
  }

  #drop(key: string, block: StoredBlock): void {
    this.#blocks.delete(key)
    this.#own.delete(key)
    this.#unreadable.delete(key)
    this.#lost.add(key)
    this.#places.remove(placeOf(block))
    this.#bytes -= block.length
    this.#damaged++
  }

  #putNote({ table, key, value }: Note): void {
    let noted = this.#notes.get(table)
    if (noted === undefined) {
      noted = { keys: new SortedKeys(), values: new Map() }
      this.#notes.set(table, noted)
    }
    const name = idKey(key)
    if (value === undefined) {
      if (noted.values.delete(name)) noted.keys.remove(name)
    } else {
      if (!noted.values.has(name)) noted.keys.add(name)
      noted.values.set(name, value)
    }
  }

  #isItself({ id, locator, kind, timeMs, bytes }: StoredBlock): boolean {
    if (kind === 0) return equalBytes(sha256(bytes), id)
    if (this.#describe === undefined) return true
    try {
      const said = this.#describe(bytes)
      const isThere = equalBytes(said.id, id) && equalBytes(said.locator, locator)
      return isThere && said.kind === kind && said.timeMs === timeMs
    } catch {
      return false
    }
  }

  #metaAt(place: string): BlockMeta {
    return metaOf(this.#blocks.get(idAt(place))!)
  }

  /** Nothing comes between this and the write, so nothing is reserved. */
  #assertRoom(fresh: readonly StoredBlock[]): void {
    const needed = neededBytes(fresh)
    const used = logicalBytes(this.usage())
    if (needed > 0 && used + needed > this.#quotaBytes) throw quotaFull(used, this.#quotaBytes, needed)
  }

  #assertOpen(): void {
    if (this.#closed) throw new SheafError('CANCELLED', 'the store is closed')
  }
}

/** Distinct strings in order. Additions are sorted in when somebody looks. */
class SortedKeys {
  #sorted: string[] = []
  #added: string[] = []

  add(key: string): void {
    this.#added.push(key)
  }

  remove(key: string): void {
    this.#settle()
    const index = this.#indexOf(key)
    if (this.#sorted[index] === key) this.#sorted.splice(index, 1)
  }

  /** A copy of the keys from `low` to `high`, both included. */
  range(low: string, high?: string): string[] {
    this.#settle()
    const start = this.#indexOf(low)
    if (high === undefined) return this.#sorted.slice(start)
    const end = this.#indexOf(high)
    return this.#sorted.slice(start, this.#sorted[end] === high ? end + 1 : end)
  }

  /** The position of the first key that is not below `key`. */
  #indexOf(key: string): number {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#sorted[middle]! < key) low = middle + 1
      else high = middle
    }
    return low
  }

  #settle(): void {
    if (this.#added.length === 0) return
    if (this.#added.length === 1) {
      this.#sorted.splice(this.#indexOf(this.#added[0]!), 0, this.#added[0]!)
    } else {
      // merging two sorted runs is what the built-in sort does best
      this.#added.sort(byCodeUnit)
      this.#sorted = this.#sorted.concat(this.#added).sort(byCodeUnit)
    }
    this.#added = []
  }
}

const NOTHING = new Uint8Array(0)
/** At or above whatever may stand behind a locator, or behind a locator and a kind. */
const LAST_PLACE = '\xff'.repeat(1 + 6 + 32)
/** Times are below it. */
const TIME_END = 2 ** 48

function placeOf({ locator, kind, timeMs, id }: BlockMeta): string {
  const age = Buffer.alloc(6)
  age.writeUIntBE(TIME_END - 1 - timeMs, 0, 6)
  return idKey(locator) + String.fromCharCode(kind) + age.toString('latin1') + idKey(id)
}

const idAt = (place: string): string => place.slice(32 + 1 + 6)

function bytesOf(key: string): Uint8Array {
  return Buffer.from(key, 'latin1')
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function metaOf({ id, locator, kind, timeMs, length }: StoredBlock): BlockMeta {
  return { id, locator, kind, timeMs, length }
}
