/** A scenario with a seed → what was measured and what the checkers found. */
import { SheafError } from '../base/errors.ts'
import { type CryptoName, simCrypto } from './crypto.ts'
import { CHECKS, type Finding } from './finding.ts'
import type { Scenario } from './scenario.ts'
import { crash } from './scenarios/crash.ts'
import { loss } from './scenarios/loss.ts'
import { partition } from './scenarios/partition.ts'
import { restore } from './scenarios/restore.ts'
import { skew } from './scenarios/skew.ts'
import { spread } from './scenarios/spread.ts'
import { Stage } from './stage.ts'
import { isNewest } from './verifying.ts'
import type { TraceLine } from './world.ts'

/** In the order in which they are shown. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = { spread, loss, partition, crash, restore, skew }

export const NODES_MAX = 10_000

export interface SimulationOptions {
  name: string
  seed: string
  /** Undefined: as many as the scenario usually has. */
  nodes: number | undefined
  crypto: CryptoName
  /** Every event, as it happens. */
  trace?: ((line: TraceLine) => void) | undefined
  /** How far it is, for a person. */
  say?: (line: string) => void
}

export interface SimulationReport {
  figures: Record<string, number>
  /** What each checker said: the number of its findings. */
  checks: Record<string, number>
  findings: Finding[]
}

/** A scenario and how many nodes it is for. Throws BAD_ARGUMENT where there is none of that name, or it is not made for so many. */
export function sizedScenario(
  name: string,
  wanted: number | undefined,
): { scenario: Scenario; nodes: number } {
  const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined
  if (scenario === undefined) {
    throw new SheafError('BAD_ARGUMENT', `there is no simulation ${name}`, { hint: 'sheaf sim' })
  }
  const nodes = wanted ?? scenario.nodes
  if (!Number.isInteger(nodes) || nodes < scenario.nodesMin || nodes > NODES_MAX) {
    throw new SheafError('BAD_ARGUMENT', `${name} is made for ${scenario.nodesMin} to ${NODES_MAX} nodes`)
  }
  return { scenario, nodes }
}

/** Throws what `sizedScenario` throws. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const { name, seed, crypto, trace, say } = options
  const { scenario, nodes } = sizedScenario(name, options.nodes)
  const stage = new Stage({
    nodes,
    seed: `${name} ${seed}`,
    crypto: simCrypto(crypto),
    trace,
    ...(scenario.weather !== undefined && { weather: scenario.weather }),
    ...(say !== undefined && { say }),
  })
  await stage.world.play(scenario.play(stage))
  const findings = await stage.world.play(stage.verify())
  const checks = Object.fromEntries(
    CHECKS.map((check) => [check, findings.filter((one) => one.check === check).length]),
  )
  return { figures: figuresOf(stage), checks, findings }
}

function figuresOf(stage: Stage): Record<string, number> {
  const { world, ledger, watch, depth } = stage
  const { published, reads } = ledger
  const { bytes: storedBytes, ...stored } = stage.stored()
  const held = published.filter(({ copies }) => copies !== undefined).length
  const read = reads.filter(({ text }) => text !== undefined).length
  return {
    depth,
    virtualSeconds: Math.round(world.nowMs / 1000),
    messages: world.messages,
    bytes: world.bytes,
    published: published.length,
    heldShare: published.length === 0 ? 0 : held / published.length,
    readShare: reads.length === 0 ? 0 : read / reads.length,
    newestShare: reads.length === 0 ? 0 : reads.filter(isNewest).length / reads.length,
    ...stored,
    storedBytes,
    connectionsPeak: watch.peaks.connections,
    linkBytesPeak: watch.peaks.linkBytes,
    diskCallsPeak: watch.peaks.diskCalls,
    awaitedPeak: watch.peaks.awaited,
    timersPeak: watch.peaks.timers,
  }
}
