/** What a subscription brought: verified like everything else, kept, and only then heard of. Who sends what is wrong is named. */
import { asSheafError, SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import { parseBlock, type VerifiedBlock, verifyBlock } from '../content/block.ts'
import { KEY_GENESIS } from '../content/key.ts'
import { isDenied } from './denials.ts'
import { answerOf, blame } from './fetching.ts'
import { keysBeside, storedRecord } from './keeping.ts'
import { fetchKeys } from './key-asking.ts'
import type { Connection, Node } from './node.ts'
import type { Task } from './task.ts'

export interface Pushed {
  locator: Uint8Array
  bytes: Uint8Array
}

/**
 * Takes blocks that `peer` says were stored at these places; `take` hears of each that is new here. Does not throw for
 * the peer's doing. What cannot be judged, its key being out of reach or our clock behind, is passed over.
 */
export function* acceptPushed(
  node: Node,
  peer: Connection,
  pushed: readonly Pushed[],
  untilMs: number,
  take: (locator: Uint8Array, block: VerifiedBlock) => void,
): Task<void> {
  try {
    const named = new IdMap<Pushed>()
    for (const one of pushed) named.set(parseBlock(one.bytes).record.id, one)
    const ids = [...named.keys()]
    const here = yield* node.store.meta(ids)
    const fresh = ids.filter((_, i) => here[i] === undefined).map((id) => named.get(id)!)
    if (fresh.length === 0) return
    yield* fetchKeys(
      node,
      peer,
      fresh.map(({ bytes }) => bytes),
      untilMs,
    )
    yield* node.prove(
      fresh.map(({ bytes }) => parseBlock(bytes).record),
      untilMs,
    )
    const blocks = fresh.flatMap((one) => judged(node, one) ?? [])
    yield* node.shelving.keep([
      ...(yield* keysBeside(node, blocks.map(storedRecord))),
      ...blocks.map(storedRecord),
    ])
    for (const block of blocks) take(block.locator, block)
  } catch (cause) {
    const error = asSheafError(cause)
    if (answerOf(error) !== 'bad') throw error
    blame(node, peer, error, false)
  }
}

/** Verified; undefined where nobody is at fault that it cannot be, or where the operator does not want it. */
function judged(node: Node, { locator, bytes }: Pushed): VerifiedBlock | undefined {
  const parsed = parseBlock(bytes)
  const { record } = parsed
  if (record.kind !== KEY_GENESIS && !node.keys.has(record.key)) return undefined
  let block: VerifiedBlock
  try {
    block = verifyBlock(bytes, node.verifyContext())
  } catch (cause) {
    const { code } = asSheafError(cause)
    if (code === 'BAD_TIME' || code === 'RETIRED_KEY') return undefined
    throw cause
  }
  if (!equalBytes(block.locator, locator))
    throw new SheafError('WRONG_QUERY', 'a push of what lives elsewhere')
  return isDenied(node.retention, parsed) ? undefined : block
}
