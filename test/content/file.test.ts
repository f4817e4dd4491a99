import test from 'brittle'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'
import { FILE_BYTES_MAX, FILE_TABLE_PIECES_MAX, FILE_TABLES_MAX } from '../../src/base/limits.ts'
import {
  decodeFileTable,
  decodeTableList,
  type FileDraft,
  formFile,
  openFile,
  openFilePiece,
  openTable,
  partsWithin,
  sliceWithin,
} from '../../src/content/file.ts'
import { PIECE_TEXT_BYTES_MAX, type Piece, type PieceEntry, pieceOf } from '../../src/content/piece.ts'
import { flips, refusal, truncations, withTrailing } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const entryOf = ({ hash, bytes, textBytes }: Piece): PieceEntry => ({
  hash,
  bytes: bytes.byteLength,
  textBytes,
})

/** A file cut every `size` bytes. */
function cutEvery(size: number, bytes: Uint8Array): { draft: FileDraft; pieces: Piece[] } {
  const count = Math.max(1, Math.ceil(bytes.byteLength / size))
  const pieces = Array.from({ length: count }, (_, i) => pieceOf(bytes.subarray(i * size, (i + 1) * size)))
  const only = count === 1 ? pieces[0]!.bytes : undefined
  const draft = { mediaType: 'image/png', fileHash: sha256(bytes), pieces: pieces.map(entryOf), only }
  return { draft, pieces }
}

const spoiled = (bytes: Uint8Array): Uint8Array[] => [
  ...truncations(bytes),
  withTrailing(bytes),
  ...[...flips(bytes)].map((flip) => flip.bytes),
]

/** As a reader does: the bytes of a range, and how many pieces that took. */
function readRange({ draft, pieces }: ReturnType<typeof cutEvery>, from: number, to: number) {
  const { content, attachment, tables } = formFile(draft)
  const file = openFile(content, attachment)
  if ('bytes' in file) return { bytes: sliceWithin(file.bytes, 0, { from, to }), taken: 1 }
  const places = partsWithin(file.tables, ({ fileBytes }) => fileBytes, { from, to }).flatMap(
    ({ part, begins }) => {
      const table = tables.find(({ hash }) => Buffer.compare(hash, part.hash) === 0)!
      return partsWithin(openTable(part, table.bytes), ({ textBytes }) => textBytes, { from, to, begins })
    },
  )
  const bytes = places.map(({ part, begins }) => {
    const piece = pieces.find(({ hash }) => Buffer.compare(hash, part.hash) === 0)!
    return sliceWithin(openFilePiece(part, piece.bytes), begins, { from, to })
  })
  return { bytes: Buffer.concat(bytes), taken: places.length }
}

test('file - a short one travels beside its version, an empty one too', (t) => {
  for (const text of ['', '\0\xff\r\n', 'bees']) {
    const bytes = Buffer.from(text, 'latin1')
    const { content, attachment, tables } = formFile(cutEvery(PIECE_TEXT_BYTES_MAX, bytes).draft)
    t.is(tables.length, 0)
    t.is(content.fileBytes, bytes.length)
    const file = openFile(content, attachment)
    t.alike('bytes' in file && Buffer.from(file.bytes), bytes)
    const otherHash = { ...content, fileHash: sha256(Buffer.from('other')) }
    t.is(
      codeOf(() => openFile(otherHash, attachment)),
      'BAD_HASH',
      'the hash of the whole is held to',
    )
    for (const bad of spoiled(attachment)) t.ok(refusal(() => openFile(content, bad)))
  }
})

test('file - the pieces of a long one are listed in tables, each filled before the next', (t) => {
  const bytes = Buffer.from(Array.from({ length: FILE_TABLE_PIECES_MAX + 2 }, (_, i) => i & 0xff))
  const { content, attachment, tables } = formFile(cutEvery(1, bytes).draft)
  t.alike(
    tables.map(({ pieces }) => pieces.length),
    [FILE_TABLE_PIECES_MAX, 2],
  )
  t.is(content.pieces, FILE_TABLE_PIECES_MAX + 2)
  const file = openFile(content, attachment)
  if ('bytes' in file) return t.fail()
  t.alike(
    file.tables.map(({ fileBytes }) => fileBytes),
    [FILE_TABLE_PIECES_MAX, 2],
  )
  t.is(
    codeOf(() => openTable(file.tables[0]!, tables[1]!.bytes)),
    'BAD_HASH',
    'another table',
  )
  t.is(
    codeOf(() => openTable({ ...file.tables[0]!, fileBytes: 7 }, tables[0]!.bytes)),
    'BAD_FORMAT',
  )
  t.is(
    codeOf(() => openFile({ ...content, fileBytes: 7 }, attachment)),
    'BAD_FORMAT',
  )
  t.is(
    codeOf(() => openFile({ ...content, pieces: 2 }, attachment)),
    'BAD_FORMAT',
  )
  for (const bad of spoiled(attachment)) t.ok(refusal(() => openFile(content, bad)))
})

test('file - any range of any file is what lies there, and takes no more pieces than it touches', (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 3_000 }),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(3_000),
      fc.nat(3_000),
      (bytes, size, a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        const { bytes: got, taken } = readRange(cutEvery(size, bytes), from, to)
        return (
          Buffer.compare(got, bytes.subarray(from, to)) === 0 && taken <= Math.ceil((to - from) / size) + 1
        )
      },
    ),
    parameters({ numRuns: 60 }),
  )
  t.pass()
})

test('file - tables that no file of the largest size has are refused before their pieces are asked for', (t) => {
  const hash = sha256(Buffer.from('x'))
  const entry = (fileBytes: number) => Buffer.concat([hash, Buffer.from([1]), uint(fileBytes)])
  const listOf = (...entries: Buffer[]) => Buffer.concat([Buffer.from([entries.length]), ...entries])
  t.is(decodeTableList(listOf(entry(FILE_BYTES_MAX))).length, 1)
  t.is(
    codeOf(() => decodeTableList(listOf(entry(FILE_BYTES_MAX), entry(1)))),
    'TOO_LARGE',
  )
  t.is(
    codeOf(() => decodeTableList(listOf(entry(0)))),
    'TOO_LARGE',
  )
  t.is(
    codeOf(() => decodeTableList(listOf(...Array.from({ length: FILE_TABLES_MAX + 1 }, () => entry(1))))),
    'TOO_LARGE',
  )
  const empty = Buffer.concat([Buffer.from([1]), hash, Buffer.from([20, 0])])
  t.is(
    codeOf(() => decodeFileTable(empty)),
    'NOT_CANONICAL',
  )
})

/** Shortest form of a number, as the codec has it. */
function uint(value: number): Buffer {
  if (value < 253) return Buffer.from([value])
  const bytes = Buffer.alloc(5, 254)
  bytes.writeUInt32LE(value, 1)
  return bytes
}
