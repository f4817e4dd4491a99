/**
 * What an author waits for: the import of a folder of small pages, single pages that are durable on return, and
 * single pages that five holders have promised to keep.
 */

import { corpusFigures, loadCorpus, writeCorpus } from './corpus.ts'
import { type BenchOptions, type Figures, PAIRS } from './harness/bench.ts'
import { progress } from './harness/progress.ts'
import { type Ground, inRound, onGround } from './harness/round.ts'
import { findSides, type PresentSide } from './harness/sides.ts'
import { median, quantile } from './harness/statistics.ts'
import { compare, takeTurns } from './harness/turns.ts'

export const name = 'publish'
export const about = 'import of 7,425 small pages, single publishes, publishes held by five'

const SINGLES = 300
const HELD_SINGLES = 50
const HOLDERS = 5

interface ImportRun {
  /** Pages a second by way of importing, e.g. `batch` and `single`. */
  readonly perS: Readonly<Record<string, number>>
  readonly singleP50Ms: number
  readonly singleP99Ms: number
}

/** The corpora lie in files, as each side's process reads them itself. */
interface Files {
  readonly all: string
  readonly singles: string
  readonly held: string
}

export async function run({ dataDir, pairs = PAIRS }: BenchOptions): Promise<Figures> {
  const { present, notMeasured } = await findSides(['sheaf', 'hypercore', 'rpc-level'])
  const corpus = await loadCorpus('tldr', dataDir)
  return await onGround(async (ground) => {
    const files = { all: `${ground.dir}/all`, singles: `${ground.dir}/singles`, held: `${ground.dir}/held` }
    await writeCorpus(files.all, corpus.pages)
    await writeCorpus(files.singles, corpus.pages.slice(0, SINGLES))
    await writeCorpus(files.held, corpus.pages.slice(SINGLES, SINGLES + HELD_SINGLES))

    const rounds = await takeTurns(present, pairs, async (side, round) => {
      const measured = await runImports(ground, side, files, corpus.pages.length)
      const rates = Object.entries(measured.perS).map(([mode, perS]) => `${mode} ${Math.round(perS)}/s`)
      progress(
        `round ${round + 1}, ${side.name}: ${rates.join(', ')}, one ${measured.singleP50Ms.toFixed(2)} ms`,
      )
      return measured
    })
    const sheaf = present.find((side) => side.name === 'sheaf')
    const heldMs = sheaf?.side.startHolder ? await runHeld(ground, sheaf, files.held) : undefined
    // FIGURES compares with hypercore's single appends; its batches are told as well
    const vsHypercore = compare(rounds, 'sheaf', 'hypercore', importPerS, ({ perS }) => perS.single!)
    const vsHypercoreBatch = compare(rounds, 'sheaf', 'hypercore', importPerS, ({ perS }) => perS.batch!)
    const sheafRuns = rounds.get('sheaf')
    return {
      importPerS: sheafRuns ? median(sheafRuns.map(importPerS)) : null,
      vsHypercore: vsHypercore?.median ?? null,
      singleP50Ms: sheafRuns ? median(sheafRuns.map((run) => run.singleP50Ms)) : null,
      heldP50Ms: heldMs ? quantile(heldMs, 0.5) : null,
      heldP99Ms: heldMs ? quantile(heldMs, 0.99) : null,
      pairs,
      vsHypercoreRange: vsHypercore ? [vsHypercore.min, vsHypercore.max] : null,
      vsHypercoreBatch: vsHypercoreBatch?.median ?? null,
      holders: HOLDERS,
      singles: SINGLES,
      notMeasured,
      corpus: corpusFigures(corpus),
      sides: Object.fromEntries([...rounds].map(([side, runs]) => [side, summary(present, side, runs)])),
    }
  })
}

/** The side's own way of importing: the first that it names. */
function importPerS({ perS }: ImportRun): number {
  return Object.values(perS)[0]!
}

/** Each way of importing, and the single publishes, in a fresh process with an empty store. */
async function runImports(
  ground: Ground,
  side: PresentSide,
  files: Files,
  pages: number,
): Promise<ImportRun> {
  const perS: Record<string, number> = {}
  for (const mode of side.side.importModes) {
    perS[mode] = await inRound(ground, side.url, async (start) => {
      const { child, options } = await start()
      await child.call('startPublisher', options)
      const { ms } = await child.call('importPages', files.all, mode)
      return (pages / ms) * 1000
    })
  }
  const eachMs = await inRound(ground, side.url, async (start) => {
    const { child, options } = await start()
    await child.call('startPublisher', options)
    return (await child.call('publishEach', files.singles, false)).eachMs
  })
  return { perS, singleP50Ms: quantile(eachMs, 0.5), singleP99Ms: quantile(eachMs, 0.99) }
}

/** The publisher and its holders, a process each. */
async function runHeld(ground: Ground, side: PresentSide, heldFile: string): Promise<number[]> {
  return await inRound(ground, side.url, async (start) => {
    const publisher = await start()
    await publisher.child.call('startPublisher', publisher.options)
    const address = await publisher.child.call('serve')
    for (let holder = 0; holder < HOLDERS; holder++) {
      const { child, options } = await start()
      await child.call('startHolder', options, address)
    }
    const { eachMs } = await publisher.child.call('publishEach', heldFile, true)
    progress(`held by ${HOLDERS}: ${quantile(eachMs, 0.5).toFixed(1)} ms`)
    return eachMs
  })
}

function summary(sides: readonly PresentSide[], name: string, runs: readonly ImportRun[]): Figures {
  const side = sides.find((each) => each.name === name)!.side
  const perS = side.importModes.map(
    (mode) => [`${mode}PerS`, median(runs.map((run) => run.perS[mode]!))] as const,
  )
  return {
    ...Object.fromEntries(perS),
    singleP50Ms: median(runs.map((run) => run.singleP50Ms)),
    singleP99Ms: median(runs.map((run) => run.singleP99Ms)),
    durability: side.durability,
  }
}
