/** Carries out a store call as data on a store: the one place where the two meet. */
import type { Store } from './store.ts'
import type { PlacedRecord, SizedBlock, StoreCall } from './store-tasks.ts'

/** What the store has at hand, without a turn of waiting; undefined where it does not, or for calls that change it. */
export function performNow(store: Store, call: StoreCall): unknown {
  return call.method === 'get' ? store.getNow?.(call.ids) : undefined
}

export async function perform(store: Store, call: StoreCall): Promise<unknown> {
  switch (call.method) {
    case 'append':
      return store.append(call.feed, call.blocks, { sync: call.sync, notes: call.notes })
    case 'get':
      return store.get(call.ids)
    case 'meta':
      return store.meta(call.ids)
    case 'at':
      return store.at(call.locator, call.limit, call.kind)
    case 'vacant':
      return store.vacant(call.locators)
    case 'within': {
      const ids: Uint8Array[] = []
      for await (const { id } of store.within(call.prefix, call.depth)) ids.push(id)
      return ids
    }
    case 'placesWithin': {
      const places: PlacedRecord[] = []
      for await (const { id, locator, kind } of store.within(call.prefix, call.depth))
        if (kind !== 0) places.push({ id, locator, kind })
      return places
    }
    case 'sizesWithin': {
      const sizes: SizedBlock[] = []
      for await (const { id, kind, length } of store.within(call.prefix, call.depth))
        sizes.push({ id, kind, length })
      return sizes
    }
    case 'note':
      return store.note(call.notes, { sync: call.sync })
    case 'noted':
      return store.noted(call.table, call.key)
    case 'notes': {
      const notes: { key: Uint8Array; value: Uint8Array }[] = []
      for await (const note of store.notes(call.table)) notes.push(note)
      return notes
    }
    case 'damagedAmong':
      return store.damagedAmong(call.ids)
    case 'usage':
      return store.usage()
  }
}
