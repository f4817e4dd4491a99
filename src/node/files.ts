/**
 * Reading files: the pieces that a range touches, and no other, from here or from several peers at
 * once. Each table and each piece is checked as it arrives and kept, so a reading that was broken off
 * goes on where it was.
 */
import { SheafError } from '../base/errors.ts'
import type { VerifiedVersion } from '../content/block.ts'
import { type FileParts, openFilePiece, openTable, partsWithin, sliceWithin } from '../content/file.ts'
import { fileLocator } from '../content/space.ts'
import type { FileContent } from '../content/version.ts'
import type { Node } from './node.ts'
import { loosePieces } from './pieces.ts'
import type { Task } from './task.ts'

/** Bytes of one reading: what waits in memory for whoever reads slowly. */
export const READ_BYTES_MAX = 4 * 1024 * 1024
/** About a megabyte of pieces: a reading is shared among as many peers as there are. */
const QUERY_PIECES = 16

/** The bytes from `from` on and before `to`; fewer where the file ends. Throws what the store and look-ups throw, and the code of an author's mistake: BAD_FORMAT, BAD_GZIP. */
export function* filePart(
  node: Node,
  { content, file }: { content: FileContent; file: FileParts },
  range: { from: number; to: number },
  untilMs: number,
): Task<Uint8Array> {
  if (range.to - range.from > READ_BYTES_MAX) {
    throw new SheafError(
      'TOO_LARGE',
      `${range.to - range.from} bytes in one reading of at most ${READ_BYTES_MAX}`,
    )
  }
  if ('bytes' in file) return sliceWithin(file.bytes, 0, range)
  const locator = fileLocator(content.fileHash)
  const options = { untilMs, isKept: true, queryIds: QUERY_PIECES }
  const tables = partsWithin(file.tables, ({ fileBytes }) => fileBytes, range)
  const listed = yield* loosePieces(
    node,
    tables.map(({ part }) => part.hash),
    locator,
    options,
  )
  const places = tables.flatMap(({ part, begins }, i) => {
    return partsWithin(openTable(part, listed[i]!), ({ textBytes }) => textBytes, { ...range, begins })
  })
  const pieces = yield* loosePieces(
    node,
    places.map(({ part }) => part.hash),
    locator,
    options,
  )
  const bytes = places.map(({ part, begins }, i) =>
    sliceWithin(openFilePiece(part, pieces[i]!), begins, range),
  )
  return Buffer.concat(bytes)
}

/** The file of a version. Throws BAD_ARGUMENT where it has none. */
export function fileOf({ version, file }: VerifiedVersion): { content: FileContent; file: FileParts } {
  if (version.content.type === 'file' && file !== undefined) return { content: version.content, file }
  throw new SheafError('BAD_ARGUMENT', 'that version is no file', { hint: 'sheaf get prints its text' })
}
