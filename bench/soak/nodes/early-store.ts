/**
 * A fault for `--plant`: a store that answers before it writes, as a cache without a log would. What it has
 * acknowledged reads well until the process ends.
 */
import { IdMap } from '../../../src/base/id-map.ts'
import type { Feed, Store, StoredBlock } from '../../../src/node/store.ts'

/** Long enough for the answer to reach whoever waits for it, on a busy machine too. */
const WRITE_AFTER_MS = 300

/** Blocks of `feed` are acknowledged at once and written later; all else goes through. */
export function earlyStore(store: Store, feed: Feed): Store {
  const unwritten = new IdMap<StoredBlock>()
  return passing(store, {
    async append(into, blocks, options) {
      if (into !== feed || blocks.length === 0) return store.append(into, blocks, options)
      for (const block of blocks) unwritten.set(block.id, block)
      setTimeout(() => {
        const written = (): void => {
          for (const { id } of blocks) unwritten.delete(id)
        }
        store.append(into, blocks, options).then(written, written)
      }, WRITE_AFTER_MS)
    },
    getNow: () => undefined,
    async get(ids) {
      const found = await store.get(ids)
      return found.map((bytes, i) => bytes ?? unwritten.get(ids[i]!)?.bytes)
    },
    async meta(ids) {
      const found = await store.meta(ids)
      return found.map((meta, i) => meta ?? unwritten.get(ids[i]!))
    },
  })
}

/** A store that hands every call to another, except those that are given here. */
export function passing(store: Store, changed: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name): unknown {
      const value: unknown = Reflect.get(changed, name) ?? Reflect.get(target, name)
      return typeof value === 'function' && !(name in changed) ? value.bind(target) : value
    },
  })
}
