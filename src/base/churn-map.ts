/**
 * A map whose entries come and go by the thousand. V8's `Map` makes a new table when the old one is full of
 * deleted entries, or empty, and each old table refers to the one that followed it, and still to the values that it
 * held: once one of them has been promoted to the old generation, all that came after is kept, and copied, until the
 * next full collection. Here nothing is deleted: a cell is emptied when its entry goes, and the full cells are taken
 * over into a new map, to which nothing old refers, when more than half are empty.
 *
 * With 40,000 connections that came and went, 25 at a time, half of all bytes outlived a minor collection.
 */

/** So many empty cells are not worth a new map. */
const EMPTY_MAX = 32

export class ChurnMap<K, V> {
  #cells = new Map<K, { value: V | undefined }>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: K): V | undefined {
    return this.#cells.get(key)?.value
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  /** A value is never undefined. */
  set(key: K, value: V): void {
    const cell = this.#cells.get(key)
    if (cell?.value !== undefined) {
      cell.value = value
      return
    }
    if (cell !== undefined) this.#cells.delete(key) // it comes again, behind the others
    this.#cells.set(key, { value })
    this.#size += 1
  }

  /** Takes an entry out, and gives its value. */
  take(key: K): V | undefined {
    const cell = this.#cells.get(key)
    const value = cell?.value
    if (cell === undefined || value === undefined) return undefined
    cell.value = undefined
    this.#size -= 1
    const empty = this.#cells.size - this.#size
    if (empty > EMPTY_MAX && empty > this.#size) this.#leaveEmpty()
    return value
  }

  clear(): void {
    for (const cell of this.#cells.values()) cell.value = undefined
    this.#cells = new Map()
    this.#size = 0
  }

  *values(): Generator<V> {
    for (const { value } of this.#cells.values()) if (value !== undefined) yield value
  }

  #leaveEmpty(): void {
    const cells = new Map<K, { value: V | undefined }>()
    for (const [key, cell] of this.#cells) if (cell.value !== undefined) cells.set(key, cell)
    this.#cells = cells
  }
}
