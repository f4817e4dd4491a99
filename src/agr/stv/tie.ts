/**
 * Ties: first the most recent earlier stage that tells the tied apart, then the status quo, then
 * a lot. Every step that narrowed the choice is told.
 */

import { bytesToHex } from '@noble/hashes/utils.js'
import { compareBytes } from '../../base/hash.ts'
import { draw } from './lot.ts'
import type { Candidate } from './poll.ts'
import type { Lot, Tie, TieStep } from './transcript.ts'

export interface TieBreak {
  readonly chosen: number
  readonly tie: Tie
  readonly lot: Lot | undefined
}

export interface TieContext {
  readonly candidates: readonly Candidate[]
  readonly seed: Uint8Array
  /** Totals of the earlier stages, oldest first, each in units of its own. A clone has none before its time. */
  readonly history: readonly (readonly bigint[])[]
  /** The number of the stage that left the tie, from 1. */
  readonly stage: number
  /** How many lots were drawn before. */
  readonly lotsDrawn: number
}

/**
 * One of `tied` (indices from 0, at least two, rising): for an exclusion the one that fared
 * worst, else the one that fared best.
 */
export function breakTie(tied: readonly number[], about: Tie['about'], context: TieContext): TieBreak {
  const isExclusion = about === 'exclusion'
  const steps: TieStep[] = []
  let left = backwards(tied, isExclusion, context.history, steps)
  left = byRole(left, isExclusion, context.candidates, steps)
  let lot: Lot | undefined
  if (left.length > 1) {
    const drawn = left
      .map((candidate) => ({ candidate, drew: draw(context.seed, nameOf(context.candidates, candidate)) }))
      .sort((a, b) => compareBytes(a.drew, b.drew))
    const chosen = (isExclusion ? drawn.at(-1) : drawn[0])?.candidate as number
    left = [chosen]
    lot = {
      stage: context.stage,
      about,
      order: drawn.map(({ candidate, drew }) => ({ candidate: candidate + 1, drew: bytesToHex(drew) })),
      chosen: chosen + 1,
    }
    steps.push({ by: 'lot', lot: context.lotsDrawn + 1, left: numbers(left) })
  }
  const chosen = left[0] as number
  return { chosen, tie: { about, tied: numbers(tied), chosen: chosen + 1, steps }, lot }
}

/** Goes back stage by stage; wherever some of those left differ, only the extreme ones stay. */
function backwards(
  tied: readonly number[],
  isExclusion: boolean,
  history: TieContext['history'],
  steps: TieStep[],
): readonly number[] {
  let left = tied
  for (let stage = history.length - 1; stage >= 0 && left.length > 1; stage--) {
    const totals = history[stage] as readonly bigint[]
    let extreme = totals[left[0] as number] ?? 0n
    let differ = false
    for (const candidate of left) {
      const total = totals[candidate] ?? 0n
      if (total === extreme) continue
      differ = true
      if (total < extreme === isExclusion) extreme = total
    }
    if (!differ) continue
    left = left.filter((candidate) => (totals[candidate] ?? 0n) === extreme)
    steps.push({ by: 'stage', stage: stage + 1, left: numbers(left) })
  }
  return left
}

/** The status quo wins the tie, "re-open nominations" loses it. */
function byRole(
  tied: readonly number[],
  isExclusion: boolean,
  candidates: readonly Candidate[],
  steps: TieStep[],
): readonly number[] {
  let left = tied
  for (const role of ['status quo', 'reopen'] as const) {
    const holder = left.find((candidate) => candidates[candidate]?.role === role)
    if (left.length === 1 || holder === undefined) continue
    const isChosen = (role === 'reopen') === isExclusion
    left = isChosen ? [holder] : left.filter((candidate) => candidate !== holder)
    steps.push({ by: role, left: numbers(left) })
  }
  return left
}

function nameOf(candidates: readonly Candidate[], candidate: number): Uint8Array {
  return (candidates[candidate] as Candidate).lotName
}

function numbers(indices: readonly number[]): number[] {
  return indices.map((index) => index + 1)
}
