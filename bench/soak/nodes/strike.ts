/** When a node is to end itself by kill -9: at the nth passing of a named moment, or a little after it. */
import type { Moment } from '../../../src/node/io/store/disk.ts'

/** Those of the store, and around it: before and after the logs are synced, and when the answer is about to leave. */
export type StrikeMoment = Moment | 'syncing' | 'synced' | 'answering'

export interface Strike {
  readonly moment: StrikeMoment
  /** 1 is the next passing. */
  readonly nth: number
  readonly delayMs: number
}

/** Counts passings once it is armed. */
export class Striker {
  #strike: Strike | undefined
  #left = 0

  arm(strike: Strike): void {
    this.#strike = strike
    this.#left = strike.nth
  }

  passes(moment: StrikeMoment): void {
    if (this.#strike?.moment !== moment || --this.#left !== 0) return
    const end = (): void => void process.kill(process.pid, 'SIGKILL')
    if (this.#strike.delayMs === 0) end()
    else setTimeout(end, this.#strike.delayMs)
  }
}
