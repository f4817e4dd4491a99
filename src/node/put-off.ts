/** Queries of a window that found the server busy: each comes back after a while, a few times. */
import type { SheafError } from '../base/errors.ts'
import { Backoff } from './backoff.ts'
import type { SessionEnv } from './peer.ts'
import type { Pending } from './pending.ts'

export class PutOff {
  readonly #env: SessionEnv
  readonly #again: (pending: Pending) => void
  readonly #waiting = new Set<Pending>()

  constructor(env: SessionEnv, again: (pending: Pending) => void) {
    this.#env = env
    this.#again = again
  }

  get size(): number {
    return this.#waiting.size
  }

  /** False where it was tried often enough, or a part of the answer has come: another attempt would not be the same query. */
  add(pending: Pending, error: SheafError): boolean {
    pending.backoff ??= new Backoff(this.#env.random)
    const waitMs = pending.firstByteMs === undefined ? pending.backoff.next() : undefined
    if (waitMs === undefined) return false
    pending.busy = error
    this.#waiting.add(pending)
    this.#env.timers.at(this.#env.nowMs() + waitMs, () => {
      if (this.#waiting.delete(pending)) this.#again(pending)
    })
    return true
  }

  delete(pending: Pending): void {
    this.#waiting.delete(pending)
  }

  /** All of them; none is kept. */
  takeAll(): Pending[] {
    const all = [...this.#waiting]
    this.#waiting.clear()
    return all
  }
}
