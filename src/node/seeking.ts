/** Looking for keepers in the shards of all that is pending. */
import type { IdMap } from '../base/id-map.ts'
import { type Batch, HOLDERS_MIN } from './batch.ts'
import type { Node } from './node.ts'
import { shardKey } from './progress.ts'
import { forEach, type Task } from './task.ts'

/** So many shards at a time, each for so long. */
const SEEK_AT_ONCE = 3
export const SEEK_WITHIN_MS = 10_000

/** Batches that come meanwhile are looked for as well. */
export function* seekKeepers({ reach, env }: Node, pending: IdMap<Batch>): Task<void> {
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
