/**
 * Bundles: what is at a locator, from our own store and from a few peers, verified and put
 * together. The answer does not depend on who answered first.
 */
import { asSheafError, SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import { BLOCK_BYTES_MAX } from '../base/limits.ts'
import { parseBlock, type VerifiedBlock, verifyBlock } from '../content/block.ts'
import { KEY_GENESIS } from '../content/key.ts'
import type { Judged } from '../content/key-book.ts'
import { keepersFirst } from './choosing.ts'
import { deniedHere, isDenied } from './denials.ts'
import { type Asked, answerOf, blame } from './fetching.ts'
import { storedRecord } from './keeping.ts'
import { fetchKeys } from './key-asking.ts'
import { learnKeys } from './learning.ts'
import type { Connection, Node } from './node.ts'
import { proveHere } from './proving.ts'
import type { Query } from './queries.ts'
import { settleAll, type Task } from './task.ts'
import { ASK_IDS_MAX, type Item } from './wire.ts'

/** Keepers asked for one bundle: a single one could withhold the latest. */
const BUNDLE_PEERS = 3
/** Times that others are looked for, or followed to, before what was said is the answer. */
const ROUNDS_MAX = 4
/** Keepers that are asked for what none has: a batch has five holders, and a shard more keepers than that. */
const KEEPERS_ASKED_MAX = 15
/** Blocks at one locator that are read from our own store. */
const LOCAL_MAX = 4096

/** What is asked for at a locator where it is not the tips: records of one kind, perhaps of one signer. */
export interface Sought {
  kind: number
  signer?: Uint8Array | undefined
}

export interface Bundle {
  blocks: VerifiedBlock[]
  asked: Asked[]
}

/** Everything known here at a locator, verified, but for what the operator denied. */
export function* localBundle(node: Node, locator: Uint8Array, sought?: Sought): Task<VerifiedBlock[]> {
  if (!node.retention.serves(locator)) return []
  return (yield* localBlocks(node, locator, sought)).filter((block) => !isDeniedHere(node, block))
}

function* localBlocks(node: Node, locator: Uint8Array, sought?: Sought): Task<VerifiedBlock[]> {
  const metas = yield* node.store.at(locator, LOCAL_MAX, sought?.kind)
  const ids = metas.filter(({ kind }) => kind !== 0).map(({ id }) => id)
  if (ids.length === 0) return []
  const found = (yield* node.store.get(ids)).filter((bytes) => bytes !== undefined)
  yield* learnKeys(node, found)
  yield* proveHere(node, found.map(judgedOf))
  return found.flatMap((bytes) => judged(node, bytes, 'stored') ?? [])
}

function isDeniedHere({ retention }: Node, { record, bytes }: VerifiedBlock): boolean {
  return !retention.servesAll() && isDenied(retention, { record, attachment: parseBlock(bytes).attachment })
}

const isKey = ({ type }: VerifiedBlock): boolean => type === 'key'

/** What is known here and what some keepers add to it, or others where they are not to be had; new blocks are stored. Throws REFUSED for a place that the operator denied. */
export function* gatherBundle(
  node: Node,
  locator: Uint8Array,
  untilMs: number,
  sought?: Sought,
  keepersWanted = BUNDLE_PEERS,
): Task<Bundle> {
  if (!node.retention.serves(locator)) throw deniedHere('what lives there')
  const blocks = new IdMap<VerifiedBlock>()
  const local = yield* localBlocks(node, locator, sought)
  for (const block of local) if (!isDeniedHere(node, block)) blocks.set(block.id, block)
  const asked = new IdMap<Asked>()
  const { publicKey } = node.env.device
  if (blocks.size < local.length) asked.set(publicKey, { device: publicKey, answer: 'denied' })
  let keepers = 0
  for (let round = 0; round < ROUNDS_MAX; round++) {
    // 3, 4, 8: more of them in each round while nobody has anything.
    const lacking = keepersWanted - keepers
    const wanted = lacking > 0 ? lacking : blocks.size === 0 ? keepers + 1 : 0
    if (wanted === 0 || keepers >= KEEPERS_ASKED_MAX) break
    yield* node.reach.reach(locator, keepers + wanted, untilMs)
    const fresh = keepersFirst(node, locator).filter(({ device }) => !asked.has(device))
    // Once a keeper has answered, others can only name keepers, and do not know better.
    const able = keepers === 0 ? fresh : fresh.filter((peer) => node.reach.covers(peer, locator))
    const peers = able.slice(0, wanted)
    const outcomes = yield* settleAll(peers.map((peer) => askFor(node, peer, { locator, sought, untilMs })))
    const named: Uint8Array[] = []
    for (const [i, outcome] of outcomes.entries()) {
      const peer = peers[i]!
      const { device } = peer
      if ('error' in outcome) {
        asked.set(device, { device, answer: answerOf(outcome.error) })
        continue
      }
      const { movedTo } = outcome.value
      const keeps = node.reach.covers(peer, locator)
      // Who does not keep a thing cannot say that there is none.
      const answer = outcome.value.answer === 'unknown' && !keeps ? 'moved' : outcome.value.answer
      if (keeps && answer !== 'moved') keepers += 1
      named.push(...movedTo)
      const served = outcome.value.blocks.filter((block) => !isDeniedHere(node, block))
      const isDeniedWhole = served.length < outcome.value.blocks.length && served.every(isKey)
      asked.set(device, { device, answer: isDeniedWhole ? 'denied' : answer })
      const added = served.filter(({ id }) => !blocks.has(id))
      for (const block of added) blocks.set(block.id, block)
      node.shelving.keepLater(added.map(storedRecord))
    }
    if (peers.length === 0 || node.env.nowMs() >= untilMs) break
    if (keepers === 0) yield* node.reach.meet(named, untilMs)
  }
  return { blocks: yield* believed(node, [...blocks.values()], untilMs), asked: [...asked.values()] }
}

/** Without what came before the word that its key was retired. */
function* believed(node: Node, blocks: VerifiedBlock[], untilMs: number): Task<VerifiedBlock[]> {
  const records = blocks.map(({ record }) => record)
  if (!records.some(({ key }) => node.keys.isRetired(key))) return blocks
  yield* node.prove(records, untilMs)
  return blocks.filter(({ record }) => node.keys.judge(record).type === 'counts')
}

function* askFor(
  node: Node,
  peer: Connection,
  { locator, sought, untilMs }: { locator: Uint8Array; sought: Sought | undefined; untilMs: number },
): Task<{ blocks: VerifiedBlock[]; answer: Asked['answer']; movedTo: Uint8Array[] }> {
  const arrived: Uint8Array[] = []
  let movedTo: Uint8Array[] = []
  let answer: Asked['answer'] = 'unknown'
  let bytes = 0
  const certify = !node.env.standing.isVetted(peer.device, node.env.nowMs())
  const query: Query =
    sought === undefined ? { type: 'tips', locators: [locator], certify } : recordsQuery(locator, sought)
  const indices = sought === undefined ? 1 : ASK_IDS_MAX
  yield* peer.client.ask(
    query,
    {
      items(items: Item[]) {
        for (const { index, answer: said } of items) {
          if (index >= indices || (sought === undefined && BY_KIND_ONLY.has(said.type)))
            throw new SheafError('WRONG_QUERY', 'an answer to something not asked')
          switch (said.type) {
            case 'lost':
              break
            case 'found':
            case 'key':
              bytes += said.bytes.byteLength
              if (arrived.push(said.bytes) > ITEMS_MAX + 2 * (indices - 1) || bytes > BUNDLE_BYTES_MAX)
                throw new SheafError('TOO_LARGE', 'a bundle without end')
              break
            case 'unknown':
            case 'refused':
              answer = said.type
              break
            case 'moved':
              answer = said.type
              movedTo = said.to
              break
            default:
              throw new SheafError('WRONG_QUERY', `${said.type} is no answer to a query for tips`)
          }
        }
      },
    },
    untilMs,
  )
  try {
    yield* fetchKeys(node, peer, arrived, untilMs)
    yield* node.prove(arrived.map(judgedOf), untilMs)
    const blocks = arrived.flatMap((bytes) => judged(node, bytes) ?? [])
    const stray = blocks.find((block) => block.type !== 'key' && !isSought(block, locator, sought))
    if (stray !== undefined) throw new SheafError('WRONG_QUERY', 'a block that lives elsewhere')
    // The keys of what lives here are no answer: what they would verify may have been refused.
    if (blocks.some((block) => equalBytes(block.locator, locator))) answer = 'found'
    else if (blocks.length < arrived.length) answer = 'unreachable'
    return { blocks, answer, movedTo }
  } catch (cause) {
    const error = asSheafError(cause)
    if (answerOf(error) === 'bad') blame(node, peer, error, false)
    throw error
  }
}

/** The newest of a kind by what they claim: as many as one query takes. */
function recordsQuery(locator: Uint8Array, { kind, signer }: Sought): Query {
  return {
    type: 'records',
    locator,
    kind,
    field: { type: 'time' },
    order: { type: 'desc' },
    offset: 0,
    count: ASK_IDS_MAX,
    snapshot: undefined,
    vouchedBy: signer,
  }
}

function isSought({ locator, record }: VerifiedBlock, at: Uint8Array, sought?: Sought): boolean {
  if (!equalBytes(locator, at)) return false
  if (sought === undefined) return true
  const { kind, signer } = sought
  return record.kind === kind && (signer === undefined || equalBytes(record.signer, signer))
}

/** A block, verified; undefined where nobody is at fault that it cannot be: its key is not to be had or was retired, or it is from the future of our clock. */
export function judged(
  node: Node,
  bytes: Uint8Array,
  of: 'arrived' | 'stored' = 'arrived',
): VerifiedBlock | undefined {
  try {
    return hasKeyFor(node, bytes) ? verifyBlock(bytes, node.verifyContext(of)) : undefined
  } catch (cause) {
    const { code } = asSheafError(cause)
    if (code === 'BAD_TIME' || code === 'RETIRED_KEY') return undefined
    throw cause
  }
}

function judgedOf(bytes: Uint8Array): Judged {
  return parseBlock(bytes).record
}

/** Answers to a query for tips have neither. */
const BY_KIND_ONLY: ReadonlySet<string> = new Set(['key', 'lost'])

/** Keys and tips in one bundle; a server sends at most 16 tips, and 96 key records of their chains. */
const ITEMS_MAX = 128
/** As many blocks of the largest kind. */
const BUNDLE_BYTES_MAX = ITEMS_MAX * BLOCK_BYTES_MAX

function hasKeyFor(node: Node, bytes: Uint8Array): boolean {
  const { record } = parseBlock(bytes)
  return record.kind === KEY_GENESIS || node.keys.has(record.key)
}
