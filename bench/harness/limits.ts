/** What the machine allows at best, measured in the same run as the sides: signatures checked, and bytes carried. */

import { type Ground, inRound } from './round.ts'
import { measureSignatureRate } from './signature-rate.ts'
import { median } from './statistics.ts'

/** Each probe runs this often; the median counts. */
const TRIES = 3
const WIRE_PROBE = new URL('./wire-probe.ts', import.meta.url).href

export interface Limits {
  /** Author signatures that one thread verifies for the first time. */
  readonly signaturesPerS: number
  /** Megabytes (10^6) that a protomux channel carries in messages of 64 KB, from one process to another. */
  readonly bulkMbPerS: number
}

export async function measureLimits(ground: Ground): Promise<Limits> {
  const signaturesPerS: number[] = []
  const bulkMbPerS: number[] = []
  for (let attempt = 0; attempt < TRIES; attempt++) {
    signaturesPerS.push(measureSignatureRate())
    bulkMbPerS.push(await measureBulk(ground))
  }
  return { signaturesPerS: median(signaturesPerS), bulkMbPerS: median(bulkMbPerS) }
}

async function measureBulk(ground: Ground): Promise<number> {
  return await inRound(ground, WIRE_PROBE, async (start) => {
    const [a, b] = await Promise.all([start(), start()])
    await a.child.call('startPublisher', a.options)
    const address = await a.child.call('serve')
    await b.child.call('startFetcher', b.options)
    await b.child.call('connect', address)
    const { ms, receivedBytes } = await b.child.call('fetch', [], 1)
    return receivedBytes / 1e6 / (ms / 1000)
  })
}
