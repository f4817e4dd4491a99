/**
 * A version is one signed state of one page. Versions name their parents, also on another
 * page (so that a rename keeps its history), and so form a DAG:
 *
 *     a ── b ── d      d has the parents b and c: a merge
 *      └── c ──┘       b and c have the parent a: a fork, which is not an error
 */
import {
  checked,
  decode,
  encode,
  id32,
  list,
  struct,
  text,
  uint,
  type Value,
  variant,
} from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import {
  FILE_BYTES_MAX,
  FILE_PIECES_MAX,
  MEDIA_TYPE_BYTES_MAX,
  PARENTS_MAX,
  SUMMARY_BYTES_MAX,
} from '../base/limits.ts'
import { checkMediaType } from './media-type.ts'
import { pathCodec } from './path.ts'
import { PAGE_PIECES_MAX } from './piece.ts'
import type { SignedRecord } from './record.ts'
import { type Page, type Space, spaceOfRef, spaceRef } from './space.ts'
import { PAGE_BYTES_MAX } from './text.ts'

export const VERSION = 3

/** CommonMark, GFM and wiki links, frozen. */
export const MARKUP = 1

/** What a version puts on its page. */
export const pageContent = variant({
  text: struct({
    /** Markup of the text; only MARKUP is known. */
    markup: uint(255, 1),
    textBytes: uint(PAGE_BYTES_MAX),
    /** SHA-256 of the text in normal form. */
    textHash: id32,
    pieces: uint(PAGE_PIECES_MAX, 1),
    /** Root of the table of pieces. */
    root: id32,
  }),
  deleted: struct({}),
  redirect: struct({ space: spaceRef, path: pathCodec }),
  /** Any bytes, as they are: an attachment. */
  file: struct({
    mediaType: checked(text(MEDIA_TYPE_BYTES_MAX, 3), checkMediaType),
    fileBytes: uint(FILE_BYTES_MAX),
    /** SHA-256 of all the bytes; it says where the pieces live, too. */
    fileHash: id32,
    pieces: uint(FILE_PIECES_MAX, 1),
    /** Of the only piece as of a text's, or of the list of tables. */
    root: id32,
  }),
})
export type PageContent = Value<typeof pageContent>
export type TextContent = Extract<PageContent, { type: 'text' }>
export type FileContent = Extract<PageContent, { type: 'file' }>

export const versionBody = struct({
  space: spaceRef,
  path: pathCodec,
  parents: checked(list(id32, PARENTS_MAX), refuseTwice),
  summary: text(SUMMARY_BYTES_MAX),
  content: pageContent,
})
export type VersionBody = Value<typeof versionBody>

/** A version body with its space spelled out. */
export interface Version extends Page {
  parents: Uint8Array[]
  summary: string
  content: PageContent
}

export function decodeVersion(record: SignedRecord): Version {
  const body = decode(versionBody, record.body)
  const space: Space = spaceOfRef(body.space, record.signer)
  if (body.content.type === 'redirect') spaceOfRef(body.content.space, record.signer)
  const { path, parents, summary, content } = body
  return { space, path, parents, summary, content }
}

export function encodeVersion(body: VersionBody): Uint8Array {
  return encode(versionBody, body)
}

/** Throws NOT_CANONICAL where a version or another record names one before it twice. */
export function refuseTwice(ids: Uint8Array[]): void {
  for (let i = 1; i < ids.length; i++) {
    for (let j = 0; j < i; j++) {
      if (equalBytes(ids[i]!, ids[j]!)) throw new SheafError('NOT_CANONICAL', 'an id named twice')
    }
  }
}
