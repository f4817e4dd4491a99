/**
 * Searching beyond this node: what is here is told first; then keepers of at most 8 shards are asked, what they sent
 * is verified, and ranked here with what is here. Nobody's word on what is best counts, and what does not have the
 * words is not shown. The share of the keyspace that was covered is part of the answer.
 */
import { asSheafError, SheafError } from '../../base/errors.ts'
import { IdMap, IdSet, idKey } from '../../base/id-map.ts'
import { parseBlock, type VerifiedVersion } from '../../content/block.ts'
import { titleOf } from '../../content/search/fields.ts'
import { snippetOf } from '../../content/search/snippet.ts'
import { type Page, pageLocator, type Space } from '../../content/space.ts'
import { judged, localBundle } from '../bundles.ts'
import { keepersFirst } from '../choosing.ts'
import { isDenied } from '../denials.ts'
import { blame, UNREACHED } from '../fetching.ts'
import { fetchKeys } from '../key-asking.ts'
import { takeKey } from '../learning.ts'
import type { Connection, Node } from '../node.ts'
import { SEARCH_BYTES_MAX } from '../queries.ts'
import { addressOf, prefixOf, sharesPrefix } from '../shards.ts'
import { settleAll, type Task } from '../task.ts'
import type { Item } from '../wire.ts'
import { PIECES_MAX } from './engine.ts'
import { checkWords, searchedText, searchHere } from './here.ts'
import type { FoundPage, SearchCommand, SearchSummary } from './results.ts'

/** Shards that are asked. */
const SHARDS_MAX = 8
/** Peers that are asked of one shard: where there are few, one that withholds is outdone by others. */
const PEERS_OF_ONE = 4
const PEERS_OF_EACH = 2
/** Keys that may come with one page: its author's, and those before it. */
const KEYS_OF_EACH = 32
/** Of the time, what is left for ranking when the asking ends. */
const ASKING_SHARE = 0.85
/** A claim to keep far more than is usual counts for so many bits less than usual only. */
const CLAIM_BITS_MAX = 2

interface Remote {
  version: VerifiedVersion
  text: string
  blocks: Uint8Array[]
  answeredBy: Uint8Array[]
}

export function* search(
  node: Node,
  command: SearchCommand,
  tell: (found: FoundPage) => void,
): Task<SearchSummary> {
  const { words, limit, space, isLocal, untilMs } = command
  checkWords(words)
  const startMs = node.env.nowMs()
  const askUntilMs = startMs + (untilMs - startMs) * ASKING_SHARE
  const { found, isWhole } = yield* searchHere(node, command, askUntilMs)
  for (const { version, text, score } of found) {
    tell(shown({ version, text, words, score, answeredBy: [], isHere: true }))
  }
  const coverage = new Coverage(node)
  if (isLocal) return coverage.summary(found.length, isWhole)
  const remotes = new IdMap<Remote>()
  yield* askShards(node, command, { remotes, coverage, untilMs: askUntilMs })
  const heads = yield* newHeads(node, remotes, space)
  const candidates = heads.map(({ version, blocks }) => ({ key: idKey(version.locator), blocks }))
  if (candidates.length === 0) return coverage.summary(found.length, isWhole)
  const hits = yield* node.catalog.ask({ type: 'search', words, limit, space, candidates })
  const byKey = new Map(heads.map((one) => [idKey(one.version.locator), one]))
  let told = found.length
  for (const { key, score } of hits) {
    const remote = byKey.get(key)
    if (remote === undefined) continue
    tell(shown({ ...remote, words, score, isHere: false }))
    told += 1
  }
  return coverage.summary(told, isWhole)
}

function shown(of: {
  version: VerifiedVersion
  text: string
  words: string
  score: number
  isHere: boolean
  answeredBy: Uint8Array[]
}): FoundPage {
  const { version, text, words, score, isHere, answeredBy } = of
  const { space, path } = version.version
  const { signer: author, timeMs } = version.record
  const title = titleOf(path, text)
  const page = { space, path }
  return {
    page,
    id: version.id,
    author,
    timeMs,
    title,
    snippet: snippetOf(text, words),
    score,
    isHere,
    answeredBy,
  }
}

/** What was asked of whom, and how much of the keyspace those who answered keep. */
class Coverage {
  readonly #node: Node
  readonly #parts: { prefix: Uint8Array; depth: number }[]
  readonly #asked = new IdMap<SearchSummary['asked'][number]>()
  shards: SearchSummary['shards'] = { all: 1, asked: 0, answered: 0 }

  constructor(node: Node) {
    this.#node = node
    this.#parts = [{ prefix: addressOf(node.env.device.publicKey), depth: node.depth }]
    this.shards.all = 2 ** node.reach.usualDepth()
  }

  has(device: Uint8Array): boolean {
    return this.#asked.has(device)
  }

  asking(device: Uint8Array): void {
    this.#asked.set(device, { device, answer: 'unreachable' })
  }

  note(peer: Connection, answer: SearchSummary['asked'][number]['answer']): void {
    this.#asked.set(peer.device, { device: peer.device, answer })
    if (answer !== 'answered') return
    const { reach } = this.#node
    const depth = Math.max(reach.depthOf(peer), reach.usualDepth() - CLAIM_BITS_MAX)
    this.#parts.push({ prefix: addressOf(peer.device), depth })
  }

  summary(found: number, isWhole: boolean): SearchSummary {
    return { found, isWhole, shards: this.shards, share: this.#share(), asked: [...this.#asked.values()] }
  }

  /** Parts lie apart or in one another: the larger ones first, each that lies in none before it. */
  #share(): number {
    const counted: { prefix: Uint8Array; depth: number }[] = []
    for (const part of [...this.#parts].sort((a, b) => a.depth - b.depth)) {
      if (!counted.some(({ prefix, depth }) => sharesPrefix(part.prefix, prefix, depth))) counted.push(part)
    }
    return counted.reduce((sum, { depth }) => sum + 2 ** -depth, 0)
  }
}

interface Round {
  remotes: IdMap<Remote>
  coverage: Coverage
  untilMs: number
}

/** Those shards first that connected peers keep, our own among them; then by chance. */
function* askShards(node: Node, command: SearchCommand, round: Round): Task<void> {
  const { coverage } = round
  const points = shardPoints(node)
  const each = points.length === 1 ? PEERS_OF_ONE : PEERS_OF_EACH
  coverage.shards.asked = points.length
  const outcomes = yield* settleAll(points.map((point) => askShard(node, point, each, command, round)))
  for (const outcome of outcomes) if ('value' in outcome && outcome.value) coverage.shards.answered += 1
}

function shardPoints(node: Node): Uint8Array[] {
  const depth = node.reach.usualDepth()
  const all = 2 ** depth
  const points = new IdMap<Uint8Array>()
  const take = (point: Uint8Array): void => {
    if (points.size < SHARDS_MAX) points.set(prefixOf(point, depth), point)
  }
  take(addressOf(node.env.device.publicKey))
  for (const { device } of node.connections()) take(addressOf(device))
  // by chance: a small number of shards is met soon, and of a large one few are taken
  for (let tries = 0; points.size < Math.min(all, SHARDS_MAX) && tries < 1_000; tries++) {
    take(node.env.random(32))
  }
  return [...points.values()]
}

/** Whether anybody of this shard answered. */
function* askShard(
  node: Node,
  point: Uint8Array,
  peersMax: number,
  command: SearchCommand,
  round: Round,
): Task<boolean> {
  const { coverage, untilMs } = round
  yield* node.reach.reach(point, peersMax, untilMs)
  const peers = keepersFirst(node, point)
    .filter((peer) => node.reach.covers(peer, point) && !coverage.has(peer.device))
    .slice(0, peersMax)
  for (const { device } of peers) coverage.asking(device)
  const outcomes = yield* settleAll(peers.map((peer) => askPeer(node, peer, command, round)))
  let hasAnswer = false
  for (const [i, outcome] of outcomes.entries()) {
    const peer = peers[i]!
    if ('value' in outcome) coverage.note(peer, 'answered')
    else coverage.note(peer, answerOf(outcome.error))
    hasAnswer ||= 'value' in outcome
  }
  return hasAnswer
}

function answerOf(cause: unknown): SearchSummary['asked'][number]['answer'] {
  const { code } = asSheafError(cause)
  if (code === 'UNSUPPORTED') return 'unsupported'
  if (code === 'REFUSED') return 'refused'
  return UNREACHED.has(code) ? 'unreachable' : 'bad'
}

/** Asks one peer; what it sent is taken where all of it verifies. Throws where it does not answer, or wrongly. */
function* askPeer(node: Node, peer: Connection, command: SearchCommand, round: Round): Task<void> {
  const { words, space, limit: count } = command
  const sent = new Map<number, Uint8Array[]>()
  let bytes = 0
  let keys = 0
  const listener = {
    items(items: Item[]): void {
      for (const { index, answer } of items) {
        if (index >= count) throw new SheafError('WRONG_QUERY', 'an answer to something not asked')
        if (answer.type === 'key') {
          if (++keys > count * KEYS_OF_EACH) throw new SheafError('WRONG_QUERY', 'keys without end')
          takeKey(node, answer.bytes)
          continue
        }
        if (answer.type !== 'found')
          throw new SheafError('WRONG_QUERY', `${answer.type} is no answer to a search`)
        const blocks = sent.get(index) ?? []
        sent.set(index, blocks)
        bytes += answer.bytes.byteLength
        if (blocks.push(answer.bytes) > 1 + PIECES_MAX || bytes > SEARCH_BYTES_MAX)
          throw new SheafError('TOO_LARGE', 'an answer to a search without end')
      }
    },
  }
  const certify = !node.env.standing.isVetted(peer.device, node.env.nowMs())
  yield* peer.client.ask({ type: 'search', words, space, count, certify }, listener, round.untilMs)
  try {
    yield* fetchKeys(
      node,
      peer,
      [...sent.values()].map(([block]) => block!),
      round.untilMs,
    )
    for (const blocks of sent.values()) take(node, peer, blocks, command, round.remotes)
  } catch (cause) {
    const error = asSheafError(cause)
    if (answerOf(error) === 'bad') blame(node, peer, error, certify)
    throw error
  }
}

/** Verifies one page that was sent: a version of a page in the space that was asked for, with its pieces. */
function take(
  node: Node,
  peer: Connection,
  [block, ...pieces]: Uint8Array[],
  { space }: SearchCommand,
  remotes: IdMap<Remote>,
): void {
  const parsed = parseBlock(block!)
  const version = judged(node, block!)
  if (version === undefined) return
  if (version.type !== 'version' || version.version.content.type !== 'text' || !isIn(version.version, space))
    throw new SheafError('WRONG_QUERY', 'what was sent is no page that was asked for')
  const known = remotes.get(version.id)
  if (known !== undefined) {
    known.answeredBy.push(peer.device)
    return
  }
  const text = searchedText(version, pieces)
  if (text === undefined || isDenied(node.retention, parsed)) return
  // In memory of its own: views would keep whole messages alive.
  const blocks = [block!, ...pieces].map((bytes) => Uint8Array.from(bytes))
  remotes.set(version.id, { version, text, blocks, answeredBy: [peer.device] })
}

function isIn(page: Page, space: Space | undefined): boolean {
  return space === undefined || (page.space.type === space.type && idKey(page.space.id) === idKey(space.id))
}

/** Of all versions that were sent and are here, the heads that are not here. */
function* newHeads(node: Node, remotes: IdMap<Remote>, space: Space | undefined): Task<Remote[]> {
  const places = new IdMap<Page>()
  for (const { version } of remotes.values()) places.set(version.locator, version.version)
  const heads: Remote[] = []
  for (const page of places.values()) {
    const locator = pageLocator(page)
    if (!node.retention.serves(locator)) continue
    const here = (yield* localBundle(node, locator)).filter((block) => block.type === 'version')
    const known = new IdSet(here.map(({ id }) => id))
    const sent = [...remotes.values()]
      .map(({ version }) => version)
      .filter((version) => idKey(version.locator) === idKey(locator) && !known.has(version.id))
    const head = node.heads.resolveVersion(page, [...here, ...sent])?.version
    const remote = head && !known.has(head.id) ? remotes.get(head.id) : undefined
    if (remote !== undefined && isIn(remote.version.version, space)) heads.push(remote)
  }
  return heads
}
