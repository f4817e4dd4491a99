/** Processes are killed and machines lose their power, in the middle of publishing and keeping, and start again. */
import type { Scenario } from '../scenario.ts'

const FOR_MS = 120_000

export const crash: Scenario = {
  about: 'processes are killed and power fails in the middle of publishing and keeping',
  nodes: 30,
  nodesMin: 10,
  *play(stage) {
    const { world, chance } = stage
    const nodes = stage.addNodes()
    yield* stage.start(nodes, 5_000, 20_000)
    const endMs = world.nowMs + FOR_MS
    const authors = chance.some(nodes, Math.ceil(nodes.length / 4))
    const publishing = authors.map(function* (author) {
      for (let i = 0; world.nowMs < endMs; i++) {
        if (author.isUp) yield* stage.publish(author, `page ${i}`)
        yield* world.sleep(chance.between(500, 6_000))
      }
    })
    const crashing = Array.from({ length: 3 }, function* () {
      while (world.nowMs < endMs) {
        yield* world.sleep(chance.between(200, 4_000))
        const up = nodes.filter((node) => node.isUp)
        yield* stage.crash(
          chance.pick(up),
          chance.pick(['kill', 'power'] as const),
          chance.between(100, 20_000),
        )
      }
    })
    yield* stage.all([...publishing, ...crashing])
    stage.say('everybody is up again')
    yield* world.sleep(60_000)
    yield* stage.all(stage.ledger.published.map((one) => stage.holdAgain(one)))
    yield* stage.readAll()
  },
}
