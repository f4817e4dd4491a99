/**
 * What a group may ask of a result beyond winning: a turnout, or more than a simple majority.
 * Both look at the finished count. They never change the quota, so they cannot change who leads.
 */

import { SheafError } from '../../base/errors.ts'
import { compareExact, readExact } from './exact.ts'
import type { Transcript } from './transcript.ts'

/** Whether ballots of at least `weightMin` ranked somebody. */
export function hasTurnout(transcript: Transcript, weightMin: number): boolean {
  return transcript.ballots >= weightMin
}

/**
 * Whether `candidate` (numbered from 1) holds at least `numerator / denominator` of W upon the
 * last stage: 2 and 3 ask for two thirds. Throws BAD_ARGUMENT.
 */
export function holdsShare(
  transcript: Transcript,
  candidate: number,
  numerator: number,
  denominator: number,
): boolean {
  if (
    !Number.isSafeInteger(numerator) ||
    !Number.isSafeInteger(denominator) ||
    numerator < 0 ||
    denominator < 1
  ) {
    throw new SheafError('BAD_ARGUMENT', `${numerator}/${denominator} is no share`)
  }
  const total = transcript.stages.at(-1)?.totals[candidate - 1]
  if (total === undefined) throw new SheafError('BAD_ARGUMENT', `no candidate has the number ${candidate}`)
  if (transcript.decision === 'none') return false
  const asked = { n: BigInt(numerator) * BigInt(transcript.ballots), d: BigInt(denominator) }
  return compareExact(readExact(total), asked) >= 0
}
