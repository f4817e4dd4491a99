import test from 'brittle'
import { lotNameOfText, lotSeedOfText } from '../../../src/agr/stv/lot.ts'
import type { Candidate } from '../../../src/agr/stv/poll.ts'
import { breakTie, type TieContext } from '../../../src/agr/stv/tie.ts'

const context: TieContext = {
  candidates: ['A', 'B', 'C', 'D'].map(candidate),
  seed: lotSeedOfText('tie'),
  history: [],
  stage: 3,
  lotsDrawn: 0,
}

test('tie - the latest stage that differs leaves the extreme ones, earlier ones go on from there', (t) => {
  const history = [
    [1n, 2n, 3n, 9n],
    [5n, 5n, 6n, 9n],
    [7n, 7n, 7n, 9n],
  ]
  const lowest = breakTie([0, 1, 2], 'exclusion', { ...context, history })
  t.is(lowest.chosen, 0)
  t.alike(lowest.tie.steps, [
    { by: 'stage', stage: 2, left: [1, 2] },
    { by: 'stage', stage: 1, left: [1] },
  ])
  t.is(breakTie([0, 1, 2], 'surplus', { ...context, history }).chosen, 2)
  t.absent(lowest.lot)
})

test('tie - the status quo stays, "re-open nominations" goes, and only then is a lot drawn', (t) => {
  const candidates = context.candidates.map((each, i) => ({
    ...each,
    role: (['status quo', 'reopen'] as const)[i] ?? each.role,
  }))
  const special = { ...context, candidates }
  t.is(breakTie([0, 1, 2, 3], 'exclusion', special).chosen, 1)
  t.is(breakTie([0, 1, 2, 3], 'surplus', special).chosen, 0)
  t.alike(
    breakTie([0, 2, 3], 'exclusion', special).tie.steps.map((step) => step.by),
    ['status quo', 'lot'],
  )
  t.alike(
    breakTie([1, 2, 3], 'surplus', special).tie.steps.map((step) => step.by),
    ['reopen', 'lot'],
  )
})

test('tie - a lot orders the same whoever else takes part, and stands in full', (t) => {
  const orders = [
    [0, 1, 2, 3],
    [0, 1, 2],
    [1, 2],
  ].map((tied) => {
    const { lot, chosen, tie } = breakTie(tied, 'exclusion', context)
    t.is(chosen + 1, lot?.order.at(-1)?.candidate, 'the worst lot is excluded')
    t.is(breakTie(tied, 'surplus', context).chosen + 1, lot?.order[0]?.candidate, 'the best lot goes first')
    t.alike(tie.steps.at(-1), { by: 'lot', lot: 1, left: [chosen + 1] })
    t.is(lot?.stage, 3)
    return (lot?.order ?? []).filter(({ candidate }) => candidate === 2 || candidate === 3)
  })
  t.alike(orders[0], orders[1])
  t.alike(orders[1], orders[2])
})

test('tie - another seed gives another order, sooner or later each one', (t) => {
  const firsts = new Set<number>()
  for (let i = 0; i < 100; i++)
    firsts.add(breakTie([0, 1, 2, 3], 'surplus', { ...context, seed: lotSeedOfText(`${i}`) }).chosen)
  t.is(firsts.size, 4)
})

function candidate(name: string): Candidate {
  return { name, lotName: lotNameOfText(name, 0), role: 'ordinary', isWithdrawn: false }
}
