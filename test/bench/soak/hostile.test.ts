// timeout: 240s
import test from 'brittle'
import { growthOf, judge, type Measured } from '../../../bench/soak/hostile/judge.ts'
import { soak } from '../../../bench/soak/hostile.ts'
import { seed } from '../../helpers/seed.ts'

/** Enough for the faults to show, far from enough for what the run is for. */
const MESSAGES = 2_000

const quiet: Measured = {
  messages: 100,
  messagesPerSecond: 1,
  sessionsOpened: 1,
  faults: { TRUNCATED: 3 },
  held: {},
  costs: { cpuMs: 100, minorMs: [1, 2] },
  idleMs: [1, 1, 1],
  besiegedMs: [4, 4, 4],
  samples: Array.from({ length: 20 }, (_, i) => ({
    messages: i * 5,
    rssBytes: 1e8 + (i % 3) * 1e5,
    usedBytes: 5e7 + (i % 2) * 1e5,
  })),
}

test('soak hostile - growth is what a straight line gains, as a share of where it begins', (t) => {
  t.is(
    growthOf([
      [0, 100],
      [1, 105],
      [2, 110],
    ]),
    0.1,
  )
  t.is(
    growthOf([
      [0, 100],
      [1, 100],
    ]),
    0,
  )
  t.is(growthOf([[0, 100]]), 0)
})

test('soak hostile - memory that grows, a client that waits and a mistake of ours are each a finding', (t) => {
  t.alike(judge(quiet).findings, [])
  const growing = quiet.samples.map((one, i) => ({ ...one, usedBytes: 5e7 + i * 1e6 }))
  t.ok(judge({ ...quiet, samples: growing }).findings[0]?.includes('memory (used)'))
  const early = quiet.samples.map((one, i) => ({ ...one, rssBytes: 1e8 + Math.min(i, 8) * 1e7 }))
  t.alike(judge({ ...quiet, samples: early }).findings, [], 'what grows and then stops is none')
  t.is(judge({ ...quiet, besiegedMs: [1, 9, 9] }).findings.length, 1)
  t.is(judge({ ...quiet, faults: { INTERNAL: 1 } }).findings.length, 1)
})

test('soak hostile - a leak and a crash that are planted are found', { timeout: 220_000 }, async (t) => {
  const run = {
    seed: String(seed),
    numbers: { messages: MESSAGES, rate: 1_000_000 },
    say: () => {},
    signal: new AbortController().signal,
  }
  const [leak, crash] = await Promise.all([
    soak.run({ ...run, plant: 'leak' }),
    soak.run({ ...run, plant: 'crash' }),
  ])
  t.ok(
    leak.findings.some((finding) => finding.includes('memory (used)')),
    leak.findings.join('; '),
  )
  t.alike(crash.findings, ['the attacked process ended with status 1'])
})
