/**
 * Commands under way, each from when it is given to its answer. Whoever gave one may leave: what only looks for
 * something then ends at its next wait, with what it asked of peers and the work that it paid with; what writes goes on.
 */
import { ChurnMap } from '../base/churn-map.ts'
import { SheafError } from '../base/errors.ts'
import type { Command } from './commands.ts'
import type { Desk } from './desk.ts'
import type { Effect } from './effects.ts'
import { run, type Stop } from './task.ts'

/**
 * Those that have nothing of their own to finish. One that writes has its turn before others, which it could not
 * pass on.
 */
const LOOKS: ReadonlySet<Command['type']> = new Set([
  'backlinks',
  'blame',
  'broken',
  'diff',
  'export',
  'fetch',
  'get',
  'held',
  'keys',
  'links',
  'list',
  'log',
  'machines',
  'merge',
  'profile',
  'read',
  'recent',
  'records',
  'search',
  'where',
])

export class Errands {
  readonly #desk: Desk
  readonly #effect: (effect: Effect) => void
  /** How to end those that may be ended, by token. */
  readonly #stops = new ChurnMap<number, Stop>()

  constructor(desk: Desk, effect: (effect: Effect) => void) {
    this.#desk = desk
    this.#effect = effect
  }

  begin(token: number, command: Command): void {
    let isOver = false
    const task = this.#desk.take(command, (value) => this.#effect({ type: 'progress', token, value }))
    const stop = run(task, (outcome) => {
      isOver = true
      this.#stops.take(token)
      this.#effect({ type: 'answer', token, outcome })
    })
    if (!isOver && LOOKS.has(command.type)) this.#stops.set(token, stop)
  }

  /** Nothing where the command is over, or cannot be left off. */
  leave(token: number): void {
    this.#stops.get(token)?.(new SheafError('CANCELLED', 'whoever asked has left'))
  }
}
