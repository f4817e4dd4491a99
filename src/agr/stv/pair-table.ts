/**
 * A table from two small numbers to a third, in flat memory: the tree of a Meek count looks up the
 * child of a node for most papers that move, and a `Map` per node takes three times as long.
 */

/** The second number is below this. */
export const SECOND_MAX = 2048
const FREE = -1
/** 2^32 divided by the golden ratio, odd: spreads neighbouring keys over the table. */
const SPREAD = 0x9e3779b1

export class PairTable {
  #keys = new Int32Array(1 << 8).fill(FREE)
  #values = new Int32Array(1 << 8)
  #shift = 24
  #count = 0

  /** The value for a pair, undefined where none was set. */
  get(first: number, second: number): number | undefined {
    const place = this.#placeOf(first * SECOND_MAX + second)
    return this.#keys[place] === FREE ? undefined : this.#values[place]
  }

  /** Sets the value of a pair that has none: `first` below 2^20, `second` below 2^11. */
  set(first: number, second: number, value: number): void {
    if (2 * this.#count >= this.#keys.length) this.#grow()
    const key = first * SECOND_MAX + second
    const place = this.#placeOf(key)
    this.#keys[place] = key
    this.#values[place] = value
    this.#count++
  }

  /** Where a key is, or would be. At least half of the places are free. */
  #placeOf(key: number): number {
    const keys = this.#keys
    let place = Math.imul(key, SPREAD) >>> this.#shift
    while (keys[place] !== key && keys[place] !== FREE) place = (place + 1) & (keys.length - 1)
    return place
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values]
    this.#keys = new Int32Array(keys.length * 2).fill(FREE)
    this.#values = new Int32Array(keys.length * 2)
    this.#shift--
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === FREE) continue
      const place = this.#placeOf(keys[i] as number)
      this.#keys[place] = keys[i] as number
      this.#values[place] = values[i] as number
    }
  }
}
