/** One push: entries of a batch are offered to a keeper, what it wants is delivered, what it signs is checked. */
import { decode } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { HOLDING, holding } from '../content/statement.ts'
import type { Batch, BatchEntry } from './batch.ts'
import type { Connection, Node } from './node.ts'
import { verifyStatement } from './peer.ts'
import { rootOfIds } from './shards.ts'
import { run, suspend, type Task } from './task.ts'
import { type Item, RESULT_BYTES } from './wire.ts'

/** Promises end after 30 days, and are asked for anew when so much is left: one that ends sooner counts as none. */
export const RENEW_BEFORE_MS = 5 * 24 * 3600_000

export interface Pushed {
  /** The promise; undefined where the keeper took nothing. */
  record: Uint8Array | undefined
  /** The entries that it is over, by their number in the batch. */
  kept: ReadonlySet<number>
  /** Devices that the keeper named as keepers of what is not its own. */
  named: Uint8Array[]
  /** Whether it refused for lack of room. */
  isFull: boolean
}

/** A block of ours that was to be delivered does not read back: nobody's fault but our disk's. */
export class Unreadable extends SheafError {
  constructor() {
    super('BAD_STORE', 'a block of the outbox does not read back')
  }
}

type StoreQuery = Parameters<Connection['client']['deliver']>[0]

/** Throws what the session throws, BAD_PROOF for a wrong promise, `Unreadable` as soon as a block of ours fails. */
export function* push(
  node: Node,
  peer: Connection,
  batch: Batch,
  offered: readonly number[],
  untilMs: number,
): Task<Pushed> {
  const entries = offered.map((i) => batch.entries[i]!)
  const query: StoreQuery = {
    type: 'store',
    offers: entries.map(({ id, locator, bytes, owner }) => ({ id, locator, bytes, owner })),
  }
  const wanted: number[] = []
  const kept = new Set<number>()
  const named: Uint8Array[] = []
  let answered = 0
  let isFull = false
  let record: Uint8Array | undefined
  yield* suspend<void>((resume) => {
    let isOver = false
    const end = (outcome: Parameters<typeof resume>[0]): void => {
      if (isOver) return
      isOver = true
      resume(outcome)
    }
    const listener = {
      items: (items: Item[]): void => {
        for (const { index, answer } of items) {
          if (answer.type === 'holding') {
            record = answer.record
            continue
          }
          const entry = entries[index]
          if (entry === undefined) throw new SheafError('WRONG_QUERY', 'an answer to something not offered')
          answered += 1
          if (answer.type === 'refused' && answer.reason.type === 'full') isFull = true
          if (answer.type === 'wanted') wanted.push(index)
          if (answer.type === 'wanted' || answer.type === 'held') kept.add(offered[index]!)
          if (answer.type === 'moved') named.push(...answer.to)
        }
        if (answered === entries.length && wanted.length > 0 && record === undefined) {
          run(deliver(node, peer, query, entries, wanted.splice(0)), (outcome) => {
            // Without it no answer can come that is worth waiting for.
            if ('error' in outcome) end(outcome)
          })
        }
      },
    }
    run(peer.client.ask(query, listener, untilMs), (outcome) => {
      end('error' in outcome ? outcome : { value: undefined })
    })
  })
  if (kept.size === 0) record = undefined
  if (record !== undefined) checkHolding(node, peer, record, idsOf(batch, kept))
  return { record, kept: record === undefined ? new Set() : kept, named, isFull }
}

function* deliver(
  node: Node,
  peer: Connection,
  query: StoreQuery,
  entries: readonly BatchEntry[],
  wanted: readonly number[],
): Task<void> {
  const blocks = yield* node.store.get(wanted.map((index) => entries[index]!.id))
  if (blocks.includes(undefined)) throw new Unreadable()
  let items: { index: number; bytes: Uint8Array }[] = []
  let size = 0
  for (const [i, index] of wanted.entries()) {
    const bytes = blocks[i]!
    if (size > 0 && size + bytes.byteLength > RESULT_BYTES) {
      peer.client.deliver(query, items, false)
      items = []
      size = 0
    }
    items.push({ index, bytes })
    size += bytes.byteLength
  }
  peer.client.deliver(query, items, true)
}

function checkHolding(node: Node, peer: Connection, record: Uint8Array, ids: Uint8Array[]): void {
  const statement = verifyStatement(record, node.env)
  const promise = decode(holding, statement.body)
  const isRight =
    statement.kind === HOLDING &&
    equalBytes(statement.signer, peer.device) &&
    equalBytes(promise.root, rootOfIds(ids)) &&
    promise.count === ids.length &&
    promise.until > node.env.wallMs() + RENEW_BEFORE_MS
  if (!isRight) throw new SheafError('BAD_PROOF', 'a holding that does not promise what was given')
}

function idsOf(batch: Batch, numbers: Iterable<number>): Uint8Array[] {
  return [...numbers].map((i) => batch.entries[i]!.id)
}
