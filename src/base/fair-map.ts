/**
 * A bounded map of what others said of themselves, in which no group takes more than its share: a
 * crowd that one person, or one machine, makes for nothing pushes out itself and nobody else.
 */
import { IdMap, IdSet } from './id-map.ts'

export interface FairMapLimits {
  /** Entries in all; beyond them the one that was set first leaves. */
  max: number
  /** Entries of one group; beyond them the one of the group that was set first leaves. */
  ofGroupMax: number
}

interface Entry<V> {
  value: V
  group: string | undefined
}

export class FairMap<V> {
  readonly #limits: FairMapLimits
  /** In the order in which they were last set. */
  readonly #entries = new IdMap<Entry<V>>()
  readonly #groups = new Map<string, IdSet>()

  constructor(limits: FairMapLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  get(id: Uint8Array): V | undefined {
    return this.#entries.get(id)?.value
  }

  /** `group` undefined: only the bound of all holds for it. */
  set(id: Uint8Array, value: V, group: string | undefined): void {
    this.delete(id)
    const { max, ofGroupMax } = this.#limits
    const others = group === undefined ? undefined : this.#groups.get(group)
    if (others !== undefined && others.size >= ofGroupMax) this.#deleteFirst(others)
    else if (this.#entries.size >= max) this.#deleteFirst(this.#entries.keys())
    this.#entries.set(id, { value, group })
    if (group === undefined) return
    const members = this.#groups.get(group) ?? new IdSet()
    members.add(id)
    this.#groups.set(group, members)
  }

  delete(id: Uint8Array): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#entries.delete(id)
    if (entry.group === undefined) return
    const members = this.#groups.get(entry.group)
    members?.delete(id)
    if (members?.size === 0) this.#groups.delete(entry.group)
  }

  keys(): IterableIterator<Uint8Array> {
    return this.#entries.keys()
  }

  *values(): IterableIterator<{ value: V; group: string | undefined }> {
    yield* this.#entries.values()
  }

  *[Symbol.iterator](): IterableIterator<[Uint8Array, V]> {
    for (const [id, { value }] of this.#entries) yield [id, value]
  }

  #deleteFirst(ids: Iterable<Uint8Array>): void {
    for (const id of ids) return this.delete(id)
  }
}
