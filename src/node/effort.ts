/** What a query costs at the least: a fixed rule that follows how many strangers wait. */
import { EFFORT_FLOOR } from '../ranking/standing.ts'

/** About 20 s of a phone that tries 400,000 a second, or 8 s of a laptop. */
export const EFFORT_CAP = 8_000_000
/** Up to this share of the places strangers pay the floor: such a queue is served in no time. */
const CALM_SHARE = 1 / 4

export interface Backlog {
  /** Strangers' queries that wait, and places for them. */
  waiting: number
  places: number
}

/**
 * Expected hashes for a query of weight 1. With the queue a quarter full or less it is the floor; from
 * there on every further place taken multiplies it by the same factor, so that it reaches the cap
 * with the last one:
 *
 *     fill = waiting / places
 *     p    = floor · (cap / floor) ^ ((fill − ¼) / ¾)
 *
 * With 256 places the price doubles each 15 queries beyond the 64th. It forgets nothing and needs no
 * clock; it falls as soon as the queue does.
 */
export function minimumEffort({ waiting, places }: Backlog): number {
  const beyond = (waiting / places - CALM_SHARE) / (1 - CALM_SHARE)
  if (!(beyond > 0)) return EFFORT_FLOOR
  return Math.round(EFFORT_FLOOR * (EFFORT_CAP / EFFORT_FLOOR) ** Math.min(1, beyond))
}

/** What this asker is quoted, where a stranger without load would pay EFFORT_FLOOR and it would pay `price`. */
export function quotedEffort(price: number, backlog: Backlog): number {
  return Math.min(2 ** 40, Math.ceil((price / EFFORT_FLOOR) * minimumEffort(backlog)))
}
