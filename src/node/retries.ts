/** When somebody who failed may be asked again: each time after twice as long, up to a limit. */
import { IdMap } from '../base/id-map.ts'

export interface RetryTimes {
  firstMs: number
  capMs: number
}

/** Who is remembered; the one who failed first is forgotten. */
const REMEMBERED_MAX = 1_024

export class Retries {
  readonly #times: RetryTimes
  readonly #failures = new IdMap<{ count: number; untilMs: number }>(REMEMBERED_MAX)

  constructor(times: RetryTimes) {
    this.#times = times
  }

  /** When this one may be asked again. */
  failed(id: Uint8Array, nowMs: number): number {
    const count = (this.#failures.get(id)?.count ?? 0) + 1
    const { firstMs, capMs } = this.#times
    // Doubling ends long before the exponent outgrows a number.
    const untilMs = nowMs + Math.min(capMs, firstMs * 2 ** Math.min(count - 1, 30))
    this.#failures.delete(id)
    this.#failures.set(id, { count, untilMs })
    return untilMs
  }

  succeeded(id: Uint8Array): void {
    this.#failures.delete(id)
  }

  mayAsk(id: Uint8Array, nowMs: number): boolean {
    return (this.#failures.get(id)?.untilMs ?? 0) <= nowMs
  }
}
