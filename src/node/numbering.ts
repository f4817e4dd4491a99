/**
 * Numbers for this device's statements: never one twice within an incarnation, whatever
 * crashes. A stretch of numbers is reserved on disk before the first of it is used, so a
 * statement costs no write; a crash wastes the rest of the stretch.
 */
import { decode, encode, uint } from '../base/codec.ts'
import { equalBytes } from '../base/hash.ts'
import type { StoreTasks } from './store-tasks.ts'
import type { Task } from './task.ts'

const STRETCH = 1_000
/** Of the note `own` that holds the number. */
export const SEQUENCE_KEY: Uint8Array = Buffer.from('sequence')
/** What it holds: the first number that is not reserved. */
export const number = uint()

export class Numbering {
  readonly #store: StoreTasks
  #next = 0
  #reserved = 0
  #isLoaded = false

  constructor(store: StoreTasks) {
    this.#store = store
  }

  *next(): Task<number> {
    if (!this.#isLoaded) {
      for (const { key, value } of yield* this.#store.notes('own')) {
        if (equalBytes(key, SEQUENCE_KEY)) this.#next = Math.max(this.#next, decode(number, value))
      }
      this.#reserved = Math.max(this.#reserved, this.#next)
      this.#isLoaded = true
    }
    const mine = this.#next++
    if (mine >= this.#reserved) {
      const upTo = mine + STRETCH
      yield* this.#store.note([{ table: 'own', key: SEQUENCE_KEY, value: encode(number, upTo) }], {
        sync: true,
      })
      this.#reserved = Math.max(this.#reserved, upTo)
    }
    return mine
  }
}
