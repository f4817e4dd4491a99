/** The way that packets take between two nodes: how long, how sure, and whether at all. */

import type { Chance } from './chance.ts'

export interface Weather {
  /** One way, milliseconds; a packet takes from `latencyMs` to `latencyMs + jitterMs`. */
  latencyMs: number
  jitterMs: number
  /** Probabilities, for each packet. */
  loss: number
  duplicate: number
  /** A packet that is held up takes up to `heldMs` longer, so that others overtake it. */
  heldUp: number
  heldMs: number
}

export const FAIR: Weather = {
  latencyMs: 15,
  jitterMs: 10,
  loss: 0,
  duplicate: 0,
  heldUp: 0,
  heldMs: 0,
}

/** What a node sends leaves through its uplink, one packet after the other, whoever it is for. */
export class Uplink {
  readonly #bytesPerMs: number
  #freeMs = 0

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000
  }

  /** When the last of `bytes` has left that are given to it now. */
  take(bytes: number, nowMs: number): number {
    this.#freeMs = Math.max(nowMs, this.#freeMs) + bytes / this.#bytesPerMs
    return this.#freeMs
  }
}

/** When the copies of a packet that leaves now arrive: none where it is lost, two where it is doubled. */
export function arrivals(weather: Weather, leavesMs: number, chance: Chance): number[] {
  const { latencyMs, jitterMs, loss, duplicate, heldUp, heldMs } = weather
  if (chance.happens(loss)) return []
  const copies = chance.happens(duplicate) ? 2 : 1
  return Array.from({ length: copies }, () => {
    const held = chance.happens(heldUp) ? heldMs * chance.unit() : 0
    return leavesMs + latencyMs + jitterMs * chance.unit() + held
  })
}
