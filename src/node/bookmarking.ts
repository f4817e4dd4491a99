/** Bookmarks of this node's own: "for me, the head of this page is this version". */
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { BOOKMARK, bookmarkBody, bookmarksAmong, standingBookmarks } from '../content/bookmark.ts'
import { pageLocator, pageToText } from '../content/space.ts'
import { localBundle } from './bundles.ts'
import type { Answers, Command } from './commands.ts'
import { declare } from './declaring.ts'
import type { Node } from './node.ts'
import type { Reader } from './reading.ts'
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
