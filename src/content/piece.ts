/**
 * A text is stored as pieces: each at most PIECE_TEXT_BYTES_MAX bytes of it, compressed and
 * known by the SHA-256 of the compressed bytes. A table lists the pieces in the order of the
 * text; the author signs the table's root beside the length and the hash of the whole text.
 *
 *     text    |----- 61,440 -----|----- 61,440 -----|-- rest --|
 *     pieces  gzip ── hash h0     gzip ── hash h1    gzip ── hash h2
 *     table   [h0, bytes, textBytes] [h1, …] [h2, …]  ── Merkle root, signed
 *
 * A cut may fall inside a UTF-8 character: only the whole is text, and only the whole is
 * checked to be in normal form. Readers take pieces of any length, so that a later author may
 * cut elsewhere without another format.
 */
import { checked, decode, encode, id32, list, struct, uint } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { equalBytes, sha256 } from '../base/hash.ts'
import { idKey } from '../base/id-map.ts'
import { PAGE_BYTES_MAX, PAGE_PIECES_MAX, PIECE_BYTES_MAX, PIECE_TEXT_BYTES_MAX } from '../base/limits.ts'
import { leafHash, merkleRoot } from '../base/merkle.ts'
import { compress, decompress, GZIP_BYTES_MIN } from './gzip.ts'
import { requireNormal } from './text.ts'

export { PAGE_PIECES_MAX, PIECE_BYTES_MAX, PIECE_TEXT_BYTES_MAX }

export interface Piece {
  /** SHA-256 of `bytes`. */
  hash: Uint8Array
  /** One gzip member. */
  bytes: Uint8Array
  /** Length of the text inside. */
  textBytes: number
}

/** A piece as the table lists it. */
export interface PieceEntry {
  hash: Uint8Array
  /** Length of the gzip member. */
  bytes: number
  textBytes: number
}

/** 1 to PAGE_PIECES_MAX entries in the order of the text. */
export type PieceTable = PieceEntry[]

/** What a version signs of its text. */
export interface PieceContent {
  textBytes: number
  /** SHA-256 of the text in normal form. */
  textHash: Uint8Array
  /** Entries of the table. */
  pieces: number
  /** `tableRoot` of the table. */
  root: Uint8Array
}

/** A text on its way into a version. */
export interface CutText {
  pieces: Piece[]
  content: PieceContent
}

/** A sender's piece that does not belong: the sender's doing, whoever wrote the page. */
export interface PieceFault<Sender> {
  fault: Sender
  error: SheafError
}

/** Text → its pieces and what a version signs of them: all that is dear about a publish, and needs nobody's key. */
export function cutText(text: Uint8Array): CutText {
  const pieces = cut(text)
  return { pieces, content: contentOf(text, pieces) }
}

/** Text → its pieces, at least one. The inverse is `combineVerify`. */
export function cut(text: Uint8Array): Piece[] {
  const pieces: Piece[] = []
  for (let at = 0; at === 0 || at < text.byteLength; at += PIECE_TEXT_BYTES_MAX) {
    pieces.push(pieceOf(text.subarray(at, at + PIECE_TEXT_BYTES_MAX)))
  }
  return pieces
}

/** At most PIECE_TEXT_BYTES_MAX bytes of text → piece. */
export function pieceOf(text: Uint8Array): Piece {
  if (text.byteLength > PIECE_TEXT_BYTES_MAX) {
    throw new SheafError(
      'TOO_LARGE',
      `${text.byteLength} bytes of text where a piece takes ${PIECE_TEXT_BYTES_MAX}`,
    )
  }
  const bytes = compress(text)
  return { hash: sha256(bytes), bytes, textBytes: text.byteLength }
}

/** Text in normal form and its pieces → what a version signs of them. */
export function contentOf(text: Uint8Array, pieces: readonly Piece[]): PieceContent {
  return {
    textBytes: text.byteLength,
    textHash: sha256(text),
    pieces: pieces.length,
    root: tableRoot(pieces),
  }
}

/** The Merkle root over the encoded entries, 32 bytes. Takes pieces as well as their table. */
export function tableRoot(pieces: readonly (Piece | PieceEntry)[]): Uint8Array {
  return merkleRoot(pieces.map((piece) => leafHash(encode(pieceEntry, entryOf(piece)))))
}

/** Pieces, or their table → the table's bytes. */
export function encodeTable(pieces: readonly (Piece | PieceEntry)[]): Uint8Array {
  return encode(pieceTable, pieces.map(entryOf))
}

/** Bytes → table. Hashes are views into `bytes`. The inverse of `encodeTable`. */
export function decodeTable(bytes: Uint8Array): PieceTable {
  return decode(pieceTable, bytes)
}

/**
 * Starts to collect the text that `content` describes. Throws where `table` is not the one
 * that was signed (BAD_HASH) or cannot be a table of this text (BAD_FORMAT, TOO_LARGE).
 */
export function combineVerify<Sender>(content: PieceContent, table: PieceTable): Combine<Sender> {
  if (table.length !== content.pieces || !equalBytes(tableRoot(table), content.root)) {
    throw new SheafError('BAD_HASH', 'the table of pieces is not the one that was signed')
  }
  refuseLengths(table)
  if (textBytesOf(table) !== content.textBytes) {
    throw new SheafError(
      'BAD_FORMAT',
      `pieces of ${textBytesOf(table)} bytes for a text of ${content.textBytes}`,
    )
  }
  return new Combine(content, table)
}

/**
 * The pieces of one text as they arrive, in any order and from several senders. It holds at
 * most the text itself. Made by `combineVerify`, which has checked the table.
 */
export class Combine<Sender> {
  readonly #content: PieceContent
  readonly #table: PieceTable
  readonly #texts: (Uint8Array | undefined)[]
  /** The places of each hash: a text that repeats itself has the same piece twice. */
  readonly #places = new Map<string, number[]>()
  #missing: number

  constructor(content: PieceContent, table: PieceTable) {
    this.#content = content
    this.#table = table
    this.#texts = table.map(() => undefined)
    this.#missing = table.length
    table.forEach((entry, place) => {
      const places = this.#places.get(idKey(entry.hash))
      if (places === undefined) this.#places.set(idKey(entry.hash), [place])
      else {
        refuseContradiction(entry, table[places[0]!]!)
        places.push(place)
      }
    })
  }

  get complete(): boolean {
    return this.#missing === 0
  }

  /** The hashes of the pieces that are not here yet, each once, in the order of the text. */
  get missing(): Uint8Array[] {
    const isWanted = (hash: Uint8Array, place: number): boolean =>
      this.#texts[place] === undefined && this.#places.get(idKey(hash))?.[0] === place
    return this.#table.map(({ hash }) => hash).filter(isWanted)
  }

  /**
   * Takes a piece that `sender` sent. Tells the fault of a sender whose piece belongs nowhere
   * (BAD_HASH) or is too long to belong anywhere (TOO_LARGE). Throws where the piece is the one
   * that the author signed and yet no text of the signed length (BAD_GZIP, TOO_LARGE,
   * BAD_FORMAT): no other sender has a better one, and none is at fault.
   */
  add(piece: Uint8Array, sender: Sender): 'added' | 'known' | PieceFault<Sender> {
    if (piece.byteLength > PIECE_BYTES_MAX) {
      const message = `a piece of ${piece.byteLength} bytes where ${PIECE_BYTES_MAX} fit`
      return { fault: sender, error: new SheafError('TOO_LARGE', message) }
    }
    const places = this.#places.get(idKey(sha256(piece)))
    if (places === undefined) {
      const message = `a piece that is none of the ${this.#table.length} that were signed`
      return { fault: sender, error: new SheafError('BAD_HASH', message) }
    }
    const first = places[0]!
    if (this.#texts[first] !== undefined) return 'known'
    const text = openPiece(piece, this.#table[first]!)
    for (const place of places) this.#texts[place] = text
    this.#missing -= places.length
    return 'added'
  }

  /**
   * The whole text, or undefined while pieces are missing. Throws BAD_HASH where the whole is
   * not what was signed, BAD_TEXT where it is not in normal form.
   */
  text(): Uint8Array | undefined {
    if (!this.complete) return undefined
    const text = Buffer.concat(this.#texts as Uint8Array[], this.#content.textBytes)
    if (!equalBytes(sha256(text), this.#content.textHash)) {
      throw new SheafError('BAD_HASH', 'the text is not the one that was signed')
    }
    requireNormal(text)
    return text
  }
}

/** A signed piece → its text. Throws BAD_FORMAT for another length than was signed, BAD_GZIP, TOO_LARGE. */
export function openPiece(piece: Uint8Array, { bytes, textBytes }: PieceEntry): Uint8Array {
  if (piece.byteLength !== bytes) {
    throw new SheafError('BAD_FORMAT', `a piece of ${piece.byteLength} bytes where ${bytes} were signed`)
  }
  const text = decompress(piece, { bytesMax: textBytes })
  if (text.byteLength !== textBytes) {
    throw new SheafError(
      'BAD_FORMAT',
      `a piece with ${text.byteLength} bytes of text where ${textBytes} were signed`,
    )
  }
  return text
}

export const pieceEntry = struct({
  hash: id32,
  bytes: uint(PIECE_BYTES_MAX, GZIP_BYTES_MIN),
  textBytes: uint(PIECE_TEXT_BYTES_MAX),
})

const pieceTable = checked(list(pieceEntry, PAGE_PIECES_MAX, 1), refuseLengths)

function entryOf(piece: Piece | PieceEntry): PieceEntry {
  const { hash, bytes, textBytes } = piece
  return { hash, bytes: typeof bytes === 'number' ? bytes : bytes.byteLength, textBytes }
}

/** A piece of nothing is the whole of an empty text, and no text is longer than a page. */
function refuseLengths(table: PieceTable): void {
  if (table.length > 1 && table.some(({ textBytes }) => textBytes === 0)) {
    throw new SheafError('NOT_CANONICAL', 'an empty piece among others')
  }
  if (textBytesOf(table) > PAGE_BYTES_MAX) {
    throw new SheafError('TOO_LARGE', `a text of ${textBytesOf(table)} bytes where ${PAGE_BYTES_MAX} fit`)
  }
}

function refuseContradiction(entry: PieceEntry, earlier: PieceEntry): void {
  if (entry.bytes !== earlier.bytes || entry.textBytes !== earlier.textBytes) {
    throw new SheafError('BAD_FORMAT', 'one piece listed with two lengths')
  }
}

function textBytesOf(table: PieceTable): number {
  return table.reduce((total, { textBytes }) => total + textBytes, 0)
}
