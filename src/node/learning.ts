/**
 * Keys before signatures: which keys do these blocks need, which are at hand, which come
 * along in the same batch, which does the store have, which must a peer be asked for.
 */
import { asSheafError, SheafError } from '../base/errors.ts'
import { IdSet } from '../base/id-map.ts'
import { parseBlock, type VerifiedBlock, verifyBlock } from '../content/block.ts'
import { KEY_GENESIS } from '../content/key.ts'
import type { Node } from './node.ts'
import type { Task } from './task.ts'

/** Puts into the key book every key that `blocks` need and that they bring or the store has; ends with the ids of those still missing. */
export function* learnKeys(node: Node, blocks: readonly Uint8Array[]): Task<Uint8Array[]> {
  const needed = new IdSet()
  for (const bytes of blocks) {
    const { record } = parseBlock(bytes)
    if (record.kind === KEY_GENESIS) takeKey(node, bytes)
    else if (!node.keys.has(record.key)) needed.add(record.key)
  }
  const missing = [...needed].filter((id) => !node.keys.has(id))
  if (missing.length === 0) return []
  for (const bytes of yield* node.store.get(missing)) if (bytes !== undefined) addKey(node, bytes, 'stored')
  return missing.filter((id) => !node.keys.has(id))
}

/** Verifies a key block and takes its key in. Throws BAD_KEY where it is none. */
export function addKey(node: Node, bytes: Uint8Array, of: 'arrived' | 'stored' = 'arrived'): VerifiedBlock {
  const block = verifyBlock(bytes, node.verifyContext(of))
  if (block.type !== 'key') throw new SheafError('BAD_KEY', 'a block that is no key record')
  node.keys.add(block.key)
  return block
}

/** As `addKey`; undefined, and not taken in, for a key from the future: the clock that is wrong may be ours. */
export function takeKey(node: Node, bytes: Uint8Array): VerifiedBlock | undefined {
  try {
    return addKey(node, bytes)
  } catch (cause) {
    if (asSheafError(cause).code === 'BAD_TIME') return undefined
    throw cause
  }
}
