/** The polls that the bench counts: seeded, the same in every process. */

import type { Ballot } from '../../src/agr/stv/rankings.ts'

export interface Work {
  readonly ballots: number
  readonly candidates: number
  readonly seats: number
  readonly seed: number
}

/** The works by name; figures are named after them. */
export const WORKS = {
  '100k': { ballots: 100_000, candidates: 20, seats: 5, seed: 1 },
  '8x30': { ballots: 10_000, candidates: 30, seats: 8, seed: 2 },
} as const satisfies Record<string, Work>

export type WorkName = keyof typeof WORKS

/** From the most to the least wanted candidate, popularity falls by this per place. */
const FALL = 0.3

/**
 * Full rankings of all candidates, drawn one after the other without return, each in proportion
 * to its popularity (Plackett and Luce). With 20 candidates hardly two ballots are equal.
 */
export function ballotsOf(work: Work): Ballot[] {
  const random = randomFrom(work.seed)
  const popularity = Array.from({ length: work.candidates }, (_, i) => 1 / (1 + FALL * i))
  return Array.from({ length: work.ballots }, () => ({
    weight: 1,
    ranking: popularity
      .map((wanted, candidate) => ({ candidate, after: -Math.log(1 - random()) / wanted }))
      .sort((a, b) => a.after - b.after)
      .map(({ candidate }) => candidate),
  }))
}

/** Names as they would stand on a ballot paper. */
export function namesOf(work: Work): string[] {
  return Array.from({ length: work.candidates }, (_, i) => `Candidate ${i + 1}`)
}

/** Numbers in [0, 1) from a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
