/**
 * What an entity stands by of a key that it retires: the sorted set of the ids of records that
 * were signed under it. The key record that retires it signs the set's root and count, so that
 * whatever a thief signs later under the old key, back-dated or not, is not in the set.
 *
 *     ids, ascending   |--- 256 ---|--- 256 ---|-- rest --|     chunk: 0 ‖ ids
 *     table            [first, ids, hash] [first, …] [first, …]  ── Merkle root, signed
 *
 * The table travels beside the key record, the chunks are loose pieces at the entity's locator.
 * The proof that an id is in the set is the one chunk that it falls into: 8 KB that prove a
 * 256th of all records, so that a reader of many pages needs each chunk once.
 */
import { checked, decode, encode, id32, list, struct, uint, type Value } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { compareBytes, equalBytes, sha256 } from '../base/hash.ts'
import { leafHash, merkleRoot } from '../base/merkle.ts'

/** Chunks of one set; with the longest chunks, a million records. */
export const STANDS_CHUNKS_MAX = 512
/** Ids of one chunk: it fits a piece. */
const CHUNK_IDS_MAX = 2_047
/** Chunks are no shorter than this while there is more than one. */
const CHUNK_IDS_MIN = 128
/** As many entries keep the table with its record below the 4,096 bytes that any keeper takes beside a batch. */
const CHUNKS_WANTED = 48
export const STANDS_MAX: number = STANDS_CHUNKS_MAX * CHUNK_IDS_MAX
/** The first byte of a chunk: no record, no gzip member and no chunk of an index begins with it. */
export const STANDS_CHUNK_MARK = 0

/** What a key record signs of the set. */
export const standsSummary = struct({ root: id32, count: uint(STANDS_MAX) })
export type StandsSummary = Value<typeof standsSummary>

const standsEntry = struct({
  /** The lowest id of the chunk. */
  first: id32,
  ids: uint(CHUNK_IDS_MAX, 1),
  /** SHA-256 of the chunk's bytes. */
  hash: id32,
})
export type StandsEntry = Value<typeof standsEntry>

/** The chunks in the order of their ids; none for an empty set. */
export const standsTable = checked(list(standsEntry, STANDS_CHUNKS_MAX), (table) => {
  for (let i = 1; i < table.length; i++) refuseDisorder(table[i - 1]!.first, table[i]!.first)
})
export type StandsTable = Value<typeof standsTable>

export interface StoodBy {
  summary: StandsSummary
  table: StandsTable
  /** In the order of the table. */
  chunks: Uint8Array[]
}

/** Ids in any order → the set of them. Throws TOO_LARGE beyond STANDS_MAX. */
export function updateDenounceSummary(ids: Iterable<Uint8Array>): StoodBy {
  const sorted = distinct([...ids].sort(compareBytes))
  if (sorted.length > STANDS_MAX) {
    throw new SheafError('TOO_LARGE', `${sorted.length} records to stand by where ${STANDS_MAX} fit`)
  }
  const length = Math.min(
    CHUNK_IDS_MAX,
    Math.max(CHUNK_IDS_MIN, 2 ** Math.ceil(Math.log2(sorted.length / CHUNKS_WANTED || 1))),
  )
  const chunks: Uint8Array[] = []
  const table: StandsTable = []
  for (let at = 0; at < sorted.length; at += length) {
    const part = sorted.slice(at, at + length)
    const bytes = Buffer.concat([Uint8Array.of(STANDS_CHUNK_MARK), ...part])
    chunks.push(bytes)
    table.push({ first: part[0]!, ids: part.length, hash: sha256(bytes) })
  }
  return { summary: summaryOf(table), table, chunks }
}

/** What is signed of a table. */
export function summaryOf(table: StandsTable): StandsSummary {
  const root = merkleRoot(table.map((entry) => leafHash(encode(standsEntry, entry))))
  return { root, count: table.reduce((sum, { ids }) => sum + ids, 0) }
}

/** Bytes beside a key record → the table that it signed; nothing where the set is empty. Throws BAD_HASH where it is another one. */
export function openStandsTable(bytes: Uint8Array, summary: StandsSummary): StandsTable {
  const table = bytes.byteLength === 0 ? [] : decode(standsTable, bytes)
  if (bytes.byteLength > 0 && table.length === 0) {
    throw new SheafError('NOT_CANONICAL', 'a table of nothing is written as nothing')
  }
  const found = summaryOf(table)
  if (found.count !== summary.count || !equalBytes(found.root, summary.root)) {
    throw new SheafError('BAD_HASH', 'the table of what is stood by is not the one that was signed')
  }
  return table
}

export function encodeStandsTable(table: StandsTable): Uint8Array {
  return table.length === 0 ? new Uint8Array(0) : encode(standsTable, table)
}

/** The chunk that would hold `id`; undefined where none can. */
export function chunkFor(table: StandsTable, id: Uint8Array): StandsEntry | undefined {
  let low = 0
  let high = table.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareBytes(table[middle]!.first, id) <= 0) low = middle + 1
    else high = middle
  }
  return table[low - 1]
}

/** Bytes → the ids of a chunk, views into `bytes`. Throws BAD_FORMAT, TRUNCATED, TOO_LARGE, NOT_CANONICAL where they do not ascend. */
export function decodeStandsChunk(bytes: Uint8Array): Uint8Array[] {
  if (bytes.byteLength === 0) throw new SheafError('TRUNCATED', 'a chunk of no bytes')
  if (bytes[0] !== STANDS_CHUNK_MARK) throw new SheafError('BAD_FORMAT', 'not a chunk of ids')
  const count = (bytes.byteLength - 1) / 32
  if (count > CHUNK_IDS_MAX) throw new SheafError('TOO_LARGE', `${count} ids in one chunk`)
  if (count === 0 || !Number.isInteger(count)) throw new SheafError('TRUNCATED', 'a chunk ends within an id')
  const ids = Array.from({ length: count }, (_, i) => bytes.subarray(1 + i * 32, 33 + i * 32))
  for (let i = 1; i < count; i++) refuseDisorder(ids[i - 1]!, ids[i]!)
  return ids
}

/** Throws BAD_HASH, or as `decodeStandsChunk`, where `bytes` is not the chunk that a table lists. */
export function checkStandsChunk(bytes: Uint8Array, entry: StandsEntry): void {
  if (!equalBytes(sha256(bytes), entry.hash)) throw new SheafError('BAD_HASH', 'another chunk than is listed')
  const ids = decodeStandsChunk(bytes)
  if (ids.length !== entry.ids || !equalBytes(ids[0]!, entry.first)) {
    throw new SheafError('BAD_FORMAT', 'a chunk that is not what its table says')
  }
}

/** Whether a chunk that was checked holds `id`. */
export function isInChunk(bytes: Uint8Array, id: Uint8Array): boolean {
  let low = 0
  let high = (bytes.byteLength - 1) / 32
  while (low < high) {
    const middle = (low + high) >> 1
    const order = compareBytes(bytes.subarray(1 + middle * 32, 33 + middle * 32), id)
    if (order === 0) return true
    if (order < 0) low = middle + 1
    else high = middle
  }
  return false
}

function distinct(sorted: Uint8Array[]): Uint8Array[] {
  return sorted.filter((id, i) => i === 0 || !equalBytes(id, sorted[i - 1]!))
}

function refuseDisorder(before: Uint8Array, after: Uint8Array): void {
  if (compareBytes(before, after) >= 0) throw new SheafError('NOT_CANONICAL', 'ids that do not ascend')
}
