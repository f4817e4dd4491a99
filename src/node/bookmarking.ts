/**
 * Bookmarks of this node's own: "for me, the head of this page is this version". Who then writes on the page means
 * what was written: the bookmark goes along.
 */
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import {
  BOOKMARK,
  bookmarkBody,
  bookmarksAmong,
  decodeBookmark,
  standingBookmarks,
} from '../content/bookmark.ts'
import type { Author } from '../content/page.ts'
import { type Page, pageLocator, pageToText } from '../content/space.ts'
import { localBundle } from './bundles.ts'
import type { Answers, Command } from './commands.ts'
import { type Draft, declare, signOwn } from './declaring.ts'
import type { Node } from './node.ts'
import { outlinesAt } from './outlines.ts'
import type { Reader } from './reading.ts'
import type { StoredBlock } from './store.ts'
import type { Task } from './task.ts'
import { authorOf, type Writer } from './writing.ts'

/**
 * Puts a bookmark in the place of those that this node's entity has there, or takes them back. Throws BAD_ARGUMENT for
 * a version of another page, NOT_FOUND where there is none to take back, and what `declare` and a look-up throw.
 */
export function* bookmarkOwn(
  node: Node,
  reader: Reader,
  writer: Writer,
  { page, version, untilMs }: Extract<Command, { type: 'bookmark' }>,
): Task<Answers['bookmark']> {
  const { entity: signer } = authorOf(node)
  const locator = pageLocator(page)
  if (version !== undefined) {
    const { version: there } = yield* reader.versionById(version, untilMs)
    if (!equalBytes(there.locator, locator)) {
      throw new SheafError('BAD_ARGUMENT', `that version is one of ${pageToText(there.version)}`)
    }
  }
  return yield* declare(node, writer, function* () {
    const here = bookmarksAmong(yield* localBundle(node, locator, { kind: BOOKMARK, signer }))
    const own = here.filter((one) => equalBytes(one.signer, signer))
    const replaces = standingBookmarks(own).get(signer) ?? []
    if (version === undefined && !replaces.some((one) => one.version !== undefined)) {
      throw new SheafError('NOT_FOUND', 'no bookmark of yours is on this page')
    }
    return [{ kind: BOOKMARK, body: bookmarkBody(page, version, { signer, replaces }) }]
  })
}

/** A version that is about to be written. */
export interface Written extends Page {
  id: Uint8Array
  locator: Uint8Array
  parents: readonly Uint8Array[]
  /** Whether it is meant as the page's word from now on, also where it did not come from the version that has the bookmark. */
  isWord: boolean
}

/** To be written with these versions: the bookmarks that go along with them, signed. A page that is new has none. */
export function* bookmarksAlong(
  node: Node,
  author: Author,
  versions: readonly Written[],
): Task<StoredBlock[]> {
  if (versions.every(isFirst)) return signOwn(node, author, [])
  const pages = new IdMap<Written[]>()
  for (const version of versions) {
    pages.set(version.locator, [...(pages.get(version.locator) ?? []), version])
  }
  const moved: Draft[] = []
  for (const [locator, line] of pages) {
    if (line.every(isFirst)) continue
    const own = (yield* outlinesAt(node, locator, BOOKMARK))
      .filter(({ signer }) => equalBytes(signer, author.entity))
      .map(decodeBookmark)
    const replaces = standingBookmarks(own).get(author.entity) ?? []
    const goesTo = alongWith(
      replaces.flatMap(({ version }) => version ?? []),
      line,
    )
    if (goesTo === undefined) continue
    const { entity: signer } = author
    moved.push({ kind: BOOKMARK, body: bookmarkBody(line[0]!, goesTo, { signer, replaces }) })
  }
  return signOwn(node, author, moved)
}

/** Of a page that is new: no bookmark is on it. */
const isFirst = ({ parents, isWord }: Written): boolean => isWord && parents.length === 0

/** Where a bookmark goes that named one of these; undefined where it stays, or there is none. */
function alongWith(named: readonly Uint8Array[], line: readonly Written[]): Uint8Array | undefined {
  if (named.length === 0) return undefined
  let goesTo: Uint8Array | undefined
  for (const { id, parents, isWord } of line) {
    const from = goesTo === undefined ? named : [goesTo]
    if (isWord || parents.some((parent) => from.some((one) => equalBytes(one, parent)))) goesTo = id
  }
  return goesTo
}
