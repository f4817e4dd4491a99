/**
 * The main job against the alternatives: a fresh B gets every page of a corpus by id, in random order, from A over
 * loopback. See `harness/side.ts` for what lies inside of the clock.
 */

import { type CorpusKind, loadCorpus } from './corpus.ts'
import { type BenchOptions, type Figures, PAIRS } from './harness/bench.ts'
import { measureFetch } from './harness/fetch-kind.ts'
import { selectKinds } from './harness/kinds.ts'
import { measureLimits } from './harness/limits.ts'
import { progress } from './harness/progress.ts'
import { onGround } from './harness/round.ts'
import { findSides } from './harness/sides.ts'

export const name = 'fetch'
export const about = '1,000 pages of 4 KB by id, verified and stored, against rpc-level and hypercore'

const KINDS = ['text', 'random', 'text5000'] as const satisfies readonly CorpusKind[]

export async function run(options: BenchOptions): Promise<Figures> {
  const { dataDir, pairs = PAIRS } = options
  const kinds = selectKinds(KINDS, options.only)
  const { present, notMeasured } = await findSides(['sheaf', 'rpc-level', 'hypercore'])
  return await onGround(async (ground) => {
    const limits = await measureLimits(ground)
    progress(
      `limits: ${Math.round(limits.signaturesPerS)} signatures/s, ${limits.bulkMbPerS.toFixed(1)} MB/s`,
    )
    const figures: Figures = { notMeasured, limits }
    for (const kind of kinds) {
      const corpus = await loadCorpus(kind, dataDir)
      figures[kind] = (await measureFetch(corpus, ground, present, limits, pairs)).figures
    }
    return figures
  })
}
