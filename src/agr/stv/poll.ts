/** What is counted: who stands, for how many seats, under which rule, with which ballots. */

import { bytesToHex } from '@noble/hashes/utils.js'
import { SheafError } from '../../base/errors.ts'
import { CANDIDATES_MAX, type Rankings } from './rankings.ts'
import { type Rule, type RuleId, readRule } from './rule.ts'

/**
 * What a candidate stands for. `status quo` (KEEP, the present head) wins a tie that earlier
 * stages leave open; `reopen` (RON, "re-open nominations") loses it, and a seat that it wins
 * stays vacant.
 */
export type Role = 'ordinary' | 'status quo' | 'reopen'

export interface Candidate {
  readonly name: string
  /** What the candidate draws lots with; see `lotName`. Different for every candidate. */
  readonly lotName: Uint8Array
  readonly role: Role
  readonly isWithdrawn: boolean
}

/** A poll that was checked as a whole; made by `pollOf`. */
export interface Poll {
  readonly rule: Rule
  readonly seats: number
  readonly candidates: readonly Candidate[]
  readonly rankings: Rankings
  /** 32 bytes; see `lotSeed`. */
  readonly seed: Uint8Array
}

/** Throws BAD_ARGUMENT or TOO_LARGE where the parts do not make a poll. */
export function pollOf(parts: Omit<Poll, 'rule'> & { readonly rule: RuleId }): Poll {
  const { seats, candidates, rankings } = parts
  const rule = readRule(parts.rule)
  if (!Number.isSafeInteger(seats) || seats < 1) {
    throw new SheafError('BAD_ARGUMENT', `${seats} seats; there must be a whole number of them, from 1`)
  }
  if (seats > rule.seatsMax) {
    throw new SheafError('BAD_ARGUMENT', `${seats} seats where ${rule.id} counts ${rule.seatsMax}`, {
      hint: rule.decimals === undefined ? '--rule wigm-fixed/1' : 'hold several polls',
    })
  }
  if (candidates.length === 0) throw new SheafError('BAD_ARGUMENT', 'a poll without candidates')
  if (candidates.length > CANDIDATES_MAX) {
    throw new SheafError(
      'TOO_LARGE',
      `${candidates.length} candidates where ${CANDIDATES_MAX} can be counted`,
    )
  }
  if (rankings.candidates !== candidates.length) {
    throw new SheafError(
      'BAD_ARGUMENT',
      `ballots over ${rankings.candidates} candidates, ${candidates.length} stand`,
    )
  }
  for (const role of ['status quo', 'reopen'] as const) {
    const holders = candidates.filter((candidate) => candidate.role === role).length
    if (holders > 1) throw new SheafError('BAD_ARGUMENT', `${holders} candidates stand for "${role}"`)
  }
  if (new Set(candidates.map((candidate) => bytesToHex(candidate.lotName))).size < candidates.length) {
    throw new SheafError('BAD_ARGUMENT', 'two candidates have one lot name, so no lot could tell them apart')
  }
  return { rule, seats, candidates, rankings, seed: parts.seed }
}
