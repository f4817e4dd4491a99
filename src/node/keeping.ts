/**
 * A store request, seen by who is asked to keep: say what is wanted, take it, check every
 * byte, write it down for good, and only then sign the promise.
 *
 *     offers ──▶ wanted · held · refused, one for each
 *     deliveries ──▶ verified ──▶ synced write ──▶ holding: one signature for the batch
 */
import { decode, encode } from '../base/codec.ts'
import { asSheafError, SheafError } from '../base/errors.ts'
import { equalBytes, sha256 } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import { parseBlock, type VerifiedBlock, verifyBlock } from '../content/block.ts'
import { locatorOf } from '../content/kinds.ts'
import { decodeTable } from '../content/piece.ts'
import type { SignedRecord } from '../content/record.ts'
import { SPACE_INDEX, spaceIndex } from '../content/space-index.ts'
import { HOLDING, holding } from '../content/statement.ts'
import { VERSION } from '../content/version.ts'
import { learnKeys } from './learning.ts'
import type { Node } from './node.ts'
import { type Peer, signStatement } from './peer.ts'
import type { QueryOf } from './queries.ts'
import type { Reply } from './reply.ts'
import { rootOfIds } from './shards.ts'
import type { StoredBlock } from './store.ts'
import { suspend, type Task } from './task.ts'
import type { Answer, Deliver } from './wire.ts'

/** How long a holding promises for; the next claim supersedes it long before. */
const HOLDING_LIFE_MS = 30 * 24 * 3600_000
/** A publisher that was told what is wanted has this long for each delivery. */
const DELIVER_WITHIN_MS = 30_000

/** What publishers may be about to deliver, all together: it waits in memory until a batch is whole. */
const DELIVERIES_BYTES_MAX = 64 * 1024 * 1024

type Offer = QueryOf<'store'>['offers'][number]

export function* keep(node: Node, peer: Peer, asked: QueryOf<'store'>, reply: Reply): Task<void> {
  const { offers } = asked
  const answers = yield* judge(node, offers)
  for (const [i, answer] of answers.entries()) reply.add(i, answer)
  const wanted = new Set(answers.flatMap((answer, i) => (answer.type === 'wanted' ? [i] : [])))
  if (wanted.size > 0) {
    const bytes = [...wanted].reduce((sum, index) => sum + offers[index]!.bytes, 0)
    node.deliveries.bytes += bytes
    try {
      const delivered = yield* takeDeliveries(node, offers, wanted, reply)
      if (reply.isGone) return
      const blocks = yield* verifyDelivered(node, offers, delivered)
      yield* node.store.append('shelf', blocks, { sync: true })
    } catch (cause) {
      const error = asSheafError(cause)
      reply.refuse(error)
      if (!NO_BREACH.has(error.code)) node.env.fault(peer, error)
      return
    } finally {
      node.deliveries.bytes -= bytes
    }
  } else if (answers.some(({ type }) => type === 'held')) {
    // What is here may have come without a sync; a promise rests on nothing less.
    yield* node.store.append('shelf', [], { sync: true })
  }
  const kept = offers.filter((_, i) => answers[i]!.type === 'wanted' || answers[i]!.type === 'held')
  if (kept.length > 0) {
    const record = signStatement(
      node.env,
      HOLDING,
      encode(holding, {
        incarnation: node.env.incarnation,
        sequence: yield* node.nextSequence(),
        root: rootOfIds(kept.map(({ id }) => id)),
        count: kept.length,
        until: node.env.nowMs() + HOLDING_LIFE_MS,
      }),
    )
    reply.add(0, { type: 'holding', record: record.bytes })
  }
  reply.end()
}

/** Failures of ours, and slowness: nobody broke a rule. */
const NO_BREACH: ReadonlySet<string> = new Set([
  'TIMEOUT',
  'DISK_FULL',
  'QUOTA_FULL',
  'BAD_STORE',
  'CANCELLED',
  'BUSY',
  'INTERNAL',
])

function* judge(node: Node, offers: Offer[]): Task<Answer[]> {
  const metas = yield* node.store.meta(offers.map(({ id }) => id))
  let askedBytes = 0
  return offers.map((offer, i): Answer => {
    if (metas[i] !== undefined) return { type: 'held' }
    if (!node.keeps(offer.locator) && !node.keys.has(offer.id)) {
      return { type: 'moved', to: node.claimants(offer.locator).slice(0, 8) }
    }
    const isBusy = node.deliveries.bytes + askedBytes + offer.bytes > DELIVERIES_BYTES_MAX
    const verdict = isBusy ? 'full' : node.retention.admit({ ...offer, bytes: offer.bytes + askedBytes })
    if (verdict !== 'keep') return { type: 'refused', reason: { type: verdict } }
    askedBytes += offer.bytes
    return { type: 'wanted' }
  })
}

/** Waits until everything wanted has come; throws TIMEOUT where it does not. */
function* takeDeliveries(
  node: Node,
  offers: Offer[],
  wanted: ReadonlySet<number>,
  reply: Reply,
): Task<Map<number, Uint8Array>> {
  const delivered = new Map<number, Uint8Array>()
  yield* suspend<void>((resume) => {
    let timer = node.env.timers.at(node.env.nowMs() + DELIVER_WITHIN_MS, late)
    function late(): void {
      reply.onDeliver = undefined
      resume({ error: new SheafError('TIMEOUT', 'the delivery did not come') })
    }
    reply.onDeliver = ({ items, last }: Deliver) => {
      timer.cancel()
      for (const { index, bytes } of items) {
        if (!wanted.has(index) || delivered.has(index))
          throw new SheafError('WRONG_QUERY', 'a delivery that was not wanted')
        if (bytes.byteLength !== offers[index]!.bytes)
          throw new SheafError('WRONG_QUERY', 'a delivery of another length')
        delivered.set(index, bytes)
      }
      if (!last) {
        timer = node.env.timers.at(node.env.nowMs() + DELIVER_WITHIN_MS, late)
        return
      }
      reply.onDeliver = undefined
      if (delivered.size < wanted.size)
        throw new SheafError('WRONG_QUERY', 'a delivery that lacks what was wanted')
      resume({ value: undefined })
    }
    reply.flush()
  })
  return delivered
}

function* verifyDelivered(
  node: Node,
  offers: Offer[],
  delivered: Map<number, Uint8Array>,
): Task<StoredBlock[]> {
  const records = [...delivered].filter(([index]) => offers[index]!.owner === undefined)
  yield* learnKeys(
    node,
    records.map(([, bytes]) => bytes),
  )
  const context = node.verifyContext()
  const verified = new IdMap<VerifiedBlock>()
  const stored: StoredBlock[] = []
  for (const [index, bytes] of records) {
    const block = verifyBlock(bytes, context)
    refuseMismatch(offers[index]!, block.id, block.locator)
    verified.set(block.id, block)
    stored.push(storedRecord(block))
  }
  for (const [index, bytes] of delivered) {
    const { owner, id, locator } = offers[index]!
    if (owner === undefined) continue
    const record = verified.get(owner)?.record ?? (yield* storedOwner(node, owner))
    const table = piecesOf(record, verified.get(owner)?.bytes ?? (yield* node.store.get([owner]))[0]!)
    if (!table.some((hash) => equalBytes(hash, id)))
      throw new SheafError('BAD_HASH', 'a piece that its owner does not name')
    refuseMismatch({ id, locator }, sha256(bytes), locatorOf(record))
    stored.push({ id, locator, kind: 0, timeMs: 0, length: bytes.byteLength, bytes })
  }
  return stored
}

function* storedOwner(node: Node, owner: Uint8Array): Task<SignedRecord> {
  const [bytes] = yield* node.store.get([owner])
  if (bytes === undefined) throw new SheafError('NOT_FOUND', 'the owner of a piece is not here')
  return parseBlock(bytes).record
}

/** The loose pieces that a block names. */
export function piecesOf(record: SignedRecord, block: Uint8Array): Uint8Array[] {
  if (record.kind === SPACE_INDEX) return decode(spaceIndex, record.body).chunks.map(({ hash }) => hash)
  if (record.kind !== VERSION) return []
  const { attachment } = parseBlock(block)
  return decodeTable(attachment).map(({ hash }) => hash)
}

export function storedRecord({ id, locator, record, bytes }: VerifiedBlock): StoredBlock {
  return { id, locator, kind: record.kind, timeMs: record.timeMs, length: bytes.byteLength, bytes }
}

function refuseMismatch(
  offer: { id: Uint8Array; locator: Uint8Array },
  id: Uint8Array,
  locator: Uint8Array,
): void {
  if (!equalBytes(offer.id, id))
    throw new SheafError('BAD_HASH', 'a delivery with another id than was offered')
  if (!equalBytes(offer.locator, locator))
    throw new SheafError('BAD_HASH', 'a delivery that lives elsewhere than was offered')
}
