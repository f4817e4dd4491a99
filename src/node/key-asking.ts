/** The keys that blocks were signed under: at hand, or asked for where the blocks came from. */
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { IdSet } from '../base/id-map.ts'
import { KEY_CHAIN_MAX } from '../base/limits.ts'
import { peekKey, type VerifiedBlock } from '../content/block.ts'
import { KEY_GENESIS } from '../content/key.ts'
import type { CheckKey } from './checking.ts'
import { storedRecord } from './keeping.ts'
import { keysNamedBy, learnKeys, takeKey } from './learning.ts'
import type { Connection, Node } from './node.ts'
import type { Task } from './task.ts'
import { ASK_IDS_MAX, type Item } from './wire.ts'

/** Key records that one answer may bring: a chain for each of 64 authors. */
export const KEYS_SENT_MAX: number = 64 * (1 + KEY_CHAIN_MAX)

/** The keys that these blocks were signed under: at hand, in the store, or from the peer that sent them. `areAll`: none of them is lacking. */
export function* keysFor(
  node: Node,
  peer: Connection,
  blocks: Uint8Array[],
  untilMs: number,
): Task<{ keys: CheckKey[]; areAll: boolean }> {
  const named = [...keysNamedBy(blocks)]
  if (named.some((id) => !node.keys.isReady(id))) yield* fetchKeys(node, peer, blocks, untilMs)
  const keys = keysAmong(node, named)
  return { keys, areAll: keys.length === named.length }
}

/** Those of the keys that these blocks were signed under that are at hand. */
export function keysAtHand(node: Node, blocks: Uint8Array[]): CheckKey[] {
  return keysAmong(node, [...keysNamedBy(blocks)])
}

function keysAmong(node: Node, ids: readonly Uint8Array[]): CheckKey[] {
  const keys: CheckKey[] = []
  for (const one of ids) {
    const key = node.keys.get(one)
    if (key === undefined) continue
    const { id, entity, publicKey, position, next } = key
    keys.push({ id, entity, publicKey, position, next })
  }
  return keys
}

/** Whether a record's key is among those that are known; a genesis needs none. */
export function hasKey(bytes: Uint8Array, known: readonly CheckKey[]): boolean {
  const { kind, key } = peekKey(bytes)
  return kind === KEY_GENESIS || known.some(({ id }) => equalBytes(id, key))
}

/** Asks a peer for the key records that `blocks` were signed under; it may not have them. */
export function* fetchKeys(
  node: Node,
  peer: Connection,
  blocks: readonly Uint8Array[],
  untilMs: number,
): Task<void> {
  const unknown = yield* learnKeys(node, blocks)
  if (unknown.length === 0) return
  // Behind a rotation stands a chain, which begins with the entity's own id.
  const signers = new IdSet(blocks.map((bytes) => peekKey(bytes).signer))
  const absent = [...signers].filter((id) => !node.keys.has(id))
  const missing = [...new IdSet([...absent, ...unknown])].slice(0, ASK_IDS_MAX)
  const answered = new Set<number>()
  const found: VerifiedBlock[] = []
  const listener = {
    items(items: Item[]): void {
      for (const { index, answer } of items) {
        const id = missing[index]
        const isOfChain = id !== undefined && answer.type === 'key' && !signers.has(id)
        if (isOfChain && found.length <= KEYS_SENT_MAX) {
          const key = takeKey(node, answer.bytes)
          if (key !== undefined) found.push(key)
          continue
        }
        if (id === undefined || answered.has(index))
          throw new SheafError('WRONG_QUERY', 'an answer to something not asked')
        answered.add(index)
        if (answer.type === 'found') {
          const key = takeKey(node, answer.bytes)
          if (key !== undefined && !equalBytes(key.id, id))
            throw new SheafError('WRONG_QUERY', 'another key than was asked for')
          if (key !== undefined) found.push(key)
        } else if (answer.type !== 'unknown' && answer.type !== 'lost' && answer.type !== 'refused')
          throw new SheafError('WRONG_QUERY', `${answer.type} is no answer to a query for keys`)
      }
    },
  }
  yield* peer.client.ask({ type: 'blocks', ids: missing, certify: false }, listener, untilMs)
  yield* node.shelving.keep(found.map(storedRecord))
}
