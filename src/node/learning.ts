/**
 * Keys before signatures: which keys do these blocks need, which are at hand, which come
 * along in the same batch, which does the store have, which must a peer be asked for.
 */
import { decode } from '../base/codec.ts'
import { asSheafError, SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { IdSet } from '../base/id-map.ts'
import { parseBlock, peekKey, type VerifiedBlock, verifyBlock } from '../content/block.ts'
import { KEY_GENESIS } from '../content/key.ts'
import { KEY_ROTATION, keyRotation } from '../content/rotation.ts'
import { entityLocator } from '../content/space.ts'
import type { Node } from './node.ts'
import type { Task } from './task.ts'

/** Key records of one entity that are read from the store: a chain, and rivals where it is frozen. */
const ROTATIONS_READ_MAX = 128

/** What finding keys needs of a node. */
export type KeysAround = Pick<Node, 'store' | 'keys' | 'verifyContext'>

/** Under which the key record is noted that the person who runs this node readmitted for an entity. */
export function choiceKey(entity: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from('readmitted '), entity])
}

/** Ids of the key records that these blocks name, each once. */
export function keysNamedBy(blocks: readonly Uint8Array[]): IdSet {
  const named = new IdSet()
  let last: Uint8Array | undefined
  for (const bytes of blocks) {
    const { kind, key } = peekKey(bytes)
    // Mostly one author's, one after the other.
    if (kind === KEY_GENESIS || (last !== undefined && equalBytes(key, last))) continue
    named.add(key)
    last = key
  }
  return named
}

/** Puts into the key book every key that `blocks` need and that they bring or the store has; ends with the ids of those still missing. */
export function* learnKeys(node: KeysAround, blocks: readonly Uint8Array[]): Task<Uint8Array[]> {
  const signers = new IdSet()
  const needed = new IdSet()
  const rotations: Uint8Array[] = []
  for (const bytes of blocks) {
    const { record } = parseBlock(bytes)
    if (record.kind === KEY_GENESIS) {
      takeKey(node, bytes)
      continue
    }
    if (record.kind === KEY_ROTATION) rotations.push(bytes)
    if (!node.keys.isLoaded(record.signer)) signers.add(record.signer)
    needed.add(record.key)
  }
  for (const entity of signers) yield* ensureKeys(node, entity)
  for (const bytes of inOrder(rotations)) takeKey(node, bytes)
  return [...needed].filter((id) => !node.keys.has(id))
}

/** Puts the keys of an entity that the store has into the book: once for each entity, so that no page costs a look for rotations. */
export function* ensureKeys(node: KeysAround, entity: Uint8Array): Task<void> {
  const { keys, store } = node
  if (keys.isLoaded(entity)) return
  if (keys.chain(entity) === undefined) {
    const [bytes] = yield* store.get([entity])
    if (bytes === undefined) return
    addKey(node, bytes, 'stored')
  }
  const metas = yield* store.at(entityLocator(entity), ROTATIONS_READ_MAX, KEY_ROTATION)
  if (metas.length > 0) {
    const blocks = yield* store.get(metas.map(({ id }) => id))
    for (const bytes of inOrder(blocks.filter((one) => one !== undefined))) takeKey(node, bytes, 'stored')
  }
  keys.setLoaded(entity)
  const chain = keys.chain(entity)
  if (chain === undefined || chain.rivals.length === 0) return
  const readmitted = yield* store.noted('own', choiceKey(entity))
  if (readmitted !== undefined) chain.readmit(readmitted)
}

/** Verifies a key block and takes its key in. Throws BAD_KEY where it is none. */
export function addKey(
  node: KeysAround,
  bytes: Uint8Array,
  of: 'arrived' | 'stored' = 'arrived',
): VerifiedBlock {
  const block = verifyBlock(bytes, node.verifyContext(of))
  if (block.type !== 'key') throw new SheafError('BAD_KEY', 'a block that is no key record')
  node.keys.add(block.key)
  return block
}

/**
 * As `addKey`; undefined, and not taken in, for a key from the future: the clock that is wrong may be ours; and for
 * one that comes after a key which is not at hand.
 */
export function takeKey(
  node: KeysAround,
  bytes: Uint8Array,
  of: 'arrived' | 'stored' = 'arrived',
): VerifiedBlock | undefined {
  const { kind, key } = peekKey(bytes)
  if (kind === KEY_ROTATION && !node.keys.has(key)) return undefined
  try {
    return addKey(node, bytes, of)
  } catch (cause) {
    if (asSheafError(cause).code === 'BAD_TIME') return undefined
    throw cause
  }
}

/** Rotations, each after the one that it rests on. */
function inOrder(rotations: readonly Uint8Array[]): Uint8Array[] {
  const positions = new Map(
    rotations.map((bytes) => [bytes, decode(keyRotation, parseBlock(bytes).record.body).position]),
  )
  return [...rotations].sort((a, b) => positions.get(a)! - positions.get(b)!)
}
