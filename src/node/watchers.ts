/**
 * Who hears of what is stored where, in memory only: a look into a map for each block that is written,
 * and not even that while nobody listens.
 */
import { IdMap } from '../base/id-map.ts'
import type { StoredBlock } from './store.ts'

export type OnStored = (block: StoredBlock) => void

export class Watchers {
  readonly #at = new IdMap<Set<OnStored>>()
  readonly #ofKind = new Map<number, OnStored[]>()
  readonly #ofPlaces: ((locator: Uint8Array) => void)[] = []

  /** Places that somebody listens at. */
  get size(): number {
    return this.#at.size
  }

  /** Tells of records, not of loose pieces, that are stored at these places from now on; what comes back ends that. */
  watch(locators: readonly Uint8Array[], tell: OnStored): () => void {
    for (const locator of locators) {
      const there = this.#at.get(locator)
      if (there === undefined) this.#at.set(locator, new Set([tell]))
      else there.add(tell)
    }
    return () => {
      for (const locator of locators) {
        const there = this.#at.get(locator)
        there?.delete(tell)
        if (there?.size === 0) this.#at.delete(locator)
      }
    }
  }

  /** Tells of records of a kind wherever they are stored from now on, for good. */
  watchKind(kind: number, tell: OnStored): void {
    this.#ofKind.set(kind, [...(this.#ofKind.get(kind) ?? []), tell])
  }

  /** Tells of every place where a record is written from now on, for good. */
  watchAll(tell: (locator: Uint8Array) => void): void {
    this.#ofPlaces.push(tell)
  }

  /** These have been written. */
  tellOfPlaces(blocks: readonly StoredBlock[]): void {
    for (const tell of this.#ofPlaces) for (const { kind, locator } of blocks) if (kind !== 0) tell(locator)
  }

  /** Those of these blocks that somebody would hear of. */
  watched(blocks: readonly StoredBlock[]): StoredBlock[] {
    if (this.#at.size === 0 && this.#ofKind.size === 0) return []
    return blocks.filter(
      ({ kind, locator }) => this.#ofKind.has(kind) || (kind !== 0 && this.#at.has(locator)),
    )
  }

  /** This one has been written, and was not there before. */
  tell(block: StoredBlock): void {
    for (const tell of this.#ofKind.get(block.kind) ?? []) tell(block)
    for (const tell of this.#at.get(block.locator) ?? []) tell(block)
  }
}
