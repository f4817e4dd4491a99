/**
 * Makes the write-ahead logs of a database power-safe.
 *
 * RocksDB (under Corestore) and LevelDB write every change to a `*.log` file at once, which
 * survives the end of the process, and neither Corestore nor an unsynced level batch makes it
 * survive the end of the power. Both move a log's content into tables that they sync before they
 * delete the log. So at any moment all that was written is either in a synced table or in
 * one of the logs that lie there: syncing these, and the directory where one is new, is enough.
 *
 * Callers that come while a round runs share the next one (group commit).
 */
import { join } from 'node:path'
import type { Disk } from './disk.ts'

export class LogSync {
  readonly #directory: string
  readonly #disk: Disk
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  /** Logs whose names are known to be on the medium. */
  #named: ReadonlySet<string> = new Set()

  constructor(directory: string, disk: Disk) {
    this.#directory = directory
    this.#disk = disk
  }

  /**
   * Resolves when all that was written before this call is on the medium. After one failure every
   * later call fails as well: the kernel may have dropped what it could not write.
   */
  sync(): Promise<void> {
    if (this.#next !== undefined) return this.#next
    const next = this.#after(this.#running)
    this.#next = next
    return next
  }

  async #after(running: Promise<void> | undefined): Promise<void> {
    await running
    const round = this.#next
    this.#next = undefined
    this.#running = round
    await this.#round()
  }

  async #round(): Promise<void> {
    const logs = (await this.#disk.list(this.#directory)).filter((name) => name.endsWith('.log'))
    await Promise.all(logs.map((name) => this.#disk.syncFile(join(this.#directory, name))))
    if (logs.some((name) => !this.#named.has(name))) await this.#disk.syncDirectory(this.#directory)
    this.#named = new Set(logs)
  }
}
