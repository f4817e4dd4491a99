/**
 * One side of the count bench, in a process of its own: makes the work, counts it a few
 * times, and prints one JSON line. `side.ts RULE WORK`, RULE being a rule id or `meeks-prf-js`.
 */

import { createRequire } from 'node:module'
import { count } from '../../src/agr/stv/count.ts'
import { lotNameOfText, lotSeedOfText } from '../../src/agr/stv/lot.ts'
import { pollOf } from '../../src/agr/stv/poll.ts'
import { type Ballot, normalise } from '../../src/agr/stv/rankings.ts'
import { readRule } from '../../src/agr/stv/rule.ts'
import { median } from '../harness/statistics.ts'
import { ballotsOf, namesOf, WORKS, type Work, type WorkName } from './work.ts'

/** Counts in one process. The first runs code that is not compiled yet; a daemon's counts are like the later ones. */
const RUNS = 7

export interface SideResult {
  /** From parsed ballots to the full transcript: the median of all counts of the process. */
  readonly ms: number
  /** The first of them. */
  readonly coldMs: number
  /** Candidates from 0, sorted. */
  readonly elected: readonly number[]
  readonly ballots: number
  /** Different ballots, as a share. */
  readonly distinctShare: number
}

type Count = () => number[]

const [rule = '', workName = ''] = process.argv.slice(2)
const work: Work = WORKS[workName as WorkName]
const ballots = ballotsOf(work)
const run = rule === 'meeks-prf-js' ? meeksPrf(ballots, work) : ours(ballots, work)
// what making the work left behind is not to be cleared away on the count's time
globalThis.gc?.()
const [coldMs, elected] = timed(run)
const allMs = [coldMs, ...Array.from({ length: RUNS - 1 }, () => timed(run)[0])]
const result: SideResult = {
  ms: median(allMs),
  coldMs,
  elected: elected.sort((a, b) => a - b),
  ballots: ballots.length,
  distinctShare: new Set(ballots.map(({ ranking }) => ranking.join())).size / ballots.length,
}
console.log(JSON.stringify(result))

function ours(ballots: readonly Ballot[], work: Work): Count {
  const id = readRule(rule).id
  const candidates = namesOf(work).map((name) => ({
    name,
    lotName: lotNameOfText(name, 0),
    role: 'ordinary' as const,
    isWithdrawn: false,
  }))
  const seed = lotSeedOfText('bench')
  return () => {
    const rankings = normalise(ballots, work.candidates)
    const transcript = count(pollOf({ rule: id, seats: work.seats, candidates, rankings, seed }))
    return transcript.elected.map((number) => number - 1)
  }
}

/** The same ballots as this package wants them; making that form is not measured. */
function meeksPrf(ballots: readonly Ballot[], work: Work): Count {
  const require = createRequire(new URL('../alternatives/meeks/package.json', import.meta.url))
  const { tabulate } = require('meeks-prf-js/run/meek.js') as {
    tabulate(...args: unknown[]): { elected: Set<string> }
  }
  const names = Array.from({ length: work.candidates }, (_, i) => `C${i}`)
  const papers = ballots.map(({ weight, ranking }) => [weight, ranking.map((candidate) => names[candidate])])
  return () => {
    const { elected } = tabulate(work.seats, names, papers, work.candidates, names, [], [], {})
    return [...elected].map((name) => names.indexOf(name))
  }
}

function timed(run: Count): [ms: number, elected: number[]] {
  const start = performance.now()
  const elected = run()
  return [performance.now() - start, elected]
}
