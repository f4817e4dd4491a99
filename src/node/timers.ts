/** What is to happen at which time. Pure: somebody else says what time it is. */
import { Heap } from '../base/heap.ts'

export interface Timer {
  cancel(): void
}

class Entry implements Timer {
  fire: (() => void) | undefined

  constructor(fire: () => void) {
    this.fire = fire
  }

  cancel(): void {
    this.fire = undefined
  }
}

export class Timers {
  readonly #heap = new Heap<Entry>()

  at(timeMs: number, fire: () => void): Timer {
    const entry = new Entry(fire)
    this.#heap.push(timeMs, entry)
    return entry
  }

  /** When `run` is next needed. */
  get nextMs(): number | undefined {
    return this.#heap.firstKey
  }

  /** Those that were cancelled among them, until their time. */
  get size(): number {
    return this.#heap.size
  }

  /** Fires everything that is due. */
  run(nowMs: number): void {
    for (;;) {
      const next = this.#heap.firstKey
      if (next === undefined || next > nowMs) return
      this.#heap.pop()?.fire?.()
    }
  }
}
