/** Many small publishes while nobody was there: their batches go on as few, each as large as one store request takes. */
import { IdSet } from '../base/id-map.ts'
import { Batch, type BatchEntry } from './batch.ts'
import { shardKey } from './progress.ts'
import { rootOfIds } from './shards.ts'
import { ASK_IDS_MAX } from './wire.ts'

export interface Merged {
  batch: Batch
  /** What it stands for; two at least. */
  parts: readonly Batch[]
}

/**
 * Batches of one shard at `depth` that nobody has promised anything for, put together in their order.
 * Each stands alone, with its key and the owners of its pieces, and so does what they make. Those of files stay: a
 * version among them is there for its file, and would not be handed to the keepers of its page.
 */
export function mergeBatches(batches: Iterable<Batch>, depth: number): Merged[] {
  const open = new Map<string, { parts: Batch[]; entries: BatchEntry[]; ids: IdSet }>()
  const full: { parts: Batch[]; entries: BatchEntry[] }[] = []
  for (const batch of batches) {
    const [place, ...others] = batch.places(depth)
    const isFresh = batch.holdings.size === 0 && batch.busy.size === 0 && !batch.isRenewal
    if (place === undefined || others.length > 0 || !isFresh || batch.isOfFile) continue
    const key = shardKey(place, depth)
    let group = open.get(key)
    const fresh = batch.entries.filter(({ id }) => group?.ids.has(id) !== true)
    if (group !== undefined && group.entries.length + fresh.length > ASK_IDS_MAX) {
      full.push(group)
      group = undefined
    }
    group ??= { parts: [], entries: [], ids: new IdSet() }
    open.set(key, group)
    group.parts.push(batch)
    for (const entry of batch.entries) {
      if (group.ids.has(entry.id)) continue
      group.ids.add(entry.id)
      group.entries.push(entry)
    }
  }
  return [...full, ...open.values()]
    .filter(({ parts }) => parts.length > 1)
    .map(({ parts, entries }) => {
      const madeMs = Math.min(...parts.map((part) => part.madeMs))
      return { batch: new Batch(rootOfIds(entries.map(({ id }) => id)), madeMs, entries), parts }
    })
}
