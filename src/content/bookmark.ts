/**
 * A bookmark: an entity says that for it the head of a page is this version. It lives with the page. For its
 * signer it decides; for others it says which way somebody whom they trust would go at a fork.
 */
import { checked, decode, encode, id32, list, optional, struct, type Value } from '../base/codec.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import { PARENTS_MAX } from '../base/limits.ts'
import { pathCodec } from './path.ts'
import type { SignedRecord, VerifiedRecord } from './record.ts'
import { type Page, refOfSpace, spaceOfRef, spaceRef } from './space.ts'
import { refuseTwice } from './version.ts'

export const BOOKMARK = 8

export const bookmark = struct({
  space: spaceRef,
  path: pathCodec,
  /** The head of the page; undefined takes the bookmark back. */
  version: optional(id32),
  /** Bookmarks of this page and signer that this one replaces. */
  replaces: checked(list(id32, PARENTS_MAX), refuseTwice),
})
export type BookmarkBody = Value<typeof bookmark>

/** A verified bookmark with its page spelled out. */
export interface Bookmark extends Page {
  id: Uint8Array
  signer: Uint8Array
  version: Uint8Array | undefined
  replaces: Uint8Array[]
}

/** A body for `signer` to sign, in place of its bookmarks so far. */
export function bookmarkBody(
  { space, path }: Page,
  version: Uint8Array | undefined,
  { signer, replaces }: { signer: Uint8Array; replaces: readonly Bookmark[] },
): Uint8Array {
  return encode(bookmark, {
    space: refOfSpace(space, signer),
    path,
    version,
    replaces: replaces.slice(0, PARENTS_MAX).map(({ id }) => id),
  })
}

/** The body of a record with its page spelled out. Throws NOT_CANONICAL where the signer's own space is. */
export function decodeBookmark({ id, signer, body }: Pick<SignedRecord, 'id' | 'signer' | 'body'>): Bookmark {
  const { space, ...rest } = decode(bookmark, body)
  return { id, signer, ...rest, space: spaceOfRef(space, signer) }
}

/** The bookmarks among verified blocks. */
export function bookmarksAmong(blocks: readonly { record: VerifiedRecord }[]): Bookmark[] {
  return blocks.flatMap(({ record }) => (record.kind === BOOKMARK ? decodeBookmark(record) : []))
}

/** Of the bookmarks of one page those that their signers have not replaced, by signer. Two of one signer are a fork of its, which its next one joins. */
export function standingBookmarks(bookmarks: readonly Bookmark[]): IdMap<Bookmark[]> {
  const replaced = new IdMap<IdSet>()
  for (const { signer, replaces } of bookmarks) {
    const ids = replaced.get(signer) ?? new IdSet()
    for (const id of replaces) ids.add(id)
    replaced.set(signer, ids)
  }
  const standing = new IdMap<Bookmark[]>()
  const seen = new IdSet()
  for (const one of bookmarks) {
    if (replaced.get(one.signer)!.has(one.id) || !seen.add(one.id)) continue
    standing.set(one.signer, [...(standing.get(one.signer) ?? []), one])
  }
  return standing
}
