/**
 * Clocks that are wrong by hours, and clocks that are set under way. Who is ahead of the others by more
 * than five minutes writes what they do not take yet, and who is behind takes nothing new: both are asked
 * for their part and held to nothing but that nobody is blamed.
 */
import type { Scenario } from '../scenario.ts'

const HOUR_MS = 3600_000

export const skew: Scenario = {
  about: 'clocks are wrong by hours, and are set back and forth under way',
  nodes: 24,
  nodesMin: 12,
  *play(stage) {
    const { world, chance } = stage
    const isWrong = (number: number): boolean => number % 4 === 0
    const nodes = stage.addNodes((i) => ({
      clockOffsetMs: isWrong(i) ? Math.round(chance.between(-10, 10) * HOUR_MS) : 0,
    }))
    const right = nodes.filter(({ number }) => !isWrong(number))
    yield* stage.start(nodes, 5_000, 20_000)
    const authors = chance.some(right, Math.ceil(right.length / 3))
    const wrong = chance.some(nodes, 4).filter(({ number }) => isWrong(number))
    const round = (name: string) => stage.all(authors.map((author) => stage.publishHeld(author, name)))
    yield* round('first')
    for (const author of wrong) yield* stage.publish(author, 'out of time')
    for (const node of chance.some(nodes, Math.ceil(nodes.length / 3))) {
      // An author is set by less than others mind.
      const hours = isWrong(node.number) ? 2 : 0.05
      const jumpMs = Math.round(chance.between(-hours, hours) * HOUR_MS)
      node.clockOffsetMs += jumpMs
      world.tell(node, 'clock', { jumpMs })
      yield* world.sleep(500)
    }
    yield* round('second')
    yield* world.sleep(30_000)
    yield* round('third')
    for (const one of stage.newestBut('out of time')) {
      yield* stage.read(one, chance.pick(right.filter((node) => node !== one.author)))
    }
  },
}
