/**
 * What a node costs that nobody asks anything: 10,000 pages, 8 peers with open sessions, five minutes. Beside it
 * hypercore with the same pages as blocks and 8 peers that replicate.
 */

import { corpusFigures, loadCorpus, withPages, writeCorpus } from './corpus.ts'
import type { BenchOptions, Figures } from './harness/bench.ts'
import { progress } from './harness/progress.ts'
import { type Ground, inRound, onGround, type StartRole } from './harness/round.ts'
import { findSides, type PresentSide } from './harness/sides.ts'
import { median } from './harness/statistics.ts'

export const name = 'idle'
export const about = 'memory, processor and traffic of a node with 10,000 pages and 8 peers that nobody asks'

const PAGES = 10_000
const PEERS = 8
const SECONDS = 300
/** Memory is looked at this often; the median counts. */
const LOOK_EVERY_MS = 5_000

interface IdleRun {
  readonly rssMb: number
  readonly rssMbEnd: number
  readonly cpuPct: number
  readonly kBps: number
}

export async function run({ dataDir, seconds = SECONDS }: BenchOptions): Promise<Figures> {
  const { present, notMeasured } = await findSides(['sheaf', 'hypercore'])
  const tldr = await loadCorpus('tldr', dataDir)
  // There are fewer short pages than that: some come twice, under other names.
  const pages = Array.from({ length: PAGES }, (_, i) => {
    const { path, markdown } = tldr.pages[i % tldr.pages.length]!
    return { path: `${Math.floor(i / tldr.pages.length)}/${path}`, markdown }
  })
  const corpus = withPages(tldr, pages)
  return await onGround(async (ground) => {
    const corpusFile = `${ground.dir}/pages.jsonl`
    await writeCorpus(corpusFile, corpus.pages)
    const sides: Record<string, IdleRun> = {}
    for (const side of present) {
      sides[side.name] = await runIdle(ground, side, corpusFile, seconds)
      const { rssMb, cpuPct, kBps } = sides[side.name]!
      progress(`${side.name}: ${rssMb.toFixed(0)} MB, ${cpuPct.toFixed(2)} %, ${kBps.toFixed(2)} kB/s`)
    }
    const { sheaf, hypercore } = sides
    return {
      rssMb: sheaf?.rssMb ?? null,
      overHypercoreMb: sheaf && hypercore ? sheaf.rssMb - hypercore.rssMb : null,
      cpuPct: sheaf?.cpuPct ?? null,
      kBps: sheaf?.kBps ?? null,
      seconds,
      peers: PEERS,
      notMeasured,
      corpus: corpusFigures(corpus),
      sides,
    }
  })
}

async function runIdle(
  ground: Ground,
  side: PresentSide,
  corpusFile: string,
  seconds: number,
): Promise<IdleRun> {
  return await inRound(ground, side.url, async (start) => {
    const { child, options } = await start()
    await child.call('startPublisher', options)
    const { ids } = await child.call('importPages', corpusFile, side.side.importModes[0]!)
    const address = await child.call('serve')
    await Promise.all(Array.from({ length: PEERS }, () => startPeer(start, side, address, ids[0]!)))
    await child.call('settle')

    const rssMb: number[] = []
    const before = await child.call('state')
    const startMs = performance.now()
    let after = before
    while (performance.now() - startMs < seconds * 1000) {
      const leftMs = seconds * 1000 - (performance.now() - startMs)
      await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_EVERY_MS, Math.max(0, leftMs))))
      after = await child.call('state')
      rssMb.push(after.rssMb)
    }
    const ms = performance.now() - startMs
    return {
      rssMb: median(rssMb),
      rssMbEnd: after.rssMb,
      cpuPct: ((after.cpuMs - before.cpuMs) / ms) * 100,
      kBps: (after.trafficBytes - before.trafficBytes) / ms,
    }
  })
}

/** Somebody who stays: a holder where the side has such, else a reader of one page. */
async function startPeer(
  start: StartRole,
  { side }: PresentSide,
  address: Parameters<NonNullable<PresentSide['side']['startHolder']>>[1],
  id: string,
): Promise<void> {
  const { child, options } = await start()
  if (side.startHolder !== undefined) {
    await child.call('startHolder', options, address)
    return
  }
  await child.call('startFetcher', options)
  await child.call('connect', address)
  await child.call('queryEach', [id])
}
