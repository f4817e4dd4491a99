/**
 * Getting blocks by id from peers: many at once, several queries in flight, several peers;
 * every byte verified before it is stored, and whoever sends a wrong one is named.
 */
import { asSheafError, SheafError } from '../base/errors.ts'
import { equalBytes, sha256 } from '../base/hash.ts'
import { IdMap, idKey } from '../base/id-map.ts'
import { peekKey, type VerifiedBlock } from '../content/block.ts'
import type { Judged } from '../content/key-book.ts'
import type { Checked } from './checking.ts'
import { isKeeper, keepersFirst, parted } from './choosing.ts'
import { isDeniedBlock, mayFetch } from './denials.ts'
import { keysBeside, storedRecord } from './keeping.ts'
import { hasKey, KEYS_SENT_MAX, keysFor } from './key-asking.ts'
import { takeKey } from './learning.ts'
import type { Connection, Node } from './node.ts'
import { byPrefix } from './shards.ts'
import type { StoredBlock } from './store.ts'
import { begin, forEach, type Task } from './task.ts'
import type { Header, Item } from './wire.ts'

/** Ids in one query: about 64 KiB of small pages, a few hundred of large ones. */
const QUERY_IDS = 64
/** Queries to one peer at a time: enough to keep the link busy while earlier ones are checked. */
const IN_FLIGHT = 6
/** Peers that are asked for one thing before it counts as not found. */
const PEERS_ASKED_MAX = 8

/** Keepers of a part of the keyspace that are looked for before its things are asked for. */
const KEEPERS_WANTED = 2
/** Parts of the keyspace that are fetched from at a time: each may need a topic or two to be visited. */
const SHARDS_AT_ONCE = 3
/** More bits than this do not part what is fetched together. */
const PARTING_BITS = 8

/** Something wanted: a record's block, or a loose piece with the place where it belongs. */
export interface Wanted {
  id: Uint8Array
  /** The locator of a record, where it is known: it says who keeps it. */
  at?: Uint8Array
  /** Set for a loose piece. */
  pieceAt?: Uint8Array
}

/** Who was asked and what it said of one thing, worst last; `denied` where it had it and our own operator does not want it. */
export type Answered = 'found' | 'unknown' | 'moved' | 'lost' | 'refused' | 'denied' | 'unreachable' | 'bad'

export interface Asked {
  device: Uint8Array
  answer: Answered
}

export interface Fetched {
  /** What was found, by id. A loose piece has no block, only bytes. */
  found(id: Uint8Array): boolean
  /** Of what was not found: who said what. */
  asked: Map<string, Asked[]>
}

/** What arrived, checked. */
export interface Arrival {
  wanted: Wanted
  bytes: Uint8Array
  checked: Checked & { ok: true }
}

export type OnFetched = (arrival: Arrival) => void

export interface FetchOptions {
  untilMs: number
  /** Have the texts handed over too, where one was decompressed on the way. */
  withTexts?: boolean
  /** Hand over before it is written; a reader that waits for one page does not wait for the disk. */
  isUrgent?: boolean
  /** Things in one query, where they are large. */
  queryIds?: number
}

/** Fetches what `wanted` names from who keeps it, the best first, stores it on the shelf, and tells of each. */
export function* fetchBlocks(
  node: Node,
  wanted: readonly Wanted[],
  onFetched: OnFetched,
  options: FetchOptions,
): Task<Fetched> {
  const asked = new Map<string, Asked[]>()
  const found = new Set<string>()
  const depth = Math.min(node.reach.usualDepth(), PARTING_BITS)
  const shards = byPrefix(
    wanted.filter((one) => mayFetch(node.retention, one.id, locatorOf(one))),
    depth,
    locatorOf,
  )
  const { untilMs, withTexts = false, isUrgent = false, queryIds = QUERY_IDS } = options
  const all: Fetching = { untilMs, withTexts, isUrgent, queryIds, asked, found, onFetched }
  yield* forEach(shards, SHARDS_AT_ONCE, (shard) => fetchShard(node, shard, all))
  return { found: (id) => found.has(idKey(id)), asked }
}

interface Fetching extends Required<FetchOptions> {
  asked: Map<string, Asked[]>
  found: Set<string>
  onFetched: OnFetched
}

function* fetchShard(
  node: Node,
  { locator, members }: { locator: Uint8Array | undefined; members: Wanted[] },
  options: Fetching,
): Task<void> {
  const { found } = options
  if (locator !== undefined) yield* node.reach.reach(locator, KEEPERS_WANTED, options.untilMs)
  const order = keepersFirst(node, locator).slice(0, PEERS_ASKED_MAX)
  // The load is shared among keepers; the others are asked for what these did not have.
  const [keepers, others] = parted(order, (peer) => isKeeper(node, peer, locator))
  yield* fetchFrom(node, keepers, members, options)
  const missing = others.length === 0 ? [] : members.filter(({ id }) => !found.has(idKey(id)))
  yield* fetchFrom(node, others, missing, options)
}

const locatorOf = (one: Wanted): Uint8Array | undefined => one.at ?? one.pieceAt

/** Asks the peers in their order, each thing of one after the other, until it is found. */
function* fetchFrom(
  node: Node,
  order: readonly Connection[],
  wanted: readonly Wanted[],
  options: Fetching,
): Task<void> {
  const { untilMs, found, queryIds } = options
  if (wanted.length === 1) return yield* fetchOne(node, order, wanted[0]!, options)
  const places = placesOf(wanted, queryIds)
  let missing = [...places.values()]
  for (let round = 0; round < order.length && missing.length > 0; round++) {
    if (node.env.nowMs() >= untilMs) break
    const batches = queriesOf(missing, order, round, queryIds)
    yield* forEach(batches, IN_FLIGHT * order.length, (batch) => askBatch(node, batch, options))
    missing = missing.filter(({ one }) => !found.has(idKey(one.id)))
  }
}

/** As `fetchFrom`, with nothing to share out: what a reader of one page waits for. */
function* fetchOne(node: Node, order: readonly Connection[], one: Wanted, options: Fetching): Task<void> {
  const key = idKey(one.id)
  for (const peer of order) {
    if (options.found.has(key) || node.env.nowMs() >= options.untilMs) return
    yield* askBatch(node, { ids: [one], peer }, options)
  }
}

function askBatch(
  node: Node,
  { ids, peer }: { ids: Wanted[]; peer: Connection },
  { asked, found, onFetched, untilMs, withTexts, isUrgent }: Fetching,
): Task<void> {
  const tell: Tell = (one, said) => {
    const locator = locatorOf(one)
    // Who does not keep a thing cannot say that there is none.
    const isElsewhere = said === 'unknown' && locator !== undefined && !node.reach.covers(peer, locator)
    note(asked, idKey(one.id), { device: peer.device, answer: isElsewhere ? 'moved' : said })
  }
  const take: OnFetched = (arrival) => {
    found.add(idKey(arrival.wanted.id))
    onFetched(arrival)
  }
  return askBlocks(node, peer, ids, { tell, take, untilMs, withTexts, isUrgent })
}

/** One thing wanted, and which peer of the order is its first: in each round it goes to the one after, so that each peer is asked for it once. */
interface Place {
  one: Wanted
  first: number
}

/** Each thing once; as many as fill a query begin at the same peer. */
function placesOf(wanted: readonly Wanted[], queryIds: number): IdMap<Place> {
  const places = new IdMap<Place>()
  for (const one of wanted) {
    if (!places.has(one.id)) places.set(one.id, { one, first: Math.floor(places.size / queryIds) })
  }
  return places
}

function queriesOf(
  missing: readonly Place[],
  order: readonly Connection[],
  round: number,
  queryIds: number,
): { ids: Wanted[]; peer: Connection }[] {
  const byPeer = order.map((): Wanted[] => [])
  for (const { one, first } of missing) byPeer[(first + round) % order.length]!.push(one)
  const queries: { ids: Wanted[]; peer: Connection }[] = []
  for (const [i, all] of byPeer.entries()) {
    for (let at = 0; at < all.length; at += queryIds) {
      queries.push({ ids: all.slice(at, at + queryIds), peer: order[i]! })
    }
  }
  return queries
}

type Tell = (wanted: Wanted, answer: Exclude<Answered, 'found'>) => void
type Sent = { index: number; bytes: Uint8Array }

/** One query to one peer. Never throws for the peer's doing: each thing asked gets its answer. */
function* askBlocks(
  node: Node,
  peer: Connection,
  ids: Wanted[],
  options: FetchOptions & { tell: Tell; take: OnFetched },
): Task<void> {
  const { tell, untilMs, isUrgent = false } = options
  const told = new Set<number>()
  const works: { sent: Sent[]; wait: () => Task<void> }[] = []
  const keys: VerifiedBlock[] = []
  let keysSent = 0
  const listener = {
    items(items: Item[], header: Header | undefined): void {
      const sent: Sent[] = []
      for (const { index, answer } of items) {
        const one = ids[index]
        if (one === undefined || told.has(index) || keysSent > KEYS_SENT_MAX) {
          throw new SheafError('WRONG_QUERY', 'an answer to something not asked')
        }
        if (answer.type === 'key') {
          keysSent += 1
          const key = takeKey(node, answer.bytes)
          if (key !== undefined) keys.push(key)
          continue
        }
        told.add(index)
        if (answer.type === 'found') sent.push({ index, bytes: answer.bytes })
        else if (answer.type === 'unknown' || answer.type === 'lost' || answer.type === 'refused') {
          tell(one, answer.type)
        } else throw new SheafError('WRONG_QUERY', `${answer.type} is no answer to a query for blocks`)
      }
      if (sent.length > 0) works.push({ sent, wait: begin(accept(node, peer, ids, sent, header, options)) })
    },
  }
  const certify = !node.env.standing.isVetted(peer.device, node.env.nowMs())
  try {
    yield* peer.client.ask({ type: 'blocks', ids: ids.map(({ id }) => id), certify }, listener, untilMs)
  } catch (cause) {
    for (const [index, one] of ids.entries()) if (!told.has(index)) tell(one, answerOf(cause))
  }
  if (keys.length > 0) yield* keepFetched(node, keys.map(storedRecord), isUrgent)
  for (const { sent, wait } of works) {
    try {
      yield* wait()
    } catch (cause) {
      for (const { index } of sent) tell(ids[index]!, answerOf(cause))
    }
  }
}

/**
 * Checks what one message brought, stores it, and hands it over. Throws where any of it is
 * wrong; none of it is taken then. What cannot be judged here is not taken either, and nobody
 * is at fault for it: a record whose key is not to be had, or from the future of our clock.
 */
function* accept(
  node: Node,
  peer: Connection,
  ids: Wanted[],
  sent: Sent[],
  header: Header | undefined,
  options: FetchOptions & { tell: Tell; take: OnFetched },
): Task<void> {
  const { tell, take, untilMs, withTexts = false, isUrgent = false } = options
  const records = sent.filter(({ index }) => ids[index]!.pieceAt === undefined).map(({ bytes }) => bytes)
  try {
    const { keys, areAll } = yield* keysFor(node, peer, records, untilMs)
    const judge = ({ index, bytes }: Sent): Judged => {
      const { kind, key } = peekKey(bytes)
      return { kind, key, id: ids[index]!.id }
    }
    const isRecord = ({ index }: Sent): boolean => ids[index]!.pieceAt === undefined
    const areSomeRetired = keys.some(({ id }) => node.keys.isRetired(id))
    if (areSomeRetired) yield* node.prove(sent.filter(isRecord).map(judge), untilMs)
    const counts = (one: Sent): boolean => {
      return !isRecord(one) || (hasKey(one.bytes, keys) && node.keys.judge(judge(one)).type === 'counts')
    }
    // What is signed under a current key counts: nearly always there is nothing more to look at.
    const [judged, unjudged] = areAll && !areSomeRetired ? [sent, []] : parted(sent, counts)
    const items = judged.map(({ index, bytes }) => {
      const { id, pieceAt } = ids[index]!
      return { id, bytes, pieceAt }
    })
    const outcomes = yield* node.check({ items, keys, nowMs: node.env.wallMs(), withTexts })
    const arrivals: Arrival[] = []
    for (const [i, one] of judged.entries()) {
      const checked = outcomes[i]!
      if (checked.ok) {
        const arrival = { wanted: ids[one.index]!, bytes: one.bytes, checked }
        if (isDeniedBlock(node.retention, storedArrival(arrival))) tell(arrival.wanted, 'denied')
        else arrivals.push(arrival)
      } else if (UNREACHED.has(checked.code)) unjudged.push(one)
      else throw new SheafError(checked.code, checked.message)
    }
    yield* keepFetched(node, arrivals.map(storedArrival), isUrgent)
    for (const arrival of arrivals) take(arrival)
    for (const { index } of unjudged) tell(ids[index]!, 'unreachable')
  } catch (cause) {
    const error = asSheafError(cause)
    if (answerOf(error) === 'bad') blame(node, peer, error, signedFirst(sent, header))
    throw error
  }
}

/** Keeps, the keys beside their records; waits for it unless somebody waits for us. */
function* keepFetched(node: Node, blocks: StoredBlock[], isUrgent: boolean): Task<void> {
  if (isUrgent) node.shelving.keepLater(blocks)
  else yield* node.shelving.keep([...(yield* keysBeside(node, blocks)), ...blocks])
}

function storedArrival({ wanted, bytes, checked }: Arrival): StoredBlock {
  const { locator, kind, timeMs } = checked
  return { id: wanted.id, locator, kind, timeMs, length: bytes.byteLength, bytes }
}

/** Whether the server had signed for exactly these bytes before it sent them. */
function signedFirst(sent: Sent[], header: Header | undefined): boolean {
  return sent.every(({ index, bytes }) =>
    header?.entries.some((entry) => entry.index === index && equalBytes(entry.hash, sha256(bytes))),
  )
}

/** Notes that a peer sent wrong bytes, and ends the connection. */
export function blame(node: Node, peer: Connection, error: SheafError, certified: boolean): void {
  node.env.fault(peer, error, { type: 'wrong bytes', code: error.code, certified })
}

/** What a failure says of who was asked. */
export function answerOf(cause: unknown): Exclude<Answered, 'found'> {
  const { code } = asSheafError(cause)
  if (code === 'REFUSED') return 'refused'
  return UNREACHED.has(code) ? 'unreachable' : 'bad'
}

function note(asked: Map<string, Asked[]>, key: string, one: Asked): void {
  const known = asked.get(key)
  if (known === undefined) asked.set(key, [one])
  else known.push(one)
}

/** Failures that say nothing of the peer's honesty. */
export const UNREACHED: ReadonlySet<string> = new Set([
  'UNREACHABLE',
  'TIMEOUT',
  'BUSY',
  'TOO_EXPENSIVE',
  'NO_COMMON_VERSION',
  'WINDOW_EXCEEDED',
  'UNSUPPORTED',
  // a clock, its or ours
  'BAD_TIME',
  // trouble of its own, as it says itself
  'INTERNAL',
  'QUOTA_FULL',
  'SNAPSHOT_GONE',
  'NOT_FOUND',
  // our own disk, not the peer
  'DISK_FULL',
  'BAD_STORE',
  'CANCELLED',
  // who had not heard of a rotation
  'RETIRED_KEY',
])
