import { readFileSync } from 'node:fs'
import test from 'brittle'
import fc from 'fast-check'
import { encode, id32, list, readUtf8, struct, uint } from '../../src/base/codec.ts'
import { codeOf } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'
import { leafHash, merkleTree, rootFromProof } from '../../src/base/merkle.ts'
import { compress } from '../../src/content/gzip.ts'
import {
  combineVerify,
  contentOf,
  cut,
  decodeTable,
  encodeTable,
  PAGE_PIECES_MAX,
  PIECE_BYTES_MAX,
  PIECE_TEXT_BYTES_MAX,
  type Piece,
  type PieceContent,
  type PieceEntry,
  pieceOf,
  tableRoot,
} from '../../src/content/piece.ts'
import { PAGE_BYTES_MAX } from '../../src/content/text.ts'
import { parameters } from '../helpers/seed.ts'

interface Vector {
  name: string
  text: string
  times: number
  hashes: string[]
  table: string
  root: string
}
const vectors = JSON.parse(readFileSync(new URL('../vectors/piece.json', import.meta.url), 'utf8')) as {
  cases: Vector[]
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const tableOf = (pieces: Piece[]) => decodeTable(encodeTable(pieces))
/** Three pieces; the cuts fall inside of the three-byte characters. */
const long = Buffer.from('蜂蜂a'.repeat(20_000))
const longPieces = cut(long)
const longContent = contentOf(long, longPieces)
const combineLong = () => combineVerify<string>(longContent, tableOf(longPieces))

/** Content and table over any pieces, as an author who lies could sign them. */
function signed(pieces: PieceEntry[], changes: Partial<PieceContent> = {}): PieceContent {
  const textBytes = pieces.reduce((sum, piece) => sum + piece.textBytes, 0)
  return { textBytes, textHash: sha256(long), pieces: pieces.length, root: tableRoot(pieces), ...changes }
}

test('piece - hashes, table and root are those of the vectors', (t) => {
  for (const { name, text, times, hashes, table, root } of vectors.cases) {
    const pieces = cut(Buffer.from(text.repeat(times)))
    t.alike(
      pieces.map(({ hash }) => hex(hash)),
      hashes,
      name,
    )
    t.is(hex(encodeTable(pieces)), table, name)
    t.is(hex(tableRoot(pieces)), root, name)
    t.is(hex(tableRoot(tableOf(pieces))), root, 'pieces and their table have one root')
  }
})

test('piece - a short text is one piece, an empty one too', (t) => {
  for (const text of ['', 'a', '# Bees\n']) {
    const pieces = cut(Buffer.from(text))
    t.is(pieces.length, 1)
    t.is(pieces[0]!.textBytes, text.length)
    t.is(hex(pieces[0]!.hash), hex(sha256(pieces[0]!.bytes)))
    const combine = combineVerify(contentOf(Buffer.from(text), pieces), tableOf(pieces))
    t.is(combine.add(pieces[0]!.bytes, 'ann'), 'added')
    t.is(Buffer.from(combine.text()!).toString(), text)
  }
})

test('piece - a long text is cut at a fixed length, inside of characters too', (t) => {
  t.is(longPieces.length, 3)
  t.alike(
    longPieces.map(({ textBytes }) => textBytes),
    [61_440, 61_440, 17_120],
  )
  t.is(
    codeOf(() => readUtf8(long.subarray(0, PIECE_TEXT_BYTES_MAX))),
    'BAD_TEXT',
    'a cut inside of a character',
  )
  t.is(cut(long.subarray(0, PIECE_TEXT_BYTES_MAX)).length, 1, 'no empty piece behind a full one')
  t.is(
    codeOf(() => pieceOf(Buffer.alloc(PIECE_TEXT_BYTES_MAX + 1))),
    'TOO_LARGE',
  )
})

test('piece - text that does not compress fits a piece', (t) => {
  let state = 1
  const noise = Buffer.alloc(PIECE_TEXT_BYTES_MAX)
  for (let i = 0; i < noise.length; i += 32) noise.set(sha256(Buffer.from(String(state++))), i)
  t.ok(pieceOf(noise).bytes.byteLength > PIECE_TEXT_BYTES_MAX)
  t.ok(pieceOf(noise).bytes.byteLength < PIECE_BYTES_MAX)
})

test('piece - the longest page has a table, a longer one has none', (t) => {
  const entry = (textBytes: number): PieceEntry => ({ hash: new Uint8Array(32), bytes: 20, textBytes })
  const full = Array.from({ length: PAGE_PIECES_MAX }, (_, i) =>
    entry(i < PAGE_PIECES_MAX - 1 ? PIECE_TEXT_BYTES_MAX : PAGE_BYTES_MAX % PIECE_TEXT_BYTES_MAX),
  )
  t.is(decodeTable(encodeTable(full)).length, PAGE_PIECES_MAX)
  const longer = full.with(-1, entry((PAGE_BYTES_MAX % PIECE_TEXT_BYTES_MAX) + 1))
  t.is(
    codeOf(() => encodeTable(longer)),
    'TOO_LARGE',
  )
})

test('piece - one piece is proven by its place in the root', (t) => {
  const entry = struct({ hash: id32, bytes: uint(), textBytes: uint() })
  const leaves = tableOf(longPieces).map((one) => leafHash(encode(entry, one)))
  for (const index of [0, 1, 2]) {
    const root = rootFromProof(leaves[index]!, index, 3, merkleTree(leaves).proofs[index]!)
    t.is(hex(root), hex(longContent.root))
  }
})

test('combine - pieces in any order, from several senders, more than once', (t) => {
  const arrivals = fc.shuffledSubarray([0, 1, 2, 0, 1, 2], { minLength: 6, maxLength: 6 })
  fc.assert(
    fc.property(arrivals, (order) => {
      const combine = combineLong()
      const seen = new Set<number>()
      for (const [turn, index] of order.entries()) {
        const expected = seen.has(index) ? 'known' : 'added'
        if (combine.add(longPieces[index]!.bytes, `peer ${turn % 2}`) !== expected) return false
        seen.add(index)
        if (combine.complete !== (seen.size === 3) || combine.missing.length !== 3 - seen.size) return false
        if ((combine.text() === undefined) !== seen.size < 3) return false
      }
      return hex(combine.text()!) === hex(long)
    }),
    parameters({ numRuns: 30 }),
  )
  t.pass()
})

test('combine - the sender of a wrong piece is named, and the others go on', (t) => {
  const combine = combineLong()
  combine.add(longPieces[0]!.bytes, 'ann')
  const wrong = Buffer.from(longPieces[1]!.bytes)
  wrong[50]! ^= 1
  for (const piece of [wrong, pieceOf(Buffer.from('of another page')).bytes, new Uint8Array(0)]) {
    const result = combine.add(piece, 'mallory')
    if (typeof result === 'string') t.fail(`a wrong piece was ${result}`)
    else t.alike([result.fault, result.error.code], ['mallory', 'BAD_HASH'])
  }
  const bloated = combine.add(Buffer.alloc(PIECE_BYTES_MAX + 1), 'mallory')
  t.ok(typeof bloated === 'object' && bloated.error.code === 'TOO_LARGE')
  combine.add(longPieces[1]!.bytes, 'bob')
  combine.add(longPieces[2]!.bytes, 'ann')
  t.is(hex(combine.text()!), hex(long))
})

test('combine - a text that repeats itself needs a piece once', (t) => {
  const text = Buffer.alloc(PIECE_TEXT_BYTES_MAX * 3, 'bees ')
  const pieces = cut(text)
  const combine = combineVerify<string>(contentOf(text, pieces), tableOf(pieces))
  t.is(combine.missing.length, 1)
  t.is(combine.add(pieces[1]!.bytes, 'ann'), 'added')
  t.is(combine.add(pieces[0]!.bytes, 'ann'), 'known')
  t.is(combine.missing.length, 0)
  t.is(hex(combine.text()!), hex(text))
})

test('combine - only the table that was signed', (t) => {
  const table = tableOf(longPieces)
  const start = (content: PieceContent, entries = table) => codeOf(() => combineVerify(content, entries))
  t.is(start(longContent), undefined)
  t.is(start(longContent, table.toReversed()), 'BAD_HASH')
  t.is(start(longContent, table.slice(1)), 'BAD_HASH')
  t.is(start(longContent, []), 'BAD_HASH')
  t.is(start(longContent, table.with(0, { ...table[0]!, textBytes: 1 })), 'BAD_HASH')
  t.is(start({ ...longContent, pieces: 4 }), 'BAD_HASH')
  t.is(start({ ...longContent, textBytes: long.length + 1 }), 'BAD_FORMAT')
})

test('combine - what the author signed wrongly is no fault of a sender', (t) => {
  const sendAll = (entries: PieceEntry[], pieces: Uint8Array[], changes: Partial<PieceContent> = {}) =>
    codeOf(() => {
      const combine = combineVerify<string>(signed(entries, changes), entries)
      for (const piece of pieces)
        if (typeof combine.add(piece, 'ann') === 'object') throw new Error('a fault')
      combine.text()
    })
  const one = pieceOf(Buffer.from('one\n'))
  const entry: PieceEntry = { hash: one.hash, bytes: one.bytes.length, textBytes: 4 }
  const textHash = sha256(Buffer.from('one\n'))
  t.is(sendAll([entry], [one.bytes], { textHash }), undefined)
  t.is(sendAll([entry], [one.bytes]), 'BAD_HASH', 'another hash of the text')
  t.is(sendAll([{ ...entry, textBytes: 3 }], [one.bytes]), 'TOO_LARGE', 'a longer text than signed')
  t.is(sendAll([{ ...entry, textBytes: 5 }], [one.bytes]), 'BAD_FORMAT', 'a shorter text than signed')
  t.is(sendAll([{ ...entry, bytes: 99 }], [one.bytes]), 'BAD_FORMAT', 'another length of the piece')
  t.is(sendAll([entry, { ...entry, textBytes: 5 }], [one.bytes]), 'BAD_FORMAT', 'one piece, two lengths')
  const junk = Buffer.alloc(40, 'junk')
  t.is(sendAll([{ hash: sha256(junk), bytes: 40, textBytes: 9 }], [junk]), 'BAD_GZIP')
  const bomb = compress(Buffer.alloc(1_000_000))
  t.is(sendAll([{ hash: sha256(bomb), bytes: bomb.length, textBytes: 9 }], [bomb]), 'TOO_LARGE')
  const crlf = pieceOf(Buffer.from('a\r\n'))
  const crlfEntry = { hash: crlf.hash, bytes: crlf.bytes.length, textBytes: 3 }
  const crlfHash = { textHash: sha256(Buffer.from('a\r\n')) }
  t.is(sendAll([crlfEntry], [crlf.bytes], crlfHash), 'BAD_TEXT', 'not in normal form')
})

test('piece - hostile tables have codes', (t) => {
  const loose = list(struct({ hash: id32, bytes: uint(), textBytes: uint() }), 1000)
  const code = (...entries: [bytes: number, textBytes: number][]) =>
    codeOf(() =>
      decodeTable(
        encode(
          loose,
          entries.map(([bytes, textBytes]) => ({ hash: new Uint8Array(32), bytes, textBytes })),
        ),
      ),
    )
  t.is(code([20, 0]), undefined)
  t.is(code(), 'TOO_LARGE', 'no piece')
  t.is(code(...Array.from({ length: PAGE_PIECES_MAX + 1 }, () => [20, 1] as [number, number])), 'TOO_LARGE')
  t.is(code([PIECE_BYTES_MAX + 1, 1]), 'TOO_LARGE')
  t.is(code([19, 1]), 'TOO_LARGE', 'less than a gzip member')
  t.is(code([20, PIECE_TEXT_BYTES_MAX + 1]), 'TOO_LARGE')
  t.is(code([20, 1], [20, 0]), 'NOT_CANONICAL', 'an empty piece among others')
  const table = encodeTable(longPieces)
  t.is(
    codeOf(() => decodeTable(table.subarray(0, -1))),
    'TRUNCATED',
  )
  t.is(
    codeOf(() => decodeTable(Buffer.concat([table, Buffer.alloc(1)]))),
    'TRAILING_BYTES',
  )
})

test('piece - hostile bytes give a code, or a table that encodes to them', (t) => {
  const table = encodeTable(longPieces)
  const flips = fc.array(fc.tuple(fc.nat(table.length - 1), fc.integer({ min: 0, max: 255 })), {
    maxLength: 4,
  })
  const mutated = flips.map((places) => {
    const bytes = Buffer.from(table)
    for (const [place, byte] of places) bytes[place] = byte
    return bytes
  })
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 120 })), (bytes) => {
      const code = codeOf(() => decodeTable(bytes))
      return code === undefined ? hex(encodeTable(decodeTable(bytes))) === hex(bytes) : code !== 'INTERNAL'
    }),
    parameters({ numRuns: 300 }),
  )
  t.pass()
})
