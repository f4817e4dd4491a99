/**
 * The keys of one entity as far as they are known, and which of them counts.
 *
 *     genesis ── 1 ── 2            2 is current; 0 and 1 are retired, each by the one after it
 *     genesis ── 1 ─┬─ 2           two at one position: the entity is frozen there, until the
 *                   └─ 2'          person who runs this node readmits one of them
 *
 * Any order of arrival gives the same answers.
 */
import { compareBytes, equalBytes } from '../base/hash.ts'
import type { EntityKey } from './key.ts'

/** Rotations kept at one position: two freeze it, and more say nothing more. */
const RIVALS_MAX = 4

/** What becomes of records under a key. */
export type KeyStanding =
  | { type: 'current' }
  /** They count where each of `by` stands by them. */
  | { type: 'retired'; by: readonly EntityKey[] }
  /** Nothing under it counts while another key record stands beside it, or beside one before it. */
  | { type: 'frozen' }
  /** Another key record was readmitted in its place. */
  | { type: 'rejected' }

export class KeyChain {
  readonly genesis: EntityKey
  readonly #later: EntityKey[] = []
  /** Id of the key record that was readmitted where several stood side by side. */
  readonly #readmitted: Uint8Array[] = []
  #path: EntityKey[]
  #rivals: EntityKey[] = []

  constructor(genesis: EntityKey) {
    this.genesis = genesis
    this.#path = [genesis]
  }

  /** Nothing was ever rotated: every record under the genesis counts. */
  get isAlone(): boolean {
    return this.#later.length === 0
  }

  /** The keys from the genesis to the current one, or to where the chain is frozen. */
  get path(): readonly EntityKey[] {
    return this.#path
  }

  /** The key records that stand side by side at one position; none where the entity is not frozen. */
  get rivals(): readonly EntityKey[] {
    return this.#rivals
  }

  /** All rotations, whatever they are worth, in order of position. */
  get rotations(): readonly EntityKey[] {
    return this.#later
  }

  /** Takes in a verified rotation of this entity; whether it is news. */
  add(key: EntityKey): boolean {
    if (this.get(key.id) !== undefined) return false
    if (this.#later.filter(({ position }) => position === key.position).length >= RIVALS_MAX) return false
    this.#later.push(key)
    this.#later.sort((a, b) => a.position - b.position || compareBytes(a.id, b.id))
    this.#walk()
    return true
  }

  get(id: Uint8Array): EntityKey | undefined {
    if (equalBytes(id, this.genesis.id)) return this.genesis
    return this.#later.find((key) => equalBytes(key.id, id))
  }

  /** The person who runs this node trusts this key record, not those beside it. */
  readmit(id: Uint8Array): void {
    this.#readmitted.push(Uint8Array.from(id))
    this.#walk()
  }

  standingOf(id: Uint8Array): KeyStanding {
    const at = this.#path.findIndex((key) => equalBytes(key.id, id))
    if (at < 0) return { type: this.#rivals.length > 0 ? 'frozen' : 'rejected' }
    const after = this.#path[at + 1]
    if (after !== undefined) return { type: 'retired', by: [after] }
    return this.#rivals.length > 0 ? { type: 'retired', by: this.#rivals } : { type: 'current' }
  }

  #walk(): void {
    this.#path = [this.genesis]
    this.#rivals = []
    for (;;) {
      const last = this.#path.at(-1)!
      const after = this.#later.filter(({ record }) => equalBytes(record.key, last.id))
      const chosen = after.find(({ id }) => this.#readmitted.some((one) => equalBytes(one, id)))
      const next = chosen ?? (after.length === 1 ? after[0] : undefined)
      if (next === undefined) {
        this.#rivals = after
        return
      }
      this.#path.push(next)
    }
  }
}
