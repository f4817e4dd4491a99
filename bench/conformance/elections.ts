/**
 * Holds the count against elections whose results are known: real Scottish wards with every stage
 * total, the declared records of 2017, and small cases worked by hand.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BltFile, pollOfBlt, readBlt } from '../../src/agr/stv/blt.ts'
import { count } from '../../src/agr/stv/count.ts'
import type { RuleId } from '../../src/agr/stv/rule.ts'
import type { Transcript } from '../../src/agr/stv/transcript.ts'
import type { ConformanceReport } from './main.ts'

const WARD_RULE: RuleId = 'scottish/1'
const DECIMALS = 5
/** Half of the last of two decimals, in units of the fifth. */
const PRINTED_HALF = 500n

/** The printed record of this ward has one known typo; everything else in it must agree. */
const TYPO_WARD = 'blt/glasgow_2017_ward1.blt'
const TYPOS_MAX = 1

interface WardRow {
  readonly file: string
  readonly seats: number
  readonly quota: number
  readonly elected: number[]
  readonly order_of_election: number[]
  readonly computed_stage_totals: string[][]
}

interface DeclaredRow {
  readonly file: string
  readonly quota: number
  readonly candidates: {
    readonly blt_index: number
    readonly status: string
    readonly occurred_on_count: number | null
    readonly totals_by_count: Record<string, string>
  }[]
}

interface HandCase {
  readonly id: string
  readonly seats?: number
  readonly candidates?: string[]
  readonly ballots?: [weight: number, ranking: number[]][]
  readonly quota?: number
  readonly quota_exact?: string
  readonly elected?: number[] | null
  readonly elected_plain?: number[]
  readonly elected_nus?: string[]
  readonly vacancies?: number
}

/** How one hand case runs. `lawful` lists every set of winners that the rule allows, where lots decide. */
interface HandRun {
  readonly rule: RuleId
  readonly keep?: number
  readonly ron?: number
  readonly lawful?: readonly (readonly number[])[]
  readonly reopened?: number
  readonly isUndecided?: boolean
  /** The case's quota is that of another rule. */
  readonly isQuotaOther?: boolean
}

/** Rule ids for the words of the cases. Candidates are numbered from 1. */
const HAND_RUNS: Readonly<Record<string, readonly HandRun[]>> = {
  'castor-42': [{ rule: 'scottish/1' }],
  'weak-defeat': [{ rule: 'scottish/1' }],
  'wikipedia-oranges': [
    { rule: 'scottish/1' },
    { rule: 'wigm-exact/1', isQuotaOther: true },
    { rule: 'wigm-fixed/1', isQuotaOther: true },
  ],
  'frwiki-100': [{ rule: 'wigm-exact/1', isQuotaOther: true }],
  'itwiki-3seats': [{ rule: 'scottish/1' }, { rule: 'wigm-exact/1', isQuotaOther: true }],
  'schulze-stv-page': [{ rule: 'scottish/1' }, { rule: 'wigm-exact/1', isQuotaOther: true }],
  // 3 : 3 is a tie, and the status quo wins ties
  'jersey-irv': every({ keep: 1, lawful: [[1]] }),
  'fewer-candidates-than-seats': every({}),
  'no-ballots': every({ lawful: [[]], isUndecided: true }),
  'all-equal-cycle': every({ lawful: [[1], [2], [3]] }),
  'all-exhaust': [{ rule: 'scottish/1' }],
  'skipped-ranking': every({}),
  'ron-multiseat': [
    { rule: 'scottish/1', ron: 3, lawful: [[1]], reopened: 2 },
    { rule: 'wigm-exact/1', ron: 3, lawful: [[1]], reopened: 2, isQuotaOther: true },
  ],
  'majority-3of5': [
    { rule: 'scottish/1', lawful: [[1, 3, 4]] },
    {
      rule: 'wigm-exact/1',
      lawful: [
        [1, 2, 3],
        [1, 2, 4],
      ],
    },
  ],
  // B and C tie at 2; an earlier stage (0 against 2) decides before a lot would
  'equal-split-thirds': [
    { rule: 'wigm-exact/1', lawful: [[1, 3]] },
    { rule: 'scottish/1', lawful: [[1, 3]], isQuotaOther: true },
  ],
}

/** Lots must not only be lawful: with enough seeds each lawful result must come up. */
const LOT_SEEDS = 64

export function checkElections(dataDir: string): ConformanceReport {
  const folder = join(dataDir, 'elections')
  const scottish = join(folder, 'scottish')
  const differences: string[] = []
  const transcripts = new Map<string, Transcript>()
  const checked: Record<string, number> = {}
  const tally = (what: string, by = 1) => {
    checked[what] = (checked[what] ?? 0) + by
  }

  for (const row of rowsOf<WardRow>(join(scottish, 'expected.jsonl'))) {
    const transcript = count(pollOfBlt(readBlt(readFileSync(join(scottish, row.file))), { rule: WARD_RULE }))
    transcripts.set(row.file, transcript)
    const wrong = wardDifferences(row, transcript)
    differences.push(...wrong.map((what) => `${row.file}: ${what}`))
    tally(wrong.length === 0 ? 'wards equal (winners, order, quota, all stage totals)' : 'wards different')
    tally('stage totals compared to 5 decimals', row.computed_stage_totals.flat().length)
  }

  const notes: string[] = []
  for (const row of rowsOf<DeclaredRow>(join(scottish, 'official_rounds.jsonl'))) {
    const transcript = transcripts.get(row.file)
    const { wrong, rounded, cells } =
      transcript === undefined
        ? { wrong: ['not counted'], rounded: [], cells: 0 }
        : declaredDifferences(row, transcript)
    const typos = row.file === TYPO_WARD ? TYPOS_MAX : 0
    tally('declared totals compared as printed', cells)
    if (wrong.length > typos) differences.push(...wrong.map((what) => `${row.file}, declared: ${what}`))
    else if (wrong.length > 0) tally(`declared records equal but for the known typo (${wrong[0]})`)
    else
      tally(
        rounded.length > 0 ? 'declared records equal, some totals to 2 decimals' : 'declared records equal',
      )
    // with more than 2 decimals printed the last ones differ: within the precision, worth telling
    notes.push(...rounded.filter(isFine).map((what) => `${row.file}: ${what}`))
  }

  const cases = JSON.parse(readFileSync(join(folder, 'hand', 'cases.json'), 'utf8')) as HandCase[]
  for (const hand of cases) {
    if (hand.candidates === undefined) {
      notes.push(`hand case ${hand.id}: has no ballots of its own, not run`)
      continue
    }
    const runs = HAND_RUNS[hand.id]
    const wrong =
      runs === undefined ? ['no rule is set for it'] : runs.flatMap((run) => handDifferences(hand, run))
    if (runs !== undefined) notes.push(`hand case ${hand.id}: ${runs.map((run) => run.rule).join(', ')}`)
    differences.push(...wrong.map((what) => `hand case ${hand.id}: ${what}`))
    tally(wrong.length === 0 ? 'hand cases equal' : 'hand cases different')
  }
  return { checked, differences, notes }
}

function wardDifferences(row: WardRow, transcript: Transcript): string[] {
  const wrong: string[] = []
  const same = (what: string, got: unknown, wanted: unknown) => {
    if (JSON.stringify(got) !== JSON.stringify(wanted)) {
      wrong.push(`${what} ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`)
    }
  }
  same('quota', transcript.quota, String(row.quota))
  same('winners', sorted(transcript.elected), sorted(row.elected))
  same('order', transcript.elected, row.order_of_election)
  same('stages', transcript.stages.length, row.computed_stage_totals.length)
  row.computed_stage_totals.forEach((wanted, i) => {
    const stage = transcript.stages[i]
    if (stage !== undefined) same(`stage ${i + 1}`, [...stage.totals, stage.exhausted], wanted)
  })
  return wrong
}

/**
 * Elections, the counts at which they came, and the totals. Some councils printed some totals to
 * two decimals, and the source pads all to five: so a total that differs is held to two.
 */
function declaredDifferences(
  row: DeclaredRow,
  transcript: Transcript,
): { wrong: string[]; rounded: string[]; cells: number } {
  const wrong: string[] = []
  const rounded: string[] = []
  let cells = 0
  if (transcript.quota !== String(row.quota)) wrong.push(`quota ${transcript.quota}, not ${row.quota}`)
  for (const candidate of row.candidates) {
    const number = candidate.blt_index
    const isElected = transcript.elected.includes(number)
    if (isElected !== (candidate.status === 'Elected')) {
      wrong.push(`candidate ${number} is not "${candidate.status}"`)
    }
    const electedAt =
      transcript.stages.findIndex((stage) =>
        stage.elected.some((election) => election.candidate === number),
      ) + 1
    if (isElected && candidate.occurred_on_count !== electedAt) {
      wrong.push(`candidate ${number} elected at stage ${electedAt}, not ${candidate.occurred_on_count}`)
    }
    for (const [stage, printed] of Object.entries(candidate.totals_by_count)) {
      cells++
      const exact = transcript.stages[Number(stage) - 1]?.totals[number - 1]
      if (exact === printed) continue
      const what = `candidate ${number}, stage ${stage}: ${exact}, printed ${printed}`
      const difference = exact === undefined ? undefined : unitsOf(exact) - unitsOf(printed)
      const isRounded = difference !== undefined && difference <= PRINTED_HALF && difference >= -PRINTED_HALF
      if (isRounded) rounded.push(what)
      else wrong.push(what)
    }
  }
  return { wrong, rounded, cells }
}

/** Whether the printed total has more than two decimals. */
function isFine(difference: string): boolean {
  return !difference.endsWith('000')
}

function unitsOf(text: string): bigint {
  const [whole = '0', places = ''] = text.split('.')
  return BigInt(whole + places.padEnd(DECIMALS, '0'))
}

function handDifferences(hand: HandCase, run: HandRun): string[] {
  const file: BltFile = {
    seats: hand.seats ?? 1,
    candidates: hand.candidates ?? [],
    withdrawn: [],
    ballots: (hand.ballots ?? []).map(([weight, ranking]) => ({
      weight,
      ranking: ranking.map((n) => n - 1),
    })),
    title: '',
  }
  const wrong: string[] = []
  const met = new Set<string>()
  const lawful = (run.lawful ?? [hand.elected ?? []]).map((winners) => sorted(winners).join())
  for (let seed = 0; seed < LOT_SEEDS; seed++) {
    const transcript = count(
      pollOfBlt(file, {
        rule: run.rule,
        seed: `${seed}`,
        ...(run.keep !== undefined && { statusQuo: run.keep - 1 }),
        ...(run.ron !== undefined && { reopen: run.ron - 1 }),
      }),
    )
    const winners = sorted(transcript.elected).join()
    met.add(winners)
    if (!lawful.includes(winners)) wrong.push(`${run.rule} elects ${winners}, not ${lawful.join(' or ')}`)
    if ((transcript.decision === 'none') !== (run.isUndecided ?? false))
      wrong.push(`${run.rule}: ${transcript.decision}`)
    if (transcript.reopened !== (run.reopened ?? 0))
      wrong.push(`${run.rule} leaves ${transcript.reopened} re-opened`)
    if (hand.vacancies !== undefined && transcript.vacancies !== hand.vacancies) {
      wrong.push(`${run.rule} leaves ${transcript.vacancies} vacant, not ${hand.vacancies}`)
    }
    const quota = run.rule === 'wigm-exact/1' ? hand.quota_exact : hand.quota?.toString()
    if (quota !== undefined && !run.isQuotaOther && transcript.quota !== quota) {
      wrong.push(`${run.rule} has the quota ${transcript.quota}, not ${quota}`)
    }
    if (wrong.length > 0) return wrong
  }
  for (const winners of lawful) if (!met.has(winners)) wrong.push(`${run.rule} never elects ${winners}`)
  return wrong
}

function every(run: Omit<HandRun, 'rule'>): HandRun[] {
  return (['wigm-exact/1', 'wigm-fixed/1', 'scottish/1', 'meek-prf/1'] as const).map((rule) => ({
    rule,
    ...run,
  }))
}

function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b)
}

function rowsOf<Row>(path: string): Row[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
}
