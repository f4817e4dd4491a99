/**
 * Whose a loose piece is: a keeper takes none that nobody signed for. A version names the pieces of
 * its text, or the tables of its file; a table names the pieces of the file; an index its chunks.
 */
import { decode } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { IdMap } from '../base/id-map.ts'
import { parseBlock } from '../content/block.ts'
import { decodeChunk } from '../content/chunks.ts'
import { decodeFileTable, decodeTableList, openTable } from '../content/file.ts'
import { decompress } from '../content/gzip.ts'
import { locatorOf } from '../content/kinds.ts'
import { decodeTable, type PieceEntry } from '../content/piece.ts'
import { KEY_ROTATION, keyRotation } from '../content/rotation.ts'
import { fileLocator } from '../content/space.ts'
import { SPACE_INDEX, spaceIndex } from '../content/space-index.ts'
import { checkStandsChunk, openStandsTable } from '../content/stood-by.ts'
import { decodeVersion, VERSION } from '../content/version.ts'

/** What a block or a table says of loose pieces: where they live, and by hash what each must be. */
export interface Owner {
  locator: Uint8Array
  /** Throws where bytes of this hash are not what they are named as. */
  pieces: IdMap<(bytes: Uint8Array) => void>
}

/** A hash alone does not make bytes a piece: a record's id is a hash as well, and a hostile table may name it. */
export function ownerIn(block: Uint8Array): Owner {
  const { record, attachment } = parseBlock(block)
  const pieces: Owner['pieces'] = new IdMap()
  let locator = locatorOf(record)
  if (record.kind === SPACE_INDEX) {
    for (const { hash } of decode(spaceIndex, record.body).chunks) pieces.set(hash, decodeChunk)
  } else if (record.kind === KEY_ROTATION) {
    const { stands } = decode(keyRotation, record.body)
    for (const entry of openStandsTable(attachment, stands)) {
      pieces.set(entry.hash, (bytes) => checkStandsChunk(bytes, entry))
    }
  } else if (record.kind === VERSION) {
    const { content } = decodeVersion(record)
    if (content.type === 'text' && content.pieces > 1) addPieces(pieces, decodeTable(attachment))
    if (content.type === 'file') {
      locator = fileLocator(content.fileHash)
      const tables = content.pieces > 1 ? decodeTableList(attachment) : []
      for (const entry of tables) pieces.set(entry.hash, (bytes) => void openTable(entry, bytes))
    }
  }
  return { locator, pieces }
}

/** The same for a table of a file that lives at `locator`. */
export function ownerInTable(table: Uint8Array, locator: Uint8Array): Owner {
  const pieces: Owner['pieces'] = new IdMap()
  addPieces(pieces, decodeFileTable(table))
  return { locator, pieces }
}

function addPieces(pieces: Owner['pieces'], table: readonly PieceEntry[]): void {
  for (const { hash, textBytes } of table) pieces.set(hash, (bytes) => refuseOther(bytes, textBytes))
}

/** Throws BAD_GZIP, TOO_LARGE or BAD_FORMAT where a piece does not hold a text of this length. */
function refuseOther(piece: Uint8Array, textBytes: number): void {
  const found = decompress(piece, { bytesMax: textBytes }).byteLength
  if (found !== textBytes)
    throw new SheafError('BAD_FORMAT', `a piece with ${found} bytes of text where ${textBytes} were signed`)
}
