/** A bad network: packets are lost, doubled and overtaken, some peers are slow and some say nothing. */
import { FAIR } from '../path.ts'
import type { Scenario } from '../scenario.ts'

const SLOW_EVERY = 7
const SILENT_EVERY = 11

export const loss: Scenario = {
  about: 'packets are lost, doubled and overtaken; slow disks, slow links, silent peers',
  nodes: 30,
  nodesMin: 8,
  weather: { ...FAIR, latencyMs: 40, jitterMs: 60, loss: 0.1, duplicate: 0.05, heldUp: 0.1, heldMs: 400 },
  *play(stage) {
    const nodes = stage.addNodes((i) => ({
      isSilent: i % SILENT_EVERY === SILENT_EVERY - 1,
      ...(i % SLOW_EVERY === SLOW_EVERY - 1 && {
        slowness: 20,
        uplinkBytesPerSecond: 30_000,
        disk: { callMs: 20, syncMs: 400, bytesPerMs: 2_000 },
      }),
    }))
    yield* stage.start(nodes, 5_000, 30_000)
    const authors = stage.chance.some(
      nodes.filter((node) => !node.options.isSilent),
      Math.ceil(nodes.length / 4),
    )
    yield* stage.all(
      authors.map(function* (author) {
        for (let i = 0; i < 3; i++) yield* stage.publishHeld(author, `page ${i}`)
      }),
    )
    yield* stage.readAll()
  },
}
