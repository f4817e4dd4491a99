/**
 * Counts a poll. The transcript is a function of the poll alone: no clock, no chance, and no
 * rounding that depends on the machine or on the order of the ballots.
 */

import { countMeek } from './meek.ts'
import type { Poll } from './poll.ts'
import { Tableau } from './tableau.ts'
import type { Transcript } from './transcript.ts'
import { countWigm } from './wigm.ts'

/** Throws TOO_LARGE where an exact count outgrows all use. */
export function count(poll: Poll): Transcript {
  if (poll.rankings.weight === 0) return undecided(poll)
  return poll.rule.method === 'meek' ? countMeek(poll) : countWigm(poll)
}

/** Nobody voted: nothing is decided, so the status quo stays where it stands for election. */
function undecided(poll: Poll): Transcript {
  const tableau = new Tableau(poll)
  const isStanding = poll.candidates.findIndex(
    ({ role, isWithdrawn }) => role === 'status quo' && !isWithdrawn,
  )
  const zero = poll.rule.decimals === undefined ? '0' : `0.${'0'.repeat(poll.rule.decimals)}`
  tableau.open(
    poll.candidates.map(() => 0n),
    {
      action: { type: 'first preferences' },
      totals: poll.candidates.map(() => zero),
      exhausted: zero,
      quota: zero,
      transfers: [],
    },
  )
  if (isStanding >= 0) tableau.elect([isStanding], 'status quo')
  return tableau.transcript(zero, zero)
}
