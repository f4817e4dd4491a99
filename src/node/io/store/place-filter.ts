/**
 * The locators at which something may lie, as a Bloom filter (B. H. Bloom, Communications of the ACM 13(7), 1970):
 * who looks for what is not there need not ask the disk. A look into the index for one place takes 100 µs, as it
 * goes by an iterator; here it takes less than one.
 *
 *     16 bits a place, 4 of them set: 1 place in 400 that was never added seems to be there
 *
 * Locators are hashes, so parts of them say which bits. The last parts: those of one shard begin alike.
 */

const BITS_PER_PLACE = 16
const WORD_BYTES = 4
/** Where in a locator the four numbers lie. */
const PARTS = [16, 20, 24, 28]

export class PlaceFilter {
  readonly #bits: Uint32Array
  readonly #placesMax: number
  #places = 0

  /** For about so many places: rounded up to a power of two, and to a whole word. */
  constructor(placesMax: number) {
    this.#placesMax = 2 ** Math.max(1, Math.ceil(Math.log2(placesMax)))
    this.#bits = new Uint32Array((this.#placesMax * BITS_PER_PLACE) / (WORD_BYTES * 8))
  }

  /** Whether it has more than it was made for, and says too often that something may be there. */
  get isFull(): boolean {
    return this.#places > this.#placesMax
  }

  add(locator: Uint8Array): void {
    this.#places += 1
    for (const part of PARTS) this.#bits[this.#wordOf(locator, part)]! |= maskOf(locator, part)
  }

  /** False where it was certainly not added. */
  mayHave(locator: Uint8Array): boolean {
    return PARTS.every((part) => (this.#bits[this.#wordOf(locator, part)]! & maskOf(locator, part)) !== 0)
  }

  #wordOf(locator: Uint8Array, part: number): number {
    const number = (locator[part]! << 16) | (locator[part + 1]! << 8) | locator[part + 2]!
    return number & (this.#bits.length - 1)
  }
}

/** Of the last byte: which of the 32 bits of a word. */
function maskOf(locator: Uint8Array, part: number): number {
  return 1 << (locator[part + 3]! & 31)
}
