/**
 * Meek's method by the reference rule of the Proportional Representation Foundation
 * (prfound.org, "Reference Meek Rule"): an elected candidate keeps a share of every paper that
 * comes by, and the shares are adjusted until each holds the quota. Nine decimals, ω = 10^-6.
 *
 * Papers that meet the same candidates in the same order have the same weight left, so they are
 * kept together in a tree. An elected candidate is an inner node, a continuing one a leaf:
 *
 *     root ─┬─ A (elected) ─┬─ B      papers A, then B, whatever comes after
 *           │               └─ C
 *           ├─ B                      papers that begin with B
 *           └─ C
 *
 * When the candidate of a leaf is elected the leaf gets children; when it is excluded its papers
 * move to the next candidate beside it. An iteration costs one pass over the nodes, not over the papers.
 */

import { decimalText } from './exact.ts'
import type { Poll } from './poll.ts'
import { Tableau } from './tableau.ts'
import type { Action, Transcript } from './transcript.ts'
import { ONE, Tree, type TreeLimits } from './tree.ts'

const DECIMALS = 9
/** ω: a total surplus below this ends the iterations of a round. 10^-6 votes. */
const OMEGA = 1_000n

/** Bounds that the reference rule does not set. Only ballots built to reach them do. */
export interface MeekLimits extends TreeLimits {
  /** Iterations of one round. They shrink the surplus by a constant share; a few dozen are usual. */
  readonly iterationsMax: number
}

/** 2^20 nodes take 100 MB; 2^28 steps take a few seconds, with weights of many digits half a minute. */
const LIMITS: MeekLimits = { iterationsMax: 1000, nodesMax: 1 << 20, stepsMax: 2 ** 28 }

/** Counts a poll by Meek's method. Throws TOO_LARGE at the limits of its tree. */
export function countMeek(poll: Poll, limits: MeekLimits = LIMITS): Transcript {
  const unit = BigInt(ONE)
  const shares = BigInt(poll.seats + 1)
  const weight = BigInt(poll.rankings.weight) * unit
  const tableau = new Tableau(poll)
  const tree = new Tree(poll.rankings, tableau, limits)
  const keep: bigint[] = poll.candidates.map(() => unit)
  let action: Action = { type: 'first preferences' }
  let quota = 0n
  let totals: bigint[] = []

  while (true) {
    const { winners, surplus } = iterate()
    record()
    tableau.elect(winners, 'quota')
    if (tableau.finish()) return tableau.transcript(text(quota), text(0n))
    if (winners.length > 0) {
      while (keep.length < tableau.candidates.length) keep.push(unit)
      for (const winner of winners) tree.expand(winner)
      action = { type: 'keep factors' }
    } else {
      const loser = tableau.choose(nearLowest(surplus), 'exclusion')
      tableau.exclude(loser)
      tree.remove(loser)
      action = { type: 'exclude', candidate: loser + 1 }
    }
  }

  /** Distributes and adjusts until somebody reaches the quota or the surplus is spent (B.2 of the rule). */
  function iterate(): { winners: number[]; surplus: bigint } {
    let last: bigint | undefined
    for (let iteration = 1; ; iteration++) {
      totals = tree.distribute(keep.map(Number))
      const votes = totals.reduce((sum, total) => sum + total, 0n)
      quota = votes / shares + 1n
      const winners = tableau.continuing().filter((candidate) => total(candidate) >= quota)
      const elected = tableau.states.flatMap((state, i) =>
        state === 'elected' || winners.includes(i) ? [i] : [],
      )
      const surplus = elected.reduce((sum, candidate) => sum + total(candidate) - quota, 0n)
      const isSpent = surplus < OMEGA || (last !== undefined && surplus >= last)
      if (winners.length > 0 || isSpent || iteration === limits.iterationsMax) {
        return { winners, surplus: surplus > 0n ? surplus : 0n }
      }
      last = surplus
      for (const candidate of elected) {
        const kept = ceilDivide((keep[candidate] as bigint) * quota, unit)
        const factor = ceilDivide(kept * unit, total(candidate))
        keep[candidate] = factor < unit ? factor : unit
      }
    }
  }

  /** The lowest, and all whom what is left of the surplus could still lift or leave there (B.3). */
  function nearLowest(surplus: bigint): number[] {
    const left = tableau.continuing()
    const lowest = left.reduce(
      (least, candidate) => (total(candidate) < least ? total(candidate) : least),
      weight,
    )
    return left.filter((candidate) => total(candidate) <= lowest + surplus)
  }

  function record(): void {
    const elected = tableau.states.flatMap((state, i) => (state === 'elected' ? [i] : []))
    tableau.open(totals, {
      action,
      totals: totals.map(text),
      exhausted: text(totals.reduce((left, total) => left - total, weight)),
      quota: text(quota),
      transfers: [],
      keep: elected.map((candidate) => ({
        candidate: candidate + 1,
        factor: text(keep[candidate] as bigint),
      })),
    })
  }

  function total(candidate: number): bigint {
    return totals[candidate] ?? 0n
  }
}

function ceilDivide(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b
}

function text(units: bigint): string {
  return decimalText(units, DECIMALS)
}
