/**
 * Files of our own on their way in: their pieces are stored as they come, so that no more than a few
 * are in memory; the version that signs for them comes last, with the tables and the notes that make
 * the outbox hand all of it on. What a crash cuts off is there already when the file is sent again.
 *
 *     stow … stow ──▶ publish ──▶ version · tables · notes of batches, synced
 */
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { FILE_BYTES_MAX, FILE_PIECES_MAX } from '../base/limits.ts'
import { type FileDraft, formFile } from '../content/file.ts'
import type { SealedPage } from '../content/page.ts'
import { type PieceEntry, pieceOf } from '../content/piece.ts'
import { fileLocator } from '../content/space.ts'
import { type PageContent, VERSION } from '../content/version.ts'
import { deniedHere } from './denials.ts'
import type { Node } from './node.ts'
import type { Outbox } from './outbox.ts'
import type { OwnBlock } from './own-index.ts'
import { neededBytes, quotaFull } from './quota.ts'
import { logicalBytes, type StoredBlock } from './store.ts'
import type { Task } from './task.ts'
import { ASK_IDS_MAX } from './wire.ts'

/** Gzip around bytes that do not compress. */
const GROWTH = 1.001
const META_IDS = 1_024

/** Cuts no more than it is given: each part becomes a piece, stored where the file lives. Throws QUOTA_FULL before anything of a file that does not fit, REFUSED for one that the operator denied. */
export function* stow(
  node: Node,
  { fileHash, fileBytes, parts }: { fileHash: Uint8Array; fileBytes: number; parts: Uint8Array[] },
): Task<PieceEntry[]> {
  if (fileBytes > FILE_BYTES_MAX) {
    throw new SheafError('TOO_LARGE', `a file of ${fileBytes} bytes where ${FILE_BYTES_MAX} fit`)
  }
  const locator = fileLocator(fileHash)
  if (!node.retention.serves(locator)) throw deniedHere('this file')
  if (parts.length === 0) {
    yield* refuseBeyondQuota(node, locator, fileBytes)
    return []
  }
  const pieces = parts.map(pieceOf)
  yield* node.store.append(
    'outbox',
    pieces.map((piece) => looseBlock(piece.hash, piece.bytes, locator)),
    {
      sync: false,
    },
  )
  return pieces.map(({ hash, bytes, textBytes }) => ({ hash, bytes: bytes.byteLength, textBytes }))
}

/** Half a file helps nobody. What is here of it already takes no room again. */
function* refuseBeyondQuota(node: Node, locator: Uint8Array, fileBytes: number): Task<void> {
  const used = logicalBytes(yield* node.store.usage())
  const needed = Math.ceil(fileBytes * GROWTH)
  if (used + needed <= node.quotaBytes) return
  const here = neededBytes(yield* node.store.at(locator, FILE_PIECES_MAX, 0))
  const rest = Math.max(0, needed - here)
  if (used + rest > node.quotaBytes) throw quotaFull(used, node.quotaBytes, rest)
}

/** Whether a version puts exactly this file on its page. */
export function saysTheFile(content: PageContent, { mediaType, fileHash }: FileDraft): boolean {
  return content.type === 'file' && content.mediaType === mediaType && equalBytes(content.fileHash, fileHash)
}

/** Whether all of a file is here: a crash may come between a version and its tables. Throws BAD_ARGUMENT where its pieces were not stowed. */
export function* isKeptWhole(node: Node, file: FileDraft): Task<boolean> {
  if (file.pieces.length === 1) return true
  const pieces = yield* metasOf(
    node,
    file.pieces.map(({ hash }) => hash),
  )
  if (pieces.includes(undefined)) throw new SheafError('BAD_ARGUMENT', 'pieces of a file that are not stored')
  const tables = yield* metasOf(
    node,
    formFile(file).tables.map(({ hash }) => hash),
  )
  return !tables.includes(undefined)
}

function* metasOf(node: Node, ids: Uint8Array[]): Task<unknown[]> {
  const metas: unknown[] = []
  for (let at = 0; at < ids.length; at += META_IDS) {
    metas.push(...(yield* node.store.meta(ids.slice(at, at + META_IDS))))
  }
  return metas
}

/**
 * Writes the tables of a file whose version is stored, with the notes of the batches that hand it on;
 * their roots. A keeper checks each batch alone, so each has our keys, the version, a table and pieces of it.
 */
export function* writeTables(
  node: Node,
  outbox: Outbox,
  { id, locator, timeMs, block, tables }: SealedPage,
  fileHash: Uint8Array,
): Task<Uint8Array[]> {
  if (tables.length === 0) return []
  const { blocks: keys } = node.identity
  const at = fileLocator(fileHash)
  const version: OwnBlock = { id, locator, kind: VERSION, timeMs, length: block.byteLength, bytes: block }
  const room = ASK_IDS_MAX - keys.length - 2
  const listed = tables.map(({ hash, bytes }): OwnBlock => ({ ...looseBlock(hash, bytes, at), owner: id }))
  const formed = tables.flatMap(({ pieces }, i) => {
    const table = listed[i]!
    return Array.from({ length: Math.ceil(pieces.length / room) }, (_, part) => {
      const members = pieces.slice(part * room, (part + 1) * room)
      return outbox.form([...keys, version, table, ...members.map((piece) => entryOf(piece, table.id, at))])
    })
  })
  yield* node.store.append('outbox', listed, { sync: true, notes: formed.map(({ note }) => note) })
  for (const { batch } of formed) outbox.begin(batch)
  return formed.map(({ batch }) => batch.root)
}

function looseBlock(id: Uint8Array, bytes: Uint8Array, locator: Uint8Array): StoredBlock {
  return { id, locator, kind: 0, timeMs: 0, length: bytes.byteLength, bytes }
}

/** As a note has it, which names a piece without its bytes. */
function entryOf({ hash, bytes }: PieceEntry, owner: Uint8Array, locator: Uint8Array) {
  return { id: hash, locator, length: bytes, owner }
}
