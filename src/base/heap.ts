/** A binary min-heap: `push` and `pop` in O(log n). Equal keys leave in the order in which they came. */
export class Heap<T> {
  readonly #items: { key: number; order: number; value: T }[] = []
  #order = 0

  get size(): number {
    return this.#items.length
  }

  /** The smallest key, or undefined where the heap is empty. */
  get firstKey(): number | undefined {
    return this.#items[0]?.key
  }

  push(key: number, value: T): void {
    const items = this.#items
    let at = items.length
    const item = { key, order: this.#order++, value }
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(item, items[parent]!)) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  pop(): T | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (first === undefined || last === undefined) return undefined
    if (items.length > 0) {
      let at = 0
      for (;;) {
        let child = 2 * at + 1
        if (child >= items.length) break
        if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child += 1
        if (!isBefore(items[child]!, last)) break
        items[at] = items[child]!
        at = child
      }
      items[at] = last
    }
    return first.value
  }
}

function isBefore(a: { key: number; order: number }, b: { key: number; order: number }): boolean {
  return a.key < b.key || (a.key === b.key && a.order < b.order)
}
