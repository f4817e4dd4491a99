/** What a count costs, from parsed ballots to the full transcript, and what npm `meeks-prf-js` takes for the same. */

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import type { SideResult } from './count/side.ts'
import { WORKS, type WorkName } from './count/work.ts'
import type { BenchOptions, Figures } from './harness/bench.ts'
import { PAIRS } from './harness/bench.ts'
import { median, ratios, significant } from './harness/statistics.ts'

export const name = 'count'
export const about = '100,000 ballots by STV: fixed, exact, Meek; beside meeks-prf-js'

/** Each side counts a few times in a fresh process, in turns with the others. */
const SIDES = {
  fixed100k: ['wigm-fixed/1', '100k'],
  exact100k: ['wigm-exact/1', '100k'],
  meek100k: ['meek-prf/1', '100k'],
  meeksPrf100k: ['meeks-prf-js', '100k'],
  exact8x30: ['wigm-exact/1', '8x30'],
} as const satisfies Record<string, readonly [rule: string, work: WorkName]>

type SideName = keyof typeof SIDES

const SIDE = new URL('./count/side.ts', import.meta.url)
const MEEKS = new URL('./alternatives/meeks/node_modules/meeks-prf-js/package.json', import.meta.url)
const HOW_TO_INSTALL = 'npm ci --prefix bench/alternatives/meeks'

/** The lines of FIGURES: milliseconds at most, ratio at least. */
const LINES = { fixed100kMs: 50, exact100kMs: 300, exact8x30Ms: 1000, vsMeeksPrf: 10 }

export async function run({
  pairs = PAIRS,
}: Pick<BenchOptions, 'dataDir' | 'json' | 'pairs'>): Promise<Figures> {
  const hasMeeks = existsSync(MEEKS)
  const sides = (Object.keys(SIDES) as SideName[]).filter((side) => hasMeeks || side !== 'meeksPrf100k')
  const rounds = new Map<SideName, SideResult[]>(sides.map((side) => [side, []]))
  for (let round = 0; round < pairs; round++) {
    for (const side of sides) rounds.get(side)?.push(await runSide(side))
  }

  const times = (side: SideName, field: 'ms' | 'coldMs') =>
    (rounds.get(side) ?? []).map((result) => result[field])
  const figures: Record<string, number> = {}
  for (const side of sides) {
    figures[`${side}Ms`] = significant(median(times(side, 'ms')))
    figures[`${side}ColdMs`] = significant(median(times(side, 'coldMs')))
  }
  const against = (side: SideName, field: 'ms' | 'coldMs') =>
    ratios(times('meeksPrf100k', field), times(side, field))
  const meeks = hasMeeks
    ? {
        // the same rule on both sides, and the same winners
        vsMeeksPrf: significant(against('meek100k', 'ms').median),
        vsMeeksPrfRange: rangeOf(against('meek100k', 'ms')),
        vsMeeksPrfCold: significant(against('meek100k', 'coldMs').median),
        // the rule that a large election would take here, against the only one that the package has
        vsMeeksPrfFixed: significant(against('fixed100k', 'ms').median),
        sameWinners: winnersOf(rounds, 'meek100k') === winnersOf(rounds, 'meeksPrf100k'),
      }
    : { vsMeeksPrf: null, notMeasured: [`meeks-prf-js: ${HOW_TO_INSTALL}`] }
  return {
    ...figures,
    ...meeks,
    ballots: rounds.get('fixed100k')?.[0]?.ballots,
    distinctShare: rounds.get('fixed100k')?.[0]?.distinctShare,
    works: WORKS,
    lines: LINES,
    pairs,
  }
}

async function runSide(side: SideName): Promise<SideResult> {
  const args = ['--expose-gc', '--import', 'tsx', SIDE.pathname, ...SIDES[side]]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as SideResult
}

function winnersOf(rounds: ReadonlyMap<SideName, readonly SideResult[]>, side: SideName): string | undefined {
  return rounds.get(side)?.[0]?.elected.join()
}

function rangeOf({ min, max }: { min: number; max: number }): [number, number] {
  return [significant(min), significant(max)]
}
