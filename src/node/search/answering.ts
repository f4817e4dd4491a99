/** Answering another node's search: the blocks of what is here, so that the asker checks all of it and ranks it itself. */
import type { Node } from '../node.ts'
import { type QueryOf, SEARCH_BYTES_MAX } from '../queries.ts'
import type { Reply } from '../reply.ts'
import type { Task } from '../task.ts'
import { type FoundHere, searchHere } from './here.ts'

/** Until then the index is brought to where the store is; what is not in it then is not found. */
const BRING_WITHIN_MS = 3_000

/** Sends the keys that a block needs, at its index. */
export type SendKeys = (blocks: Uint8Array[], at: number) => Task<void>

export function* answerSearch(
  node: Node,
  asked: QueryOf<'search'>,
  reply: Reply,
  sendKeys: SendKeys,
): Task<void> {
  reply.certify = asked.certify
  const { words, space, count: limit } = asked
  const { found } = yield* searchHere(node, { words, limit, space }, node.env.nowMs() + BRING_WITHIN_MS)
  for (const [index, { blocks }] of fitting(found).entries()) {
    yield* reply.writable()
    if (reply.isGone) return
    yield* sendKeys(blocks.slice(0, 1), index)
    for (const bytes of blocks) reply.add(index, { type: 'found', bytes })
  }
  reply.end()
}

/** Those that fit into one answer; a long page leaves its place to others. */
function fitting(found: readonly FoundHere[]): FoundHere[] {
  let bytes = 0
  return found.filter(({ blocks }) => {
    const own = blocks.reduce((sum, one) => sum + one.byteLength, 0)
    if (bytes + own > SEARCH_BYTES_MAX) return false
    bytes += own
    return true
  })
}
