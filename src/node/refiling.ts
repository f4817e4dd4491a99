/**
 * A file that some version has, put on a page once more, as a page that is renamed or gone back to needs it: nothing is
 * sent in again. What of it is not here is fetched first, so that whoever signs for it has it.
 */
import { sha256 } from '../base/hash.ts'
import { parseBlock } from '../content/block.ts'
import { type FileDraft, openTable } from '../content/file.ts'
import type { PieceEntry } from '../content/piece.ts'
import { fileLocator } from '../content/space.ts'
import type { CommandOf, PageInput } from './commands.ts'
import { fileOf } from './files.ts'
import type { Node } from './node.ts'
import { loosePieces } from './pieces.ts'
import type { Reader } from './reading.ts'
import type { Task } from './task.ts'

/** Pieces that are fetched at once: 4 MiB of them at most are in memory. */
const PIECES_AT_ONCE = 64

/** The same command with the files that its pages name by a version. Throws what a look-up throws, BAD_ARGUMENT for a version that is no file. */
export function* withFiles(
  node: Node,
  reader: Reader,
  command: CommandOf<'publish'>,
): Task<CommandOf<'publish'>> {
  if (!command.pages.some(({ fileOf: id }) => id !== undefined)) return command
  const untilMs = command.untilMs ?? node.env.nowMs()
  const pages: PageInput[] = []
  for (const page of command.pages) {
    const { fileOf: id } = page
    pages.push(id === undefined ? page : { ...page, file: yield* fileAgain(node, reader, id, untilMs) })
  }
  return { ...command, pages }
}

function* fileAgain(node: Node, reader: Reader, id: Uint8Array, untilMs: number): Task<FileDraft> {
  const { version } = yield* reader.versionById(id, untilMs)
  const { content, file } = fileOf(version)
  const { mediaType, fileHash, fileBytes } = content
  if ('bytes' in file) {
    const only = parseBlock(version.bytes).attachment
    const pieces = [{ hash: sha256(only), bytes: only.byteLength, textBytes: fileBytes }]
    return { mediaType, fileHash, pieces, only }
  }
  const place = fileLocator(fileHash)
  const options = { untilMs, isKept: true }
  const hashes = file.tables.map(({ hash }) => hash)
  const tables = yield* loosePieces(node, hashes, place, options)
  const pieces: PieceEntry[] = file.tables.flatMap((entry, i) => openTable(entry, tables[i]!))
  for (let at = 0; at < pieces.length; at += PIECES_AT_ONCE) {
    const part = pieces.slice(at, at + PIECES_AT_ONCE).map(({ hash }) => hash)
    const metas = yield* node.store.meta(part)
    const missing = part.filter((_, i) => metas[i] === undefined)
    if (missing.length > 0) yield* loosePieces(node, missing, place, options)
  }
  return { mediaType, fileHash, pieces, only: undefined }
}
