// timeout: 420s
/** The kill soak, short: what is built passes, and a store that answers before it writes is caught wherever it is planted. */
import test from 'brittle'
import { soak } from '../../../bench/soak/kill.ts'
import { takeTurn } from '../../helpers/daemon.ts'
import { seed } from '../../helpers/seed.ts'

const KILLS = 4
/** Of each: six daemons start on a machine that may have other things to do. */
const TIMEOUT_MS = 190_000

test(`kill - nothing acknowledged is lost in ${KILLS} kills of publisher and holders`, {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { findings, figures } = await run(KILLS, undefined)
  t.alike(findings, [])
  t.ok(Number(figures.pagesAcknowledged) > 0, `${figures.pagesAcknowledged} pages acknowledged as stored`)
  t.ok(Number(figures.pagesHeld) > 0, `${figures.pagesHeld} of them signed for by holders`)
})

// Each on its own: a publisher that loses what it signed takes the holders' words for it along.
test('kill - a publisher that answers before it writes is caught', { timeout: TIMEOUT_MS }, async (t) => {
  const { findings } = await run(1, 'early-publish')
  t.ok(
    findings.some((finding) => finding.includes('was acknowledged as stored')),
    'by a page that it lost',
  )
})

test('kill - a holder that signs before it writes is caught', { timeout: TIMEOUT_MS }, async (t) => {
  // The first kill is the publisher's, the second a holder's.
  const { findings } = await run(2, 'early-keep')
  t.ok(
    findings.some((finding) => finding.includes('was signed for by holder')),
    'by a page that it signed for',
  )
})

async function run(runs: number, plant: string | undefined) {
  await takeTurn()
  const { signal } = new AbortController()
  return soak.run({ seed: String(seed), numbers: { runs }, plant, say: () => {}, signal })
}
