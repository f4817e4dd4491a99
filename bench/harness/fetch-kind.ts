/** One corpus fetched by every side in turns: rates, ratios, and what was really done. */

import { type Corpus, corpusFigures, writeCorpus } from '../corpus.ts'
import type { Figures } from './bench.ts'
import { bestConcurrency, type FetchRun, runFetch } from './fetching.ts'
import type { Limits } from './limits.ts'
import { progress } from './progress.ts'
import type { Ground } from './round.ts'
import type { PresentSide, SideName } from './sides.ts'
import { median } from './statistics.ts'
import { compare, takeTurns } from './turns.ts'

export interface Fetched {
  readonly figures: Figures
  /** Each side's runs, for what a bench makes of them beyond. */
  readonly rounds: ReadonlyMap<SideName, readonly FetchRun[]>
}

export async function measureFetch(
  corpus: Corpus,
  ground: Ground,
  sides: readonly PresentSide[],
  limits: Limits,
  pairs: number,
): Promise<Fetched> {
  const { kind } = corpus
  const corpusFile = `${ground.dir}/${kind}.jsonl`
  await writeCorpus(corpusFile, corpus.pages)
  const runAt = (side: PresentSide, concurrency: number, seed: number): Promise<FetchRun> =>
    runFetch(ground, side, corpus, corpusFile, concurrency, seed)

  const concurrency = new Map<SideName, number>()
  for (const side of sides) {
    const best = await bestConcurrency(side, (tried) => runAt(side, tried, 0))
    concurrency.set(side.name, best)
    progress(`${kind}: ${side.name} is fastest with ${best} in flight`)
  }
  const rounds = await takeTurns(sides, pairs, async (side, round) => {
    const measured = await runAt(side, concurrency.get(side.name)!, round + 1)
    progress(`${kind}: round ${round + 1}, ${side.name} ${Math.round(measured.pagesPerS)} pages/s`)
    return measured
  })

  const rate = (measured: FetchRun): number => measured.pagesPerS
  const sheaf = rounds.get('sheaf')
  const vsRpcLevel = compare(rounds, 'sheaf', 'rpc-level', rate)
  const vsHypercore = compare(rounds, 'sheaf', 'hypercore', rate)
  const figures = {
    pagesPerS: sheaf ? median(sheaf.map(rate)) : null,
    vsRpcLevel: vsRpcLevel?.median ?? null,
    vsHypercore: vsHypercore?.median ?? null,
    verified: sheaf ? least(sheaf, 'verified') : null,
    decompressed: sheaf ? least(sheaf, 'decompressed') : null,
    bytesEqual: sheaf ? least(sheaf, 'bytesEqual') : null,
    limitShare: sheaf ? limitShare(sheaf, limits) : null,
    pairs,
    vsRpcLevelRange: vsRpcLevel ? [vsRpcLevel.min, vsRpcLevel.max] : null,
    vsHypercoreRange: vsHypercore ? [vsHypercore.min, vsHypercore.max] : null,
    rpcLevelVsHypercore: compare(rounds, 'rpc-level', 'hypercore', rate)?.median ?? null,
    corpus: corpusFigures(corpus),
    sides: Object.fromEntries(
      [...rounds].map(([side, runs]) => [side, { concurrency: concurrency.get(side), ...summary(runs) }]),
    ),
  }
  return { figures, rounds }
}

/** Medians of a side's runs; of the counts the least, so that no run with less work hides. */
function summary(runs: readonly FetchRun[]): Figures {
  const middle = (figure: keyof FetchRun): number => median(runs.map((each) => each[figure]))
  return {
    pagesPerS: middle('pagesPerS'),
    pagesPerSEach: runs.map((each) => Math.round(each.pagesPerS)),
    verified: least(runs, 'verified'),
    decompressed: least(runs, 'decompressed'),
    bytesEqual: least(runs, 'bytesEqual'),
    receivedBytes: middle('receivedBytes'),
    cpuMsA: middle('cpuMsA'),
    cpuMsB: middle('cpuMsB'),
    peakRssMbA: middle('peakRssMbA'),
    peakRssMbB: middle('peakRssMbB'),
  }
}

/** The rate reached ÷ the lower of two rates that the machine allows: signatures checked, and bytes carried. */
function limitShare(runs: readonly FetchRun[], limits: Limits): number {
  const shares = runs.map(({ verified, receivedBytes, pagesPerS }) => {
    const pageBytes = receivedBytes / verified
    const bulkPagesPerS = (limits.bulkMbPerS * 1e6) / pageBytes
    return pagesPerS / Math.min(limits.signaturesPerS, bulkPagesPerS)
  })
  return median(shares)
}

function least(runs: readonly FetchRun[], count: 'verified' | 'decompressed' | 'bytesEqual'): number {
  return Math.min(...runs.map((each) => each[count]))
}
