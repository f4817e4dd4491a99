/** Looking for keepers in the shards of all that is pending, now and again until it is held. */
import type { IdMap } from '../base/id-map.ts'
import { type Batch, HOLDERS_MIN } from './batch.ts'
import type { Node } from './node.ts'
import { shardKey } from './progress.ts'
import { forEach, run, type Task } from './task.ts'
import type { Timer } from './timers.ts'

/** So many shards at a time, each for so long. */
const SEEK_AT_ONCE = 3
export const SEEK_WITHIN_MS = 10_000
/** It is looked again after this, then ever later: who was full or not to be reached may soon be there. */
const AGAIN_FIRST_MS = 20_000
const AGAIN_CAP_MS = 5 * 60_000

export class Seeker {
  readonly #node: Node
  readonly #pending: IdMap<Batch>
  readonly #ended: () => void
  #isSeeking = false
  #againMs = AGAIN_FIRST_MS
  #timer: Timer | undefined

  /** `ended` is called after each search. */
  constructor(node: Node, pending: IdMap<Batch>, ended: () => void) {
    this.#node = node
    this.#pending = pending
    this.#ended = ended
  }

  get isSeeking(): boolean {
    return this.#isSeeking
  }

  /** For something new: what is not found at once is looked for again soon. */
  seekSoon(): void {
    this.#againMs = AGAIN_FIRST_MS
    this.seek()
  }

  seek(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#isSeeking || this.#pending.size === 0) return
    this.#isSeeking = true
    run(seekKeepers(this.#node, this.#pending), () => {
      this.#isSeeking = false
      const { timers, nowMs } = this.#node.env
      this.#timer = timers.at(nowMs() + this.#againMs, () => this.seek())
      this.#againMs = Math.min(2 * this.#againMs, AGAIN_CAP_MS)
      this.#ended()
    })
  }
}

/** Batches that come meanwhile are looked for as well. */
function* seekKeepers({ reach, env }: Node, pending: IdMap<Batch>): Task<void> {
  const sought = new Set<string>()
  for (;;) {
    const depth = reach.usualDepth()
    const fresh = new Map<string, Uint8Array>()
    for (const batch of pending.values()) {
      for (const place of batch.places(depth)) {
        const key = shardKey(place, depth)
        if (!sought.has(key)) fresh.set(key, place)
      }
    }
    if (fresh.size === 0) return
    for (const key of fresh.keys()) sought.add(key)
    yield* forEach(fresh.values(), SEEK_AT_ONCE, function* (place) {
      yield* reach.reach(place, HOLDERS_MIN, env.nowMs() + SEEK_WITHIN_MS)
    })
  }
}
