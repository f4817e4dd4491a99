/** A story that a network lives through, with the checks that it must pass. */
import type { Task } from '../node/task.ts'
import type { Weather } from './path.ts'
import type { Stage } from './stage.ts'

export interface Scenario {
  /** One line for the list. */
  about: string
  /** How many nodes it has unless somebody says. */
  nodes: number
  nodesMin: number
  weather?: Weather
  play(stage: Stage): Task<void>
}
