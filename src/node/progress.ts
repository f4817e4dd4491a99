/** How far batches are on their way to holders: each against the persons that could hold it. */
import { idKey } from '../base/id-map.ts'
import { type Batch, HOLDERS_MIN } from './batch.ts'
import type { HeldProgress } from './commands.ts'
import type { Connection, Node } from './node.ts'
import { prefixOf } from './shards.ts'

/** `settled` has all its holders; `lost` is a batch that nobody knows, or of which nothing reads back. */
export function progressOf(
  { people, reach }: Node,
  accepting: readonly Connection[],
  batches: readonly (Batch | 'settled' | 'lost')[],
): HeldProgress {
  const peers = people.count(accepting.map(({ device }) => device))
  const depth = reach.usualDepth()
  const counted = new Map<string, number>()
  const keepersAt = (place: Uint8Array): number => {
    const key = shardKey(place, depth)
    const known = counted.get(key)
    if (known !== undefined) return known
    const keepers = accepting.filter((peer) => reach.covers(peer, place))
    const count = people.count(keepers.map(({ device }) => device))
    counted.set(key, count)
    return count
  }
  const each = batches.map((batch) => {
    if (batch === 'settled') return { held: HOLDERS_MIN, target: HOLDERS_MIN }
    if (batch === 'lost') return { held: 0, target: HOLDERS_MIN }
    const keepers = batch.places(depth).map(keepersAt)
    return { held: batch.held(people), target: Math.min(HOLDERS_MIN, ...keepers) }
  })
  const batchesHeld = each.filter(({ held, target }) => target > 0 && held >= target).length
  const none = { held: 0, target: Math.min(HOLDERS_MIN, peers) }
  const least = each.reduce((a, b) => (b.held < a.held ? b : a), each[0] ?? none)
  return { ...least, peers, batches: batches.length, batchesHeld, isHeld: batchesHeld === batches.length }
}

export const shardKey = (locator: Uint8Array, depth: number): string => idKey(prefixOf(locator, depth))

type Far = Pick<HeldProgress, 'batchesHeld' | 'held' | 'peers'>

/** Whether more is held, or more could hold it, than ever: who goes and comes again is no progress. */
export function isFurther(now: Far, best: Far): boolean {
  return now.batchesHeld > best.batchesHeld || now.held > best.held || now.peers > best.peers
}

export function furthest(a: Far, b: Far): Far {
  return {
    batchesHeld: Math.max(a.batchesHeld, b.batchesHeld),
    held: Math.max(a.held, b.held),
    peers: Math.max(a.peers, b.peers),
  }
}
