/** The conformance runner itself: it says equal where all is equal, and fails where an expectation is altered. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'brittle'
import { checkElections } from '../../bench/conformance/elections.ts'

const MAIN = fileURLToPath(new URL('../../bench/conformance/main.ts', import.meta.url))

/** Four papers of A go to B at 0.25 each; by hand: quota ⌊6 / 3⌋ + 1 = 3. */
const WARD = {
  file: 'blt/ward.blt',
  blt: '3 2\n4 1 2 0\n2 3 0\n0\n"A" "B" "C"\n"Ward"\n',
  expected: {
    file: 'blt/ward.blt',
    seats: 2,
    quota: 3,
    elected: [1, 3],
    order_of_election: [1, 3],
    computed_stage_totals: [
      ['4.00000', '0.00000', '2.00000', '0.00000'],
      ['3.00000', '1.00000', '2.00000', '0.00000'],
      ['3.00000', '0.00000', '2.00000', '1.00000'],
    ],
  },
  declared: {
    file: 'blt/ward.blt',
    quota: 3,
    candidates: [
      {
        blt_index: 1,
        status: 'Elected',
        occurred_on_count: 1,
        totals_by_count: { 1: '4.00000', 2: '3.00000' },
      },
      {
        blt_index: 2,
        status: 'Excluded',
        occurred_on_count: 3,
        totals_by_count: { 1: '0.00000', 2: '1.00000' },
      },
      {
        blt_index: 3,
        status: 'Elected',
        occurred_on_count: 3,
        totals_by_count: { 1: '2.00000', 3: '2.00000' },
      },
    ],
  },
  hand: [
    {
      id: 'castor-42',
      seats: 2,
      candidates: ['A', 'B', 'C'],
      ballots: [
        [4, [1, 2]],
        [2, [3]],
      ],
      quota: 3,
      elected: [1, 3],
    },
    {
      id: 'all-equal-cycle',
      seats: 1,
      candidates: ['A', 'B', 'C'],
      ballots: [
        [1, [1, 2, 3]],
        [1, [2, 3, 1]],
        [1, [3, 1, 2]],
      ],
      elected: null,
    },
    { id: 'surplus-order-tie', ref: 'elsewhere' },
  ],
}

type Files = typeof WARD

test('conformance - what agrees is counted, and nothing differs', (t) => {
  const { checked, differences } = checkElections(folderOf(t, WARD))
  t.alike(differences, [])
  t.is(checked['wards equal (winners, order, quota, all stage totals)'], 1)
  t.is(checked['declared records equal'], 1)
  t.is(checked['hand cases equal'], 2)
})

test('conformance - any altered expectation is a difference', (t) => {
  const alterations: Record<string, (files: Files) => void> = {
    quota: (files) => void files.expected.quota++,
    winners: (files) => void files.expected.elected.pop(),
    order: (files) => void files.expected.order_of_election.reverse(),
    'a total in the fifth decimal': (files) => {
      files.expected.computed_stage_totals[1]![1] = '1.00001'
    },
    'the exhausted': (files) => {
      files.expected.computed_stage_totals[2]![3] = '0.99999'
    },
    'a stage less': (files) => void files.expected.computed_stage_totals.pop(),
    'declared quota': (files) => void files.declared.quota++,
    'declared status': (files) => {
      files.declared.candidates[2]!.status = 'Excluded'
    },
    'declared count': (files) => {
      files.declared.candidates[0]!.occurred_on_count = 2
    },
    'declared total': (files) => {
      files.declared.candidates[1]!.totals_by_count[2] = '1.01000'
    },
    'declared ward': (files) => {
      files.declared.file = 'blt/none.blt'
    },
    'hand winners': (files) => {
      files.hand[0]!.elected = [1, 2]
    },
    'hand quota': (files) => {
      files.hand[0]!.quota = 4
    },
    'hand ballots': (files) => {
      files.hand[1]!.ballots![0] = [9, [1]]
    },
    'a hand case without rule': (files) => {
      files.hand[1]!.id = 'new'
    },
  }
  for (const [what, alter] of Object.entries(alterations)) {
    const files = structuredClone(WARD)
    alter(files)
    t.ok(checkElections(folderOf(t, files)).differences.length > 0, what)
  }
})

test('conformance - the command exits with 0, with 6 where something differs, with 64 when misused', {
  timeout: 60_000,
}, (t) => {
  const good = folderOf(t, WARD)
  const same = runMain('--data', good, 'elections')
  t.is(same.status, 0, same.stderr)
  t.ok(same.stdout.includes('1  wards equal'))
  const file = join(good, 'elections/scottish/expected.jsonl')
  writeFileSync(file, readFileSync(file, 'utf8').replace('1.00000', '1.00001'))
  const other = runMain('--data', good, 'elections', '--json')
  t.is(other.status, 6)
  t.is((JSON.parse(other.stdout) as { differences: string[] }).differences.length, 1)
  t.is(runMain('elections').status, 64)
  const empty = runMain('--data', join(good, 'elections'), 'elections')
  t.is(empty.status, 1)
  t.is(empty.stderr.trim().split('\n').length, 1, empty.stderr)
})

function runMain(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['--import', 'tsx', MAIN, ...args], { encoding: 'utf8' })
}

function folderOf(t: { teardown(fn: () => unknown): void }, files: Files): string {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const elections = join(folder, 'elections')
  mkdirSync(join(elections, 'scottish', 'blt'), { recursive: true })
  mkdirSync(join(elections, 'hand'))
  writeFileSync(join(elections, 'scottish', WARD.file), files.blt)
  writeFileSync(join(elections, 'scottish', 'expected.jsonl'), `${JSON.stringify(files.expected)}\n`)
  writeFileSync(join(elections, 'scottish', 'official_rounds.jsonl'), `${JSON.stringify(files.declared)}\n`)
  writeFileSync(join(elections, 'hand', 'cases.json'), JSON.stringify(files.hand))
  return folder
}
