/** Finding pages by their words and links, as the parts of a node see it; `Catalog` is one. */
import type { Task } from '../task.ts'
import type { SearchAnswers, SearchCall } from './engine.ts'

export interface Finder {
  /** Brings the engine to where the store is, as far as it gets until then; whether all is in it. */
  bring(untilMs: number): Task<boolean>
  ask<T extends SearchCall['type']>(call: Extract<SearchCall, { type: T }>): Task<SearchAnswers[T]>
}
