/** Answers to earned queries: reads only; a store request is `keeping.ts`. */
import { asSheafError, SheafError } from '../base/errors.ts'
import { compareBytes, equalBytes } from '../base/hash.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import { peekKey } from '../content/block.ts'
import { KEY_GENESIS } from '../content/key.ts'
import type { Judged } from '../content/key-book.ts'
import { kindOf } from '../content/kinds.ts'
import { tipsOf } from '../content/tips.ts'
import { deniedAmong, isDeniedBlock } from './denials.ts'
import { keep } from './keeping.ts'
import { ensureKeys } from './learning.ts'
import type { Node } from './node.ts'
import { outlinesAt } from './outlines.ts'
import type { Peer } from './peer.ts'
import { counting } from './proving.ts'
import type { Query, QueryOf } from './queries.ts'
import type { Reply } from './reply.ts'
import { ShownRevocations } from './revoking.ts'
import { answerSearch } from './search/answering.ts'
import { Subscribing } from './subscribing.ts'
import type { Due } from './subscription.ts'
import { run, type Task } from './task.ts'
import type { Answer, Listing } from './wire.ts'

/** Ids that are read from the store at once: at most about 8 MB. */
const LOAD_IDS = 64
/** Tips in one bundle; a page with more forks than this is shown by its first ones. */
const TIPS_MAX = 16
/** Keys, certificate and revocations: what others take of an introduction. */
const INTRODUCED_MAX = 64
/** Key records in one answer of tips; a chain beyond is asked for. */
const KEYS_IN_BUNDLE_MAX = 96
const SNAPSHOT_LIFE_MS = 60_000
/** Lists that are kept for one connection, each of up to 4,096 ids of a kind: 512 KB. They go with it. */
const SNAPSHOTS_PER_PEER = 4

interface Snapshot {
  ids: Uint8Array[]
  expiresMs: number
}

export class Serving {
  readonly #node: Node
  /** Each connection's own: what others ask for does not put its lists out. */
  readonly #snapshots = new WeakMap<Peer, IdMap<Snapshot>>()
  /** Connections for which blocks are being loaded, and who waits to load more for them. */
  readonly #loading = new WeakMap<Peer, (() => void)[]>()

  readonly #subscribing: Subscribing
  readonly #revocations: ShownRevocations

  constructor(node: Node) {
    this.#node = node
    this.#revocations = new ShownRevocations(node)
    this.#subscribing = new Subscribing(node, (peer, due, reply) => this.#sendDue(peer, due, reply))
  }

  serve(peer: Peer, asked: Query, reply: Reply): void {
    run(this.#answer(peer, asked, reply), (outcome) => {
      if ('error' in outcome) reply.refuse(asSheafError(outcome.error))
      else reply.end() // whatever way it took: a query that never ends would keep its place for good
    })
  }

  #answer(peer: Peer, asked: Query, reply: Reply): Task<void> {
    switch (asked.type) {
      case 'introduce':
        return this.#introduce(reply)
      case 'blocks':
        return this.#blocks(peer, asked, reply)
      case 'tips':
        return this.#tips(asked, reply)
      case 'records':
        return this.#records(peer, asked, reply)
      case 'store':
        return keep(this.#node, peer, asked, reply)
      case 'subscribe':
        return this.#subscribing.serve(peer, asked, reply)
      case 'search':
        return answerSearch(this.#node, asked, reply, (blocks, at) =>
          this.#sendKeys(peer, blocks, (i) => at + i, reply),
        )
    }
  }

  *#introduce(reply: Reply): Task<void> {
    const { identity, retention } = this.#node
    const shown = [...identity.blocks, ...(yield* this.#revocations.read())].slice(0, INTRODUCED_MAX)
    shown.forEach((block, index) => {
      reply.add(index, isDeniedBlock(retention, block) ? DENIED : { type: 'found', bytes: block.bytes })
    })
    reply.end()
  }

  *#blocks(peer: Peer, asked: QueryOf<'blocks'>, reply: Reply): Task<void> {
    reply.certify = asked.certify
    yield* this.#send(peer, asked.ids, reply)
    reply.end()
  }

  /** Adds an answer for each id at its place. */
  *#send(peer: Peer, ids: readonly Uint8Array[], reply: Reply): Task<void> {
    for (let at = 0; at < ids.length; at += LOAD_IDS) {
      yield* this.#loadTurn(peer, reply)
      try {
        yield* this.#sendSome(peer, ids.slice(at, at + LOAD_IDS), at, reply)
      } finally {
        this.#loadEnded(peer)
      }
    }
  }

  /** Of what a subscription brings, adds what is here and may be shown; of the rest it says nothing. */
  *#sendDue(peer: Peer, due: readonly Due[], reply: Reply): Task<void> {
    if (due.length === 0) return
    yield* this.#loadTurn(peer, reply)
    try {
      yield* reply.writable()
      if (reply.isGone) return
      const ids = due.map(({ id }) => id)
      const blocks = yield* this.#node.store.get(ids)
      const denied = yield* deniedAmong(this.#node, ids, blocks)
      const shown = blocks.map((bytes, i) => (denied[i] ? undefined : bytes))
      const places = due.map(({ index }) => index)
      yield* this.#sendKeys(peer, shown, (i) => places[i]!, reply)
      for (const [i, bytes] of shown.entries())
        if (bytes !== undefined) reply.add(places[i]!, { type: 'found', bytes })
    } finally {
      this.#loadEnded(peer)
    }
  }

  /** Waits until nothing else is loaded for this connection: who does not read holds the blocks of one load, not of all its queries. */
  *#loadTurn(peer: Peer, reply: Reply): Task<void> {
    const waiting = this.#loading.get(peer)
    if (waiting === undefined) this.#loading.set(peer, [])
    else yield* reply.until((go) => waiting.push(go))
  }

  #loadEnded(peer: Peer): void {
    const next = this.#loading.get(peer)?.shift()
    if (next === undefined) this.#loading.delete(peer)
    else next()
  }

  *#sendSome(peer: Peer, slice: readonly Uint8Array[], at: number, reply: Reply): Task<void> {
    yield* reply.writable()
    if (reply.isGone) return
    const blocks = yield* this.#node.store.get(slice)
    const denied = yield* deniedAmong(this.#node, slice, blocks)
    const shown = blocks.map((bytes, i) => (denied[i] ? undefined : bytes))
    yield* this.#sendKeys(peer, shown, (i) => at + i, reply)
    const retired = yield* this.#retiredAmong(slice, shown)
    const isLost = blocks.includes(undefined) ? yield* this.#node.store.damagedAmong(slice) : []
    for (const i of slice.keys()) {
      const bytes = blocks[i]
      if (denied[i]) reply.add(at + i, DENIED)
      else if (retired.has(slice[i]!)) reply.add(at + i, { type: 'unknown' })
      else if (bytes !== undefined) reply.add(at + i, { type: 'found', bytes })
      else reply.add(at + i, { type: isLost[i] === true ? 'lost' : 'unknown' })
    }
    yield* reply.writable()
  }

  /** Sends the keys of these blocks ahead of them, so that one exchange verifies alone. */
  *#sendKeys(
    peer: Peer,
    blocks: readonly (Uint8Array | undefined)[],
    indexOf: (i: number) => number,
    reply: Reply,
  ): Task<void> {
    const { keys } = this.#node
    const fresh = new IdMap<number>()
    for (const [i, bytes] of blocks.entries()) {
      const named = bytes && keyNamedBy(bytes)
      if (named === undefined || fresh.has(named.signer)) continue
      const hasNews = keys.chain(named.signer)?.rotations.some(({ id }) => !peer.keysSent.has(id)) ?? false
      if (hasNews || !peer.keysSent.has(named.key)) fresh.set(named.signer, indexOf(i))
    }
    if (fresh.size === 0) return
    // A loose piece may look like a record: a chunk of an index is full of ids, and any may stand where a signer's would.
    const signers = [...fresh.keys()]
    const metas = yield* this.#node.store.meta(signers)
    for (const [i, signer] of signers.entries()) {
      if (metas[i]?.kind !== KEY_GENESIS) continue
      yield* ensureKeys(this.#node, signer)
      const ids = chainIds(this.#node, signer, signer).filter((id) => !peer.keysSent.has(id))
      const chain = yield* this.#node.store.get(ids)
      const denied = yield* deniedAmong(this.#node, ids, chain)
      for (const [n, bytes] of chain.entries()) {
        if (bytes === undefined || denied[n]) continue
        peer.keysSent.add(ids[n]!)
        reply.add(fresh.get(signer)!, { type: 'key', bytes })
      }
    }
  }

  /** Which of these were signed under a key that was retired, and are not stood by: to us there is no such thing. */
  *#retiredAmong(ids: readonly Uint8Array[], blocks: readonly (Uint8Array | undefined)[]): Task<IdSet> {
    const records: Judged[] = []
    for (const [i, bytes] of blocks.entries()) {
      const named = bytes && keyNamedBy(bytes)
      if (named !== undefined && this.#node.keys.isRetired(named.key)) records.push({ ...named, id: ids[i]! })
    }
    if (records.length === 0) return NONE
    const counted = new IdSet((yield* counting(this.#node, records, true)).map(({ id }) => id))
    return new IdSet(records.flatMap(({ id }) => (counted.has(id) ? [] : [id])))
  }

  *#tips(asked: QueryOf<'tips'>, reply: Reply): Task<void> {
    reply.certify = asked.certify
    const shown = new IdSet()
    for (const [index, locator] of asked.locators.entries()) {
      if (reply.isGone) return
      if (!this.#node.retention.serves(locator)) {
        reply.add(index, DENIED)
        continue
      }
      const outlines = yield* outlinesAt(this.#node, locator)
      const tips = tipsOf(outlines.filter(({ kind }) => kindOf(kind)?.isAside !== true)).slice(0, TIPS_MAX)
      if (tips.length === 0) {
        const to = this.#node.keeps(locator) ? [] : this.#node.claimants(locator)
        reply.add(index, to.length > 0 ? { type: 'moved', to: to.slice(0, 8) } : { type: 'unknown' })
        continue
      }
      const named = tips.filter(({ kind }) => kind !== KEY_GENESIS)
      const keys = named
        .flatMap(({ signer, key }) => chainIds(this.#node, signer, key))
        .filter((id) => shown.size < KEYS_IN_BUNDLE_MAX && shown.add(id))
      const sent = new IdSet(keys)
      const ids = [...keys, ...tips.flatMap(({ id }) => (sent.has(id) ? [] : [id]))]
      const blocks = yield* this.#node.store.get(ids)
      const denied = yield* deniedAmong(this.#node, ids, blocks)
      for (const [i, bytes] of blocks.entries()) {
        if (bytes !== undefined && !denied[i]) reply.add(index, { type: 'found', bytes })
        else if (i >= keys.length) reply.add(index, DENIED)
      }
      yield* reply.writable()
    }
    reply.end()
  }

  *#records(peer: Peer, asked: QueryOf<'records'>, reply: Reply): Task<void> {
    const nowMs = this.#node.env.nowMs()
    let token = asked.snapshot
    const kept = this.#snapshots.get(peer) ?? new IdMap<Snapshot>(SNAPSHOTS_PER_PEER)
    this.#snapshots.set(peer, kept)
    let snapshot = token && kept.get(token)
    if (token !== undefined && (snapshot === undefined || snapshot.expiresMs < nowMs)) {
      throw new SheafError('SNAPSHOT_GONE', 'that list is no longer kept; ask for its first page again')
    }
    if (token === undefined || snapshot === undefined) {
      token = this.#node.env.random(8)
      snapshot = { ids: yield* this.#sorted(asked), expiresMs: nowMs + SNAPSHOT_LIFE_MS }
      kept.set(token, snapshot)
    }
    yield* this.#send(peer, snapshot.ids.slice(asked.offset, asked.offset + asked.count), reply)
    const listing: Listing = { total: snapshot.ids.length, offset: asked.offset, snapshot: token }
    reply.end(listing)
  }

  *#sorted(asked: QueryOf<'records'>): Task<Uint8Array[]> {
    const { locator, kind, vouchedBy } = asked
    const all = yield* outlinesAt(this.#node, locator, kind === 0 ? undefined : kind)
    const records = all.filter(({ signer }) => vouchedBy === undefined || equalBytes(signer, vouchedBy))
    const sign = asked.order.type === 'asc' ? 1 : -1
    const field = asked.field.type
    records.sort((a, b) => {
      const byField =
        field === 'time' ? a.timeMs - b.timeMs : field === 'author' ? compareBytes(a.signer, b.signer) : 0
      return sign * (byField || compareBytes(a.id, b.id))
    })
    return records.map(({ id }) => id)
  }
}

const NONE = new IdSet()
const DENIED: Answer = { type: 'refused', reason: { type: 'policy' } }

/** Ids of the key records that a record under `key` rests on, and of those that came after: all that are known of its entity. */
function chainIds({ keys }: Node, entity: Uint8Array, key: Uint8Array): Uint8Array[] {
  const chain = keys.chain(entity)
  return chain === undefined ? [key] : [chain.genesis, ...chain.rotations].map(({ id }) => id)
}

/** The key record that a block was signed under; undefined for a genesis, and for bytes that are no block. */
function keyNamedBy(bytes: Uint8Array): ReturnType<typeof peekKey> | undefined {
  try {
    const named = peekKey(bytes)
    return named.kind === KEY_GENESIS ? undefined : named
  } catch {
    return undefined
  }
}
