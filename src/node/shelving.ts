/**
 * What a reader fetched goes onto its shelf, as far as the operator's policy admits it; one
 * may read more than one keeps. Pages that were read one by one are written together a
 * little later, so that nobody who reads waits for a disk.
 */
import { asSheafError } from '../base/errors.ts'
import { isDeniedBlock } from './denials.ts'
import { keysBeside } from './keeping.ts'
import type { Node } from './node.ts'
import { neededBytes } from './quota.ts'
import type { StoredBlock } from './store.ts'
import { run, type Task } from './task.ts'

/** A page that is lost in between is fetched again. */
const WRITE_AFTER_MS = 50
const WAITING_BYTES_MAX = 1_048_576

export class Shelving {
  readonly #nodeOf: () => Node
  #waiting: StoredBlock[] = []
  #bytes = 0

  /** `nodeOf` is asked once something is to be kept. */
  constructor(nodeOf: () => Node) {
    this.#nodeOf = nodeOf
  }

  get #node(): Node {
    return this.#nodeOf()
  }

  /** Writes what the policy admits. What cannot be written is said and not thrown: a reader has it all the same. */
  *keep(blocks: readonly StoredBlock[]): Task<void> {
    const admitted = this.#admitted(blocks)
    if (admitted.length === 0) return
    try {
      yield* this.#node.store.append('shelf', admitted, { sync: false })
    } catch (cause) {
      const { code, message } = asSheafError(cause)
      this.#node.emit({ type: 'failed', what: 'keeping pages', code, message })
    }
  }

  #admitted(blocks: readonly StoredBlock[]): StoredBlock[] {
    const { retention } = this.#node
    const last = blocks.at(-1)
    // Where nothing is denied only the bytes count, and where all of them fit, each does.
    const areAllFine =
      last !== undefined &&
      retention.servesAll() &&
      retention.admit({ ...last, bytes: neededBytes(blocks) }) === 'keep'
    if (areAllFine) return [...blocks]
    let bytes = 0
    return blocks.filter((block) => {
      const withThis = bytes + neededBytes([block])
      if (isDeniedBlock(retention, block)) return false
      if (retention.admit({ ...block, bytes: withThis }) !== 'keep') return false
      bytes = withThis
      return true
    })
  }

  /** Has it written soon, the keys beside their records; what does not fit in between is not kept. */
  keepLater(blocks: readonly StoredBlock[]): void {
    const { timers, nowMs } = this.#node.env
    for (const block of blocks) {
      if (this.#bytes + block.length > WAITING_BYTES_MAX) return
      if (this.#waiting.length === 0) timers.at(nowMs() + WRITE_AFTER_MS, () => this.#write())
      this.#waiting.push(block)
      this.#bytes += block.length
    }
  }

  #write(): void {
    const blocks = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    run(this.#keepWithKeys(blocks), () => {})
  }

  *#keepWithKeys(blocks: readonly StoredBlock[]): Task<void> {
    let keys: StoredBlock[] = []
    try {
      keys = yield* keysBeside(this.#node, blocks)
    } catch (cause) {
      this.#node.emit({ type: 'failed', what: 'keeping keys', message: asSheafError(cause).message })
    }
    yield* this.keep([...keys, ...blocks])
  }
}
