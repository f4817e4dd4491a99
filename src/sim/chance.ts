/**
 * Chance of a simulation: quick, and from a seed. sfc32 (C. Doty-Humphrey, PractRand) on 32-bit integers,
 * so that the numbers are the same on every machine. Never for keys.
 */
import { domainHash } from '../base/hash.ts'
import type { Random } from '../base/random.ts'

export class Chance {
  readonly #seed: Uint8Array
  #a: number
  #b: number
  #c: number
  #count = 1

  constructor(seed: string | Uint8Array) {
    this.#seed = typeof seed === 'string' ? Buffer.from(seed) : seed
    const state = Buffer.from(domainHash('sheaf/1 simulated chance', this.#seed))
    this.#a = state.readInt32LE(0)
    this.#b = state.readInt32LE(4)
    this.#c = state.readInt32LE(8)
  }

  /** Another stream of chance with a name: what is drawn from one changes nothing in the other. */
  fork(name: string): Chance {
    return new Chance(domainHash('sheaf/1 simulated stream', this.#seed, Buffer.from(name)))
  }

  /** 32 bits. */
  bits(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#count) | 0
    this.#count = (this.#count + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }

  /** From 0 to below 1. */
  unit(): number {
    return this.bits() / 2 ** 32
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.unit()
  }

  /** A whole number from 0 to `below` − 1. */
  below(below: number): number {
    return Math.floor(this.unit() * below)
  }

  /** Whether something of this probability happens. Draws only where that is open. */
  happens(probability: number): boolean {
    return probability > 0 && this.unit() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  /** `count` of the items, each once, in random order; all of them where there are fewer. */
  some<T>(items: readonly T[], count: number): T[] {
    const left = [...items]
    const taken = Math.min(count, left.length)
    for (let i = 0; i < taken; i++) {
      const j = i + this.below(left.length - i)
      ;[left[i], left[j]] = [left[j] as T, left[i] as T]
    }
    return left.slice(0, taken)
  }

  /** As the service takes it. */
  readonly bytes: Random = (length) => {
    const out = new Uint8Array(length)
    for (let i = 0; i < length; i += 4) {
      const word = this.bits()
      for (let j = i; j < Math.min(i + 4, length); j++) out[j] = word >>> (8 * (j - i))
    }
    return out
  }
}
