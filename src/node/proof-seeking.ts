/** Getting from peers what proves that records under retired keys count. */
import type { Judged } from '../content/key-book.ts'
import { fetchBlocks } from './fetching.ts'
import type { Node } from './node.ts'
import { proveHere } from './proving.ts'
import type { Task } from './task.ts'

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
