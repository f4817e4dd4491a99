/** Challenges that were already answered: a solution is good once. Bounded; full means busy, never forgetful. */
import { SheafError } from '../base/errors.ts'
import { IdMap } from '../base/id-map.ts'

/** Twice a challenge's life, so that clocks and rotation leave no gap. */
const REMEMBERED_MS = 120_000
/** About 12 MB when full: 800 earned sessions a second. */
const REPLAYS_MAX = 100_000

export class ReplaySet {
  readonly #expiries = new IdMap<number>()

  /** Throws REPLAYED where the challenge was answered before, BUSY where there is no room to remember it. */
  use(mac: Uint8Array, nowMs: number): void {
    if (this.#expiries.has(mac)) throw new SheafError('REPLAYED', 'this challenge was answered before')
    for (const [id, expires] of this.#expiries) {
      if (expires > nowMs) break
      this.#expiries.delete(id)
    }
    if (this.#expiries.size >= REPLAYS_MAX) throw new SheafError('BUSY', 'too many sessions are being earned')
    this.#expiries.set(mac, nowMs + REMEMBERED_MS)
  }

  has(mac: Uint8Array): boolean {
    return this.#expiries.has(mac)
  }
}
