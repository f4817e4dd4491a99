import test from 'brittle'
import { pollOf } from '../../../src/agr/stv/poll.ts'
import { normalise } from '../../../src/agr/stv/rankings.ts'
import { defaultRule, EXACT_SEATS_MAX, readRule } from '../../../src/agr/stv/rule.ts'
import { codeOf } from '../../../src/base/errors.ts'
import { pollFrom } from './fixture.ts'

const draft = { rule: 'wigm-exact/1', seats: 1, names: ['A', 'B', 'C'], ballots: [] } as const

test('poll - seats, candidates and ballots must fit each other', (t) => {
  const poll = pollFrom(draft)
  const parts = { ...poll, rule: poll.rule.id }
  t.absent(codeOf(() => pollOf(parts)))
  for (const seats of [0, -1, 1.5, Number.NaN, EXACT_SEATS_MAX + 1, 2 ** 60]) {
    t.is(
      codeOf(() => pollOf({ ...parts, seats })),
      'BAD_ARGUMENT',
      `${seats} seats`,
    )
  }
  t.is(
    codeOf(() => pollOf({ ...parts, candidates: [] })),
    'BAD_ARGUMENT',
  )
  t.is(
    codeOf(() => pollOf({ ...parts, rankings: normalise([], 2) })),
    'BAD_ARGUMENT',
  )
  const namesakes = poll.candidates.map((each) => ({ ...each, lotName: new Uint8Array(32) }))
  t.is(
    codeOf(() => pollOf({ ...parts, candidates: namesakes })),
    'BAD_ARGUMENT',
    'one lot for two',
  )
  for (const role of ['status quo', 'reopen'] as const) {
    const twice = poll.candidates.map((each) => ({ ...each, role }))
    t.is(
      codeOf(() => pollOf({ ...parts, candidates: twice })),
      'BAD_ARGUMENT',
      `two ${role}`,
    )
  }
})

test('rule - exact up to eight seats, fixed above; an unknown id is named and refused', (t) => {
  t.is(defaultRule(1).id, 'wigm-exact/1')
  t.is(defaultRule(EXACT_SEATS_MAX).id, 'wigm-exact/1')
  t.is(defaultRule(EXACT_SEATS_MAX + 1).id, 'wigm-fixed/1')
  for (const id of ['', 'scottish', 'scottish/2', 'toString', '__proto__', 'x'.repeat(1e6)]) {
    t.is(
      codeOf(() => readRule(id)),
      'BAD_ARGUMENT',
      id.slice(0, 20),
    )
  }
})
