/**
 * Token buckets by name: each holds up to `burst` tokens and gains `perS` a second. They are filled
 * when they are looked at, so that one which nobody uses costs nothing, and bounded in number:
 * beyond that the one that was not used for longest is forgotten, which only means that it is full.
 */

export interface Rate {
  /** Tokens that can be taken at once. */
  burst: number
  /** Tokens that come back in a second. */
  perS: number
}

interface Bucket {
  tokens: number
  atMs: number
  /** When it was last put behind the others. */
  movedMs: number
}

const MOVE_EVERY_MS = 1_000

export class Buckets {
  /** In the order of their last use, to the second. */
  readonly #buckets = new Map<string, Bucket>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#buckets.size
  }

  /** Tokens that a bucket holds now. */
  level(name: string, rate: Rate, nowMs: number): number {
    const bucket = this.#buckets.get(name)
    return bucket === undefined ? rate.burst : filled(bucket, rate, nowMs)
  }

  /** Takes a token; what there is where that is less. */
  take(name: string, rate: Rate, nowMs: number): void {
    const bucket = this.#buckets.get(name)
    if (bucket !== undefined) {
      bucket.tokens = Math.max(0, filled(bucket, rate, nowMs) - 1)
      bucket.atMs = nowMs
      // Its place among the others need not be exact, and to move it costs more than the rest.
      if (nowMs - bucket.movedMs < MOVE_EVERY_MS && nowMs >= bucket.movedMs) return
      bucket.movedMs = nowMs
      this.#buckets.delete(name)
      this.#buckets.set(name, bucket)
      return
    }
    this.#buckets.set(name, { tokens: Math.max(0, rate.burst - 1), atMs: nowMs, movedMs: nowMs })
    if (this.#buckets.size <= this.#max) return
    const [oldest] = this.#buckets.keys()
    if (oldest !== undefined) this.#buckets.delete(oldest)
  }
}

/** A clock that was set back takes nothing away and gives nothing. */
function filled({ tokens, atMs }: Bucket, { burst, perS }: Rate, nowMs: number): number {
  return Math.min(burst, tokens + (Math.max(0, nowMs - atMs) / 1000) * perS)
}
