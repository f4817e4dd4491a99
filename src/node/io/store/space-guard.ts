/**
 * Refuses a write before the disk is full. A database that meets the end of the disk in the middle of
 * a write has to be opened anew; one that was asked in time goes on as soon as there is space again.
 */
import { SheafError } from '../../../base/errors.ts'
import type { Disk } from './disk.ts'
import type { Write } from './write-queue.ts'

/** RocksDB sets aside up to 74 MB for a new log, LevelDB and the tables of both take a few. */
const RESERVE_BYTES = 96 * 1024 * 1024
/** The disk is asked again after so much was written. */
const ASK_AFTER_BYTES = 8 * 1024 * 1024
/** A block is written to a log and to a table, and its index entry takes about its share. */
const WRITTEN_PER_BYTE = 2
const INDEX_BYTES_PER_BLOCK = 512

export class SpaceGuard {
  readonly #home: string
  readonly #disk: Disk
  /** May be written before the disk is asked again. */
  #allowance = 0
  #trouble: string | undefined

  constructor(home: string, disk: Disk) {
    this.#home = home
    this.#disk = disk
  }

  /** What the last write was refused for; undefined where it was not. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Resolves where these writes fit. Errors: DISK_FULL. */
  async reserve(writes: readonly Write[]): Promise<void> {
    const needed = bytesOf(writes)
    if (this.#allowance < needed) {
      const free = await this.#disk.freeBytes(this.#home)
      if (free < RESERVE_BYTES + needed) {
        this.#trouble = `${free} bytes are free in ${this.#home}, ${RESERVE_BYTES} must be`
        throw new SheafError('DISK_FULL', this.#trouble, {
          hint: 'free some space; nothing was lost, and the node goes on by itself',
        })
      }
      this.#trouble = undefined
      this.#allowance = Math.min(free - RESERVE_BYTES, Math.max(needed, ASK_AFTER_BYTES))
    }
    this.#allowance -= needed
  }
}

function bytesOf(writes: readonly Write[]): number {
  let bytes = 0
  for (const { blocks, notes } of writes) {
    for (const { length } of blocks) bytes += WRITTEN_PER_BYTE * length + INDEX_BYTES_PER_BLOCK
    for (const { value } of notes)
      bytes += WRITTEN_PER_BYTE * (value?.byteLength ?? 0) + INDEX_BYTES_PER_BLOCK
  }
  return bytes
}
