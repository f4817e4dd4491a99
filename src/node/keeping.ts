/**
 * A store request, seen by who is asked to keep: say what is wanted, take it, check every
 * byte, write it down for good, and only then sign the promise.
 *
 *     offers ──▶ wanted · held · refused, one for each
 *     deliveries ──▶ verified ──▶ synced write ──▶ holding: one signature for the batch
 */
import { encode } from '../base/codec.ts'
import { asSheafError, SheafError } from '../base/errors.ts'
import { equalBytes, sha256 } from '../base/hash.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import { KEY_CHAIN_MAX } from '../base/limits.ts'
import { parseBlock, peekKey, type VerifiedBlock, verifyBlock } from '../content/block.ts'
import { KEY_GENESIS } from '../content/key.ts'
import { KEY_ROTATION } from '../content/rotation.ts'
import { entityLocator } from '../content/space.ts'
import { HOLDING, holding } from '../content/statement.ts'
import { besides } from './batch.ts'
import { isDenied } from './denials.ts'
import { addKey, keysNamedBy, learnKeys } from './learning.ts'
import type { Node } from './node.ts'
import { type Owner, ownerIn, ownerInTable } from './owners.ts'
import { type Peer, signStatement } from './peer.ts'
import { keyBlock } from './proving.ts'
import type { QueryOf } from './queries.ts'
import { neededBytes } from './quota.ts'
import type { Reply } from './reply.ts'
import { rootOfIds } from './shards.ts'
import type { StoredBlock } from './store.ts'
import { type Outcome, suspend, type Task } from './task.ts'
import type { Answer, Deliver } from './wire.ts'

/** How long a holding promises for; the next claim supersedes it long before. */
const HOLDING_LIFE_MS = 30 * 24 * 3600_000
/** A publisher that was told what is wanted has this long to deliver all of it. */
const DELIVER_WITHIN_MS = 60_000

/** A rotation with the longest table of what is stood by. */
const KEY_BYTES_MAX = 40_960

/** What proves that records under a retired key count is asked for so long. */
const PROVE_WITHIN_MS = 5_000

type Offer = QueryOf<'store'>['offers'][number]

export function* keep(node: Node, peer: Peer, asked: QueryOf<'store'>, reply: Reply): Task<void> {
  const { offers } = asked
  const answers = yield* judge(node, peer, offers)
  for (const [i, answer] of answers.entries()) reply.add(i, answer)
  const wanted = new Set(answers.flatMap((answer, i) => (answer.type === 'wanted' ? [i] : [])))
  if (wanted.size > 0) {
    const bytes = neededBytes([...wanted].map((index) => ({ length: offers[index]!.bytes })))
    const letGo = node.deliveries.reserve(peer.caller, bytes)
    try {
      const delivered = yield* takeDeliveries(node, peer, offers, wanted, reply)
      const blocks = yield* verifyDelivered(node, offers, delivered)
      yield* node.store.append('shelf', blocks, { sync: true })
    } catch (cause) {
      if (peer.isGone) return
      const error = asSheafError(cause)
      reply.refuse(error)
      if (!NO_BREACH.has(error.code)) node.env.fault(peer, error)
      return
    } finally {
      letGo()
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
        until: node.env.wallMs() + HOLDING_LIFE_MS,
      }),
    )
    // Before the promise leaves: a trace of system calls shows by it what was synced by then.
    node.emit({ type: 'kept', device: peer.device, blocks: kept.length })
    reply.add(0, { type: 'holding', record: record.bytes })
  }
  reply.end()
}

/** Failures of ours, and slowness: nobody broke a rule. */
const NO_BREACH: ReadonlySet<string> = new Set([
  'TIMEOUT',
  'DISK_FULL',
  'QUOTA_FULL',
  // its clock or ours
  'BAD_TIME',
  'BAD_STORE',
  'CANCELLED',
  'BUSY',
  'INTERNAL',
  // by our operator: nobody was told beforehand
  'REFUSED',
  // who had not heard of a rotation
  'RETIRED_KEY',
])

function* judge(node: Node, { caller }: Peer, offers: Offer[]): Task<Answer[]> {
  const metas = yield* node.store.meta(offers.map(({ id }) => id))
  const ours = offers.map(({ locator }) => node.keeps(locator))
  // Records need their author's key and certificate, wherever those are kept.
  const beside = ours.includes(true) && ours.includes(false) ? besides(offers) : new Set<number>()
  const ofChains = ours.includes(false) ? keysOfKept(offers, metas) : new Set<number>()
  const roomBytes = node.deliveries.roomFor(caller)
  let askedBytes = 0
  return offers.map((offer, i): Answer => {
    const { retention } = node
    if (!retention.serves(offer.id) || !retention.serves(offer.locator)) {
      return { type: 'refused', reason: { type: 'policy' } }
    }
    if (metas[i] !== undefined) return { type: 'held' }
    if (!ours[i] && !beside.has(i) && !ofChains.has(i)) {
      return { type: 'moved', to: node.claimants(offer.locator).slice(0, 8) }
    }
    const withThis = askedBytes + neededBytes([{ length: offer.bytes }])
    // What others are about to deliver takes its room of the quota as well.
    const bytes = node.deliveries.bytes + withThis
    const verdict = withThis > roomBytes ? 'full' : retention.admit({ ...offer, bytes })
    if (verdict !== 'keep') return { type: 'refused', reason: { type: verdict } }
    askedBytes = withThis
    return { type: 'wanted' }
  })
}

/**
 * What is offered beside a genesis that is here, at its place: perhaps the key that retires it, which is worth having
 * wherever it lives, since what is kept of this entity is believed or not by it.
 */
function keysOfKept(offers: readonly Offer[], metas: readonly unknown[]): ReadonlySet<number> {
  const kept = offers.filter(({ id, locator, owner }, i) => {
    return metas[i] !== undefined && owner === undefined && equalBytes(entityLocator(id), locator)
  })
  const numbers = offers.flatMap(({ locator, owner, bytes }, i) => {
    const isBeside = kept.some((genesis) => equalBytes(genesis.locator, locator))
    return isBeside && owner === undefined && bytes <= KEY_BYTES_MAX ? [i] : []
  })
  return new Set(numbers.slice(0, 1 + KEY_CHAIN_MAX))
}

/** Waits until everything wanted has come. Throws TIMEOUT where it does not, WRONG_QUERY where it is something else, CANCELLED where the connection ends. */
function* takeDeliveries(
  node: Node,
  peer: Peer,
  offers: Offer[],
  wanted: ReadonlySet<number>,
  reply: Reply,
): Task<Map<number, Uint8Array>> {
  const delivered = new Map<number, Uint8Array>()
  yield* suspend<void>((resume) => {
    const timer = node.env.timers.at(node.env.nowMs() + DELIVER_WITHIN_MS, () =>
      end({ error: new SheafError('TIMEOUT', 'the delivery did not come') }),
    )
    function end(outcome: Outcome<void>): void {
      timer.cancel()
      reply.onDeliver = undefined
      const at = peer.onWritable.indexOf(watch)
      if (at >= 0) peer.onWritable.splice(at, 1)
      resume(outcome)
    }
    /** Called when the link has room again, too: only its end is of interest. */
    function watch(): void {
      if (peer.isGone) end({ error: new SheafError('CANCELLED', 'the connection ended') })
      else peer.onWritable.push(watch)
    }
    peer.onWritable.push(watch)
    reply.onDeliver = (delivery) => {
      try {
        take(delivery, offers, wanted, delivered)
      } catch (error) {
        return end({ error })
      }
      if (delivery.last) end({ value: undefined })
    }
    reply.flush()
  })
  return delivered
}

/** Takes one message of a delivery. Throws WRONG_QUERY where it brings anything that was not wanted, or is the last and lacks something. */
function take(
  { items, last }: Deliver,
  offers: Offer[],
  wanted: ReadonlySet<number>,
  delivered: Map<number, Uint8Array>,
): void {
  for (const { index, bytes } of items) {
    if (!wanted.has(index) || delivered.has(index))
      throw new SheafError('WRONG_QUERY', 'a delivery that was not wanted')
    if (bytes.byteLength !== offers[index]!.bytes)
      throw new SheafError('WRONG_QUERY', 'a delivery of another length')
    delivered.set(index, bytes)
  }
  if (last && delivered.size < wanted.size)
    throw new SheafError('WRONG_QUERY', 'a delivery that lacks what was wanted')
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
  yield* node.prove(
    records.map(([index, bytes]) => ({ ...peekKey(bytes), id: offers[index]!.id })),
    node.env.nowMs() + PROVE_WITHIN_MS,
  )
  const context = node.verifyContext()
  const verified = new IdMap<VerifiedBlock>()
  const owners = new IdMap<Owner>()
  const stored: StoredBlock[] = []
  for (const [index, bytes] of records) {
    const block = verifyBlock(bytes, context)
    refuseMismatch(offers[index]!, block.id, block.locator)
    refuseDenied(node, block.bytes)
    verified.set(block.id, block)
    stored.push(storedRecord(block))
  }
  stored.push(...(yield* keysBeside(node, stored)))
  /** Throws REFUSED for one that the operator denied, NOT_FOUND where it is not here. */
  function* recordOwner(id: Uint8Array): Task<Owner> {
    const bytes = verified.get(id)?.bytes ?? (yield* storedBlock(node, id))
    refuseDenied(node, bytes)
    return ownerIn(bytes)
  }
  /** A table of a file owns pieces where it is offered with them, and with a version as its own owner. */
  function* ownerOf(id: Uint8Array): Task<Owner> {
    const at = offers.findIndex((offer) => offer.owner !== undefined && equalBytes(offer.id, id))
    if (at < 0) return yield* recordOwner(id)
    const { locator, pieces } = yield* recordOwner(offers[at]!.owner!)
    const bytes = delivered.get(at) ?? (yield* storedBlock(node, id))
    const check = pieces.get(sha256(bytes))
    if (check === undefined) throw new SheafError('BAD_HASH', 'a table that its owner does not name')
    check(bytes)
    return ownerInTable(bytes, locator)
  }
  for (const [index, bytes] of delivered) {
    const { owner: ownerId, id, locator } = offers[index]!
    if (ownerId === undefined) continue
    let owner = owners.get(ownerId)
    if (owner === undefined) {
      owner = yield* ownerOf(ownerId)
      owners.set(ownerId, owner)
    }
    const check = owner.pieces.get(id)
    if (check === undefined) throw new SheafError('BAD_HASH', 'a piece that its owner does not name')
    refuseMismatch({ id, locator }, sha256(bytes), owner.locator)
    check(bytes)
    stored.push({ id, locator, kind: 0, timeMs: 0, length: bytes.byteLength, bytes })
  }
  return stored
}

/** Throws REFUSED for a block that the operator denied by a name which its offer did not tell: its author, the piece that it carries. */
function refuseDenied(node: Node, block: Uint8Array): void {
  if (isDenied(node.retention, parseBlock(block)))
    throw new SheafError('REFUSED', 'against the policy of this node')
}

function* storedBlock(node: Node, id: Uint8Array): Task<Uint8Array> {
  const [bytes] = yield* node.store.get([id])
  if (bytes === undefined) throw new SheafError('NOT_FOUND', 'the owner of a piece is not here')
  return bytes
}

/** The keys that these records were signed under, where they are at hand and not stored: nobody could verify a record that is kept without its key. */
export function* keysBeside(node: Node, blocks: readonly StoredBlock[]): Task<StoredBlock[]> {
  const absent = new IdSet()
  for (const key of keysNamedBy(blocks.flatMap(({ kind, bytes }) => (kind === 0 ? [] : [bytes])))) {
    const chain = node.keys.chainOf(key)
    // A chain is kept whole: what retires a key as well as what it rests on.
    const ids =
      chain === undefined || chain.isAlone ? [key] : [chain.genesis, ...chain.rotations].map(({ id }) => id)
    for (const id of ids) absent.add(id)
  }
  for (const { kind, id } of blocks) if (kind === KEY_GENESIS || kind === KEY_ROTATION) absent.delete(id)
  if (absent.size === 0) return []
  const ids = [...absent]
  const metas = yield* node.store.meta(ids)
  return ids.flatMap((id, i) => {
    const key = metas[i] === undefined ? node.keys.get(id) : undefined
    return key === undefined ? [] : [storedRecord(addKey(node, keyBlock(key), 'stored'))]
  })
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
