/** Maps and sets keyed by the content of byte ids (32 bytes, mostly). Iteration is in order of insertion. */

/** The key that stands for an id inside a Map: one character a byte. */
export const idKey = (id: Uint8Array): string => Buffer.prototype.latin1Slice.call(id, 0, id.length)

export class IdMap<V> {
  readonly #entries = new Map<string, { id: Uint8Array; value: V }>()
  readonly #max: number

  /** With `max`, the oldest entry leaves when one more than that is set. */
  constructor(max = Number.POSITIVE_INFINITY) {
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  get(id: Uint8Array): V | undefined {
    return this.#entries.size === 0 ? undefined : this.#entries.get(idKey(id))?.value
  }

  has(id: Uint8Array): boolean {
    return this.#entries.size > 0 && this.#entries.has(idKey(id))
  }

  set(id: Uint8Array, value: V): this {
    this.#entries.set(idKey(id), { id: own(id), value })
    if (this.#entries.size > this.#max) {
      const oldest = this.#entries.keys().next()
      if (!oldest.done) this.#entries.delete(oldest.value)
    }
    return this
  }

  delete(id: Uint8Array): boolean {
    return this.#entries.size > 0 && this.#entries.delete(idKey(id))
  }

  clear(): void {
    this.#entries.clear()
  }

  *keys(): IterableIterator<Uint8Array> {
    for (const { id } of this.#entries.values()) yield id
  }

  *values(): IterableIterator<V> {
    for (const { value } of this.#entries.values()) yield value
  }

  *[Symbol.iterator](): IterableIterator<[Uint8Array, V]> {
    for (const { id, value } of this.#entries.values()) yield [id, value]
  }
}

/** The id in memory of its own: a view would keep the whole message alive that it came in. */
function own(id: Uint8Array): Uint8Array {
  return id.byteLength === id.buffer.byteLength ? id : Uint8Array.prototype.slice.call(id)
}

export class IdSet {
  readonly #ids: IdMap<true>

  constructor(ids: Iterable<Uint8Array> = [], max = Number.POSITIVE_INFINITY) {
    this.#ids = new IdMap(max)
    for (const id of ids) this.add(id)
  }

  get size(): number {
    return this.#ids.size
  }

  has(id: Uint8Array): boolean {
    return this.#ids.has(id)
  }

  /** Whether the id is new. */
  add(id: Uint8Array): boolean {
    const isNew = !this.#ids.has(id)
    if (isNew) this.#ids.set(id, true)
    return isNew
  }

  delete(id: Uint8Array): boolean {
    return this.#ids.delete(id)
  }

  clear(): void {
    this.#ids.clear()
  }

  [Symbol.iterator](): IterableIterator<Uint8Array> {
    return this.#ids.keys()
  }
}
