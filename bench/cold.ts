/**
 * What one waits for who has just opened the lid: from the start of a process to its first verified page, and a
 * command of the command line through a daemon that runs.
 */

import { corpusFigures, loadCorpus, withPages, writeCorpus } from './corpus.ts'
import { type BenchOptions, type Figures, PAIRS } from './harness/bench.ts'
import { progress } from './harness/progress.ts'
import { type Ground, inRound, onGround } from './harness/round.ts'
import { findSides, type PresentSide } from './harness/sides.ts'
import { median } from './harness/statistics.ts'
import { compare, takeTurns } from './harness/turns.ts'
import { measureCommands } from './sheaf/command-line.ts'

export const name = 'cold'
export const about = 'process start to first verified page, against hypercore; a CLI command through a daemon'

const PAGES = 64

/** A module that does nothing when it is loaded: what a process of the harness costs without a side. */
const NO_SIDE = new URL('./harness/side.ts', import.meta.url).href

export async function run({ dataDir, pairs = PAIRS }: BenchOptions): Promise<Figures> {
  const { present, notMeasured } = await findSides(['sheaf', 'rpc-level', 'hypercore'])
  const text = await loadCorpus('text', dataDir)
  const corpus = withPages(text, text.pages.slice(0, PAGES))
  return await onGround(async (ground) => {
    const corpusFile = `${ground.dir}/pages.jsonl`
    await writeCorpus(corpusFile, corpus.pages)
    const harnessMs = await runEmpty(ground, pairs)
    const rounds = await takeTurns(present, pairs, async (side, round) => {
      const coldMs = (await runCold(ground, side, corpusFile)) - harnessMs
      progress(`round ${round + 1}, ${side.name}: ${coldMs.toFixed(0)} ms`)
      return coldMs
    })
    const vsHypercore = compare(rounds, 'sheaf', 'hypercore', (coldMs) => coldMs)
    const cliMs = await measureCommands(ground)
    const sheaf = rounds.get('sheaf')
    return {
      coldMs: sheaf ? median(sheaf) : null,
      vsHypercore: vsHypercore?.median ?? null,
      vsHypercoreRange: vsHypercore ? [vsHypercore.min, vsHypercore.max] : null,
      cliMs: cliMs.get,
      cli: cliMs,
      harnessMs,
      pairs,
      notMeasured,
      corpus: corpusFigures(corpus),
      sides: Object.fromEntries(
        [...rounds].map(([side, runs]) => [side, { coldMs: median(runs), coldMsEach: runs.map(Math.round) }]),
      ),
    }
  })
}

/** From the start of a process to the first page in hand: loading, opening a store, binding, connecting, asking, verifying. */
async function runCold(ground: Ground, side: PresentSide, corpusFile: string): Promise<number> {
  return await inRound(ground, side.url, async (start) => {
    const a = await start()
    await a.child.call('startPublisher', a.options)
    const { ids } = await a.child.call('importPages', corpusFile, side.side.importModes[0]!)
    const address = await a.child.call('serve')

    const startMs = performance.now()
    const b = await start()
    await b.child.call('startFetcher', { ...b.options, isHurried: true })
    await b.child.call('connect', address)
    await b.child.call('queryEach', ids.slice(-1))
    return performance.now() - startMs
  })
}

/** The median of what the harness's own process takes to answer. */
async function runEmpty(ground: Ground, times: number): Promise<number> {
  const eachMs: number[] = []
  for (let time = 0; time < times; time++) {
    eachMs.push(
      await inRound(ground, NO_SIDE, async (start) => {
        const startMs = performance.now()
        const { child } = await start()
        await child.call('usage')
        return performance.now() - startMs
      }),
    )
  }
  return median(eachMs)
}
