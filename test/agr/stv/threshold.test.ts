import test from 'brittle'
import { count } from '../../../src/agr/stv/count.ts'
import { hasTurnout, holdsShare } from '../../../src/agr/stv/threshold.ts'
import { codeOf } from '../../../src/base/errors.ts'
import { ballotsOf, pollFrom, RULE_IDS } from './fixture.ts'

const names = ['KEEP', 'DELETE', 'MERGE']

test('threshold - two thirds of all ballots, exactly, upon the last stage', (t) => {
  for (const rule of RULE_IDS) {
    const poll = (...lines: string[]) =>
      count(pollFrom({ rule, seats: 1, names, keep: 0, ballots: ballotsOf(names, ...lines) }))
    const enough = poll('3 DELETE', '2 KEEP', '1 MERGE DELETE')
    t.alike(enough.elected, [2])
    t.ok(holdsShare(enough, 2, 2, 3), `${rule}: 4 of 6`)
    t.absent(holdsShare(enough, 2, 67, 100))
    const short = poll('3 DELETE', '2 KEEP', '1 MERGE')
    t.alike(short.elected, [2], 'the quota is the same')
    t.absent(holdsShare(short, 2, 2, 3), `${rule}: 3 of 6`)
  }
})

test('threshold - a turnout counts those who ranked somebody', (t) => {
  const ballots = [...ballotsOf(names, '3 DELETE'), { weight: 5, ranking: [] }]
  const transcript = count(pollFrom({ rule: 'wigm-exact/1', seats: 1, names, ballots }))
  t.ok(hasTurnout(transcript, 3))
  t.absent(hasTurnout(transcript, 4))
})

test('threshold - nobody holds a share of nothing, and no share is asked that is none', (t) => {
  const empty = count(pollFrom({ rule: 'wigm-exact/1', seats: 1, names, keep: 0, ballots: [] }))
  t.absent(holdsShare(empty, 1, 0, 1))
  for (const [candidate, n, d] of [
    [9, 1, 2],
    [0, 1, 2],
    [1, -1, 2],
    [1, 1, 0],
    [1, 0.5, 1],
    [1, Number.NaN, 1],
  ] as const) {
    t.is(
      codeOf(() => holdsShare(empty, candidate, n, d)),
      'BAD_ARGUMENT',
      `${candidate} ${n}/${d}`,
    )
  }
})
