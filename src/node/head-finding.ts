/**
 * The head of a page for this node's reader: the resolver's word on what is known, with the reader's own bookmark
 * from here, and what it or a group's decision names. At a fork, and only there, those who keep the page are asked for
 * what lies between its sides, which may be no fork then, and for the bookmarks of others.
 */
import { equalBytes } from '../base/hash.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import type { VerifiedBlock, VerifiedVersion } from '../content/block.ts'
import { BOOKMARK, type Bookmark, bookmarksAmong } from '../content/bookmark.ts'
import type { Head } from '../content/heads.ts'
import { historyOf } from '../content/history.ts'
import { type Page, pageLocator } from '../content/space.ts'
import { VERSION } from '../content/version.ts'
import { gatherBundle, localBundle } from './bundles.ts'
import type { Node } from './node.ts'
import type { Task } from './task.ts'
import { versionsWith } from './versions.ts'

/** Versions that are got at once: those that bookmarks name, or parents. */
const NAMED_MAX = 64
/** Versions of a page beyond which nothing more is got to see what its sides came from, and how often parents are asked for. Up to 256 come with the first question. */
const LINKING_MAX = 1024
const ROUNDS_MAX = 16

/** Undefined where there are no versions. `isLocal`: nobody is asked. */
export function* headOf(
  node: Node,
  page: Page,
  versions: readonly VerifiedVersion[],
  { untilMs, isLocal }: { untilMs: number; isLocal: boolean },
): Task<Head | undefined> {
  const locator = pageLocator(page)
  const known = new IdMap<VerifiedVersion>()
  for (const version of versions) known.set(version.id, version)
  const sought = new IdSet()
  const get = function* (ids: readonly Uint8Array[]): Task<boolean> {
    const absent = ids.filter((id) => !known.has(id) && !sought.has(id)).slice(0, NAMED_MAX)
    for (const id of absent) sought.add(id)
    if (absent.length === 0) return false
    const found = (yield* versionsWith(node, absent, locator, isLocal ? node.env.nowMs() : untilMs)).filter(
      (one) => equalBytes(one.locator, locator),
    )
    for (const version of found) known.set(version.id, version)
    return found.length > 0
  }
  const ofKind = function* (kind: number): Task<VerifiedBlock[]> {
    const blocks = isLocal
      ? yield* localBundle(node, locator, { kind })
      : (yield* gatherBundle(node, locator, untilMs, { kind })).blocks
    return blocks.filter((block) => block.record.kind === kind && equalBytes(block.locator, locator))
  }
  const missing = (): Uint8Array[] => historyOf([...known.values()]).missing
  const link = function* (): Task<void> {
    if (missing().length === 0) return
    for (const block of yield* ofKind(VERSION)) if (block.type === 'version') known.set(block.id, block)
    for (let round = 0; round < ROUNDS_MAX && known.size < LINKING_MAX; round++) {
      if (!(yield* get(missing()))) break
    }
  }
  const own = yield* ownBookmarks(node, locator)
  yield* get(node.heads.pinned?.(page, own) ?? [])
  let head = node.heads.resolveVersion(page, [...known.values()], own)
  if (head === undefined || !isForked(head)) return head
  // What is missing between two tips makes a fork where there is none.
  yield* link()
  head = node.heads.resolveVersion(page, [...known.values()], own)
  if (head === undefined || !isForked(head)) return head
  const bookmarks = bookmarksAmong(yield* ofKind(BOOKMARK))
  if (bookmarks.length === 0) return head
  const named = bookmarks.flatMap(({ version }) => version ?? [])
  if (yield* get(named)) yield* link()
  return node.heads.resolveVersion(page, [...known.values()], bookmarks)
}

/** Whether a fork was decided, so that what is not at hand might decide it otherwise. */
function isForked({ choices }: Head): boolean {
  return choices.some(({ rule }) => FORKS.has(rule))
}

const FORKS: ReadonlySet<string> = new Set(['more bookmarks', 'most trusted author', 'smallest id'])

function* ownBookmarks(node: Node, locator: Uint8Array): Task<Bookmark[]> {
  const { author } = node.identity
  if (author === undefined) return []
  return bookmarksAmong(yield* localBundle(node, locator, { kind: BOOKMARK, signer: author.entity })).filter(
    ({ signer }) => equalBytes(signer, author.entity),
  )
}
