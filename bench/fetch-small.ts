/**
 * As `fetch`, with 1,000 short pages: what a page costs beside its text is most of the work here, and is told as
 * `overheadBytes` and `overheadUs`.
 */

import { gzipSync } from 'node:zlib'
import { loadCorpus, withPages } from './corpus.ts'
import { type BenchOptions, type Figures, PAIRS } from './harness/bench.ts'
import { measureFetch } from './harness/fetch-kind.ts'
import type { FetchRun } from './harness/fetching.ts'
import { seededRandom, shuffled } from './harness/generate.ts'
import { measureLimits } from './harness/limits.ts'
import { onGround } from './harness/round.ts'
import { findSides } from './harness/sides.ts'
import { median } from './harness/statistics.ts'

export const name = 'fetch-small'
export const about = '1,000 tldr pages by id, verified and stored, against rpc-level and hypercore'

const PAGES = 1000
const SEED = 1

export async function run({ dataDir, pairs = PAIRS }: BenchOptions): Promise<Figures> {
  const { present, notMeasured } = await findSides(['sheaf', 'rpc-level', 'hypercore'])
  const tldr = await loadCorpus('tldr', dataDir)
  const corpus = withPages(tldr, shuffled(tldr.pages, seededRandom(SEED)).slice(0, PAGES))
  let gzipBytes = 0
  for (const { markdown } of corpus.pages) gzipBytes += gzipSync(markdown).byteLength
  return await onGround(async (ground) => {
    const limits = await measureLimits(ground)
    const { figures, rounds } = await measureFetch(corpus, ground, present, limits, pairs)
    const sheaf = rounds.get('sheaf')
    return {
      ...figures,
      /** Bytes of a page's block beyond its gzip: record, signature, proof, framing of the block. */
      overheadBytes: sheaf ? middle(sheaf, ({ receivedBytes }) => (receivedBytes - gzipBytes) / PAGES) : null,
      /** Processor time of both ends for a page, all threads. */
      overheadUs: sheaf ? middle(sheaf, ({ cpuMsA, cpuMsB }) => ((cpuMsA + cpuMsB) * 1000) / PAGES) : null,
      notMeasured,
      limits,
    }
  })
}

function middle(runs: readonly FetchRun[], figure: (run: FetchRun) => number): number {
  return median(runs.map(figure))
}
