/**
 * What a stranger waits for: from the bare connection to the first earned result, then single queries, one after
 * the other, on the session that is open. Answers stay under 1.4 KB, one datagram.
 */

import { corpusFigures, loadCorpus, withPages, writeCorpus } from './corpus.ts'
import { type BenchOptions, type Figures, PAIRS } from './harness/bench.ts'
import { progress } from './harness/progress.ts'
import { type Ground, inRound, onGround } from './harness/round.ts'
import { findSides, type PresentSide } from './harness/sides.ts'
import { median, quantile } from './harness/statistics.ts'
import { takeTurns } from './harness/turns.ts'

export const name = 'session'
export const about = 'connection to first earned result, then single queries on the open session'

const QUERIES = 1000
/** Markdown this small, compressed and with its key chain, signature and framing, stays under 1.4 KB. */
const PAGE_BYTES_MAX = 1000

interface SessionRun {
  /** Until the encrypted connection is open, with the first look-up of a fresh DHT node; told, not compared. */
  readonly connectMs: number
  /** From there to the first result in hand: channels, hellos, work, query, verification. */
  readonly firstMs: number
  readonly queryP50Ms: number
  readonly queryP99Ms: number
}

export async function run({ dataDir, pairs = PAIRS }: BenchOptions): Promise<Figures> {
  const { present, notMeasured } = await findSides(['sheaf', 'rpc-level', 'hypercore'])
  const tldr = await loadCorpus('tldr', dataDir)
  const small = tldr.pages.filter(({ markdown }) => Buffer.byteLength(markdown) <= PAGE_BYTES_MAX)
  const corpus = withPages(tldr, small.slice(0, QUERIES + 1))
  return await onGround(async (ground) => {
    const corpusFile = `${ground.dir}/pages.jsonl`
    await writeCorpus(corpusFile, corpus.pages)
    const rounds = await takeTurns(present, pairs, async (side, round) => {
      const measured = await runSession(ground, side, corpusFile)
      const { firstMs, queryP50Ms } = measured
      progress(
        `round ${round + 1}, ${side.name}: first ${firstMs.toFixed(1)} ms, then ${queryP50Ms.toFixed(3)} ms`,
      )
      return measured
    })
    const sides = Object.fromEntries([...rounds].map(([side, runs]) => [side, summary(runs)]))
    const sheaf = rounds.get('sheaf')
    return {
      ...(sheaf ? summary(sheaf) : { connectMs: null, firstMs: null, queryP50Ms: null, queryP99Ms: null }),
      pairs,
      queries: corpus.pages.length - 1,
      notMeasured,
      corpus: { ...corpusFigures(corpus), pageBytesMax: PAGE_BYTES_MAX },
      sides,
    }
  })
}

async function runSession(ground: Ground, side: PresentSide, corpusFile: string): Promise<SessionRun> {
  return await inRound(ground, side.url, async (start) => {
    const [a, b] = await Promise.all([start(), start()])
    await a.child.call('startPublisher', a.options)
    const { ids } = await a.child.call('importPages', corpusFile, side.side.importModes[0]!)
    const address = await a.child.call('serve')
    await b.child.call('startFetcher', b.options)
    const { ms: connectMs } = await b.child.call('connect', address)
    const { eachMs } = await b.child.call('queryEach', ids)
    const [firstMs, ...openMs] = eachMs
    return {
      connectMs,
      firstMs: firstMs!,
      queryP50Ms: quantile(openMs, 0.5),
      queryP99Ms: quantile(openMs, 0.99),
    }
  })
}

function summary(runs: readonly SessionRun[]): SessionRun {
  const middle = (figure: keyof SessionRun): number => median(runs.map((each) => each[figure]))
  return {
    connectMs: middle('connectMs'),
    firstMs: middle('firstMs'),
    queryP50Ms: middle('queryP50Ms'),
    queryP99Ms: middle('queryP99Ms'),
  }
}
