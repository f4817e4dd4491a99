/** The process that is attacked: `besieged-process.ts HOME SEED MESSAGES PLANT`. It listens at HOME/links and takes orders from its parent. */
import { createServer } from 'node:net'
import { join } from 'node:path'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { Besieged } from './besieged.ts'
import type { Costs, Sample } from './judge.ts'

/** On the heap, where the process has its limit: 8 KB. */
const LEAK_NUMBERS = 1_024

/** A collection and what is left after it; or the end, and what was noted. */
export type Order = 'sample' | 'end'
export type Word =
  | { type: 'listening' }
  | { type: 'sample'; sample: Sample }
  | { type: 'end'; messages: number; faults: Record<string, number>; held: object; costs: Costs }

const [home = '', seed = '', messages = '0', plant = ''] = process.argv.slice(2)
const leaked: number[][] = []
const minorMs: number[] = []
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { kind } = (entry as unknown as { detail: { kind: number } }).detail
    if (kind === constants.NODE_PERFORMANCE_GC_MINOR) minorMs.push(entry.duration)
  }
}).observe({ entryTypes: ['gc'] })
/** Of processor time, those for collections that were ordered. */
let orderedMs = 0
const besieged = await Besieged.open(home, seed, (taken) => {
  if (plant === 'leak') leaked.push(new Array<number>(LEAK_NUMBERS).fill(0.5))
  if (plant === 'crash' && taken > Number(messages) / 2) throw new Error('planted')
})
const server = createServer((socket) => besieged.serve(socket))
server.listen(join(home, 'links'), () => say({ type: 'listening' }))

process.on('message', (order: Order) => {
  if (order === 'sample') {
    const beforeMs = cpuMs()
    globalThis.gc?.()
    orderedMs += cpuMs() - beforeMs
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
    const sample = { messages: besieged.taken, rssBytes: rss, usedBytes: heapUsed + arrayBuffers }
    return say({ type: 'sample', sample })
  }
  const { taken, faults, held } = besieged
  const costs = { cpuMs: cpuMs() - orderedMs, minorMs }
  say({ type: 'end', messages: taken, faults: Object.fromEntries(faults), held, costs })
  void besieged.close().then(() => process.exit(0))
})
// Nobody is left to be attacked for.
process.on('disconnect', () => process.exit(1))

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function say(word: Word): void {
  process.send!(word)
}
