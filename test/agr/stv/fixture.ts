/** Polls to test with: small ones by hand, many by chance from a seed. */

import { lotNameOfText, lotSeedOfText } from '../../../src/agr/stv/lot.ts'
import { type Poll, pollOf } from '../../../src/agr/stv/poll.ts'
import { type Ballot, normalise } from '../../../src/agr/stv/rankings.ts'
import type { RuleId } from '../../../src/agr/stv/rule.ts'

export const RULE_IDS: readonly RuleId[] = ['wigm-exact/1', 'wigm-fixed/1', 'scottish/1', 'meek-prf/1']

/** A poll before it is normalised. Candidates are numbered from 0. */
export interface Draft {
  readonly rule: RuleId
  readonly seats: number
  readonly names: readonly string[]
  readonly ballots: readonly Ballot[]
  readonly withdrawn?: readonly number[]
  readonly keep?: number | undefined
  readonly ron?: number | undefined
  readonly seed?: string
}

export function pollFrom(draft: Draft): Poll {
  return pollOf({
    rule: draft.rule,
    seats: draft.seats,
    candidates: draft.names.map((name, i) => ({
      name,
      lotName: lotNameOfText(name, 0),
      role: i === draft.keep ? 'status quo' : i === draft.ron ? 'reopen' : 'ordinary',
      isWithdrawn: draft.withdrawn?.includes(i) ?? false,
    })),
    rankings: normalise(draft.ballots, draft.names.length, draft.withdrawn),
    seed: lotSeedOfText(draft.seed ?? ''),
  })
}

/** Ballots from lines like `3 A B`: a weight, then one-letter names. */
export function ballotsOf(names: readonly string[], ...lines: readonly string[]): Ballot[] {
  return lines.map((line) => {
    const [weight, ...wanted] = line.split(' ')
    return { weight: Number(weight), ranking: wanted.map((name) => names.indexOf(name)) }
  })
}

/** Numbers in [0, 1) from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/**
 * A small poll by chance. Few voters and equal weights make ties and lots frequent; unknown,
 * repeated and withdrawn candidates, abstentions, KEEP, RON and huge weights all occur.
 */
export function randomDraft(rule: RuleId, random: () => number): Draft {
  const upTo = (n: number) => Math.floor(random() * n)
  const candidates = 1 + upTo(8)
  const names = Array.from({ length: candidates }, (_, i) => `c${i}`)
  const scale = random() < 0.05 ? 2 ** (20 + upTo(25)) - upTo(3) : 1
  const weightMax = random() < 0.5 ? 1 : 6
  const ballots = Array.from({ length: random() < 0.03 ? 0 : upTo(18) }, () => ({
    weight: (1 + upTo(weightMax)) * scale,
    ranking: Array.from({ length: upTo(candidates + 2) }, () =>
      random() < 0.03 ? ([-1, candidates + 3, 0.5, Number.NaN][upTo(4)] as number) : upTo(candidates),
    ),
  }))
  const special = upTo(candidates)
  const other = upTo(candidates)
  return {
    rule,
    seats: 1 + upTo(random() < 0.2 ? 7 : Math.min(4, candidates)),
    names,
    ballots,
    withdrawn: random() < 0.1 ? [upTo(candidates)] : [],
    keep: random() < 0.2 ? special : undefined,
    ron: random() < 0.3 && other !== special ? other : undefined,
    seed: `${upTo(1000)}`,
  }
}
