/**
 * Getting blocks by id from peers: many at once, several queries in flight, several peers;
 * every byte verified before it is stored, and whoever sends a wrong one is named.
 */
import { asSheafError, SheafError } from '../base/errors.ts'
import { equalBytes, sha256 } from '../base/hash.ts'
import { idKey } from '../base/id-map.ts'
import { parseBlock, type VerifiedBlock, verifyBlock } from '../content/block.ts'
import { KEY_GENESIS } from '../content/key.ts'
import { locatorOf } from '../content/kinds.ts'
import { storedRecord } from './keeping.ts'
import { addKey, learnKeys } from './learning.ts'
import type { Connection, Node } from './node.ts'
import type { StoredBlock } from './store.ts'
import { begin, forEach, type Task } from './task.ts'
import { ASK_IDS_MAX, type Item } from './wire.ts'

/** Ids in one query: about 64 KiB of small pages, a few hundred of large ones. */
const QUERY_IDS = 64
/** Queries to one peer at a time: enough to keep the link busy while earlier ones are checked. */
const IN_FLIGHT = 4
/** Peers that are asked for one thing before it counts as not found. */
const PEERS_ASKED_MAX = 8

/** Something wanted: a record's block, or a loose piece with the place where it belongs. */
export interface Wanted {
  id: Uint8Array
  /** Set for a loose piece. */
  pieceAt?: Uint8Array
}

/** Who was asked and what it said of one thing, worst last. */
export type Answered = 'found' | 'unknown' | 'moved' | 'lost' | 'refused' | 'unreachable' | 'bad'

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

/** Called with each verified block or piece as it arrives. */
export type OnFetched = (wanted: Wanted, bytes: Uint8Array, block: VerifiedBlock | undefined) => void

/** Fetches what `wanted` names from the best peers, stores it on the shelf, and tells of each. */
export function* fetchBlocks(
  node: Node,
  wanted: readonly Wanted[],
  onFetched: OnFetched,
  untilMs: number,
): Task<Fetched> {
  const asked = new Map<string, Asked[]>()
  const found = new Set<string>()
  let missing = [...wanted]
  const order = orderedPeers(node).slice(0, PEERS_ASKED_MAX)
  for (let round = 0; round < order.length && missing.length > 0; round++) {
    if (node.env.nowMs() >= untilMs) break
    const batches: { ids: Wanted[]; peer: Connection }[] = []
    for (let at = 0, n = 0; at < missing.length; at += QUERY_IDS, n++) {
      batches.push({ ids: missing.slice(at, at + QUERY_IDS), peer: order[(n + round) % order.length]! })
    }
    yield* forEach(batches, IN_FLIGHT * order.length, function* ({ ids, peer }) {
      yield* askBlocks(
        node,
        peer,
        ids,
        (one, answer, bytes, block) => {
          const key = idKey(one.id)
          if (answer === 'found' && bytes !== undefined) {
            found.add(key)
            onFetched(one, bytes, block)
          } else note(asked, key, { device: peer.device, answer })
        },
        untilMs,
      )
    })
    missing = missing.filter(({ id }) => !found.has(idKey(id)))
  }
  return { found: (id) => found.has(idKey(id)), asked }
}

/** The open connections in the order in which to ask them. */
export function orderedPeers(node: Node): Connection[] {
  const byDevice = new Map(node.connections().map((one) => [idKey(one.device), one]))
  const devices = [...byDevice.values()].map(({ device }) => device)
  return node.env.standing
    .order(devices, node.env.random, node.env.nowMs())
    .map((device) => byDevice.get(idKey(device))!)
}

type Tell = (wanted: Wanted, answer: Answered, bytes?: Uint8Array, block?: VerifiedBlock) => void

/** One query to one peer. Never throws for the peer's doing: each thing asked gets its answer. */
function* askBlocks(node: Node, peer: Connection, ids: Wanted[], tell: Tell, untilMs: number): Task<void> {
  const told = new Set<number>()
  const later: { index: number; bytes: Uint8Array }[] = []
  const writes: (() => Task<void>)[] = []
  const take = (arrived: { index: number; bytes: Uint8Array }[]): void => {
    const blocks: StoredBlock[] = []
    const ready: (() => void)[] = []
    const context = node.verifyContext()
    for (const { index, bytes } of arrived) {
      const one = ids[index]!
      if (one.pieceAt !== undefined) {
        if (!equalBytes(sha256(bytes), one.id))
          throw new SheafError('BAD_HASH', 'another piece than was asked for')
        blocks.push({ id: one.id, locator: one.pieceAt, kind: 0, timeMs: 0, length: bytes.byteLength, bytes })
        ready.push(() => tell(one, 'found', bytes))
        continue
      }
      const block = verifyBlock(bytes, context)
      if (!equalBytes(block.id, one.id)) throw new SheafError('BAD_HASH', 'another block than was asked for')
      blocks.push(storedRecord(block, locatorOf(block.record)))
      ready.push(() => tell(one, 'found', bytes, block))
    }
    if (blocks.length === 0) return
    writes.push(begin(node.store.append('shelf', blocks, { sync: false })))
    for (const say of ready) say()
  }
  try {
    yield* peer.client.ask(
      {
        type: 'blocks',
        ids: ids.map(({ id }) => id),
        certify: !node.env.standing.isVetted(peer.device, node.env.nowMs()),
      },
      {
        items(items: Item[]) {
          const arrived: { index: number; bytes: Uint8Array }[] = []
          for (const { index, answer } of items) {
            const one = ids[index]
            if (one === undefined || told.has(index))
              throw new SheafError('WRONG_QUERY', 'an answer to something not asked')
            told.add(index)
            if (answer.type === 'found') {
              const knowsKey = one.pieceAt !== undefined || hasKey(node, answer.bytes)
              ;(knowsKey ? arrived : later).push({ index, bytes: answer.bytes })
            } else if (answer.type === 'unknown' || answer.type === 'lost' || answer.type === 'refused') {
              tell(one, answer.type)
            } else throw new SheafError('WRONG_QUERY', `${answer.type} is no answer to a query for blocks`)
          }
          take(arrived)
        },
      },
      untilMs,
    )
    if (later.length > 0) {
      yield* fetchKeys(
        node,
        peer,
        later.map(({ bytes }) => bytes),
        untilMs,
      )
      try {
        take(later)
      } catch (cause) {
        node.env.fault(peer, asSheafError(cause))
        throw cause
      }
    }
  } catch (cause) {
    const { code } = asSheafError(cause)
    const answer: Answered = code === 'REFUSED' ? 'refused' : UNREACHED.has(code) ? 'unreachable' : 'bad'
    for (const [index, one] of ids.entries()) if (!told.has(index)) tell(one, answer)
    for (const { index } of later) tell(ids[index]!, answer)
  }
  for (const written of writes) yield* written()
}

/** Asks a peer for the key records that `blocks` were signed under. */
export function* fetchKeys(
  node: Node,
  peer: Connection,
  blocks: readonly Uint8Array[],
  untilMs: number,
): Task<void> {
  const missing = yield* learnKeys(node, blocks)
  if (missing.length === 0) return
  const found: Uint8Array[] = []
  yield* peer.client.ask(
    { type: 'blocks', ids: missing.slice(0, ASK_IDS_MAX), certify: false },
    {
      items(items) {
        for (const { answer } of items) {
          if (answer.type !== 'found') continue
          addKey(node, answer.bytes)
          found.push(answer.bytes)
        }
      },
    },
    untilMs,
  )
  const context = node.verifyContext()
  const keys = found.map((bytes) => verifyBlock(bytes, context))
  yield* node.store.append(
    'shelf',
    keys.map((key) => storedRecord(key, locatorOf(key.record))),
    { sync: false },
  )
}

function hasKey(node: Node, bytes: Uint8Array): boolean {
  const { record } = parseBlock(bytes)
  return record.kind === KEY_GENESIS || node.keys.has(record.key)
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
])
