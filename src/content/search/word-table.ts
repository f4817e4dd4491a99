/** Which words there are, in how many pages each; and the words of one text as numbers, four bytes a word. */

/** What is counted of a word in one text: more often says no more. */
const COUNT_BITS = 8
const COUNT_MAX = 2 ** COUNT_BITS - 1

export interface CountedWord {
  number: number
  /** Pages that have it. */
  pages: number
}

export class WordTable {
  readonly #words = new Map<string, CountedWord>()
  /** Of words that no page has any more. At most 2^24 words are there at a time. */
  readonly #free: number[] = []

  get(word: string): CountedWord | undefined {
    return this.#words.get(word)
  }

  all(): Iterable<string> {
    return this.#words.keys()
  }

  /** One more page has these words. */
  add(words: ReadonlySet<string>): void {
    for (const word of words) {
      const known = this.#words.get(word)
      if (known !== undefined) known.pages += 1
      else this.#words.set(word, { number: this.#free.pop() ?? this.#words.size, pages: 1 })
    }
  }

  /** One page less has them, one that was added. */
  remove(words: ReadonlySet<string>): void {
    for (const word of words) {
      const known = this.#words.get(word)!
      known.pages -= 1
      if (known.pages > 0) continue
      this.#words.delete(word)
      this.#free.push(known.number)
    }
  }

  /** The different ones of `words`, all of them known, and how often each is there, for `timesIn`. */
  counted(words: readonly string[]): Uint32Array {
    const times = new Map<number, number>()
    for (const word of words) {
      const { number } = this.#words.get(word)!
      times.set(number, (times.get(number) ?? 0) + 1)
    }
    const packed = [...times].map(([number, count]) => number * 2 ** COUNT_BITS + Math.min(count, COUNT_MAX))
    return Uint32Array.from(packed).sort()
  }
}

/** How often a word is in a text that was counted, at most 255 times. */
export function timesIn(counted: Uint32Array, number: number): number {
  let from = 0
  let to = counted.length
  while (from < to) {
    const middle = (from + to) >>> 1
    const one = counted[middle]! >>> COUNT_BITS
    if (one === number) return counted[middle]! & COUNT_MAX
    if (one < number) from = middle + 1
    else to = middle
  }
  return 0
}
