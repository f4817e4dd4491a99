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

/** From the start of a process until it has its page, or in the harness's own, until it answers. */
interface Start {
  readonly ms: number
  /** Of all its threads. */
  readonly cpuMs: number
}

export async function run({ dataDir, pairs = PAIRS }: BenchOptions): Promise<Figures> {
  const { present, notMeasured } = await findSides(['sheaf', 'rpc-level', 'hypercore'])
  const text = await loadCorpus('text', dataDir)
  const corpus = withPages(text, text.pages.slice(0, PAGES))
  return await onGround(async (ground) => {
    const corpusFile = `${ground.dir}/pages.jsonl`
    await writeCorpus(corpusFile, corpus.pages)
    const harness: Start[] = []
    const rounds = await takeTurns(present, pairs, async (side, round) => {
      // Measured beside each side: a slow minute of the machine falls on what is taken off, too.
      const empty = await runEmpty(ground)
      harness.push(empty)
      const whole = await runCold(ground, side, corpusFile)
      const own = { ms: whole.ms - empty.ms, cpuMs: whole.cpuMs - empty.cpuMs }
      progress(
        `round ${round + 1}, ${side.name}: ${own.ms.toFixed(0)} ms, processor ${own.cpuMs.toFixed(0)} ms`,
      )
      return own
    })
    const vsHypercore = compare(rounds, 'sheaf', 'hypercore', ({ ms }) => ms)
    const cpuVsHypercore = compare(rounds, 'sheaf', 'hypercore', ({ cpuMs }) => cpuMs)
    const cliMs = await measureCommands(ground)
    const sheaf = rounds.get('sheaf')
    return {
      coldMs: sheaf ? median(sheaf.map(({ ms }) => ms)) : null,
      vsHypercore: vsHypercore?.median ?? null,
      vsHypercoreRange: vsHypercore ? [vsHypercore.min, vsHypercore.max] : null,
      cpuVsHypercore: cpuVsHypercore?.median ?? null,
      cpuVsHypercoreRange: cpuVsHypercore ? [cpuVsHypercore.min, cpuVsHypercore.max] : null,
      cliMs: cliMs.get,
      cli: cliMs,
      harnessMs: median(harness.map(({ ms }) => ms)),
      pairs,
      notMeasured,
      corpus: corpusFigures(corpus),
      sides: Object.fromEntries(
        [...rounds].map(([side, runs]) => {
          const eachMs = runs.map(({ ms }) => ms)
          const eachCpuMs = runs.map(({ cpuMs }) => cpuMs)
          const figures = { coldMs: median(eachMs), cpuMs: median(eachCpuMs) }
          return [
            side,
            { ...figures, coldMsEach: eachMs.map(Math.round), cpuMsEach: eachCpuMs.map(Math.round) },
          ]
        }),
      ),
    }
  })
}

/** Loading, opening a store, binding, connecting, asking, verifying. */
async function runCold(ground: Ground, side: PresentSide, corpusFile: string): Promise<Start> {
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
    const ms = performance.now() - startMs
    return { ms, cpuMs: (await b.child.call('usage')).cpuMs }
  })
}

/** What the harness's own process takes to answer. */
async function runEmpty(ground: Ground): Promise<Start> {
  return await inRound(ground, NO_SIDE, async (start) => {
    const startMs = performance.now()
    const { child } = await start()
    const { cpuMs } = await child.call('usage')
    return { ms: performance.now() - startMs, cpuMs }
  })
}
