/** The verified keys at hand, by the id of their key record. Bounded; a key that was forgotten is read or asked for again. */
import { IdMap } from '../base/id-map.ts'
import type { EntityKey } from './key.ts'

/** About 400 bytes each. */
const KEYS_MAX = 10_000

export class KeyBook {
  readonly #keys = new IdMap<EntityKey>(KEYS_MAX)

  add(key: EntityKey): void {
    this.#keys.set(key.id, key)
  }

  get(id: Uint8Array): EntityKey | undefined {
    return this.#keys.get(id)
  }

  has(id: Uint8Array): boolean {
    return this.#keys.has(id)
  }
}
