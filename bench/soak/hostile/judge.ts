/** What the attacked process measured → figures and findings. */
import { quantile, significant } from '../../harness/statistics.ts'
import type { SoakReport } from '../soak.ts'

/** Growth of memory over the last half of a run. */
const GROWTH_MAX = 0.05
/** Of the 95th percentile of an honest client's times: under attack, against the same while nobody attacks. */
const SLOWER_MAX = 5

export interface Sample {
  messages: number
  rssBytes: number
  usedBytes: number
}

/** What it cost the attacked process, from its start: processor time, and how long each minor collection of garbage took. */
export interface Costs {
  cpuMs: number
  minorMs: readonly number[]
}

export interface Measured {
  messages: number
  messagesPerSecond: number
  sessionsOpened: number
  faults: Readonly<Record<string, number>>
  held: object
  costs: Costs
  /** Times of a small query of an honest client, in a process of its own: in the pauses of the attack, and during it. */
  idleMs: number[]
  besiegedMs: number[]
  /** Of the attacked process, after a collection each. */
  samples: Sample[]
}

export function judge(measured: Measured): SoakReport {
  const { samples, idleMs, besiegedMs, costs, ...told } = measured
  const half = samples.slice(Math.floor(samples.length / 2))
  const growth = {
    rss: growthOf(half.map(({ messages, rssBytes }) => [messages, rssBytes])),
    used: growthOf(half.map(({ messages, usedBytes }) => [messages, usedBytes])),
  }
  const idleP95Ms = quantile(idleMs, 0.95)
  const besiegedP95Ms = quantile(besiegedMs, 0.95)
  const findings: string[] = []
  for (const [what, share] of Object.entries(growth)) {
    if (share > GROWTH_MAX)
      findings.push(
        `memory (${what}) grew by ${percent(share)} over the last half, where ${percent(GROWTH_MAX)} fit`,
      )
  }
  if (besiegedP95Ms > SLOWER_MAX * idleP95Ms)
    findings.push(
      `an honest query took ${significant(besiegedP95Ms)} ms (p95) where ${SLOWER_MAX} times ${significant(idleP95Ms)} ms fit`,
    )
  if (measured.faults.INTERNAL !== undefined)
    findings.push(`${measured.faults.INTERNAL} messages met a mistake of ours`)
  const figures = {
    ...told,
    memoryGrowth: { rss: significant(growth.rss), used: significant(growth.used) },
    usedBytes: { first: samples[0]?.usedBytes, last: samples.at(-1)?.usedBytes },
    rssBytes: { first: samples[0]?.rssBytes, last: samples.at(-1)?.rssBytes },
    honestP95Ms: { idle: significant(idleP95Ms), besieged: significant(besiegedP95Ms) },
    honestMedianMs: {
      idle: significant(quantile(idleMs, 0.5)),
      besieged: significant(quantile(besiegedMs, 0.5)),
    },
    cpuUsPerMessage: significant((1_000 * costs.cpuMs) / measured.messages),
    minorCollections: {
      count: costs.minorMs.length,
      medianMs: significant(quantile(costs.minorMs, 0.5)),
      p95Ms: significant(quantile(costs.minorMs, 0.95)),
    },
    honestQueries: { idle: idleMs.length, besieged: besiegedMs.length },
  }
  return { figures, findings }
}

/** What a straight line through the points (least squares) gains from the first to the last, as a share of where it begins. */
export function growthOf(points: readonly (readonly [x: number, y: number])[]): number {
  const meanOf = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const meanX = meanOf(points.map(([x]) => x))
  const meanY = meanOf(points.map(([, y]) => y))
  let above = 0
  let below = 0
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY)
    below += (x - meanX) ** 2
  }
  if (below === 0) return 0
  const slope = above / below
  const first = meanY + slope * (points[0]![0] - meanX)
  return (slope * (points.at(-1)![0] - points[0]![0])) / first
}

function percent(share: number): string {
  return `${significant(share * 100, 3)} %`
}
