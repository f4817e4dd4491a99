/** The verified keys at hand, by the id of their key record. Bounded; a key that was forgotten is read or asked for again. */
import { IdMap } from '../base/id-map.ts'
import type { EntityKey } from './key.ts'
import { parseRecord, type VerifiedRecord } from './record.ts'

/** About 400 bytes each. */
const KEYS_MAX = 10_000

export class KeyBook {
  readonly #keys = new IdMap<EntityKey>(KEYS_MAX)

  add(key: EntityKey): void {
    this.#keys.set(key.id, ownKey(key))
  }

  get(id: Uint8Array): EntityKey | undefined {
    return this.#keys.get(id)
  }

  has(id: Uint8Array): boolean {
    return this.#keys.has(id)
  }
}

/** The key in memory of its own: a view would keep the whole message alive that it came in. */
function ownKey(key: EntityKey): EntityKey {
  const record = parseRecord(Uint8Array.from(key.record.bytes)) as VerifiedRecord
  return {
    id: Uint8Array.from(key.id),
    entity: Uint8Array.from(key.entity),
    publicKey: Uint8Array.from(key.publicKey),
    record,
  }
}
