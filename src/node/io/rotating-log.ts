/** A log file that stays small: when it is full it becomes `FILE.1`, what was that `FILE.2`, and the oldest goes. */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'

const BYTES_MAX = 8 * 1024 * 1024
/** Beside the one that is written to. */
const KEPT = 3
const MODE = 0o600

export interface LogLimits {
  readonly bytesMax: number
  readonly kept: number
}

/** Where log lines go, a whole one at a time. Written at once: the last words before an end are the ones that matter. */
export class RotatingLog {
  readonly #path: string
  readonly #limits: LogLimits
  #fd: number
  #bytes: number

  constructor(path: string, limits: LogLimits = { bytesMax: BYTES_MAX, kept: KEPT }) {
    this.#path = path
    this.#limits = limits
    this.#fd = openSync(path, 'a', MODE)
    this.#bytes = fstatSync(this.#fd).size
  }

  write(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#bytes > 0 && this.#bytes + bytes.byteLength > this.#limits.bytesMax) this.#rotate()
    try {
      this.#bytes += writeSync(this.#fd, bytes)
    } catch {
      // A full disk costs log lines, and not the node.
    }
  }

  close(): void {
    closeSync(this.#fd)
  }

  #rotate(): void {
    for (let i = this.#limits.kept; i > 0; i--) {
      try {
        renameSync(i === 1 ? this.#path : `${this.#path}.${i - 1}`, `${this.#path}.${i}`)
      } catch {
        // It is not there yet.
      }
    }
    try {
      const fd = openSync(this.#path, 'a', MODE)
      closeSync(this.#fd)
      this.#fd = fd
    } catch {
      // No other can be opened: the old one grows a little further.
    }
    this.#bytes = 0
  }
}
