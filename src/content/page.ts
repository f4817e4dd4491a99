/**
 * From markdown to what is stored, and back: the two ends of a page's path.
 *
 *     markdown → normal form → pieces (gzip, hashed) → version (signed) → block
 */
import type { Value } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { RECORD_BATCH_MAX } from '../base/limits.ts'
import type { Network } from '../base/network.ts'
import { formBlock, type VerifyContext, verifyBlock } from './block.ts'
import { type FileDraft, type FileTable, formFile } from './file.ts'
import { checkPath } from './path.ts'
import {
  type CutText,
  cutText,
  encodeTable,
  type Piece,
  type PieceContent,
  contentOf as textContentOf,
} from './piece.ts'
import { type Draft, type Sign, type SignedRecord, signRecords } from './record.ts'
import { type Page, pageLocator, refOfSpace, type Space } from './space.ts'
import { PAGE_BYTES_MAX, requireNormal } from './text.ts'
import { encodeVersion, MARKUP, type PageContent, VERSION, type versionBody } from './version.ts'

/** An entity that signs: its id, the key record it signs under, and the means. */
export interface Author {
  entity: Uint8Array
  key: Uint8Array
  network: Network
  sign: Sign
}

/** What a version is to say. */
export interface PageDraft {
  space: Space
  path: string
  /** Markdown in normal form; undefined deletes the page, or leads to `redirect`. */
  text: Uint8Array | undefined
  redirect?: Page | undefined
  /** In place of a text: a file, whose pieces are stored. */
  file?: FileDraft | undefined
  parents: Uint8Array[]
  summary: string
  timeMs: number
  /** 8 bytes of chance. */
  nonce: Uint8Array
}

/** A signed version and all that belongs to it, ready to be stored. */
export interface SealedPage {
  id: Uint8Array
  locator: Uint8Array
  path: string
  timeMs: number
  /** The version with its piece, or with the table of its pieces. */
  block: Uint8Array
  /** The pieces where they are several; they live at the same locator. */
  pieces: Piece[]
  /** The tables of a file of several pieces; they live at the file's locator. */
  tables: FileTable[]
}

/** Markdown → signed, compressed pages; one signature for each RECORD_BATCH_MAX of them. */
export function compressSignMarkdown(drafts: PageDraft[], author: Author): SealedPage[] {
  const cuts = drafts.map(({ text }) => {
    if (text === undefined) return undefined
    requirePage(text)
    return cutText(text)
  })
  return signPages(drafts, cuts, author)
}

/** The same with texts that were cut beforehand, each with its draft at its place. They are in normal form. */
export function signPages(
  drafts: PageDraft[],
  cuts: readonly (CutText | undefined)[],
  author: Author,
): SealedPage[] {
  const sealed: SealedPage[] = []
  for (let at = 0; at < drafts.length; at += SIGN_BATCH) {
    sealed.push(...sealBatch(drafts.slice(at, at + SIGN_BATCH), cuts.slice(at, at + SIGN_BATCH), author))
  }
  return sealed
}

/** Throws TOO_LARGE or BAD_TEXT for what cannot be the text of a page. */
export function requirePage(text: Uint8Array): void {
  if (text.byteLength > PAGE_BYTES_MAX) {
    throw new SheafError('TOO_LARGE', `a page of ${text.byteLength} bytes where ${PAGE_BYTES_MAX} fit`)
  }
  requireNormal(text)
}

/** Block → markdown, verified; the inverse of `compressSignMarkdown` for pages of one piece. */
export function verifyDecompressMarkdown(block: Uint8Array, context: VerifyContext): Uint8Array {
  const verified = verifyBlock(block, context)
  if (verified.type !== 'version' || verified.text === undefined) {
    throw new SheafError('BAD_FORMAT', 'not a version of one piece')
  }
  return verified.text
}

/**
 * Records under one signature. The proof costs 32 bytes a record and level: at 16 it is
 * 128 bytes for 1/16 of the signatures; beyond, the bytes grow and little is left to save.
 */
const SIGN_BATCH = Math.min(16, RECORD_BATCH_MAX)

function sealBatch(
  drafts: PageDraft[],
  cuts: readonly (CutText | undefined)[],
  author: Author,
): SealedPage[] {
  const batch = drafts.map((draft, i) => ({ draft, ...(cuts[i] ?? NO_TEXT) }))
  return hashSignPiece(batch, author).map((record, i) => sealedPage(drafts[i]!, batch[i]!.pieces, record))
}

const NO_TEXT = { pieces: [] }

/**
 * Signs for each draft the root over the hashes of its pieces: a version a draft, all under one signature. At most
 * RECORD_BATCH_MAX. What is signed of a text is computed where it is not given.
 */
export function hashSignPiece(
  batch: { draft: PageDraft; pieces: Piece[]; content?: PieceContent }[],
  author: Author,
): SignedRecord[] {
  const drafts = batch.map(({ draft, pieces, content }) => {
    return versionDraft(draft, draft.text && (content ?? textContentOf(draft.text, pieces)), author)
  })
  return signRecords(drafts, author.network, author.sign)
}

function versionDraft(draft: PageDraft, text: PieceContent | undefined, author: Author): Draft {
  checkPath(draft.path)
  const body: Value<typeof versionBody> = {
    space: refOfSpace(draft.space, author.entity),
    path: draft.path,
    parents: draft.parents,
    summary: draft.summary,
    content: contentOf(draft, text, author),
  }
  return {
    kind: VERSION,
    signer: author.entity,
    key: author.key,
    timeMs: draft.timeMs,
    nonce: draft.nonce,
    body: encodeVersion(body),
  }
}

function contentOf(
  { redirect, file }: PageDraft,
  text: PieceContent | undefined,
  { entity }: Author,
): PageContent {
  if (file !== undefined) return formFile(file).content
  if (text !== undefined) return { type: 'text', markup: MARKUP, ...text }
  if (redirect === undefined) return { type: 'deleted' }
  checkPath(redirect.path)
  return { type: 'redirect', space: refOfSpace(redirect.space, entity), path: redirect.path }
}

function sealedPage(draft: PageDraft, pieces: Piece[], record: SignedRecord): SealedPage {
  const file = draft.file && formFile(draft.file)
  const only = pieces.length === 1 ? pieces[0]!.bytes : undefined
  const attachment = file?.attachment ?? only ?? (pieces.length > 1 ? encodeTable(pieces) : undefined)
  return {
    id: record.id,
    locator: pageLocator(draft),
    path: draft.path,
    timeMs: record.timeMs,
    block: formBlock(record, attachment),
    pieces: only === undefined ? pieces : [],
    tables: file?.tables ?? [],
  }
}
