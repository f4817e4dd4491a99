import { createHash } from 'node:crypto'
import test from 'brittle'
import { count } from '../../../src/agr/stv/count.ts'
import { compareExact, type Fraction, readExact } from '../../../src/agr/stv/exact.ts'
import { CANDIDATES_MAX } from '../../../src/agr/stv/rankings.ts'
import type { RuleId } from '../../../src/agr/stv/rule.ts'
import type { Transcript } from '../../../src/agr/stv/transcript.ts'
import { codeOf } from '../../../src/base/errors.ts'
import { ballotsOf, type Draft, pollFrom, RULE_IDS, randomDraft, randomFrom } from './fixture.ts'
import { type OracleCount, oracle } from './oracle.ts'

/** Elections per rule that are counted twice, by two programs. */
const FUZZED = 10_000
/** Elections per rule and property. */
const CASES = 300
/** A change of these is a change of the transcript: a new rule id, or a new field that old readers can ignore. */
const VECTOR = ['298a02da99916925', '110a4930d64ad2ea', 'ec12b8495d546279', 'c4e97503699e234b']

for (const rule of RULE_IDS) {
  test(`count - ${rule} equals the plain oracle in ${FUZZED} elections, ties and lots included`, {
    timeout: 120_000,
  }, (t) => {
    const random = randomFrom(20_261_121)
    const met = { ties: 0, lots: 0, clones: 0, surpluses: 0, vacancies: 0 }
    for (let i = 0; i < FUZZED; i++) {
      const draft = randomDraft(rule, random)
      const transcript = count(pollFrom(draft))
      const wanted = shapeOfOracle(draft)
      const got = shapeOf(transcript, draft)
      if (JSON.stringify(got) !== JSON.stringify(wanted)) {
        t.alike(got, wanted, `election ${i}: ${JSON.stringify(draft)}`)
        return
      }
      met.ties += transcript.stages.some((stage) => stage.ties.length > 0) ? 1 : 0
      met.lots += transcript.lots.length > 0 ? 1 : 0
      met.clones += transcript.candidates.length > draft.names.length ? 1 : 0
      met.surpluses += transcript.stages.some(
        ({ action }) => action.type === 'surplus' || action.type === 'keep factors',
      )
        ? 1
        : 0
      met.vacancies += transcript.vacancies > 0 ? 1 : 0
    }
    t.pass(`${FUZZED} equal`)
    for (const [what, times] of Object.entries(met)) t.ok(times > 100, `${what} were met (${times} times)`)
  })
}

test('count - a majority of 3 in 5 gets two of three seats by the exact rule, and one by the Scottish', (t) => {
  const names = ['A', 'B', 'C', 'D']
  const draft = { seats: 3, names, ballots: ballotsOf(names, '3 A B', '1 C', '1 D') }
  const exact = count(pollFrom({ ...draft, rule: 'wigm-exact/1' }))
  t.is(exact.quota, '5/4')
  t.alike(exact.elected.slice(0, 2), [1, 2])
  t.is(exact.stages[1]?.totals[1], '7/4', 'three papers at 7/12 each')
  t.is(exact.lots.length, 1, 'C and D are told apart by lot')
  const scottish = count(pollFrom({ ...draft, rule: 'scottish/1' }))
  t.alike(scottish.elected, [1, 3, 4])
  t.is(scottish.stages[1]?.totals[1], '0.99999')
})

test('count - "re-open nominations" wins by clones, and its seats stay vacant', (t) => {
  const names = ['A', 'B', 'RON']
  const draft = { seats: 3, names, ballots: ballotsOf(names, '4 A B', '12 RON') }
  for (const rule of RULE_IDS) {
    const plain = count(pollFrom({ ...draft, rule }))
    t.alike([...plain.elected].sort(), [1, 2, 3], `${rule}: an ordinary candidate takes one seat`)
    const reopened = count(pollFrom({ ...draft, rule, ron: 2 }))
    t.alike(reopened.elected, [1], `${rule}: clones take two`)
    t.is(reopened.reopened, 2)
    t.is(reopened.vacancies, 2)
    t.alike(reopened.candidates, ['A', 'B', 'RON', 'RON (2)', 'RON (3)'])
    t.ok(reopened.stages.every(({ totals }) => totals.length === 5))
  }
})

test('count - "re-open nominations" left alone takes all vacant seats, without clones', (t) => {
  const names = ['A', 'RON']
  for (const rule of RULE_IDS) {
    const transcript = count(
      pollFrom({ rule, seats: 4, names, ron: 1, ballots: ballotsOf(names, '9 A', '1 RON') }),
    )
    t.alike(transcript.elected, [1], rule)
    t.is(transcript.reopened, 3)
    t.alike(transcript.candidates, names)
  }
})

test('count - a tie goes to KEEP, and so does a poll without ballots', (t) => {
  const names = ['KEEP', 'DELETE']
  for (const rule of RULE_IDS) {
    for (const keep of [0, 1]) {
      const tied = count(
        pollFrom({ rule, seats: 1, names, keep, ballots: ballotsOf(names, '3 KEEP', '3 DELETE') }),
      )
      t.alike(tied.elected, [keep + 1], rule)
      t.alike(
        tied.stages[0]?.ties[0]?.steps.map((step) => step.by),
        ['status quo'],
      )
      const empty = count(pollFrom({ rule, seats: 1, names, keep, ballots: [{ weight: 4, ranking: [] }] }))
      t.is(empty.decision, 'none')
      t.is(empty.abstained, 4)
      t.alike(empty.elected, [keep + 1])
    }
    t.alike(
      count(pollFrom({ rule, seats: 1, names, ballots: [] })).elected,
      [],
      'nobody stands for the status quo',
    )
  }
})

test('count - the stage nearest to the tie decides it, not the first', (t) => {
  const names = ['A', 'B', 'C', 'D', 'E']
  // B and C end the first exclusion with 3 each; before it B had 2
  const poll = pollFrom({
    rule: 'scottish/1',
    seats: 2,
    names,
    ballots: ballotsOf(names, '1 A B', '2 B', '3 C', '4 D', '5 E'),
  })
  const tie = count(poll).stages[1]?.ties[0]
  t.alike(tie, { about: 'exclusion', tied: [2, 3], chosen: 2, steps: [{ by: 'stage', stage: 1, left: [2] }] })
})

test('count - the transcript of a poll is this, to the last byte', (t) => {
  const names = ['A', 'B', 'C', 'D', 'RON']
  const ballots = ballotsOf(names, '9 A B C', '4 B D', '4 C A', '3 D RON', '6 RON A', '1 A')
  const hashes = RULE_IDS.map((rule) => {
    const transcript = count(pollFrom({ rule, seats: 3, names, ballots, ron: 4, seed: 'vector' }))
    return createHash('sha256').update(JSON.stringify(transcript)).digest('hex').slice(0, 16)
  })
  t.alike(hashes, VECTOR)
})

for (const rule of RULE_IDS) {
  test(`count - ${rule}: the order of ballots, and how they are split, change no byte`, (t) => {
    each(
      rule,
      1,
      (draft, random) => {
        const papers = draft.ballots.flatMap(({ weight, ranking }) => {
          const part = Math.floor(random() * weight)
          return [
            { weight: part, ranking },
            { weight: weight - part, ranking },
          ]
        })
        const changed = { ...draft, ballots: shuffled(papers, random) }
        const [a, b] = [draft, changed].map((one) => JSON.stringify(count(pollFrom(one))))
        return a === b ? undefined : [a, b]
      },
      t,
    )
  })

  test(`count - ${rule}: other numbers for the candidates give the same result`, (t) => {
    each(
      rule,
      2,
      (draft, random) => {
        const place = shuffled(
          draft.names.map((_, i) => i),
          random,
        )
        const at = (candidate: number) => place[candidate] ?? candidate
        const changed: Draft = {
          ...draft,
          names: draft.names.map((_, i) => draft.names[place.indexOf(i)] as string),
          ballots: draft.ballots.map(({ weight, ranking }) => ({ weight, ranking: ranking.map(at) })),
          withdrawn: (draft.withdrawn ?? []).map(at),
          keep: draft.keep === undefined ? undefined : at(draft.keep),
          ron: draft.ron === undefined ? undefined : at(draft.ron),
        }
        const [a, b] = [draft, changed].map((one) => JSON.stringify(byName(count(pollFrom(one)))))
        return a === b ? undefined : [a, b]
      },
      t,
    )
  })

  test(`count - ${rule}: a candidate whom nobody ranks changes no winner`, (t) => {
    let compared = 0
    each(
      rule,
      3,
      (draft) => {
        const before = count(pollFrom(draft))
        const last = before.stages.at(-1)
        // where a seat went to somebody without votes, one more without votes may take it
        const isApart =
          before.vacancies === 0 && before.elected.every((n) => /[1-9]/.test(last?.totals[n - 1] ?? ''))
        if (!isApart) return undefined
        compared++
        const after = count(pollFrom({ ...draft, names: [...draft.names, 'nobody'] }))
        const [a, b] = [before, after].map(({ elected }) => JSON.stringify([...elected].sort()))
        return a === b ? undefined : [a, b]
      },
      t,
    )
    t.ok(compared > CASES / 4, `${compared} polls compared`)
  })

  test(`count - ${rule}: what stands behind a place that is never left changes no byte`, (t) => {
    each(
      rule,
      4,
      (draft, random) => {
        const before = count(pollFrom(draft))
        const left = new Set(
          before.stages.flatMap(({ action, keep }) => [
            ...('candidate' in action ? [action.candidate] : []),
            ...(keep ?? []).map(({ candidate }) => candidate),
          ]),
        )
        const ballots = draft.ballots.map(({ weight, ranking }) => {
          const first = ranking.find(
            (c) => Number.isInteger(c) && c >= 0 && c < draft.names.length && !draft.withdrawn?.includes(c),
          )
          if (first === undefined || left.has(first + 1)) return { weight, ranking }
          return {
            weight,
            ranking: [
              first,
              ...shuffled(
                draft.names.map((_, i) => i),
                random,
              ),
            ],
          }
        })
        const [a, b] = [before, count(pollFrom({ ...draft, ballots }))].map((one) => JSON.stringify(one))
        return a === b ? undefined : [a, b]
      },
      t,
    )
  })

  test(`count - ${rule}: no vote is lost or made, and every seat is accounted for`, (t) => {
    each(
      rule,
      5,
      (draft) => {
        const transcript = count(pollFrom(draft))
        const wrong = brokenIn(transcript)
        return wrong === undefined ? undefined : [wrong, JSON.stringify(transcript)]
      },
      t,
    )
  })
}

test('count - with one seat all rules elect the same', (t) => {
  each(
    'wigm-exact/1',
    6,
    (draft) => {
      const winners = RULE_IDS.map((rule) => {
        const { elected, reopened } = count(pollFrom({ ...draft, rule, seats: 1 }))
        return JSON.stringify([elected, reopened])
      })
      return new Set(winners).size === 1 ? undefined : winners
    },
    t,
  )
})

test('count - wigm-exact/1: weights times k give totals times k, and all else the same', (t) => {
  each(
    'wigm-exact/1',
    7,
    (draft, random) => {
      const k = 2 + Math.floor(random() * 9)
      const scaled = draft.ballots.map(({ weight, ranking }) => ({ weight: weight * k, ranking }))
      if (scaled.reduce((sum, { weight }) => sum + weight, 0) > Number.MAX_SAFE_INTEGER) return undefined
      const before = count(pollFrom(draft))
      const after = count(pollFrom({ ...draft, ballots: scaled }))
      const [a, b] = [before, after].map(({ stages, elected, lots }) =>
        JSON.stringify({
          elected,
          lots,
          stages: stages.map((stage) => [stage.action.type, stage.elected, stage.ties]),
        }),
      )
      const isScaled = before.stages.every(({ totals }, i) =>
        totals.every((total, c) => {
          const wanted = readExact(total)
          return (
            compareExact(
              { n: wanted.n * BigInt(k), d: wanted.d },
              readExact(after.stages[i]?.totals[c] ?? ''),
            ) === 0
          )
        }),
      )
      return a === b && isScaled ? undefined : [a, b]
    },
    t,
  )
})

test('count - hostile: ballots that are as wide, heavy or many as they can be end in bounds', (t) => {
  const many = Array.from({ length: CANDIDATES_MAX }, (_, i) => `c${i}`)
  const all = many.map((_, i) => i)
  const million = Array.from({ length: 1_000_000 }, (_, i) => i % 999)
  for (const rule of ['wigm-exact/1', 'meek-prf/1'] as const) {
    const wide = count(
      pollFrom({
        rule,
        seats: 8,
        names: many,
        ballots: [
          { weight: 3, ranking: million },
          { weight: 2, ranking: all },
        ],
      }),
    )
    t.is(wide.elected.length, 8, `${rule}: a ballot of a million places`)
    const heavy = count(
      pollFrom({
        rule,
        seats: 2,
        names: ['A', 'B', 'C'],
        ballots: [
          { weight: Number.MAX_SAFE_INTEGER - 1, ranking: [0, 1] },
          { weight: 1, ranking: [2, 0] },
        ],
      }),
    )
    t.alike(heavy.elected, [1, 2], `${rule}: as many votes as a double holds`)
    t.absent(brokenIn(heavy))
  }
  t.is(
    codeOf(() => pollFrom({ rule: 'scottish/1', seats: 1, names: [...many, 'one more'], ballots: [] })),
    'TOO_LARGE',
  )
  const random = randomFrom(9)
  const spread = Array.from({ length: 2000 }, () => ({
    weight: 1 + Math.floor(random() * 1e9),
    ranking: Array.from({ length: 40 }, () => Math.floor(random() ** 3 * CANDIDATES_MAX)),
  }))
  t.is(
    codeOf(() => count(pollFrom({ rule: 'wigm-exact/1', seats: 8, names: many, ballots: spread }))),
    'TOO_LARGE',
    'fractions outgrow all use',
  )
})

/** Runs `CASES` seeded polls; `compare` tells what differs. */
function each(
  rule: RuleId,
  seed: number,
  compare: (draft: Draft, random: () => number) => unknown[] | undefined,
  t: { pass(message: string): void; fail(message: string): void },
): void {
  const random = randomFrom(seed)
  for (let i = 0; i < CASES; i++) {
    const draft = randomDraft(rule, random)
    const different = compare(draft, random)
    if (different === undefined) continue
    t.fail(`poll ${i} ${JSON.stringify(draft)} gives ${different.join(' and ')}`)
    return
  }
  t.pass(`${CASES} polls`)
}

/** The transcript with names instead of numbers, and what has no order of its own in the order of names. */
function byName(transcript: Transcript): unknown {
  const { candidates, stages, lots, elected } = transcript
  const name = (number: number | null) => (number === null ? '-' : (candidates[number - 1] as string))
  return {
    elected: elected.map(name).sort(),
    reopened: transcript.reopened,
    stages: stages.map((stage) => ({
      totals: stage.totals.map((total, i) => `${name(i + 1)}: ${total}`).sort(),
      exhausted: stage.exhausted,
      action: 'candidate' in stage.action ? name(stage.action.candidate) : '',
      transfers: stage.transfers.map(({ papers, value, to }) => `${papers} ${value} ${name(to)}`).sort(),
      elected: stage.elected.map(({ candidate, by }) => `${name(candidate)} ${by}`).sort(),
      ties: stage.ties.map(({ tied, chosen, steps }) => ({
        tied: tied.map(name).sort(),
        chosen: name(chosen),
        steps: steps.map(({ by }) => by),
      })),
    })),
    lots: lots.map(({ order }) => order.map(({ candidate, drew }) => name(candidate) + drew)),
  }
}

/** What is wrong in a transcript taken alone, if anything is. */
function brokenIn(transcript: Transcript): string | undefined {
  const { stages, ballots, seats, elected, vacancies, reopened } = transcript
  if (elected.length + vacancies !== seats || reopened > vacancies) return 'seats'
  if (new Set(elected).size !== elected.length) return 'elected twice'
  if (transcript.decision === 'none') return undefined
  let before: Fraction[] = transcript.candidates.map(() => ({ n: 0n, d: 1n }))
  for (const [i, { totals, exhausted, transfers, action }] of stages.entries()) {
    const numbers = totals.map(readExact)
    const sum = [...numbers, readExact(exhausted)].reduce(plus)
    if (compareExact(sum, { n: BigInt(ballots), d: 1n }) !== 0) return `stage ${i + 1}: the sum`
    if ([...totals, exhausted].some((text) => text.startsWith('-'))) return `stage ${i + 1}: below nothing`
    if (transcript.rule !== 'meek-prf/1') {
      // whoever gave nothing away has what they had and what came
      const giver = 'candidate' in action ? action.candidate : 0
      const grown = before.map((total, c) =>
        transfers
          .filter(({ to }) => to === c + 1)
          .reduce((sum, { papers, value }) => plus(sum, timesWhole(readExact(value), papers)), total),
      )
      const isWrong = grown.some(
        (total, c) => c + 1 !== giver && compareExact(total, numbers[c] as Fraction) !== 0,
      )
      if (isWrong) return `stage ${i + 1}: the transfers`
    }
    before = numbers
  }
  return undefined
}

function plus(a: Fraction, b: Fraction): Fraction {
  return { n: a.n * b.d + b.n * a.d, d: a.d * b.d }
}

function timesWhole(a: Fraction, by: number): Fraction {
  return { n: a.n * BigInt(by), d: a.d }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item)
}

function shapeOfOracle(draft: Draft): unknown {
  const poll = pollFrom(draft)
  const result = oracle({
    rule: draft.rule,
    seats: draft.seats,
    candidates: draft.names.length,
    withdrawn: [...(draft.withdrawn ?? [])],
    ballots: draft.ballots.map(({ weight, ranking }) => ({ weight, ranking: [...ranking] })),
    keep: draft.keep,
    ron: draft.ron,
    seed: poll.seed,
    lotNames: poll.candidates.map((candidate) => candidate.lotName),
  })
  return {
    ...result,
    stages: result.stages.map((stage) => ({ ...stage, totals: nonZero([...stage.totals]) })),
  }
}

/** A transcript in the oracle's words. */
function shapeOf(transcript: Transcript, draft: Draft): unknown {
  const size = draft.names.length
  const name = (number: number) => (number > size ? `${draft.ron}+${number - size}` : `${number - 1}`)
  const stages = transcript.decision === 'none' ? [] : transcript.stages
  const result: Omit<OracleCount, 'stages'> & { stages: unknown[] } = {
    elected: transcript.elected.map(name),
    reopened: transcript.reopened,
    vacancies: transcript.vacancies,
    stages: stages.map(({ action, totals, exhausted, quota, elected, ties }) => ({
      action: 'candidate' in action ? `${action.type} ${name(action.candidate)}` : action.type,
      totals: nonZero(totals.map((total, i) => [name(i + 1), total])),
      exhausted,
      quota,
      elected: elected.map(({ candidate }) => name(candidate)),
      ties: ties.map(({ about, tied, chosen }) => ({ about, tied: tied.map(name), chosen: name(chosen) })),
    })),
    lots: transcript.lots.map(({ stage, about, order, chosen }) => ({
      stage,
      about,
      order: order.map(({ candidate }) => name(candidate)),
      drew: order.map(({ drew }) => drew),
      chosen: name(chosen),
    })),
  }
  return result
}

/** The two name the clones that never came to be differently: none of them has votes. */
function nonZero(totals: [string, string][]): [string, string][] {
  return totals.filter(([, total]) => /[1-9]/.test(total))
}
