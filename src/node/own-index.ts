/**
 * The index of this node's own space, kept as chunks so that a publish re-signs one chunk
 * and a short record, not the whole list. Derived from the own versions: a crash between
 * a page and its listing is found by a mark that is written with the page.
 */
import { decode, encode } from '../base/codec.ts'
import { compareBytes, equalBytes } from '../base/hash.ts'
import { IdSet } from '../base/id-map.ts'
import { PARENTS_MAX } from '../base/limits.ts'
import { formBlock, parseBlock } from '../content/block.ts'
import { chunk, decodeChunk, type PageEntry } from '../content/chunks.ts'
import type { Author } from '../content/page.ts'
import { type SignedRecord, signRecord } from '../content/record.ts'
import { type Space, spaceLocator } from '../content/space.ts'
import { type ChunkRef, SPACE_INDEX, spaceIndex } from '../content/space-index.ts'
import { tipsOf } from '../content/tips.ts'
import { VERSION, versionBody } from '../content/version.ts'
import type { Node } from './node.ts'
import { type Outline, outlinesAt, outlinesOf } from './outlines.ts'
import type { Note, StoredBlock } from './store.ts'
import type { Task } from './task.ts'

/** A block of our own; `owner` is set for a loose piece. */
export type OwnBlock = StoredBlock & { owner?: Uint8Array }

const SCAN_IDS = 256
/** Indices by claimed time that are looked at before each publish: other devices' clocks may be a little behind. */
const LATEST = 16
/** Set while pages are written that no signed index lists yet. */
const UNLISTED_MARK: Uint8Array = Buffer.from('unlisted')

interface IndexChunk extends ChunkRef {
  entries: PageEntry[]
  block: Uint8Array
}

export class OwnIndex {
  readonly #node: Node
  /** At the start; a rotation puts another in its place. */
  readonly #author: Author
  readonly #space: Space
  #chunks: IndexChunk[] | undefined
  #tips: Uint8Array[] = []
  /** The indices that lay here when the tips were read, and those made since. */
  #known = new IdSet()
  /** Chunks that are known to be in the store; what is cut again from several indices may not be. */
  #stored = new IdSet()
  /** Chunks are missing, or several indices stand side by side: a new one mends it. */
  #isTorn = false
  /** Pages with the version to list, or undefined where the page goes. */
  readonly #unlisted = new Map<string, Uint8Array | undefined>()

  constructor(node: Node, author: Author) {
    this.#node = node
    this.#author = author
    this.#space = { type: 'entity', id: author.entity }
  }

  /** To be written with pages that are not listed in the same write. */
  static readonly mark: Note = { table: 'own', key: UNLISTED_MARK, value: Uint8Array.of(1) }
  /** To be written with an index that lists everything. */
  static readonly unmark: Note = { table: 'own', key: UNLISTED_MARK, value: undefined }

  /** The page will be in the next index with this version, or not at all. */
  list(path: string, version: Uint8Array | undefined): void {
    this.#unlisted.set(path, version)
  }

  get isCurrent(): boolean {
    return this.#unlisted.size === 0 && !this.#isTorn
  }

  /** A new index record, signed, and the chunks that changed; nothing where it is current. */
  form(): OwnBlock[] {
    if (this.isCurrent) return []
    this.#chunks = withChanges(this.#chunks ?? [], this.#unlisted)
    this.#unlisted.clear()
    this.#isTorn = false
    const refs = this.#chunks.map(({ hash, bytes, pages }) => ({ hash, bytes, pages }))
    const pages = refs.reduce((sum, ref) => sum + ref.pages, 0)
    const record = this.#sign(
      encode(spaceIndex, { space: { type: 'self' }, replaces: this.#tips, pages, chunks: refs }),
    )
    this.#tips = [record.id]
    this.#known.add(record.id)
    const locator = spaceLocator(this.#space)
    const block = formBlock(record)
    const { id, kind, timeMs } = record
    const changed = this.#chunks.filter(({ hash }) => !this.#stored.has(hash))
    this.#stored = new IdSet(refs.map(({ hash }) => hash))
    return [
      { id, locator, kind, timeMs, length: block.byteLength, bytes: block },
      ...changed.map(({ hash, block: bytes }) => ({
        id: hash,
        locator,
        kind: 0,
        timeMs: 0,
        length: bytes.byteLength,
        bytes,
        owner: id,
      })),
    ]
  }

  /** Reads the index back after a start, and when another of our devices has made one. What it may lack is looked up among the own versions. */
  *load(): Task<void> {
    const { store } = this.#node
    const latest = yield* store.at(spaceLocator(this.#space), LATEST, SPACE_INDEX)
    if (this.#chunks !== undefined && latest.every(({ id }) => this.#known.has(id))) return
    const records = yield* outlinesAt(this.#node, spaceLocator(this.#space), SPACE_INDEX)
    this.#known = new IdSet(records.map(({ id }) => id))
    const tips = tipsOf(records.filter(({ signer }) => equalBytes(signer, this.#space.id)))
    const lists: Map<string, PageEntry>[] = []
    let isWhole = true
    for (const { id } of tips) {
      const [block] = yield* store.get([id])
      if (block === undefined) {
        isWhole = false
        continue
      }
      const hashes = decode(spaceIndex, parseBlock(block).record.body).chunks.map(({ hash }) => hash)
      const list = new Map<string, PageEntry>()
      for (const [i, bytes] of (yield* store.get(hashes)).entries()) {
        if (bytes === undefined) {
          isWhole = false
          continue
        }
        this.#stored.add(hashes[i]!)
        for (const entry of decodeChunk(bytes)) list.set(entry.path, entry)
      }
      lists.push(list)
    }
    const entries = new Map(lists.flatMap((list) => [...list]))
    const doubtful = new Set([...entries.keys()].filter((path) => !isAgreed(path, lists)))
    this.#tips = tips.map(({ id }) => id).slice(0, PARENTS_MAX)
    this.#chunks = cut(entries.values())
    this.#isTorn = !isWhole || tips.length > 1
    if (this.#isTorn || (yield* isMarked(this.#node))) yield* this.#findUnlisted(entries, doubtful)
  }

  /**
   * Own versions that the index should list and does not: a crash came between page and listing, a chunk does not
   * read back, or several indices disagree. What a page's own versions say goes before what any index said of it.
   */
  *#findUnlisted(listed: ReadonlyMap<string, PageEntry>, doubtful: ReadonlySet<string>): Task<void> {
    const { store } = this.#node
    const own: Outline[] = []
    const ids = yield* store.within(new Uint8Array(0), 0)
    for (let at = 0; at < ids.length; at += SCAN_IDS) {
      const metas = yield* store.meta(ids.slice(at, at + SCAN_IDS))
      const versions = metas.flatMap((meta) => (meta?.kind === VERSION ? [meta.id] : []))
      const outlines = yield* outlinesOf(this.#node, versions)
      own.push(...outlines.filter(({ signer }) => equalBytes(signer, this.#space.id)))
    }
    const byPath = new Map<string, { tip: Outline; isDeleted: boolean }[]>()
    for (const tip of tipsOf(own)) {
      const { space, path, content } = decode(versionBody, tip.body)
      if (space.type !== 'self') continue
      const here = byPath.get(path) ?? []
      here.push({ tip, isDeleted: content.type === 'deleted' || content.type === 'redirect' })
      byPath.set(path, here)
    }
    for (const [path, tips] of byPath) {
      const entry = listed.get(path)
      const isTip = tips.some(({ tip }) => entry !== undefined && equalBytes(tip.id, entry.version))
      if (isTip && !doubtful.has(path)) continue
      const newest = tips.reduce((a, b) => (isNewer(b.tip, a.tip) ? b : a))
      if (!newest.isDeleted) this.#unlisted.set(path, newest.tip.id)
      else if (entry !== undefined) this.#unlisted.set(path, undefined)
    }
  }

  #sign(body: Uint8Array): SignedRecord {
    const { entity, key, network, sign } = this.#node.identity.author ?? this.#author
    const { env } = this.#node
    const draft = { kind: SPACE_INDEX, signer: entity, key, timeMs: env.wallMs(), nonce: env.random(8), body }
    return signRecord(draft, network, sign)
  }
}

/** Whether pages are written that no signed index lists: a publish without pages lists them. */
export function* isMarked(node: Node): Task<boolean> {
  return (yield* node.store.notes('own')).some(({ key }) => equalBytes(key, UNLISTED_MARK))
}

function isAgreed(path: string, lists: readonly ReadonlyMap<string, PageEntry>[]): boolean {
  const first = lists[0]?.get(path)?.version
  return lists.every((list) => {
    const version = list.get(path)?.version
    return first !== undefined && version !== undefined && equalBytes(first, version)
  })
}

function isNewer(a: Outline, b: Outline): boolean {
  return a.timeMs > b.timeMs || (a.timeMs === b.timeMs && compareBytes(a.id, b.id) > 0)
}

/** Re-cuts only the chunks that a change falls into; the cuts are by content, so the others stay as they are. */
function withChanges(
  chunks: IndexChunk[],
  changes: ReadonlyMap<string, Uint8Array | undefined>,
): IndexChunk[] {
  const byChunk = new Map<number, [string, Uint8Array | undefined][]>()
  for (const change of changes) {
    const at = chunkFor(chunks, change[0])
    const there = byChunk.get(at)
    if (there === undefined) byChunk.set(at, [change])
    else there.push(change)
  }
  if (chunks.length === 0 || byChunk.size * 2 > chunks.length) {
    return cut(
      changed(
        chunks.flatMap(({ entries }) => entries),
        [...changes],
      ),
    )
  }
  const out: IndexChunk[] = []
  for (let at = 0; at < chunks.length; at++) {
    const here = byChunk.get(at)
    if (here === undefined) out.push(chunks[at]!)
    else out.push(...cut(changed(chunks[at]!.entries, here)))
  }
  return out
}

/** The last chunk that begins at or before `path`. */
function chunkFor(chunks: IndexChunk[], path: string): number {
  const bytes = Buffer.from(path)
  let low = 0
  let high = chunks.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (Buffer.from(chunks[middle]!.entries[0]!.path).compare(bytes) <= 0) low = middle
    else high = middle - 1
  }
  return low
}

function changed(entries: PageEntry[], changes: [string, Uint8Array | undefined][]): Iterable<PageEntry> {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]))
  for (const [path, version] of changes) {
    if (version === undefined) byPath.delete(path)
    else byPath.set(path, { path, version })
  }
  return byPath.values()
}

function cut(entries: Iterable<PageEntry>): IndexChunk[] {
  return chunk(entries).map(({ hash, bytes, pages }) => {
    return { hash, bytes: bytes.byteLength, pages, block: bytes, entries: decodeChunk(bytes) }
  })
}
