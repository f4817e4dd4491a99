/** Getting from peers what proves that records under retired keys count, and what became of an entity's keys. */
import { IdMap } from '../base/id-map.ts'
import type { Judged } from '../content/key-book.ts'
import { entityLocator } from '../content/space.ts'
import { gatherBundle } from './bundles.ts'
import { fetchBlocks } from './fetching.ts'
import type { Node } from './node.ts'
import { proveHere } from './proving.ts'
import type { Task } from './task.ts'

/** For so long nobody is asked again whether an entity has rotated its key; who is asked for its pages tells as well. */
const ASK_AGAIN_MS = 3600_000
const ASKED_MAX = 10_000

/** Chunks of what is stood by that these records need: from here, else from who keeps them. What nobody has stays unproven. */
export function* prove(node: Node, records: readonly Judged[], untilMs: number): Task<void> {
  const missing = yield* proveHere(node, records)
  if (missing.size === 0) return
  const wanted = [...missing].map(([id, pieceAt]) => ({ id, pieceAt }))
  yield* fetchBlocks(node, wanted, ({ wanted: { id }, bytes }) => node.keys.addChunk(id, bytes), {
    untilMs,
    isUrgent: true,
  })
}

/** Asks now and then who keeps an entity's keys whether there is a new one. */
export class KeyNews {
  readonly #node: Node
  readonly #askedMs = new IdMap<number>(ASKED_MAX)

  constructor(node: Node) {
    this.#node = node
  }

  /** Does not fail: whoever cannot be asked now is asked later. */
  *ask(entity: Uint8Array, untilMs: number): Task<void> {
    const nowMs = this.#node.env.nowMs()
    const askedMs = this.#askedMs.get(entity)
    if (askedMs !== undefined && nowMs - askedMs < ASK_AGAIN_MS) return
    this.#askedMs.set(entity, nowMs)
    try {
      yield* gatherBundle(this.#node, entityLocator(entity), untilMs)
    } catch {
      this.#askedMs.delete(entity)
    }
  }
}
