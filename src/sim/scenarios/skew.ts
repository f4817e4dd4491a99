/** Clocks that are wrong by hours, and clocks that are set back and forth under way. */
import type { Scenario } from '../scenario.ts'

const HOUR_MS = 3600_000

export const skew: Scenario = {
  about: 'clocks are wrong by hours, and are set back and forth under way',
  nodes: 24,
  nodesMin: 10,
  *play(stage) {
    const { world, chance } = stage
    const nodes = stage.addNodes((i) => ({
      clockOffsetMs: i % 3 === 0 ? Math.round(stage.chance.between(-10, 10) * HOUR_MS) : 0,
    }))
    yield* stage.start(nodes, 5_000, 20_000)
    const authors = chance.some(nodes, Math.ceil(nodes.length / 3))
    const round = (name: string) => stage.all(authors.map((author) => stage.publishHeld(author, name)))
    yield* round('first')
    for (const node of chance.some(nodes, Math.ceil(nodes.length / 3))) {
      const jumpMs = Math.round(chance.between(-2, 2) * HOUR_MS)
      node.clockOffsetMs += jumpMs
      world.tell(node, 'clock', { jumpMs })
      yield* world.sleep(500)
    }
    yield* round('second')
    yield* world.sleep(30_000)
    yield* round('third')
    yield* stage.readAll()
  },
}
