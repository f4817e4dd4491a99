/**
 * What a node finds pages with: text and links of the heads that it was given. Calls and answers are data, so that
 * a worker can have it. Nothing here was verified for anybody: whoever shows a page that was found verifies it.
 *
 *     compare   what lies where → which places are to be put anew
 *     put       the head of each of these places, or that none is there
 *     search    words → places, the best first
 *     signedBy  people whose keys changed → places to be put anew
 *     sources   who links to a place; broken: links that lead nowhere
 */
import { equalBytes, sha256 } from '../../base/hash.ts'
import { idKey } from '../../base/id-map.ts'
import { PIECE_TEXT_BYTES_MAX } from '../../base/limits.ts'
import { parseBlock } from '../../content/block.ts'
import { decompress } from '../../content/gzip.ts'
import { linksIn, resolveLink } from '../../content/links.ts'
import { fieldsOf, INDEXED_CHARS_MAX, type PageFields } from '../../content/search/fields.ts'
import { LinkIndex } from '../../content/search/link-index.ts'
import { type Hit, TextIndex } from '../../content/search/text-index.ts'
import { type Page, pageLocator, type Space, spaceOfRef } from '../../content/space.ts'
import { decodeVersion, VERSION } from '../../content/version.ts'
import { sharesPrefix } from '../shards.ts'

/** Places in the index: beyond, pages are left out. */
export const PLACES_MAX = 250_000
/** Bytes of blocks that are kept beside the index, to take pages out of it as they were put in. */
const KEPT_BYTES_MAX = 256 * 2 ** 20
/** Pages that one page is indexed as linking to. */
const PAGE_LINKS_MAX = 1_000
/** Pieces of a page that are indexed. */
export const PIECES_MAX = Math.ceil(INDEXED_CHARS_MAX / PIECE_TEXT_BYTES_MAX)

/** A place by the key of its locator, and the ids of all that lies there, hashed: as long as it is the same, so is the head. */
export interface Place {
  key: string
  print: string
}

/** The block of the version to show, and its first pieces where it has several; no block where there is none. */
export interface Put extends Place {
  blocks: Uint8Array[]
}

export interface SearchRequest {
  words: string
  limit: number
  space?: Space | undefined
  /** Heads that are not here, or newer than what is: they are ranked with the rest, and forgotten. */
  candidates: readonly { key: string; blocks: Uint8Array[] }[]
}

export interface BrokenLink {
  /** The page that has it, and the page that it leads to. */
  from: Page
  to: Page
  /** Why it is broken as far as is known here: it was deleted, it leads on to nothing, or it is not here. */
  why: 'deleted' | 'leads nowhere' | 'absent'
}

export type SearchCall =
  | { type: 'compare'; prefix: Uint8Array; depth: number; places: Place[] }
  | { type: 'put'; places: Put[] }
  | ({ type: 'search' } & SearchRequest)
  | { type: 'sources'; key: string }
  | { type: 'broken'; space: Space | undefined; limit: number }
  | { type: 'signedBy'; signers: Uint8Array[] | 'all' }
  | { type: 'size' }

export interface SearchAnswers {
  /** Keys of the places that are to be put. */
  compare: string[]
  put: undefined
  search: Hit[]
  /** Pages that link there; `via` a page that redirects there. */
  sources: { page: Page; via: Page | undefined }[]
  broken: BrokenLink[]
  /** Keys of the places whose heads these signed, and of those where none is shown. */
  signedBy: string[]
  size: { pages: number; postings: number; isFull: boolean }
}

interface Entry extends Place {
  page: Page
  type: 'text' | 'redirect' | 'deleted' | 'other'
  /** Where a redirect leads. */
  leadsTo: string | undefined
  /** Who signed the head, where that is another than whose space it is. */
  signer: string | undefined
  /** Of a text that is indexed. */
  blocks: Uint8Array[]
}

export class SearchEngine {
  readonly #texts = new TextIndex()
  readonly #links = new LinkIndex()
  readonly #entries = new Map<string, Entry>()
  /** Where nothing is to be shown, by what lies there. */
  readonly #blank = new Map<string, string>()
  #keptBytes = 0
  #isFull = false

  answer<T extends SearchCall['type']>(call: Extract<SearchCall, { type: T }>): SearchAnswers[T]
  answer(call: SearchCall): SearchAnswers[SearchCall['type']] {
    switch (call.type) {
      case 'compare':
        return this.#compare(call)
      case 'put':
        for (const place of call.places) this.#put(place)
        return undefined
      case 'search':
        return this.#search(call)
      case 'sources':
        return this.#sourcesOf(call.key)
      case 'broken':
        return this.#broken(call)
      case 'signedBy':
        return this.#signedBy(call.signers === 'all' ? undefined : new Set(call.signers.map(idKey)))
      case 'size':
        return { pages: this.#texts.pages, postings: this.#texts.postings, isFull: this.#isFull }
    }
  }

  /** Takes out what is not there any more. */
  #compare({ prefix, depth, places }: Extract<SearchCall, { type: 'compare' }>): string[] {
    const there = new Map(places.map(({ key, print }) => [key, print]))
    for (const key of [...this.#entries.keys(), ...this.#blank.keys()]) {
      if (!there.has(key) && sharesPrefix(Buffer.from(key, 'latin1'), prefix, depth)) this.#remove(key)
    }
    return places
      .filter(({ key, print }) => (this.#entries.get(key)?.print ?? this.#blank.get(key)) !== print)
      .map(({ key }) => key)
  }

  #put({ key, print, blocks }: Put): void {
    this.#remove(key)
    const head = blocks[0] && headIn(blocks[0])
    if (head === undefined || this.#entries.size + this.#blank.size >= PLACES_MAX) {
      if (this.#entries.size + this.#blank.size >= PLACES_MAX) this.#isFull = true
      else this.#blank.set(key, print)
      return
    }
    const { page, type, leadsTo } = head
    const entry: Entry = { key, print, ...head, blocks: [] }
    this.#entries.set(key, entry)
    if (type === 'redirect' && leadsTo !== undefined) this.#links.set(key, [leadsTo])
    if (type !== 'text') return
    const text = textIn(blocks)
    if (text === undefined) return
    const bytes = blocks.reduce((sum, one) => sum + one.byteLength, 0)
    if (this.#keptBytes + bytes > KEPT_BYTES_MAX || !this.#add(key, fieldsOf(page.path, text))) {
      this.#isFull = true
      return
    }
    entry.blocks = blocks
    this.#keptBytes += bytes
    this.#links.set(key, [...targetsIn(text, page).keys()])
  }

  #add(key: string, fields: PageFields): boolean {
    try {
      this.#texts.add(key, fields)
      return true
    } catch {
      return false // it is full
    }
  }

  #remove(key: string): void {
    this.#blank.delete(key)
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#links.set(key, [])
    const text = entry.blocks.length === 0 ? undefined : textIn(entry.blocks)
    if (text === undefined) return
    this.#keptBytes -= entry.blocks.reduce((sum, one) => sum + one.byteLength, 0)
    this.#texts.remove(key, fieldsOf(entry.page.path, text))
  }

  /** Candidates are put beside the rest for as long as it takes: their words weigh what they weigh among all pages here. */
  #search({ words, limit, space, candidates }: SearchRequest): Hit[] {
    const added = new Map<string, PageFields>()
    try {
      for (const { key, blocks } of candidates) {
        const head = blocks[0] && headIn(blocks[0])
        const text = head?.type === 'text' ? textIn(blocks) : undefined
        if (head === undefined || text === undefined || added.has(key)) continue
        const fields = fieldsOf(head.page.path, text)
        if (this.#add(CANDIDATE + key, fields)) added.set(key, fields)
      }
      const isWanted =
        space === undefined && added.size === 0
          ? undefined
          : (key: string): boolean =>
              key.startsWith(CANDIDATE) ||
              (!added.has(key) && (space === undefined || isIn(this.#entries.get(key)!.page, space)))
      const hits = this.#texts.search(words, { limit, isWanted })
      return hits.map(({ key, score }) => ({
        key: key.startsWith(CANDIDATE) ? key.slice(CANDIDATE.length) : key,
        score,
      }))
    } finally {
      for (const [key, fields] of added) this.#texts.remove(CANDIDATE + key, fields)
    }
  }

  #sourcesOf(key: string): SearchAnswers['sources'] {
    const found: SearchAnswers['sources'] = []
    const tell = (target: string, via: Page | undefined): void => {
      for (const source of this.#links.sourcesOf(target)) {
        const entry = this.#entries.get(source)
        if (entry === undefined) continue
        if (entry.type === 'text') found.push({ page: entry.page, via })
        // one redirect is followed, as readers do
        else if (via === undefined && source !== key) tell(source, entry.page)
      }
    }
    tell(key, undefined)
    return found
  }

  #broken({ space, limit }: Extract<SearchCall, { type: 'broken' }>): BrokenLink[] {
    const found: BrokenLink[] = []
    for (const source of this.#links.sources()) {
      const entry = this.#entries.get(source)
      if (entry === undefined || entry.type !== 'text') continue
      if (space !== undefined && !isIn(entry.page, space)) continue
      const bad = new Map<string, BrokenLink['why']>()
      for (const target of this.#links.targetsOf(source)) {
        const why = this.#whyBroken(target)
        if (why !== undefined) bad.set(target, why)
      }
      if (bad.size === 0) continue
      for (const [target, to] of targetsIn(textIn(entry.blocks) ?? '', entry.page)) {
        const why = bad.get(target)
        if (why !== undefined) found.push({ from: entry.page, to, why })
        if (found.length === limit) return found
      }
    }
    return found
  }

  #signedBy(signers: ReadonlySet<string> | undefined): string[] {
    const found = [...this.#blank.keys()]
    for (const { key, signer, page } of this.#entries.values()) {
      if (signers?.has(signer ?? idKey(page.space.id)) !== false) found.push(key)
    }
    return found
  }

  #whyBroken(target: string): BrokenLink['why'] | undefined {
    const entry = this.#entries.get(target)
    if (entry === undefined) return 'absent'
    if (entry.type === 'deleted') return 'deleted'
    if (entry.type !== 'redirect') return undefined
    const next = entry.leadsTo === undefined ? undefined : this.#entries.get(entry.leadsTo)
    return next === undefined || next.type === 'deleted' || next.type === 'redirect'
      ? 'leads nowhere'
      : undefined
  }
}

/** No key of a locator, which has 32 letters, begins with as many. */
const CANDIDATE = 'candidate for a while, not in a place here: '

/** One print for what lies at a place. */
export function printOf(ids: readonly Uint8Array[]): string {
  return idKey(ids.length === 1 ? ids[0]! : sha256(Buffer.concat([...ids])))
}

/** The pages that a text links to, each once, by the keys of their places; not itself. */
export function targetsIn(text: string, from: Page): Map<string, Page> {
  const targets = new Map<string, Page>()
  const own = idKey(pageLocator(from))
  for (const link of linksIn(text)) {
    const page = resolveLink(link, from)?.page
    if (page === undefined) continue
    const key = idKey(pageLocator(page))
    if (key !== own) targets.set(key, page)
    if (targets.size === PAGE_LINKS_MAX) break
  }
  return targets
}

/** The text of a version's block and pieces, as far as it is indexed; undefined where it does not read. */
export function textIn(blocks: readonly Uint8Array[]): string | undefined {
  const [block, ...pieces] = blocks
  if (block === undefined) return undefined
  try {
    const { record, attachment } = parseBlock(block)
    const { content } = decodeVersion(record)
    if (content.type !== 'text') return undefined
    const members = content.pieces === 1 ? [attachment] : pieces
    const texts = members.map((member) => decompress(member, { bytesMax: PIECE_TEXT_BYTES_MAX }))
    return new TextDecoder().decode(Buffer.concat(texts))
  } catch {
    return undefined
  }
}

function headIn(block: Uint8Array): Pick<Entry, 'page' | 'type' | 'leadsTo' | 'signer'> | undefined {
  try {
    const { record } = parseBlock(block)
    if (record.kind !== VERSION) return undefined
    const { space, path, content } = decodeVersion(record)
    const page = { space, path }
    const signer = equalBytes(space.id, record.signer) ? undefined : idKey(record.signer)
    switch (content.type) {
      case 'text':
      case 'deleted':
        return { page, type: content.type, leadsTo: undefined, signer }
      case 'redirect': {
        const to = { space: spaceOfRef(content.space, record.signer), path: content.path }
        return { page, type: 'redirect', leadsTo: idKey(pageLocator(to)), signer }
      }
      default:
        return { page, type: 'other', leadsTo: undefined, signer }
    }
  } catch {
    return undefined
  }
}

function isIn({ space }: Page, wanted: Space): boolean {
  return space.type === wanted.type && idKey(space.id) === idKey(wanted.id)
}
