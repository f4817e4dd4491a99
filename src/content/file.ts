/**
 * A file: any bytes that a version puts on its page. It is cut and compressed as a text is; what
 * does not compress grows by less than a thousandth. A file of one piece travels beside its version.
 * A longer one is listed in tables, which are loose pieces themselves, and the list of the tables
 * travels beside the version:
 *
 *     version ── root over the list of tables
 *       list    [hash t0, pieces, fileBytes] [hash t1, …]
 *       tables  t0 = [h0, bytes, textBytes] [h1, …] … 1,024 at most
 *       pieces  gzip ── hash h0     gzip ── hash h1 …
 *
 * So each table and each piece is checked alone, as it arrives, in any order and from anybody, and a
 * range of a file costs one or two tables and the pieces that it touches. Tables and pieces live at
 * the file's own locator: equal files on several pages are kept once.
 */
import { checked, decode, encode, id32, list, struct, uint, type Value } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { equalBytes, sha256 } from '../base/hash.ts'
import { FILE_BYTES_MAX, FILE_TABLE_PIECES_MAX, FILE_TABLES_MAX } from '../base/limits.ts'
import { leafHash, merkleRoot } from '../base/merkle.ts'
import { openPiece, type PieceEntry, pieceEntry, tableRoot } from './piece.ts'
import type { FileContent } from './version.ts'

/** What is known of a file once it has been cut. */
export interface FileDraft {
  mediaType: string
  /** SHA-256 of all its bytes. */
  fileHash: Uint8Array
  /** Its pieces in their order, at least one. */
  pieces: PieceEntry[]
  /** The piece itself, where it is the only one. */
  only: Uint8Array | undefined
}

/** A table as a loose piece. */
export interface FileTable {
  /** SHA-256 of `bytes`. */
  hash: Uint8Array
  bytes: Uint8Array
  pieces: PieceEntry[]
}

/** One table as the list of them has it. */
export type TableEntry = Value<typeof tableEntry>

/** A file as a version's block shows it: whole, or the list of its tables. */
export type FileParts = { bytes: Uint8Array } | { tables: TableEntry[] }

const tableEntry = struct({
  hash: id32,
  pieces: uint(FILE_TABLE_PIECES_MAX, 1),
  fileBytes: uint(FILE_BYTES_MAX, 1),
})
const tableList = checked(list(tableEntry, FILE_TABLES_MAX, 1), refuseTooLong)
/**
 * A table is known by its hash, as a record is, and must not pass for one: a record has 115 bytes or
 * more and begins with 1, and a list of one entry has 38.
 */
const fileTable = checked(list(pieceEntry, FILE_TABLE_PIECES_MAX, 1), refuseEmpty)

/** A file that was cut → what its version signs, what travels beside the version, and its tables. */
export function formFile({ mediaType, fileHash, pieces, only }: FileDraft): {
  content: FileContent
  attachment: Uint8Array
  tables: FileTable[]
} {
  const about = { type: 'file' as const, mediaType, fileBytes: bytesIn(pieces), fileHash }
  if (pieces.length === 1) {
    if (only === undefined) throw new SheafError('BAD_ARGUMENT', 'a file of one piece without the piece')
    return { content: { ...about, pieces: 1, root: tableRoot(pieces) }, attachment: only, tables: [] }
  }
  const tables = tablesOf(pieces)
  const entries = tables.map(entryOf)
  return {
    content: { ...about, pieces: pieces.length, root: listRoot(entries) },
    attachment: encodeTableList(entries),
    tables,
  }
}

/**
 * What travels beside a version → the file, or the list of its tables; the inverse of `formFile`.
 * Throws BAD_HASH where it is not what was signed, BAD_FORMAT where it cannot be this file's.
 */
export function openFile(content: FileContent, attachment: Uint8Array): FileParts {
  if (content.pieces === 1) return { bytes: openOnly(content, attachment) }
  const tables = decodeTableList(attachment)
  if (!equalBytes(listRoot(tables), content.root)) {
    throw new SheafError('BAD_HASH', 'the list of tables is not the one that was signed')
  }
  const pieces = tables.reduce((sum, one) => sum + one.pieces, 0)
  const fileBytes = tables.reduce((sum, one) => sum + one.fileBytes, 0)
  if (pieces !== content.pieces || fileBytes !== content.fileBytes) {
    throw new SheafError('BAD_FORMAT', `tables of ${fileBytes} bytes for a file of ${content.fileBytes}`)
  }
  return { tables }
}

/** Tables → their list's bytes. */
export function encodeTableList(tables: TableEntry[]): Uint8Array {
  return encode(tableList, tables)
}

/** Bytes → list of tables. The inverse of `encodeTableList`. */
export function decodeTableList(bytes: Uint8Array): TableEntry[] {
  return decode(tableList, bytes)
}

/** A table as it arrived → its pieces. Throws BAD_HASH where it is another, BAD_FORMAT where it says other than was signed of it. */
export function openTable(entry: TableEntry, bytes: Uint8Array): PieceEntry[] {
  if (!equalBytes(sha256(bytes), entry.hash)) {
    throw new SheafError('BAD_HASH', 'a table that is none of those that were signed')
  }
  const pieces = decodeFileTable(bytes)
  if (pieces.length !== entry.pieces || bytesIn(pieces) !== entry.fileBytes) {
    throw new SheafError('BAD_FORMAT', `a table of ${pieces.length} pieces where ${entry.pieces} were signed`)
  }
  return pieces
}

/** Pieces → their table's bytes. */
export function encodeFileTable(pieces: PieceEntry[]): Uint8Array {
  return encode(fileTable, pieces)
}

/** Bytes → table. Hashes are views into `bytes`. The inverse of `encodeFileTable`. */
export function decodeFileTable(bytes: Uint8Array): PieceEntry[] {
  return decode(fileTable, bytes)
}

/** A piece of a file as it arrived → its bytes. Throws BAD_HASH, BAD_FORMAT, BAD_GZIP, TOO_LARGE. */
export function openFilePiece(entry: PieceEntry, piece: Uint8Array): Uint8Array {
  if (!equalBytes(sha256(piece), entry.hash)) {
    throw new SheafError('BAD_HASH', 'a piece that is none of those that were signed')
  }
  return openPiece(piece, entry)
}

/** A part of a whole that lies in a range, and the number of its first byte in the whole. */
export interface Part<T> {
  part: T
  begins: number
}

/** Those of the parts, one after the other, that have a byte from `from` on and before `to`. */
export function partsWithin<T>(
  parts: readonly T[],
  bytesOf: (part: T) => number,
  { from, to, begins = 0 }: { from: number; to: number; begins?: number },
): Part<T>[] {
  const within: Part<T>[] = []
  let at = begins
  for (const part of parts) {
    const ends = at + bytesOf(part)
    if (at < to && ends > from) within.push({ part, begins: at })
    at = ends
  }
  return within
}

/** Of bytes that begin at `begins` of the whole, those from `from` on and before `to`. */
export function sliceWithin(
  bytes: Uint8Array,
  begins: number,
  { from, to }: { from: number; to: number },
): Uint8Array {
  return bytes.subarray(Math.max(0, from - begins), Math.max(0, to - begins))
}

/** Each table filled before the next begins. */
function tablesOf(pieces: PieceEntry[]): FileTable[] {
  const tables: FileTable[] = []
  for (let at = 0; at < pieces.length; at += FILE_TABLE_PIECES_MAX) {
    const part = pieces.slice(at, at + FILE_TABLE_PIECES_MAX)
    const bytes = encodeFileTable(part)
    tables.push({ hash: sha256(bytes), bytes, pieces: part })
  }
  return tables
}

function entryOf({ hash, pieces }: FileTable): TableEntry {
  return { hash, pieces: pieces.length, fileBytes: bytesIn(pieces) }
}

function listRoot(entries: readonly TableEntry[]): Uint8Array {
  return merkleRoot(entries.map((entry) => leafHash(encode(tableEntry, entry))))
}

function openOnly({ fileBytes, fileHash, root }: FileContent, piece: Uint8Array): Uint8Array {
  const entry = { hash: sha256(piece), bytes: piece.byteLength, textBytes: fileBytes }
  if (!equalBytes(tableRoot([entry]), root)) {
    throw new SheafError('BAD_HASH', 'the piece is not the one that was signed')
  }
  const bytes = openPiece(piece, entry)
  if (!equalBytes(sha256(bytes), fileHash)) {
    throw new SheafError('BAD_HASH', 'the file is not the one that was signed')
  }
  return bytes
}

function refuseEmpty(pieces: readonly PieceEntry[]): void {
  if (pieces.some(({ textBytes }) => textBytes === 0)) {
    throw new SheafError('NOT_CANONICAL', 'an empty piece among others')
  }
}

function refuseTooLong(tables: readonly TableEntry[]): void {
  const bytes = tables.reduce((sum, { fileBytes }) => sum + fileBytes, 0)
  if (bytes > FILE_BYTES_MAX) {
    throw new SheafError('TOO_LARGE', `a file of ${bytes} bytes where ${FILE_BYTES_MAX} fit`)
  }
}

function bytesIn(pieces: readonly PieceEntry[]): number {
  return pieces.reduce((sum, { textBytes }) => sum + textBytes, 0)
}
