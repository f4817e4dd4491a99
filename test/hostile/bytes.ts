/** Hostile bytes: records, blocks, pieces, chunks, paths, keys. Each goes through the code that reads it from strangers. */
import { type Codec, decode, encode, text, uint } from '../../src/base/codec.ts'
import { loadCrypto } from '../../src/base/crypto.ts'
import { sha256 } from '../../src/base/hash.ts'
import { entityKeyPairOf, nextKeyCommitment, puzzleBits } from '../../src/base/keys.ts'
import { rootFromProof } from '../../src/base/merkle.ts'
import { networkOf } from '../../src/base/network.ts'
import { formBlock, type VerifyContext, verifyBlock } from '../../src/content/block.ts'
import { chunk, decodeChunk, join } from '../../src/content/chunks.ts'
import { DEVICE_CERTIFICATE, deviceCertificate } from '../../src/content/device.ts'
import {
  decodeTableList,
  openFile,
  openFilePiece,
  openTable,
  type TableEntry,
} from '../../src/content/file.ts'
import { compress } from '../../src/content/gzip.ts'
import { KEY_GENESIS, keyGenesis, NO_SIGNER } from '../../src/content/key.ts'
import { combineVerify, contentOf, cut, encodeTable, tableRoot } from '../../src/content/piece.ts'
import { type Draft, parseRecord, type SignedRecord, signRecord } from '../../src/content/record.ts'
import { pageFromText, spaceFromText, spaceToText } from '../../src/content/space.ts'
import { SPACE_INDEX, spaceIndex } from '../../src/content/space-index.ts'
import { CHECKPOINT } from '../../src/content/statement.ts'
import { decodeVersion, type FileContent, pageContent, VERSION } from '../../src/content/version.ts'
import { verifyStatement } from '../../src/node/peer.ts'
import { query } from '../../src/node/queries.ts'
import { earn, hello, result } from '../../src/node/wire.ts'
import { actor, contextOf, START_MS, verifyDevice } from '../helpers/actor.ts'
import { refusal, unhex, utf8, withTrailing } from '../helpers/bytes.ts'
import { recordVectors } from '../helpers/record-vectors.ts'
import { wireVectors } from '../helpers/wire-vectors.ts'
import type { Row } from './row.ts'

const network = networkOf('test', 4)
const ada = actor('ada', network)
const bo = actor('bo', network)
const context = contextOf(network, [ada, bo])

const open = (block: Uint8Array, other: Partial<VerifyContext> = {}) =>
  refusal(() => verifyBlock(block, { ...context, ...other }))
const parse = (record: Uint8Array) => refusal(() => parseRecord(record))
const read = <T>(codec: Codec<T>, bytes: Uint8Array) => refusal(() => decode(codec, bytes))

function signed(draft: Partial<Draft>, who = ada): SignedRecord {
  const { entity, key, sign } = who.identity.author
  const nonce = new Uint8Array(8)
  const whole: Draft = { kind: VERSION, signer: entity, key, timeMs: START_MS, nonce, body: nonce, ...draft }
  return signRecord(whole, network, sign)
}

/** A version whose fields may be illegal: written part by part, past the codec that would refuse them. */
function version(
  fields: {
    path?: string
    parents?: Uint8Array[]
    text?: Uint8Array
    textBytes?: number
    content?: Uint8Array
  },
  attachment?: Uint8Array,
  draft: Partial<Draft> = {},
): Uint8Array {
  const words = fields.text ?? utf8('# Bees\n')
  const piece = attachment ?? compress(words)
  const textBytes = fields.textBytes ?? words.byteLength
  const table = [{ hash: sha256(piece), bytes: piece.byteLength, textBytes }]
  const content = {
    type: 'text' as const,
    markup: 1,
    textBytes,
    textHash: sha256(words),
    pieces: 1,
    root: tableRoot(table),
  }
  const body = Buffer.concat([
    Uint8Array.of(0), // its own space
    encode(text(10_000), fields.path ?? 'bees'),
    encode(uint(), (fields.parents ?? []).length),
    ...(fields.parents ?? []),
    encode(text(0), ''),
    fields.content ?? encode(pageContent, content),
  ])
  return formBlock(signed({ body, ...draft }), piece)
}

const good = version({})
const record = unhex(recordVectors.kinds.version!.record)
const wire = (name: string): Uint8Array => unhex(wireVectors.messages[name]!.bytes)

function changed(bytes: Uint8Array, at: number, to: number): Uint8Array {
  const out = Uint8Array.from(bytes)
  out[at < 0 ? out.byteLength + at : at] = to
  return out
}

/** A certificate for a device whose puzzle was not solved. */
function unpuzzled(): Uint8Array {
  const device = bo.device.publicKey
  let nonce = 0n
  while (puzzleBits(device, nonce) >= network.puzzleBits) nonce += 1n
  const puzzle = Buffer.alloc(8)
  puzzle.writeBigUInt64LE(nonce)
  return formBlock(signed({ kind: DEVICE_CERTIFICATE, body: encode(deviceCertificate, { device, puzzle }) }))
}

const statement = (change: Partial<Draft> = {}): Uint8Array =>
  signRecord(
    {
      kind: CHECKPOINT,
      signer: ada.device.publicKey,
      key: ada.device.publicKey,
      timeMs: START_MS,
      nonce: new Uint8Array(8),
      body: unhex(recordVectors.kinds.checkpoint!.bodyBytes),
      ...change,
    },
    network,
    ada.device.sign,
  ).bytes

const longText = Buffer.from('Line after line the garden grows.\n'.repeat(4_000))
const pieces = cut(longText)

export const BYTE_ROWS: Row[] = [
  // form
  { what: 'a record cut short', code: 'TRUNCATED', provoke: () => parse(record.subarray(0, -1)) },
  { what: 'no record at all', code: 'TRUNCATED', provoke: () => parse(new Uint8Array(0)) },
  { what: 'bytes behind a record', code: 'TRAILING_BYTES', provoke: () => parse(withTrailing(record)) },
  { what: 'a record of another format', code: 'BAD_FORMAT', provoke: () => parse(changed(record, 0, 2)) },
  { what: 'a record of kind 0', code: 'UNKNOWN_KIND', provoke: () => parse(changed(record, 1, 0)) },
  { what: 'a key flag of 2', code: 'NOT_CANONICAL', provoke: () => parse(changed(record, 34, 2)) },
  {
    what: 'a record with a body beyond the maximum',
    code: 'TOO_LARGE',
    provoke: () =>
      parse(Buffer.concat([record.subarray(0, 49), unhex('fe01000100'), new Uint8Array(70_000)])),
  },
  {
    what: 'a place in a batch that the batch does not have',
    code: 'BAD_FORMAT',
    provoke: () => parse(Buffer.concat([record.subarray(0, -65), unhex('0102'), new Uint8Array(96)])),
  },
  { what: 'a record of 2 GiB announced', code: 'TOO_LARGE', provoke: () => open(unhex('feffffff7f00')) },
  { what: 'a block cut inside its record', code: 'TRUNCATED', provoke: () => open(good.subarray(0, 100)) },
  {
    what: 'a block whose record length is in a longer form',
    code: 'NOT_CANONICAL',
    provoke: () => open(Buffer.concat([unhex('fd7000'), new Uint8Array(0x70)])),
  },
  {
    what: 'a body with bytes behind it',
    code: 'TRAILING_BYTES',
    provoke: () =>
      open(
        formBlock(
          signed({
            kind: SPACE_INDEX,
            body: withTrailing(unhex(recordVectors.kinds['space index']!.bodyBytes)),
          }),
        ),
      ),
  },
  {
    what: 'an index that counts its pages wrongly',
    code: 'NOT_CANONICAL',
    provoke: () => open(formBlock(signed({ kind: SPACE_INDEX, body: unhex('00000300') }))),
  },
  // messages
  {
    what: 'a message cut short',
    code: 'TRUNCATED',
    provoke: () => read(earn, wire('earn').subarray(0, 200)),
  },
  {
    what: 'bytes behind a message',
    code: 'TRAILING_BYTES',
    provoke: () => read(hello, withTrailing(wire('hello'))),
  },
  {
    what: 'a message with a flag of 2',
    code: 'NOT_CANONICAL',
    provoke: () => read(result, changed(wire('result'), 1, 2)),
  },
  {
    what: 'an answer of a type that nobody knows',
    code: 'UNKNOWN_KIND',
    provoke: () => read(result, unhex('030100010099')),
  },
  {
    what: 'a query for more ids than one may name',
    code: 'TOO_LARGE',
    provoke: () => read(query, unhex('01fd0101')),
  },
  { what: 'a query for nothing', code: 'TOO_LARGE', provoke: () => read(query, unhex('010000')) },
  // signatures, keys, time
  {
    what: 'a record with one bit of its text changed',
    code: 'BAD_SIGNATURE',
    provoke: () => open(changed(good, 60, 0x21)),
  },
  {
    what: 'a record of another network',
    code: 'BAD_SIGNATURE',
    provoke: () => open(good, { network: networkOf('tests', 4) }),
  },
  {
    what: 'a statement restated as another kind',
    code: 'BAD_SIGNATURE',
    provoke: () => refusal(() => verifyStatement(changed(statement(), 1, 129), { network, verifyDevice })),
  },
  {
    what: 'a genesis that its own key did not sign',
    code: 'BAD_SIGNATURE',
    provoke: () => {
      const body = encode(keyGenesis, { publicKey: new Uint8Array(33).fill(2), next: NO_SIGNER })
      return open(formBlock(signed({ kind: KEY_GENESIS, signer: NO_SIGNER, key: NO_SIGNER, body })))
    },
  },
  {
    what: 'a genesis that names a signer before it',
    code: 'BAD_CHAIN',
    provoke: () => open(formBlock(signed({ kind: KEY_GENESIS, body: ada.genesis.body }))),
  },
  {
    what: 'a record under a key that nobody has',
    code: 'BAD_CHAIN',
    provoke: () => open(good, { keyOf: () => undefined }),
  },
  {
    what: "a record signed under another entity's key",
    code: 'BAD_CHAIN',
    provoke: () => open(version({}, undefined, { signer: bo.entity })),
  },
  {
    what: "an index of somebody else's space",
    code: 'BAD_CHAIN',
    provoke: () => {
      const space = { type: 'entity' as const, id: bo.entity }
      const body = encode(spaceIndex, { space, replaces: [], pages: 0, chunks: [] })
      return open(formBlock(signed({ kind: SPACE_INDEX, body })))
    },
  },
  {
    what: 'a record from the future',
    code: 'BAD_TIME',
    provoke: () => open(good, { nowMs: START_MS - 300_001 }),
  },
  { what: 'a certificate without its puzzle', code: 'BAD_PUZZLE', provoke: () => open(unpuzzled()) },
  {
    what: "a device's statement as a block to keep",
    code: 'UNKNOWN_KIND',
    provoke: () => open(formBlock(parseRecord(statement()))),
  },
  {
    what: 'a secret key of zeros',
    code: 'BAD_KEY',
    provoke: () => refusal(() => entityKeyPairOf(loadCrypto(), new Uint8Array(32))),
  },
  {
    what: 'a commitment to half a key',
    code: 'BAD_KEY',
    provoke: () => refusal(() => nextKeyCommitment(new Uint8Array(16))),
  },
  {
    what: 'a proof longer than its place needs',
    code: 'BAD_PROOF',
    provoke: () => refusal(() => rootFromProof(NO_SIGNER, 0, 2, [NO_SIGNER, NO_SIGNER])),
  },
  // what a version carries
  { what: 'a piece that was not signed', code: 'BAD_HASH', provoke: () => open(changed(version({}), -1, 7)) },
  {
    what: 'a file whose only piece is another',
    code: 'BAD_HASH',
    provoke: () => refusal(() => openFile(fileNamed('of one piece'), compress(utf8('wasp')))),
  },
  {
    what: 'a list of tables of a file that was not signed',
    code: 'BAD_HASH',
    provoke: () => {
      const { attachment } = recordVectors.files['of two pieces in a table']!
      return refusal(() => openFile(fileNamed('of two pieces in a table'), changed(unhex(attachment), 5, 7)))
    },
  },
  {
    what: 'a table of a file that is none of those in the list',
    code: 'BAD_HASH',
    provoke: () => refusal(() => openTable(twoPieces().entry, changed(twoPieces().table, -1, 7))),
  },
  {
    what: 'a table of a file that lists more than was signed of it',
    code: 'BAD_FORMAT',
    provoke: () => refusal(() => openTable({ ...twoPieces().entry, pieces: 1 }, twoPieces().table)),
  },
  {
    what: 'a wrong piece of a file among several',
    code: 'BAD_HASH',
    provoke: () => {
      const [first] = openTable(twoPieces().entry, twoPieces().table)
      return refusal(() => openFilePiece(first!, compress(utf8('wasp'))))
    },
  },
  {
    what: 'a text that is not the one that was signed',
    code: 'BAD_HASH',
    provoke: () => open(version({ text: utf8('# Bees\n') }, compress(utf8('# Wasp\n')))),
  },
  {
    what: 'a table of pieces that was not signed',
    code: 'BAD_HASH',
    provoke: () =>
      refusal(() => combineVerify(contentOf(longText, pieces), [...pieces.map(entry)].reverse())),
  },
  {
    what: 'a wrong piece among several',
    code: 'BAD_HASH',
    provoke: () => {
      const said = combineVerify<string>(contentOf(longText, pieces), pieces.map(entry)).add(
        compress(utf8('no')),
        'eve',
      )
      return typeof said === 'string' ? undefined : said.error.code
    },
  },
  {
    what: 'bytes beside a record that has no attachment',
    code: 'TRAILING_BYTES',
    provoke: () => open(formBlock(ada.genesis, Uint8Array.of(1))),
  },
  { what: 'a gzip bomb: 10 MB in 10 KB', code: 'TOO_LARGE', provoke: () => open(bomb(10_000_000)) },
  { what: 'a gzip bomb that announces little', code: 'TOO_LARGE', provoke: () => open(bomb(10_000_000, 7)) },
  {
    what: 'two gzip members',
    code: 'BAD_GZIP',
    provoke: () =>
      open(
        version({ textBytes: 7 }, Buffer.concat([compress(utf8('# Bees\n')), compress(utf8('# Bees\n'))])),
      ),
  },
  {
    what: 'bytes behind a gzip member',
    code: 'BAD_GZIP',
    provoke: () => open(version({}, withTrailing(compress(utf8('# Bees\n')), utf8('####\x07\0\0\0')))),
  },
  {
    what: 'a gzip member with its middle cut out',
    code: 'BAD_GZIP',
    provoke: () => {
      const member = compress(utf8('# Bees\n'))
      return open(version({}, Buffer.concat([member.subarray(0, 12), member.subarray(14)])))
    },
  },
  {
    what: 'a gzip header with a name in it',
    code: 'BAD_GZIP',
    provoke: () => open(version({}, changed(compress(utf8('# Bees\n')), 3, 8))),
  },
  {
    what: 'a gzip member with a wrong checksum',
    code: 'BAD_GZIP',
    provoke: () => open(version({}, changed(compress(utf8('# Bees\n')), -8, 0))),
  },
  {
    what: 'a text with a byte-order mark',
    code: 'BAD_TEXT',
    provoke: () => open(version({ text: unhex('efbbbf23') })),
  },
  { what: 'a text with CR LF', code: 'BAD_TEXT', provoke: () => open(version({ text: utf8('a\r\nb') })) },
  { what: 'a text that is not UTF-8', code: 'BAD_TEXT', provoke: () => open(version({ text: unhex('ff') })) },
  ...[
    '../secret',
    'a/../b',
    '..',
    '/etc/passwd',
    'a//b',
    'a\\b',
    'a\0b',
    'a\u202eb',
    `${'x'.repeat(201)}`,
    'a/',
  ].map(
    (path): Row => ({
      what: `a page at the path ${JSON.stringify(path).slice(0, 20)}`,
      code: 'BAD_PATH',
      provoke: () => open(version({ path })),
    }),
  ),
  {
    what: 'a path that climbs out, in a chunk of an index',
    code: 'BAD_PATH',
    provoke: () => {
      const entry = Buffer.concat([unhex('0100'), encode(text(20), '../secret'), NO_SIGNER])
      return refusal(() => decodeChunk(entry))
    },
  },
  {
    what: 'a chunk of an index beyond its size',
    code: 'TOO_LARGE',
    provoke: () => refusal(() => decodeChunk(new Uint8Array(50_000))),
  },
  {
    what: 'chunks of an index out of order',
    code: 'NOT_CANONICAL',
    provoke: () => {
      const [one] = chunk([{ path: 'a', version: NO_SIGNER }])
      return refusal(() => join([one!.bytes, one!.bytes]))
    },
  },
  {
    what: 'a parent named twice',
    code: 'NOT_CANONICAL',
    provoke: () => open(version({ parents: [NO_SIGNER, NO_SIGNER] })),
  },
  {
    what: "the signer's own space spelled out",
    code: 'NOT_CANONICAL',
    provoke: () => {
      const body = Buffer.concat([unhex('01'), ada.entity, unhex('0462656573000001')])
      return open(formBlock(signed({ body })))
    },
  },
  {
    what: 'a table with an empty piece among others',
    code: 'NOT_CANONICAL',
    provoke: () => refusal(() => encodeTable([{ ...entry(pieces[0]!), textBytes: 0 }, entry(pieces[1]!)])),
  },
  {
    what: 'more pieces than a page has',
    code: 'TOO_LARGE',
    provoke: () => open(version({ content: tooManyPieces() })),
  },
  // what a person may type or paste
  {
    what: 'a page without a space',
    code: 'BAD_ARGUMENT',
    provoke: () => refusal(() => pageFromText('garden/bees')),
  },
  {
    what: 'a page at a path that climbs out',
    code: 'BAD_PATH',
    provoke: () => refusal(() => pageFromText(`${spaceToText({ type: 'entity', id: ada.entity })}/../x`)),
  },
  {
    what: 'an id in capitals',
    code: 'BAD_ARGUMENT',
    provoke: () => refusal(() => spaceFromText(`@${'A'.repeat(52)}`)),
  },
  {
    what: 'a record that a thief dated back, under a key that its owner retired',
    code: 'RETIRED_KEY',
    provokedBy: 'test/content/rotation.test.ts',
  },
]

/** What a version of the vectors signs of its file. */
function fileNamed(name: string): FileContent {
  const { content } = decodeVersion(parseRecord(unhex(recordVectors.files[name]!.record)))
  if (content.type !== 'file') throw new Error(`${name} is no file`)
  return content
}

function twoPieces(): { entry: TableEntry; table: Uint8Array } {
  const { attachment, tables } = recordVectors.files['of two pieces in a table']!
  return { entry: decodeTableList(unhex(attachment))[0]!, table: unhex(tables[0]!) }
}

function entry({ hash, bytes, textBytes }: (typeof pieces)[number]) {
  return { hash, bytes: bytes.byteLength, textBytes }
}

/** A version whose one piece inflates to `bytes` zeros and announces as many, or `announced`. */
function bomb(bytes: number, announced = bytes): Uint8Array {
  const member = Buffer.from(compress(new Uint8Array(bytes)))
  member.writeUInt32LE(announced, member.byteLength - 4)
  return version({ textBytes: 7 }, member)
}

/** The content of a version of 70 pieces. */
function tooManyPieces(): Uint8Array {
  return Buffer.concat([unhex('000107'), NO_SIGNER, Uint8Array.of(70), NO_SIGNER])
}
