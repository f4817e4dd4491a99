/**
 * Devices that their entities revoked: whose they are no longer counts. A node hears of it as who keeps
 * the entity's place, from any machine of the entity that introduces itself, or when it looks the
 * entity's machines up.
 */
import { decode } from '../base/codec.ts'
import { equalBytes } from '../base/hash.ts'
import { IdSet } from '../base/id-map.ts'
import { parseBlock } from '../content/block.ts'
import { DEVICE_REVOCATION, deviceRevocation } from '../content/revocation.ts'
import { entityLocator } from '../content/space.ts'
import { learnKeys } from './learning.ts'
import type { Node } from './node.ts'
import { REVOKED_OF_PERSON_MAX } from './people.ts'
import type { StoredBlock } from './store.ts'
import { run, type Task } from './task.ts'

/** Shown with an introduction: few machines are lost. */
const SHOWN_MAX = 8

/** From now on what is stored of revocations is heeded; `changed` is called where it changed whose a device is. */
export function heedRevocations(node: Node, changed: () => void): void {
  node.watchers.watchKind(DEVICE_REVOCATION, ({ bytes }) => {
    run(learnRevocations(node, parseBlock(bytes).record.signer), (outcome) => {
      if ('error' in outcome)
        node.emit({ type: 'failed', what: 'revocation', message: String(outcome.error) })
      else changed()
    })
  })
}

/** Puts the revocations of an entity that are stored here into force, those that count and no others. */
export function* learnRevocations(node: Node, entity: Uint8Array): Task<void> {
  const revoked = new IdSet()
  for (const block of yield* revocationsOf(node, entity, REVOKED_OF_PERSON_MAX)) {
    revoked.add(decode(deviceRevocation, parseBlock(block.bytes).record.body).device)
  }
  if (!node.people.setRevoked(entity, revoked)) return
  for (const connection of node.connections()) {
    if (connection.entity === undefined || !equalBytes(connection.entity, entity)) continue
    if (!revoked.has(connection.device)) continue
    connection.entity = undefined
    node.emit({ type: 'revoked', device: connection.device, entity })
  }
}

/** Whose devices those are that gave us promises in earlier lives of this node. */
export function* learnHolders(node: Node): Task<void> {
  const holders = yield* node.store.notes('peer')
  for (const entity of new IdSet(holders.map(({ value }) => value))) yield* learnRevocations(node, entity)
  for (const { key, value } of holders) node.people.learn(key, value)
}

/** What a node shows of its own entity's lost machines when it introduces itself: read once, and again when one was stored. */
export class ShownRevocations {
  readonly #node: Node
  #stored: readonly StoredBlock[] | undefined
  /** Revocations that were stored while this node ran: what was read before the last one is not kept. */
  #changes = 0

  constructor(node: Node) {
    this.#node = node
    node.watchers.watchKind(DEVICE_REVOCATION, () => {
      this.#changes += 1
      this.#stored = undefined
    })
  }

  /** Those that count now, the newest by their claims. */
  *read(): Task<readonly StoredBlock[]> {
    const { author } = this.#node.identity
    if (author === undefined) return []
    let stored = this.#stored
    if (stored === undefined) {
      const before = this.#changes
      stored = yield* storedRevocations(this.#node, author.entity, SHOWN_MAX)
      if (before === this.#changes) this.#stored = stored
    }
    return countingOf(this.#node, author.entity, stored)
  }
}

/** The revocations by an entity that are stored here and count, the newest by their claims. */
function* revocationsOf(node: Node, entity: Uint8Array, max: number): Task<readonly StoredBlock[]> {
  return countingOf(node, entity, yield* storedRevocations(node, entity, max))
}

/** Those at the entity's place, whoever wrote them; their keys are in the book, where the store has them. */
function* storedRevocations(node: Node, entity: Uint8Array, max: number): Task<StoredBlock[]> {
  const metas = yield* node.store.at(entityLocator(entity), max, DEVICE_REVOCATION)
  if (metas.length === 0) return []
  const blocks = yield* node.store.get(metas.map(({ id }) => id))
  const here = metas.flatMap((meta, i) => (blocks[i] === undefined ? [] : [{ ...meta, bytes: blocks[i] }]))
  yield* learnKeys(
    node,
    here.map(({ bytes }) => bytes),
  )
  return here
}

function countingOf(node: Node, entity: Uint8Array, stored: readonly StoredBlock[]): readonly StoredBlock[] {
  if (stored.length === 0) return stored
  return stored.filter(({ bytes }) => {
    const { record } = parseBlock(bytes)
    return equalBytes(record.signer, entity) && node.keys.judge(record).type === 'counts'
  })
}
