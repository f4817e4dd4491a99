/**
 * One subscription of a client as this node keeps it: the ids that wait to be sent, in the order in which
 * they were stored, and where there were too many, which places missed something. Never the blocks.
 */
import { IdSet } from '../base/id-map.ts'
import { suspend, type Task } from './task.ts'

/** Ids that wait for a client that is slow to read or to thank. */
export const WAITING_MAX = 64
/** Ids that are remembered so that what is written twice is sent once. */
const RECENT_MAX = 512

export interface Due {
  id: Uint8Array
  /** Place of its locator in the query. */
  index: number
}

export class Subscription {
  readonly #recent = new IdSet([], RECENT_MAX)
  #waiting: Due[] = []
  #missed = new Set<number>()
  #wake: (() => void) | undefined
  #end: 'soon' | 'now' | undefined

  add(id: Uint8Array, index: number): void {
    if (this.#end !== undefined || !this.#recent.add(id)) return
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push({ id, index })
    else this.#missed.add(index)
    this.wake()
  }

  get hasWork(): boolean {
    return this.#waiting.length > 0 || this.#missed.size > 0
  }

  /** Whether nothing more is to be sent. */
  get isOver(): boolean {
    return this.#end === 'now' || (this.#end === 'soon' && !this.hasWork)
  }

  /** The next `count` at most, taken out. */
  take(count: number): Due[] {
    return this.#waiting.splice(0, count)
  }

  /** Places that missed something, once all that waited has been taken: what is told then is the end of it. */
  takeMissed(): number[] {
    if (this.#waiting.length > 0) return []
    const missed = [...this.#missed]
    this.#missed.clear()
    return missed
  }

  /** `soon`: once everything that waits was sent; nothing more is added. */
  end(when: 'soon' | 'now'): void {
    this.#end = when
    this.wake()
  }

  wake(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  /** Until something was added, or `wake` is called. */
  *turn(): Task<void> {
    yield* suspend<void>((resume) => {
      this.#wake = () => resume({ value: undefined })
    })
  }
}
