/** A network falls in two while people publish, one of them on two machines, and comes together again. */
import { onAnotherDevice } from '../person.ts'
import type { Scenario } from '../scenario.ts'

const APART_MS = 90_000
const TOGETHER_MS = 90_000

export const partition: Scenario = {
  about: 'the network falls in two while people publish, and comes together again',
  nodes: 30,
  nodesMin: 12,
  *play(stage) {
    const { world, chance } = stage
    const nodes = stage.addNodes()
    const [first] = nodes
    const twin = stage.add({}, onAnotherDevice(first!.person, 'twin', world.crypto))
    yield* stage.start(stage.nodes, 5_000, 20_000)
    yield* stage.publishHeld(first!, 'shared')
    const apart = new Set([...chance.some(nodes.slice(1), nodes.length >> 1), twin])
    const authors = [...chance.some(nodes.slice(1), 6), first!, twin]
    const publishing = authors.map(function* (author) {
      for (let i = 0; i < 4; i++) {
        yield* stage.publishHeld(author, author === twin || author === first ? 'shared' : `page ${i}`)
        yield* world.sleep(5_000)
      }
    })
    yield* stage.all([
      ...publishing,
      (function* () {
        yield* world.sleep(3_000)
        world.part(apart)
        stage.say(`${apart.size} nodes are apart`)
        yield* world.sleep(APART_MS)
        world.part(new Set())
        stage.say('together again')
      })(),
    ])
    yield* world.sleep(TOGETHER_MS)
    yield* stage.readAll(stage.newestBut('shared'))
    yield* stage.compare({ space: { type: 'entity', id: first!.person.entity }, path: 'shared' }, nodes)
  },
}
