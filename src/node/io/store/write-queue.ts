/**
 * The one writer of a store. Whoever comes while it writes waits and is written together with
 * the others who wait: one append to a feed and one batch of the index for all of them.
 */
import { SheafError } from '../../../base/errors.ts'
import type { Feed, Note, StoredBlock } from '../../store.ts'

/** Written at once: keeps the memory of one write and the wait of the next small. */
const GROUP_BYTES = 4 * 1024 * 1024
/** Waiting at most; callers that wait for their writes never come near. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024
/** What a write costs beside its blocks. */
const WRITE_BYTES = 256

export interface Write {
  feed: Feed
  blocks: readonly StoredBlock[]
  notes: readonly Note[]
}

type Job = { write: Write; bytes: number } | { run: () => Promise<void> }
type Waiting = Job & { resolve: () => void; reject: (error: unknown) => void }

export class WriteQueue {
  readonly #writeGroup: (writes: Write[]) => Promise<void>
  readonly #waiting: Waiting[] = []
  #bytes = 0
  #draining: Promise<void> | undefined

  /** `writeGroup` gets one or more writes, never while an earlier call is under way. */
  constructor(writeGroup: (writes: Write[]) => Promise<void>) {
    this.#writeGroup = writeGroup
  }

  /** Resolves when it is written, in the order of the calls. Errors: BUSY; those of `writeGroup`. */
  async write(write: Write): Promise<void> {
    const bytes = bytesOf(write)
    if (this.#bytes > 0 && this.#bytes + bytes > WAITING_BYTES_MAX) {
      throw new SheafError('BUSY', `${this.#bytes} bytes wait to be written`)
    }
    this.#bytes += bytes
    await this.#enter({ write, bytes })
  }

  /** Runs `run` when all before it is written, and nothing meanwhile. */
  async alone(run: () => Promise<void>): Promise<void> {
    await this.#enter({ run })
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    await this.#draining
  }

  #enter(job: Job): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...job, resolve, reject })
      this.#draining ??= this.#drain()
    })
  }

  async #drain(): Promise<void> {
    // those who call in the same turn go together
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      try {
        await this.#run(group)
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.#draining = undefined
  }

  #takeGroup(): Waiting[] {
    let end = 0
    let bytes = 0
    for (const job of this.#waiting) {
      if ('run' in job) break
      if (end > 0 && bytes + job.bytes > GROUP_BYTES) break
      bytes += job.bytes
      end++
    }
    this.#bytes -= bytes
    return this.#waiting.splice(0, Math.max(end, 1))
  }

  async #run(group: Waiting[]): Promise<void> {
    const [first] = group
    if (first !== undefined && 'run' in first) return first.run()
    return this.#writeGroup(group.flatMap((job) => ('write' in job ? [job.write] : [])))
  }
}

function bytesOf({ blocks, notes }: Write): number {
  let bytes = WRITE_BYTES
  for (const { length } of blocks) bytes += length
  for (const { key, value } of notes) bytes += key.byteLength + (value?.byteLength ?? 0)
  return bytes
}
