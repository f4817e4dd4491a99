/**
 * Patience with a node that is busy: the waits between attempts double and are spread, so that those
 * who were turned away together do not come back together; and each attempt that was refused for its
 * bid raises the next.
 */
import type { Random } from '../base/random.ts'

const FIRST_MS = 250
const LONGEST_MS = 4_000
/** Attempts after the first: about eight seconds, then somebody else is asked. */
const ATTEMPTS_MAX = 5

export class Backoff {
  readonly #random: Random
  #attempts = 0
  #raises = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** How many times the least that is asked should be bid: doubled with each time that a bid was too low. */
  get raise(): number {
    return 2 ** this.#raises
  }

  /** The bid did not get us served. */
  outbid(): void {
    this.#raises += 1
  }

  /** How long to wait before the next attempt, in ms: half of it chance. Undefined where it has been tried often enough. */
  next(): number | undefined {
    if (this.#attempts === ATTEMPTS_MAX) return undefined
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#attempts++)
    return Math.round(longest * (0.5 + this.#random(1)[0]! / 512))
  }

  /** An attempt went well. */
  reset(): void {
    this.#attempts = 0
    this.#raises = 0
  }
}
