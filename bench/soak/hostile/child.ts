/** The process that is attacked: `child.ts HOME SEED MESSAGES PLANT`. Its last line is what it measured, as JSON. */

import { encode } from '../../../src/base/codec.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import { query } from '../../../src/node/queries.ts'
import { actor } from '../../../test/helpers/actor.ts'
import { HandClient } from '../../../test/helpers/hand-client.ts'
import { Stranger } from '../../../test/helpers/stranger.ts'
import { Besieged } from './besieged.ts'
import { Crowd } from './crowd.ts'
import type { Measured } from './judge.ts'

const SAMPLES = 60
/** Hostile messages between two turns of the event loop, and the time that passes for the service in one. */
const BURST = 2
const BURST_MS = 20
const IDLE_QUERIES = 400
/** Hostile acts between two queries of the honest client. */
const ACTS_PER_QUERY = 60
/** Hostile messages that stand before that query in the queue of the process. */
const BESIDE = 4
/** On the heap, where the process has its limit. */
const LEAK_NUMBERS = 4_096

const [home = '', seed = '', count = '0', plant = ''] = process.argv.slice(2)
const messages = Number(count)
const target = await Besieged.open(home, seed)
const honest = new HandClient(new Stranger('honest', actor(`${seed} honest`, target.network), target))
target.join(honest.end, '198.51.100.7')
await honest.earn({ type: 'introduce' })
await honest.thank()

/** A small query, from its asking to its last result, in milliseconds; what is said `beside` it comes first. */
async function timedQuery(ask: number, beside: readonly (() => void)[] = []): Promise<number> {
  const hear = honest.end.onHeard!
  const bytes = encode(query, { type: 'introduce' })
  const begunMs = performance.now()
  for (const say of beside) say()
  await new Promise<void>((resolve, reject) => {
    honest.end.onHeard = (one) => {
      hear(one)
      if (one.name === 'result') resolve()
      if (one.name === 'refuse') reject(new Error(`the honest client was refused: ${honest.refusal}`))
    }
    honest.sayAsk(ask, bytes)
  })
  const tookMs = performance.now() - begunMs
  honest.end.onHeard = hear
  await honest.thank()
  honest.end.heard.length = 0
  honest.end.said.length = 0
  return tookMs
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

let nextAsk = 1_000
const idleMs: number[] = []
for (let i = 0; i < IDLE_QUERIES; i++) {
  await turn()
  target.pass(BURST_MS)
  idleMs.push(await timedQuery(nextAsk++))
}

const crowd = new Crowd(target, seededRandom(`${seed} crowd`))
const aloneMs: number[] = []
const besiegedMs: number[] = []
const samples: Measured['samples'] = []
const leaked: number[][] = []
let acts = 0
const begunMs = performance.now()
while (crowd.said < messages) {
  for (let i = 0; i < BURST; i++) {
    await crowd.act()
    acts += 1
    if (plant === 'leak') leaked.push(new Array<number>(LEAK_NUMBERS).fill(0.5))
    if (plant === 'crash' && crowd.said > messages / 2) throw new Error('planted')
  }
  target.pass(BURST_MS)
  if (acts % ACTS_PER_QUERY < BURST) {
    // One by itself at the same moment: what others do on this machine slows both.
    aloneMs.push(await timedQuery(nextAsk++))
    besiegedMs.push(await timedQuery(nextAsk++, crowd.prepare(BESIDE)))
  }
  await turn()
  if (crowd.said >= (samples.length * messages) / SAMPLES) {
    globalThis.gc?.()
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
    samples.push({ messages: crowd.said, rssBytes: rss, usedBytes: heapUsed + arrayBuffers })
  }
}
const measured: Measured = {
  messages: crowd.said,
  messagesPerSecond: Math.round(crowd.said / ((performance.now() - begunMs) / 1000)),
  sessionsOpened: crowd.opened,
  faults: Object.fromEntries(target.faults),
  held: target.service.held,
  idleMs,
  aloneMs,
  besiegedMs,
  samples,
}
await target.settle()
await target.close()
process.stdout.write(`${JSON.stringify(measured)}\n`)
