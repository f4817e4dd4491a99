import test from 'brittle'
import { count } from '../../../src/agr/stv/count.ts'
import type { RuleId } from '../../../src/agr/stv/rule.ts'
import type { Transcript } from '../../../src/agr/stv/transcript.ts'
import { ballotsOf, type Draft, pollFrom, RULE_IDS, randomDraft, randomFrom } from './fixture.ts'
import { type OracleCount, oracle } from './oracle.ts'

/** Elections per rule that are counted twice, by two programs. */
const FUZZED = 10_000
/** Elections per rule and property. */
const CASES = 300

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
