/** Many people publish, pages spread to the keepers of their shards, and readers elsewhere get them. */
import { forEach } from '../../node/task.ts'
import type { Scenario } from '../scenario.ts'

/** One node in so many publishes, each so many pages one after the other. */
const AUTHOR_EVERY = 10
const PAGES = 2
const AUTHORS_AT_ONCE = 64

export const spread: Scenario = {
  about: 'many people publish, keepers keep, readers elsewhere read',
  nodes: 200,
  nodesMin: 4,
  *play(stage) {
    const nodes = stage.addNodes()
    yield* stage.start(nodes, 20_000, 45_000)
    const authors = stage.chance.some(nodes, Math.ceil(nodes.length / AUTHOR_EVERY))
    yield* forEach(authors, AUTHORS_AT_ONCE, function* (author) {
      for (let i = 0; i < PAGES; i++) yield* stage.publishHeld(author, `page ${i}`)
    })
    stage.say(`${stage.ledger.published.length} pages were published`)
    yield* stage.readAll()
  },
}
