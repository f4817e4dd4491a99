/**
 * `npm run soak -- kill`: nothing that was acknowledged is lost, wherever a node is killed.
 *
 * Real daemons on loopback, two lanes side by side. A client writes down each acknowledgement as it comes; kill -9
 * strikes at named moments of a write, in the middle of starting, stopping, reindexing and migrating.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asSheafError, SheafError } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { startNetwork } from '../harness/network.ts'
import { Lane, type LaneTotals } from './kill/lane.ts'
import { occasions } from './kill/occasions.ts'
import type { NodePlant } from './nodes/process.ts'
import type { Soak, SoakReport, SoakRun } from './soak.ts'

/** Two cores, and each lane waits half of its time. */
const LANES = 2

const PLANTS: Readonly<Record<string, readonly NodePlant[]>> = {
  'early-ack': ['early-publish', 'early-keep'],
  'early-publish': ['early-publish'],
  'early-keep': ['early-keep'],
}

export const soak: Soak = {
  about: 'nothing acknowledged is lost, wherever a publisher or a holder is killed',
  numbers: { runs: { help: 'kills', default: 100, min: 1, max: 100_000 } },
  plants: {
    'early-ack': 'a store answers before it writes',
    'early-publish': 'the same, where pages are published only',
    'early-keep': 'the same, where pages of others are kept only',
  },
  run,
}

async function run({ seed, numbers, plant, say, signal }: SoakRun): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), 'soak-'))
  const network = await startNetwork()
  const runs = numbers.runs!
  let done = 0
  const ending = new AbortController()
  try {
    const lane = async (number: number): Promise<LaneTotals> => {
      const mine = join(folder, String(number))
      mkdirSync(mine)
      const opened = await Lane.open({
        folder: mine,
        bootstrap: network.bootstrap,
        network: `soak-${number}`,
        signal: AbortSignal.any([signal, ending.signal]),
        random: seededRandom(`kill ${seed} ${number}`),
        plants: PLANTS[plant ?? ''] ?? [],
      })
      try {
        const deck = occasions(seededRandom(`occasions ${seed} ${number}`))
        // One lane begins with the publisher, the other with a holder.
        if (number % 2 === 0) deck.next()
        for (let run = number; run <= runs; run += LANES) {
          const { value } = deck.next()
          await opened.strike(run, value)
          say(`${++done} of ${runs} kills, ${opened.totals.findings.length} findings in lane ${number}`)
        }
        await opened.finish()
      } catch (error) {
        if (signal.aborted || ending.signal.aborted) throw error
        const { code, message } = asSheafError(error)
        opened.totals.findings.push(`lane ${number} cannot go on after ${done} kills: ${code}: ${message}`)
      } finally {
        await opened.close()
      }
      return opened.totals
    }
    const lanes = Math.min(LANES, runs)
    const running = Array.from({ length: lanes }, (_, i) => lane(i + 1))
    try {
      return reportOf(await Promise.all(running))
    } finally {
      // Where one cannot go on, the other ends its processes before their homes go.
      ending.abort(new SheafError('CANCELLED', 'the other lane failed'))
      await Promise.allSettled(running)
    }
  } finally {
    await network.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function reportOf(lanes: readonly LaneTotals[]): SoakReport {
  const sum = (field: 'acknowledged' | 'held' | 'cut'): number =>
    lanes.reduce((total, lane) => total + lane[field], 0)
  const kills: Record<string, number> = {}
  for (const lane of lanes) {
    for (const [moment, count] of Object.entries(lane.kills)) kills[moment] = (kills[moment] ?? 0) + count
  }
  return {
    figures: {
      pagesAcknowledged: sum('acknowledged'),
      pagesHeld: sum('held'),
      publishesCut: sum('cut'),
      kills,
    },
    findings: lanes.flatMap(({ findings }) => findings),
  }
}
