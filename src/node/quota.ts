/**
 * Holds a store to its quota: room is reserved before a write, and let go when the write is counted or
 * has failed. So writes that run at once cannot pass it together.
 */
import { SheafError } from '../base/errors.ts'
import { IdMap } from '../base/id-map.ts'
import { logicalBytes, type StoredBlock } from './store.ts'

export class QuotaGuard {
  readonly #quotaBytes: number
  readonly #usedBytes: () => number
  #reservedBytes = 0

  constructor(quotaBytes: number, usedBytes: () => number) {
    this.#quotaBytes = quotaBytes
    this.#usedBytes = usedBytes
  }

  /**
   * Reserves room for `blocks`; what lets it go. Where all of them would not fit, `fresh` tells which of them
   * the store lacks, and only these count. Errors: QUOTA_FULL.
   */
  async reserve(
    blocks: readonly StoredBlock[],
    fresh: () => Promise<readonly StoredBlock[]> | readonly StoredBlock[],
  ): Promise<() => void> {
    let needed = neededBytes(blocks)
    if (!this.#hasRoom(needed)) needed = neededBytes(await fresh())
    if (needed > 0 && !this.#hasRoom(needed)) throw quotaFull(this.#usedBytes(), this.#quotaBytes, needed)
    this.#reservedBytes += needed
    return () => {
      this.#reservedBytes -= needed
      needed = 0
    }
  }

  #hasRoom(needed: number): boolean {
    return this.#usedBytes() + this.#reservedBytes + needed <= this.#quotaBytes
  }
}

export function neededBytes(blocks: readonly { length: number }[]): number {
  return logicalBytes({ blocks: blocks.length, bytes: blocks.reduce((sum, { length }) => sum + length, 0) })
}

/** Each block once. */
export function distinct<T extends { id: Uint8Array }>(blocks: readonly T[]): T[] {
  const once = new IdMap<T>()
  for (const block of blocks) if (!once.has(block.id)) once.set(block.id, block)
  return [...once.values()]
}

export function quotaFull(used: number, quota: number, needed: number): SheafError {
  return new SheafError('QUOTA_FULL', `${used} of ${quota} bytes are taken, and ${needed} more do not fit`, {
    hint: 'raise quota_mb in the configuration, if the disk has room, and start the node again',
  })
}
