/** Machines come back from old backups, under a new incarnation, and go on as if nothing had been. */
import type { Scenario } from '../scenario.ts'

export const restore: Scenario = {
  about: 'nodes come back from old backups, publish and keep on',
  nodes: 24,
  nodesMin: 10,
  *play(stage) {
    const { world, chance } = stage
    const nodes = stage.addNodes()
    yield* stage.start(nodes, 5_000, 20_000)
    const authors = chance.some(nodes, Math.ceil(nodes.length / 3))
    const round = (name: string) =>
      stage.all(
        authors
          .map((author) => stage.publishHeld(author, name))
          .concat(authors.map((author) => stage.publishHeld(author, 'changing'))),
      )
    yield* round('first')
    const back = chance.some(nodes, Math.ceil(nodes.length / 5))
    const backups = back.map((node) => node.disk.writes)
    yield* round('second')
    // One after the other, so that no page loses all its keepers at once.
    for (const [i, node] of back.entries()) {
      yield* stage.restore(node, backups[i]!)
      yield* world.sleep(20_000)
    }
    stage.say(`${back.length} nodes were restored`)
    yield* world.sleep(60_000)
    yield* round('third')
    yield* stage.readAll()
  },
}
