import test from 'brittle'
import { countMeek, type MeekLimits } from '../../../src/agr/stv/meek.ts'
import { codeOf } from '../../../src/base/errors.ts'
import { ballotsOf, pollFrom } from './fixture.ts'

const names = ['A', 'B', 'C', 'D']
const poll = pollFrom({
  rule: 'meek-prf/1',
  seats: 2,
  names,
  ballots: ballotsOf(names, '40 A B', '7 A C D', '12 B A C', '11 C D', '9 D C'),
})
const roomy: MeekLimits = { iterationsMax: 1000, nodesMax: 1000, stepsMax: 1e6 }

test('meek - the elected keep just enough of each paper to hold the quota', (t) => {
  const { stages, elected } = countMeek(poll, roomy)
  t.is(elected[0], 1)
  const last = stages.at(-1)
  const a = last?.keep?.find(({ candidate }) => candidate === 1)
  t.ok(a !== undefined && a.factor < '1' && a.factor > '0.3', `A keeps ${a?.factor}`)
  const excess = Number(last?.totals[0]) - Number(last?.quota)
  t.ok(Math.abs(excess) < 30, 'and no more')
})

test('meek - hostile: the tree, the steps and the iterations have bounds', (t) => {
  t.is(
    codeOf(() => countMeek(poll, { ...roomy, nodesMax: 5 })),
    'TOO_LARGE',
  )
  t.is(
    codeOf(() => countMeek(poll, { ...roomy, stepsMax: 10 })),
    'TOO_LARGE',
  )
  t.is(
    countMeek(poll, { ...roomy, iterationsMax: 1 }).elected.length,
    2,
    'a round that is cut short still decides',
  )
})
