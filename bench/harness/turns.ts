/** Measures sides in turns (A B A B …), so that a slow minute of the machine falls on all of them. */

import type { PresentSide, SideName } from './sides.ts'
import { type RatioSummary, ratios } from './statistics.ts'

/** What each side measured, a round an entry; entries with the same index were measured one after the other. */
export type Rounds<Measured> = ReadonlyMap<SideName, readonly Measured[]>

export async function takeTurns<Measured>(
  sides: readonly PresentSide[],
  pairs: number,
  measure: (side: PresentSide, round: number) => Promise<Measured>,
): Promise<Rounds<Measured>> {
  const rounds = new Map<SideName, Measured[]>(sides.map(({ name }) => [name, []]))
  for (let round = 0; round < pairs; round++) {
    for (const side of sides) rounds.get(side.name)!.push(await measure(side, round))
  }
  return rounds
}

/**
 * `figure(left) / rightFigure(right)` round by round; undefined where one of the two was not measured. The second
 * figure is for sides that do the same work in ways of different names.
 */
export function compare<Measured>(
  rounds: Rounds<Measured>,
  left: SideName,
  right: SideName,
  figure: (measured: Measured) => number,
  rightFigure = figure,
): RatioSummary | undefined {
  const lefts = rounds.get(left)
  const rights = rounds.get(right)
  if (lefts === undefined || rights === undefined) return undefined
  return ratios(lefts.map(figure), rights.map(rightFigure))
}
