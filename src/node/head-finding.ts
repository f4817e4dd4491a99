/**
 * The head of a page for this node's reader: the resolver's word on what is known, with the reader's own bookmark
 * from here, what a bookmark or a group's decision names, and at a fork the bookmarks of others from
 * those who keep the page.
 */
import { equalBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import type { VerifiedVersion } from '../content/block.ts'
import { BOOKMARK, type Bookmark, bookmarksAmong } from '../content/bookmark.ts'
import type { Head } from '../content/heads.ts'
import { historyOf } from '../content/history.ts'
import { type Page, pageLocator } from '../content/space.ts'
import { gatherBundle, localBundle } from './bundles.ts'
import type { Node } from './node.ts'
import type { Task } from './task.ts'
import { versionsWith } from './versions.ts'

/** Versions that bookmarks name and that are got for that. */
const NAMED_MAX = 64
/** Versions of a page that are got to see what its sides came from, and how often their parents are asked for. */
const LINKING_MAX = 256
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
  const get = function* (ids: readonly Uint8Array[]): Task<boolean> {
    const missing = ids.filter((id) => !known.has(id)).slice(0, NAMED_MAX)
    if (missing.length === 0) return false
    const found = (yield* versionsWith(node, missing, locator, isLocal ? node.env.nowMs() : untilMs)).filter(
      (one) => equalBytes(one.locator, locator),
    )
    for (const version of found) known.set(version.id, version)
    return found.length > 0
  }
  const own = yield* ownBookmarks(node, locator)
  yield* get(node.heads.pinned?.(page, own) ?? [])
  const head = node.heads.resolveVersion(page, [...known.values()], own)
  if (head === undefined || !head.choices.some(({ rule }) => FORKS.has(rule))) return head
  const sought = { kind: BOOKMARK }
  const blocks = isLocal
    ? yield* localBundle(node, locator, sought)
    : (yield* gatherBundle(node, locator, untilMs, sought)).blocks
  const bookmarks = bookmarksAmong(blocks.filter((block) => equalBytes(block.locator, locator)))
  const named = bookmarks.flatMap(({ version }) => version ?? [])
  if (named.length === 0) return head
  yield* get(named)
  if (named.some((id) => !head.tips.some((tip) => equalBytes(tip.id, id)))) {
    // A bookmark behind a tip tells only where it is known what the tip came from.
    for (let round = 0; round < ROUNDS_MAX && known.size < LINKING_MAX; round++) {
      if (!(yield* get(historyOf([...known.values()]).missing))) break
    }
  }
  return node.heads.resolveVersion(page, [...known.values()], bookmarks)
}

/** Steps at which bookmarks of others have a say. */
const FORKS: ReadonlySet<string> = new Set(['more bookmarks', 'most trusted author', 'smallest id'])

function* ownBookmarks(node: Node, locator: Uint8Array): Task<Bookmark[]> {
  const { author } = node.identity
  if (author === undefined) return []
  return bookmarksAmong(yield* localBundle(node, locator, { kind: BOOKMARK, signer: author.entity })).filter(
    ({ signer }) => equalBytes(signer, author.entity),
  )
}
