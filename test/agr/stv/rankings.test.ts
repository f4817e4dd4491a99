import test from 'brittle'
import fc from 'fast-check'
import {
  BALLOTS_MAX,
  type Ballot,
  CANDIDATES_MAX,
  normalise,
  type Rankings,
  rankingOf,
} from '../../../src/agr/stv/rankings.ts'
import { codeOf } from '../../../src/base/errors.ts'
import { randomFrom } from './fixture.ts'

test('rankings - unknown, withdrawn and repeated candidates are dropped and the gaps close', (t) => {
  const rankings = normalise([{ weight: 2, ranking: [7, 3, -1, 1, 3, 0.5, 0, Number.NaN, 2] }], 4, [1, 9])
  t.alike(rowsOf(rankings), [{ weight: 2, ranking: [3, 0, 2] }])
})

test('rankings - a ballot that ranks nobody abstains, and one without weight is none', (t) => {
  const rankings = normalise(
    [
      { weight: 3, ranking: [] },
      { weight: 4, ranking: [1] },
      { weight: 0, ranking: [0] },
    ],
    2,
    [1],
  )
  t.is(rankings.count, 0)
  t.is(rankings.weight, 0)
  t.is(rankings.abstained, 7)
})

test('rankings - equal ballots are kept once, however they come, and no weight is lost', (t) => {
  const ballot = fc.record({
    weight: fc.integer({ min: 0, max: 5 }),
    ranking: fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 6 }),
  })
  fc.assert(
    fc.property(fc.array(ballot, { maxLength: 600 }), (ballots) => {
      const wanted = new Map<string, number>()
      let abstained = 0
      for (const { weight, ranking } of ballots) {
        const clean = [...new Set(ranking)].filter((c) => c >= 0 && c < 5)
        if (clean.length === 0) abstained += weight
        else if (weight > 0) wanted.set(clean.join(), (wanted.get(clean.join()) ?? 0) + weight)
      }
      // as an array and as a stream, which take memory in different ways
      for (const source of [ballots, new Set(ballots)]) {
        const rankings = normalise(source, 5)
        const got = new Map<string, number>()
        for (const { weight, ranking } of rowsOf(rankings)) {
          got.set(ranking.join(), (got.get(ranking.join()) ?? 0) + weight)
        }
        if (rankings.abstained !== abstained || got.size !== wanted.size || rankings.count < got.size)
          return false
        for (const [key, weight] of wanted) if (got.get(key) !== weight) return false
      }
      return true
    }),
    { seed: 4, numRuns: 200 },
  )
  t.pass()
})

test('rankings - most equal ballots share a row, also past the first size of the table', (t) => {
  const ballots = Array.from({ length: 20_000 }, (_, i) => ({
    weight: 1,
    ranking: [i % 10, (i >> 3) % 10, (i >> 5) % 10],
  }))
  const different = new Set(ballots.map(({ ranking }) => [...new Set(ranking)].join())).size
  const { count } = normalise(new Set(ballots), 10)
  t.ok(count >= different && count <= different * 1.01, `${count} rows for ${different} different ballots`)
})

test('rankings - different ballots of one hash stay apart', (t) => {
  const random = randomFrom(3)
  // 250,000 hashes of 32 bits: some seven pairs are equal
  const ballots = Array.from({ length: 250_000 }, () => ({
    weight: 1,
    ranking: Array.from({ length: 6 }, () => Math.floor(random() * CANDIDATES_MAX)),
  }))
  const different = new Set(ballots.map(({ ranking }) => [...new Set(ranking)].join())).size
  t.ok(normalise(ballots, CANDIDATES_MAX).count >= different)
})

test('rankings - hostile: weights and sizes beyond the bounds are refused', (t) => {
  for (const weight of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    t.is(
      codeOf(() => normalise([{ weight, ranking: [0] }], 1)),
      'BAD_ARGUMENT',
      `${weight}`,
    )
  }
  const heavy = { weight: Number.MAX_SAFE_INTEGER, ranking: [0] }
  t.is(normalise([heavy], 1).weight, Number.MAX_SAFE_INTEGER)
  t.is(
    codeOf(() => normalise([heavy, { weight: 1, ranking: [0] }], 1)),
    'TOO_LARGE',
  )
  t.is(
    codeOf(() => normalise([], CANDIDATES_MAX + 1)),
    'TOO_LARGE',
  )
  t.is(
    codeOf(() => normalise([], Number.NaN)),
    'TOO_LARGE',
  )
  t.is(
    codeOf(() => normalise(wide(20_000), CANDIDATES_MAX)),
    'TOO_LARGE',
    'too many preferences',
  )
  t.is(
    codeOf(() => normalise(different(BALLOTS_MAX + 2), 50)),
    'TOO_LARGE',
    'too many different ballots',
  )
})

test('rankings - ranks become an order; a shared rank is refused', (t) => {
  t.alike(
    rankingOf(
      new Map([
        [4, 9],
        [2, 1],
        [0, 3],
      ]),
    ),
    [2, 0, 4],
  )
  t.alike(rankingOf([]), [])
  t.is(
    codeOf(() =>
      rankingOf([
        [1, 2],
        [0, 2],
      ]),
    ),
    'BAD_FORMAT',
  )
})

function rowsOf({ count, prefs, starts, weights }: Rankings): Ballot[] {
  return Array.from({ length: count }, (_, row) => ({
    weight: weights[row] as number,
    ranking: [...prefs.subarray(starts[row], starts[row + 1])],
  }))
}

/** Different ballots that rank all candidates. */
function* wide(count: number): Iterable<Ballot> {
  const all = Array.from({ length: CANDIDATES_MAX }, (_, i) => i)
  for (let i = 0; i < count; i++) yield { weight: 1, ranking: [i % 1000, Math.floor(i / 1000), ...all] }
}

function* different(count: number): Iterable<Ballot> {
  for (let i = 0; i < count; i++) {
    yield {
      weight: 1,
      ranking: [
        i % 50,
        Math.floor(i / 50) % 50,
        Math.floor(i / 2500) % 50,
        Math.floor(i / 125_000) % 50,
        Math.floor(i / 6_250_000),
      ],
    }
  }
}
