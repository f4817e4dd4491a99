/**
 * Devices that we try to reach because somebody named them. What peers say may be made up, and
 * Hyperswarm would try each name for good: so they are few, and each is left when its time is over.
 */
import { idKey } from '../../base/id-map.ts'

export const TRIALS_MAX = 64
/** Several rounds of Hyperswarm's attempts; a device that is there answers the first within seconds. */
export const TRIAL_MS = 30_000

/** The part of Hyperswarm that keeps trying. */
export interface Trying {
  joinPeer(device: Uint8Array): void
  leavePeer(device: Uint8Array): void
}

export class Trials {
  readonly #swarm: Trying
  readonly #trialMs: number
  readonly #timers = new Map<string, NodeJS.Timeout>()
  #isClosed = false

  constructor(swarm: Trying, trialMs: number = TRIAL_MS) {
    this.#swarm = swarm
    this.#trialMs = trialMs
  }

  get size(): number {
    return this.#timers.size
  }

  /** False where the device is not tried: too many are, or it is already. */
  begin(device: Uint8Array): boolean {
    const key = idKey(device)
    if (this.#isClosed || this.#timers.has(key) || this.#timers.size >= TRIALS_MAX) return false
    this.#timers.set(
      key,
      setTimeout(() => this.end(device), this.#trialMs),
    )
    this.#swarm.joinPeer(device)
    return true
  }

  /** It is connected, or its time is over. A connection that stands stays. */
  end(device: Uint8Array): void {
    const key = idKey(device)
    const timer = this.#timers.get(key)
    if (timer === undefined) return
    clearTimeout(timer)
    this.#timers.delete(key)
    this.#swarm.leavePeer(device)
  }

  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}
