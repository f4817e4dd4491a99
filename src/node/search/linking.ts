/**
 * Links between pages: where a page's links lead, who links to a page, which links of the pages here are broken. A
 * redirect is followed once, as readers do. Of a page that is not here, the list of its space says whether it exists.
 */
import { asSheafError } from '../../base/errors.ts'
import { equalBytes } from '../../base/hash.ts'
import { IdMap, idKey } from '../../base/id-map.ts'
import { linksIn, resolveLink } from '../../content/links.ts'
import { type Page, pageLocator, type Space, spaceLocator, spaceOfRef } from '../../content/space.ts'
import type { Node } from '../node.ts'
import type { Reader } from '../reading.ts'
import type { Task } from '../task.ts'
import { resolvedAt } from './catalog.ts'
import type { BrokenLink } from './engine.ts'
import type { Backlinks, BrokenLinks, LinkState, PageLink, PageLinks } from './results.ts'

/** Links of one page that are looked at. */
const LINKS_MAX = 1_000
/** Other spaces whose lists are asked for. */
const SPACES_MAX = 8
/** Of the time, what the index may take to be brought to where the store is. */
const BRING_SHARE = 0.8

export class Linker {
  readonly #node: Node
  readonly #reader: Reader

  constructor(node: Node, reader: Reader) {
    this.#node = node
    this.#reader = reader
  }

  /** The links of a page, each place once, in the order of the text. */
  *links(page: Page, untilMs: number): Task<PageLinks> {
    const got = yield* this.#reader.get({ type: 'get', target: { page }, untilMs })
    const spaces = new Spaces(this.#node, this.#reader, untilMs)
    const links = new Map<string, PageLink>()
    for (const { target, section } of linksIn(new TextDecoder().decode(got.text))) {
      const named = `${target}#${section ?? ''}`
      if (target === '' || links.has(named)) continue
      const to = resolveLink({ target, section }, got.page)?.page
      const { state, leadsTo } =
        to === undefined ? { state: 'broken' as const, leadsTo: undefined } : yield* this.#stateOf(to, spaces)
      links.set(named, { target, section, page: to, state, leadsTo })
      if (links.size === LINKS_MAX) break
    }
    return { page: got.page, id: got.id, links: [...links.values()] }
  }

  *backlinks(page: Page, untilMs: number): Task<Backlinks> {
    const isWhole = yield* this.#bring(untilMs)
    const sources = yield* this.#node.catalog.ask({ type: 'sources', key: idKey(pageLocator(page)) })
    const links = sources.filter((one) => this.#isServed(one.page)).sort(directFirst)
    return { page, links, isWhole }
  }

  /** Links of pages here that lead nowhere, or to pages of which nothing is known here. */
  *broken(space: Space | undefined, limit: number, untilMs: number): Task<BrokenLinks> {
    const isWhole = yield* this.#bring(untilMs)
    const suspects = yield* this.#node.catalog.ask({ type: 'broken', space, limit })
    const spaces = new Spaces(this.#node, this.#reader, untilMs)
    const links: BrokenLinks['links'] = []
    for (const { from, to, why } of suspects.sort(byPages)) {
      if (!this.#isServed(from)) continue
      const state = why === 'absent' ? yield* spaces.stateOf(to) : 'broken'
      if (state !== 'ok') links.push({ from, to, state })
    }
    return { links, isWhole }
  }

  *#bring(untilMs: number): Task<boolean> {
    const nowMs = this.#node.env.nowMs()
    return yield* this.#node.catalog.bring(nowMs + (untilMs - nowMs) * BRING_SHARE)
  }

  #isServed(page: Page): boolean {
    return this.#node.retention.serves(pageLocator(page))
  }

  *#stateOf(page: Page, spaces: Spaces): Task<Pick<PageLink, 'state' | 'leadsTo'>> {
    const head = yield* resolvedAt(this.#node, pageLocator(page))
    if (head === undefined) return { state: yield* spaces.stateOf(page), leadsTo: undefined }
    const { content } = head.version
    if (content.type !== 'redirect')
      return { state: content.type === 'deleted' ? 'broken' : 'ok', leadsTo: undefined }
    const leadsTo = { space: spaceOfRef(content.space, head.record.signer), path: content.path }
    const next = yield* resolvedAt(this.#node, pageLocator(leadsTo))
    if (next === undefined) return { state: yield* spaces.stateOf(leadsTo), leadsTo }
    const { type } = next.version.content
    return { state: type === 'deleted' || type === 'redirect' ? 'broken' : 'ok', leadsTo }
  }
}

/** What the lists of spaces say of pages that are not here; each list is asked for once. */
class Spaces {
  readonly #node: Node
  readonly #reader: Reader
  readonly #untilMs: number
  readonly #lists = new IdMap<ReadonlySet<string> | undefined>()

  constructor(node: Node, reader: Reader, untilMs: number) {
    this.#node = node
    this.#reader = reader
    this.#untilMs = untilMs
  }

  *stateOf({ space, path }: Page): Task<LinkState> {
    const { author } = this.#node.identity
    // nobody knows our own pages better
    if (author !== undefined && space.type === 'entity' && equalBytes(space.id, author.entity))
      return 'broken'
    const locator = spaceLocator(space)
    if (!this.#lists.has(locator)) {
      if (this.#lists.size >= SPACES_MAX) return 'unknown'
      this.#lists.set(locator, yield* this.#list(space))
    }
    const list = this.#lists.get(locator)
    if (list === undefined) return 'unknown'
    return list.has(path) ? 'ok' : 'broken'
  }

  *#list(space: Space): Task<ReadonlySet<string> | undefined> {
    try {
      return new Set((yield* this.#reader.list(space, this.#untilMs)).map(({ path }) => path))
    } catch (cause) {
      if (asSheafError(cause).code === 'INTERNAL') throw cause
      return undefined
    }
  }
}

function directFirst(a: Backlinks['links'][number], b: Backlinks['links'][number]): number {
  return compare(a.page, b.page) || Number(a.via !== undefined) - Number(b.via !== undefined)
}

function byPages(a: BrokenLink, b: BrokenLink): number {
  return compare(a.from, b.from) || compare(a.to, b.to)
}

function compare(a: Page, b: Page): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : Buffer.compare(a.space.id, b.space.id)
}
