/** What of a followed place is news: fetched whole, told as events, noted as told. */
import { compareBytes, equalBytes } from '../base/hash.ts'
import { IdMap, IdSet, idKey } from '../base/id-map.ts'
import {
  type VerifiedBlock,
  type VerifiedIndex,
  type VerifiedVersion,
  verifyBlock,
} from '../content/block.ts'
import type { PageEntry } from '../content/chunks.ts'
import { KINDS } from '../content/kinds.ts'
import { type Page, pageLocator, pageToText, type Space } from '../content/space.ts'
import { tipsOf } from '../content/tips.ts'
import { gatherBundle, localBundle } from './bundles.ts'
import { type Arrival, fetchBlocks } from './fetching.ts'
import { type Place, SEEN_MAX } from './followed.ts'
import { newsAmong, seenWith } from './news.ts'
import type { Node } from './node.ts'
import { Reader } from './reading.ts'
import type { Task } from './task.ts'

/** Versions between what was told and what is there that are fetched, and how far back. */
const HISTORY_MAX = 256
const GENERATIONS_MAX = 64
/** Pages of a space that are fetched and told together. */
const PAGES_AT_ONCE = 64
/** Pages that went from an index, of which it is looked up what became. */
const REMOVED_MAX = 64
/** Versions that are remembered as told: a page may be followed by itself and with its space. */
const TOLD_MAX = 8_192
/** What could not be fetched is tried again after this, so often. */
const AGAIN_AFTER_MS = 30_000
const TRIES_MAX = 5

export interface Arrived {
  /** Stored or pushed since the place was last settled: news, whatever else is known. */
  fresh: IdSet
  /** Whether it is known what is there, or that there is nothing. */
  isKnown: boolean
  untilMs: number
}

export class Settling {
  readonly #node: Node
  readonly #reader: Reader
  readonly #told = new IdSet([], TOLD_MAX)
  readonly #tries = new IdMap<number>()
  readonly #place: { note(place: Place): Task<void>; again(place: Place, afterMs: number): void }

  constructor(
    node: Node,
    place: { note(place: Place): Task<void>; again(place: Place, afterMs: number): void },
  ) {
    this.#node = node
    this.#reader = new Reader(node)
    this.#place = place
  }

  /** Tells what of these, all that is known at a place, was not told. */
  *settle(place: Place, blocks: readonly VerifiedBlock[], arrived: Arrived): Task<void> {
    switch (place.place.type) {
      case 'page':
        return yield* this.#settlePage(place, place.place, blocks, arrived)
      case 'index':
        return yield* this.#settleIndex(place, place.place.space, blocks, arrived)
      case 'entity':
        return yield* this.#settleEntity(place, place.place.id, blocks, arrived)
    }
  }

  *#settlePage(
    place: Place,
    { space, path }: Page,
    blocks: readonly VerifiedBlock[],
    arrived: Arrived,
  ): Task<void> {
    const page = { space, path }
    let versions = blocks.filter((block) => block.type === 'version')
    if (!place.isStarted && arrived.isKnown) {
      const old = versions.filter(({ id }) => !arrived.fresh.has(id))
      place.seen = seenWith(old.map(dated), place.seen, SEEN_MAX)
      yield* this.#keepWhole(old, arrived.untilMs)
    }
    if (place.isStarted) versions = yield* this.#withBetween(place, page, versions, arrived.untilMs)
    const known = versions.map(dated)
    const news = newsAmong(known, place.seen).filter(
      ({ id }) => place.isStarted || arrived.isKnown || arrived.fresh.has(id),
    )
    const isStarted = place.isStarted || arrived.isKnown || news.length > 0
    if (news.length === 0 && isStarted === place.isStarted) return
    yield* this.#tell(
      place,
      page,
      news.map(({ version }) => version),
      versions,
      arrived.untilMs,
    )
    place.isStarted = isStarted
    place.seen = seenWith(known, place.seen, SEEN_MAX)
    yield* this.#place.note(place)
  }

  /** With the versions between these and those that were told, as far as they are to be had. */
  *#withBetween(
    place: Place,
    page: Page,
    versions: readonly VerifiedVersion[],
    untilMs: number,
  ): Task<VerifiedVersion[]> {
    const known = new IdMap<VerifiedVersion>()
    for (const one of versions) known.set(one.id, one)
    const tried = new IdSet(place.seen)
    let news = newsAmong(versions.map(dated), place.seen).map(({ version }) => version)
    for (let i = 0; i < GENERATIONS_MAX && news.length > 0 && tried.size < HISTORY_MAX + SEEN_MAX; i++) {
      const parents = new IdSet(news.flatMap(({ version }) => version.parents))
      const wanted = [...parents].filter((id) => !known.has(id) && tried.add(id))
      if (wanted.length === 0) break
      news = (yield* this.#fetchVersions(wanted, pageLocator(page), untilMs)).filter(({ id, locator }) => {
        const isHere = !known.has(id) && equalBytes(locator, pageLocator(page))
        return isHere
      })
      for (const one of news) known.set(one.id, one)
    }
    return [...known.values()]
  }

  *#settleIndex(place: Place, space: Space, blocks: readonly VerifiedBlock[], arrived: Arrived): Task<void> {
    const indices = blocks.filter((block) => block.type === 'index')
    const byId = new IdMap<VerifiedIndex>()
    for (const one of indices) byId.set(one.id, one)
    const tips = (of: readonly VerifiedIndex[]): VerifiedIndex[] =>
      tipsOf(of.map(({ record }) => record)).map(({ id }) => byId.get(id)!)
    const seen = new IdSet(place.seen)
    const old = tips(indices.filter(({ id }) => (place.isStarted ? seen.has(id) : !arrived.fresh.has(id))))
    const current = tips(indices)
    const told = new IdSet(place.isStarted ? place.seen : old.map(({ id }) => id))
    const hasNews = current.some(({ id }) => !told.has(id))
    const isStarted = place.isStarted || arrived.isKnown || hasNews
    if (!hasNews && isStarted === place.isStarted) return
    if (!place.isStarted && arrived.fresh.size === 0) {
      place.seen = seenIndices(current, place)
    } else if (hasNews) {
      const isWhole = old.length > 0 || place.seen.length === 0
      const before = isWhole ? yield* this.#reader.entriesOf(space, old, arrived.untilMs) : undefined
      const after = yield* this.#reader.entriesOf(space, current, arrived.untilMs)
      const changed = yield* this.#changed(before, after)
      const lacking = yield* this.#tellPages(place, space, changed, arrived.untilMs)
      if (before !== undefined) yield* this.#tellRemoved(place, space, before, after, arrived.untilMs)
      const tries = (this.#tries.get(place.locator) ?? 0) + 1
      if (lacking > 0 && tries < TRIES_MAX) {
        this.#tries.set(place.locator, tries)
        return this.#place.again(place, AGAIN_AFTER_MS * tries)
      }
      this.#tries.delete(place.locator)
      place.seen = seenIndices(current, place)
    }
    place.isStarted = isStarted
    yield* this.#place.note(place)
  }

  /** Entries that are new; of which it is not known what was there before, those that are not here. */
  *#changed(before: readonly PageEntry[] | undefined, after: readonly PageEntry[]): Task<PageEntry[]> {
    if (before === undefined) {
      const here = yield* this.#node.store.meta(after.map(({ version }) => version))
      return after.filter((_, i) => here[i] === undefined)
    }
    const versions = new Map(before.map(({ path, version }) => [path, idKey(version)]))
    return after.filter(({ path, version }) => versions.get(path) !== idKey(version))
  }

  /** How many of these could not be had. */
  *#tellPages(place: Place, space: Space, entries: readonly PageEntry[], untilMs: number): Task<number> {
    let lacking = 0
    for (let at = 0; at < entries.length; at += PAGES_AT_ONCE) {
      const slice = entries.slice(at, at + PAGES_AT_ONCE)
      const found = new IdMap<VerifiedVersion>()
      const bytes = yield* this.#node.store.get(slice.map(({ version }) => version))
      const absent = slice.filter((_, i) => bytes[i] === undefined)
      for (const { path } of slice) {
        for (const block of yield* localBundle(this.#node, pageLocator({ space, path })))
          if (block.type === 'version') found.set(block.id, block)
      }
      for (const { path, version } of absent) {
        const [one] = yield* this.#fetchVersions([version], pageLocator({ space, path }), untilMs)
        if (one !== undefined) found.set(one.id, one)
      }
      for (const { path, version } of slice) {
        const one = found.get(version)
        if (one === undefined) lacking += 1
        else yield* this.#tell(place, { space, path }, [one], undefined, untilMs)
      }
    }
    return lacking
  }

  /** What became of pages that an index lists no more: deleted, or moved away. */
  *#tellRemoved(
    place: Place,
    space: Space,
    before: readonly PageEntry[],
    after: readonly PageEntry[],
    untilMs: number,
  ): Task<void> {
    const left = new Set(after.map(({ path }) => path))
    const removed = before.filter(({ path }) => !left.has(path)).slice(0, REMOVED_MAX)
    for (const { path, version } of removed) {
      const page = { space, path }
      const { blocks } = yield* gatherBundle(this.#node, pageLocator(page), untilMs)
      const versions = blocks.filter((block) => block.type === 'version')
      const news = newsAmong(versions.map(dated), [version]).filter(
        ({ version: one }) => one.version.content.type !== 'text',
      )
      yield* this.#tell(
        place,
        page,
        news.map(({ version: one }) => one),
        versions,
        untilMs,
      )
    }
  }

  *#settleEntity(
    place: Place,
    entity: Uint8Array,
    blocks: readonly VerifiedBlock[],
    arrived: Arrived,
  ): Task<void> {
    const seen = new IdSet(place.seen)
    const news = blocks.filter(
      ({ id }) => !seen.has(id) && (place.isStarted || arrived.fresh.has(id)) && this.#told.add(id),
    )
    news.sort((a, b) => a.record.timeMs - b.record.timeMs || compareBytes(a.id, b.id))
    this.#count(place, news.length)
    for (const { id, record } of news) {
      const { kind, timeMs } = record
      const name = KINDS.find(({ number }) => number === kind)?.name ?? `kind ${kind}`
      this.#node.emit({ type: 'entity', entity, record: id, kind: name, claimedMs: timeMs })
    }
    const isStarted = place.isStarted || arrived.isKnown || news.length > 0
    const fresh = blocks.filter(({ id }) => !seen.has(id)).map(({ id }) => id)
    if (fresh.length === 0 && isStarted === place.isStarted) return
    place.isStarted = isStarted
    place.seen = [...fresh, ...place.seen].slice(0, SEEN_MAX)
    yield* this.#place.note(place)
  }

  /** Emits an event for each that was not told before, once its pieces are here too. */
  *#tell(
    place: Place,
    page: Page,
    versions: readonly VerifiedVersion[],
    among: readonly VerifiedVersion[] | undefined,
    untilMs: number,
  ): Task<void> {
    const news = versions.filter(({ id }) => this.#told.add(id))
    if (news.length === 0) return
    yield* this.#keepWhole(news, untilMs)
    const all = new IdMap<VerifiedVersion>()
    for (const one of yield* localBundle(this.#node, pageLocator(page)))
      if (one.type === 'version') all.set(one.id, one)
    for (const one of [...(among ?? []), ...news]) all.set(one.id, one)
    const added = new IdSet(news.map(({ id }) => id))
    const resolve = (of: readonly VerifiedVersion[]): Uint8Array | undefined =>
      this.#node.heads.resolveVersion(page, of)?.version.id
    const before = resolve([...all.values()].filter(({ id }) => !added.has(id)))
    const head = resolve([...all.values()])
    const hasMoved = head !== undefined && (before === undefined || !equalBytes(before, head))
    this.#count(place, news.length)
    for (const { id, record, version } of news) {
      const isHead = head !== undefined && equalBytes(head, id)
      this.#node.emit({
        type: 'version',
        page: pageToText(page),
        version: id,
        author: record.signer,
        claimedMs: record.timeMs,
        content: version.content.type,
        summary: version.summary,
        head,
        isHead,
        headChanged: hasMoved,
      })
    }
  }

  #count(place: Place, news: number): void {
    if (news === 0) return
    place.told += news
    place.toldMs = this.#node.env.wallMs()
  }

  /** Gets the loose pieces of these onto the shelf, as far as they are to be had. */
  *#keepWhole(versions: readonly VerifiedVersion[], untilMs: number): Task<void> {
    const pieces = versions.flatMap(({ table, locator }) =>
      (table ?? []).map(({ hash }) => ({ id: hash, pieceAt: locator })),
    )
    if (pieces.length === 0) return
    const here = yield* this.#node.store.meta(pieces.map(({ id }) => id))
    const wanted = pieces.filter((_, i) => here[i] === undefined)
    if (wanted.length > 0) yield* fetchBlocks(this.#node, wanted, () => {}, { untilMs })
  }

  *#fetchVersions(ids: readonly Uint8Array[], at: Uint8Array, untilMs: number): Task<VerifiedVersion[]> {
    const arrived: Arrival[] = []
    const wanted = ids.map((id) => ({ id, at }))
    yield* fetchBlocks(this.#node, wanted, (arrival) => arrived.push(arrival), { untilMs })
    const blocks = arrived.map(
      ({ bytes, checked }) => checked.block ?? verifyBlock(bytes, this.#node.verifyContext()),
    )
    return blocks.filter((block) => block.type === 'version')
  }
}

/** The tips of an index that were told, before those that they replaced. */
function seenIndices(current: readonly VerifiedIndex[], { seen }: Place): Uint8Array[] {
  return [...new IdSet([...current.map(({ id }) => id), ...seen])].slice(0, SEEN_MAX)
}

const dated = (version: VerifiedVersion) => ({
  version,
  id: version.id,
  parents: version.version.parents,
  timeMs: version.record.timeMs,
})
