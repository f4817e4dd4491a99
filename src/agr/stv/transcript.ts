/**
 * The whole course of a count as plain data, equal to the last byte wherever it is counted.
 * Candidates are numbered from 1 in the poll's order, as on a ballot paper. Numbers of votes are
 * exact text: `n` or `n/d` in lowest terms under an exact rule, else decimals at the rule's scale.
 */

import type { RuleId } from './rule.ts'

export interface Transcript {
  readonly rule: RuleId
  readonly seats: number
  /** Names. Clones of "re-open nominations" that the count made stand behind the others. */
  readonly candidates: readonly string[]
  /** Numbers of the candidates that had withdrawn. */
  readonly withdrawn: readonly number[]
  /** W: the weight of the ballots that rank somebody. */
  readonly ballots: number
  readonly abstained: number
  /** The last one, where the rule computes it anew in each round. */
  readonly quota: string
  /** `none` where no ballot ranks anybody: then only the status quo, where it stands, is elected. */
  readonly decision: 'elected' | 'none'
  /** In order of election. Seats won by "re-open nominations" are not here but in `reopened`. */
  readonly elected: readonly number[]
  readonly reopened: number
  /** Seats that nobody fills; those in `reopened` are among them. */
  readonly vacancies: number
  readonly stages: readonly Stage[]
  readonly lots: readonly Lot[]
  /** What the lots were ordered by, in hex, whether or not one was needed. */
  readonly seed: string
}

export interface Stage {
  /** What led to these totals. */
  readonly action: Action
  /** One for each candidate of the transcript. */
  readonly totals: readonly string[]
  /** Weight that left the count: papers with nobody left on them, and what rounding cut off. */
  readonly exhausted: string
  readonly quota: string
  /** Where papers went, by the value that each now has; sorted by source, value, receiver. Empty under Meek. */
  readonly transfers: readonly Transfer[]
  /** Under Meek: the share that each elected candidate keeps of every paper. */
  readonly keep?: readonly { readonly candidate: number; readonly factor: string }[]
  /** Elected upon these totals, in order. */
  readonly elected: readonly Election[]
  /** The ties that had to be broken upon these totals, in order. */
  readonly ties: readonly Tie[]
}

export type Action =
  | { readonly type: 'first preferences' }
  | { readonly type: 'surplus'; readonly candidate: number; readonly surplus: string }
  | { readonly type: 'exclude'; readonly candidate: number }
  | { readonly type: 'keep factors' }

export interface Election {
  readonly candidate: number
  /** `quota`: reached it. `left over`: no more candidates than seats were left. `status quo`: no ballots. */
  readonly by: 'quota' | 'left over' | 'status quo'
}

export interface Transfer {
  readonly papers: number
  /** Votes per paper. */
  readonly value: string
  /** Null: nobody left on the paper. */
  readonly to: number | null
}

export interface Tie {
  readonly about: 'surplus' | 'exclusion'
  readonly tied: readonly number[]
  readonly chosen: number
  /** How the choice narrowed, step by step; the last step leaves the chosen one. */
  readonly steps: readonly TieStep[]
}

export type TieStep =
  /** The most recent earlier stage (numbered from 1) where the tied differ. */
  | { readonly by: 'stage'; readonly stage: number; readonly left: readonly number[] }
  | { readonly by: 'status quo' | 'reopen'; readonly left: readonly number[] }
  /** Number of the lot, from 1. */
  | { readonly by: 'lot'; readonly lot: number; readonly left: readonly number[] }

export interface Lot {
  /** The stage (from 1) upon whose totals it was drawn. */
  readonly stage: number
  readonly about: Tie['about']
  /** The best lot first, with what each candidate drew, in hex. */
  readonly order: readonly { readonly candidate: number; readonly drew: string }[]
  readonly chosen: number
}
