/** The fetch work: B gets every page of a corpus by id from A, and what came out is counted. */

import type { Corpus } from '../corpus.ts'
import { seededRandom, shuffled } from './generate.ts'
import { type Ground, inRound } from './round.ts'
import type { FetchWork } from './side.ts'
import type { PresentSide } from './sides.ts'

export interface FetchRun extends FetchWork {
  readonly ms: number
  readonly pagesPerS: number
  /** Pages whose markdown, read back from B's own store, is the markdown that A published. */
  readonly bytesEqual: number
  /** Processor time of both roles while the clock ran. */
  readonly cpuMsA: number
  readonly cpuMsB: number
  readonly peakRssMbA: number
  readonly peakRssMbB: number
}

/** How often each number of requests in flight is tried; the fastest try counts, in the baseline's favour. */
const TRIES = 2

/** A and B in fresh processes; the ids are asked for in an order drawn from `seed`. */
export async function runFetch(
  ground: Ground,
  side: PresentSide,
  corpus: Corpus,
  corpusFile: string,
  concurrency: number,
  seed: number,
): Promise<FetchRun> {
  return await inRound(ground, side.url, async (start) => {
    const [a, b] = await Promise.all([start(), start()])
    await a.child.call('startPublisher', a.options)
    const { ids } = await a.child.call('importPages', corpusFile, side.side.importModes[0]!)
    const address = await a.child.call('serve')
    await b.child.call('startFetcher', b.options)
    await b.child.call('connect', address)

    const asked = shuffled(ids, seededRandom(seed))
    const before = await Promise.all([a.child.call('usage'), b.child.call('usage')])
    const { ms, ...work } = await b.child.call('fetch', asked, concurrency)
    const after = await Promise.all([a.child.call('usage'), b.child.call('usage')])
    const bytesEqual = await b.child.call('countEqual', corpusFile, ids)
    return {
      ...work,
      ms,
      bytesEqual,
      pagesPerS: (corpus.pages.length / ms) * 1000,
      cpuMsA: after[0].cpuMs - before[0].cpuMs,
      cpuMsB: after[1].cpuMs - before[1].cpuMs,
      peakRssMbA: after[0].peakRssMb,
      peakRssMbB: after[1].peakRssMb,
    }
  })
}

/** The number of requests in flight at which the side is fastest on this corpus. */
export async function bestConcurrency(
  side: PresentSide,
  fetchAt: (concurrency: number) => Promise<{ pagesPerS: number }>,
): Promise<number> {
  let best = { concurrency: side.side.concurrencies[0]!, pagesPerS: 0 }
  if (side.side.concurrencies.length === 1) return best.concurrency
  for (let attempt = 0; attempt < TRIES; attempt++) {
    for (const concurrency of side.side.concurrencies) {
      const { pagesPerS } = await fetchAt(concurrency)
      if (pagesPerS > best.pagesPerS) best = { concurrency, pagesPerS }
    }
  }
  return best.concurrency
}
