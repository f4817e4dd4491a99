/** What travels and is kept: all that the registries know, records, blocks and what stands beside them. */
import fc, { type Arbitrary } from 'fast-check'
import {
  type AnyCodec,
  bytes as bytesCodec,
  decode,
  encode,
  timeMs as timeCodec,
} from '../../../src/base/codec.ts'
import { networkOf } from '../../../src/base/network.ts'
import { type Block, describeBlock, formBlock, parseBlock, peekKey } from '../../../src/content/block.ts'
import { decodeBookmark } from '../../../src/content/bookmark.ts'
import { chunk, decodeChunk, type PageEntry } from '../../../src/content/chunks.ts'
import {
  decodeFileTable,
  decodeTableList,
  encodeFileTable,
  encodeTableList,
} from '../../../src/content/file.ts'
import { compress, decompress } from '../../../src/content/gzip.ts'
import { KINDS } from '../../../src/content/kinds.ts'
import { decodePatch, encodePatch } from '../../../src/content/patch.ts'
import { decodeTable, encodeTable } from '../../../src/content/piece.ts'
import { isDeviceKind, parseRecord, type SignedRecord, signRecords } from '../../../src/content/record.ts'
import {
  decodeStandsChunk,
  type StandsTable,
  type StoodBy,
  standsTable,
  updateDenounceSummary,
} from '../../../src/content/stood-by.ts'
import { decodeVersion } from '../../../src/content/version.ts'
import { query } from '../../../src/node/queries.ts'
import { answer, MESSAGE_NAMES, MESSAGES } from '../../../src/node/wire.ts'
import { actor, START_MS } from '../actor.ts'
import {
  ANSWERS,
  BODIES,
  exactly,
  id,
  MESSAGE_VALUES,
  patchValues,
  path,
  pieceTableValues,
  QUERIES,
  tableListValues,
  upTo,
} from '../generators.ts'

import { byCodec, EXACT, type Format, FREE } from './format.ts'

const network = networkOf('test', 4)
const ann = actor('formats', network)

const bodies = (kind: string): Arbitrary<unknown> => {
  const values = BODIES[kind]
  if (values === undefined) throw new Error(`no generator for the kind "${kind}"`)
  return values
}

/** Where each kind's codec is exported, for the check that every reader is in this table. */
const KIND_READERS: Record<string, string> = {
  'key genesis': 'src/content/key.ts keyGenesis',
  'device certificate': 'src/content/device.ts deviceCertificate',
  version: 'src/content/version.ts versionBody',
  'space index': 'src/content/space-index.ts spaceIndex',
  'key rotation': 'src/content/rotation.ts keyRotation',
  'device revocation': 'src/content/revocation.ts deviceRevocation',
  profile: 'src/content/profile.ts profile',
  bookmark: 'src/content/bookmark.ts bookmark',
  'objects had': 'src/content/objects-had.ts objectsHad',
  diff: 'src/content/version-diff.ts versionDiff',
  holding: 'src/content/statement.ts holding',
  'shelf claim': 'src/content/statement.ts shelfClaim',
  checkpoint: 'src/content/statement.ts checkpoint',
}

const ENTITY_KINDS = KINDS.map(({ number }) => number).filter((number) => !isDeviceKind(number))
/** Of kinds whose bodies nobody looks into for their form. */
const records: Arbitrary<SignedRecord> = fc
  .record({
    kind: fc.integer({ min: 1 + Math.max(...ENTITY_KINDS), max: 255 }),
    body: upTo(200),
    timeMs: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    nonce: exactly(8),
    batch: fc.constantFrom(1, 2, 3, 16),
    index: fc.nat(15),
  })
  .map(({ kind, body, timeMs, nonce, batch, index }) => {
    const { publicKey } = ann.device
    const draft = { kind, signer: publicKey, key: publicKey, timeMs, nonce, body }
    return signRecords(Array(batch).fill(draft), network, () => new Uint8Array(64))[index % batch]!
  })
/** Records of one of the kinds that live with a page. */
const ofKind = (kind: 'version' | 'bookmark'): Arbitrary<SignedRecord> =>
  bodies(kind).map((body) => {
    const { author } = ann.identity
    const { codec, number } = KINDS.find(({ name }) => name === kind)!
    const draft = {
      kind: number,
      signer: author.entity,
      key: author.key,
      timeMs: START_MS,
      nonce: new Uint8Array(8),
    }
    return signRecords([{ ...draft, body: encode(codec, body) }], network, () => new Uint8Array(64))[0]!
  })
const versions = ofKind('version')
const bookmarks = ofKind('bookmark')

const stoodBy: Arbitrary<StoodBy> = fc
  .array(id, { minLength: 1, maxLength: 20 })
  .map((ids) => updateDenounceSummary(ids))

/** The bytes of a record's fields, put together here as PROTOCOL has them. */
function recordAgain({ kind, signer, key, timeMs, nonce, body, batch, signature }: SignedRecord): Uint8Array {
  const isOwn = Buffer.compare(key, signer) === 0
  return Buffer.concat([
    Uint8Array.of(1, kind),
    signer,
    isOwn ? Uint8Array.of(0) : Buffer.concat([Uint8Array.of(1), key]),
    encode(timeCodec, timeMs),
    nonce,
    encode(bytesCodec(65_536), body),
    Uint8Array.of(batch.count - 1),
    batch.count === 1 ? new Uint8Array(0) : Uint8Array.of(batch.index),
    ...batch.path,
    signature,
  ])
}

export const REGISTERED: Format[] = [
  ...KINDS.map(({ name, codec }) =>
    byCodec(`the body of a ${name}`, KIND_READERS[name] ?? '', codec, bodies(name)),
  ),
  ...MESSAGE_NAMES.map((name) =>
    byCodec(`the message ${name}`, `src/node/wire.ts ${name}`, MESSAGES[name], MESSAGE_VALUES[name]),
  ),
  ...Object.entries(QUERIES).map(([name, values]) =>
    byCodec(`the query ${name}`, 'src/node/queries.ts query', query as AnyCodec, values),
  ),
  ...Object.entries(ANSWERS).map(([name, values]) =>
    byCodec(`the answer ${name}`, 'src/node/wire.ts answer', answer as AnyCodec, values),
  ),
]

export const SIGNED: Format[] = [
  {
    name: 'a record',
    readers: ['src/content/record.ts parseRecord'],
    values: fc.oneof(records, versions),
    write: ({ bytes }: SignedRecord) => bytes,
    read: parseRecord,
    again: recordAgain,
    ...EXACT,
  },
  {
    name: 'a block',
    readers: ['src/content/block.ts parseBlock', 'src/content/block.ts describeBlock'],
    values: fc.oneof(records, versions),
    write: (record: SignedRecord) => formBlock(record),
    read: (bytes) => describeBlock(bytes) && parseBlock(bytes),
    again: ({ record, attachment }: Block) => formBlock(record, attachment),
    ...EXACT,
    isWhole: false,
  },
  {
    name: 'the key that a block names',
    readers: ['src/content/block.ts peekKey'],
    values: fc.oneof(records, versions),
    write: (record: SignedRecord) => formBlock(record),
    read: peekKey,
    ...FREE,
  },
  {
    name: 'a version, its space spelled out',
    readers: ['src/content/version.ts decodeVersion'],
    values: versions,
    write: ({ bytes }: SignedRecord) => bytes,
    read: (bytes) => decodeVersion(parseRecord(bytes)),
    ...EXACT,
  },
  {
    name: 'a chunk of a space index',
    readers: ['src/content/chunks.ts decodeChunk', 'src/content/chunks.ts chunkCodec'],
    values: fc.uniqueArray(fc.record({ path, version: id }), {
      minLength: 1,
      maxLength: 5,
      selector: (page) => page.path,
    }),
    write: (pages: PageEntry[]) => chunk(pages)[0]!.bytes,
    read: decodeChunk,
    again: (pages: PageEntry[]) => {
      const chunks = chunk(pages)
      return chunks.length === 1 ? chunks[0]!.bytes : undefined // a cut may stand within what somebody else put together
    },
    ...EXACT,
  },
  {
    name: 'a table of pieces',
    readers: ['src/content/piece.ts decodeTable', 'src/content/piece.ts pieceTable'],
    values: pieceTableValues,
    write: encodeTable,
    read: decodeTable,
    again: encodeTable,
    ...EXACT,
    isValue: true,
  },
  {
    name: 'the table of what is stood by',
    readers: ['src/content/stood-by.ts standsTable'],
    values: stoodBy,
    write: ({ table }: StoodBy) => encode(standsTable, table),
    read: (bytes) => decode(standsTable, bytes),
    again: (table: StandsTable) => encode(standsTable, table),
    ...EXACT,
  },
  {
    name: 'a chunk of what is stood by',
    readers: ['src/content/stood-by.ts decodeStandsChunk'],
    values: stoodBy,
    write: ({ chunks }: StoodBy) => chunks[0]!,
    read: decodeStandsChunk,
    again: (ids: Uint8Array[]) => updateDenounceSummary(ids).chunks[0]!,
    ...EXACT,
    isWhole: false,
  },
  {
    name: 'a bookmark, its page spelled out',
    readers: ['src/content/bookmark.ts decodeBookmark'],
    values: bookmarks,
    write: ({ bytes }: SignedRecord) => bytes,
    read: (bytes) => decodeBookmark(parseRecord(bytes)),
    ...EXACT,
  },
  {
    name: 'a patch',
    readers: ['src/content/patch.ts decodePatch', 'src/content/patch.ts patchCodec'],
    values: patchValues,
    write: encodePatch,
    read: decodePatch,
    again: encodePatch,
    ...EXACT,
    isValue: true,
  },
  {
    name: 'a table of a file',
    readers: ['src/content/file.ts decodeFileTable', 'src/content/file.ts fileTable'],
    values: pieceTableValues,
    write: encodeFileTable,
    read: decodeFileTable,
    again: encodeFileTable,
    ...EXACT,
    isValue: true,
  },
  {
    name: "the list of a file's tables",
    readers: ['src/content/file.ts decodeTableList', 'src/content/file.ts tableList'],
    values: tableListValues,
    write: encodeTableList,
    read: decodeTableList,
    again: encodeTableList,
    ...EXACT,
    isValue: true,
  },
  {
    name: 'a gzip member',
    readers: ['src/content/gzip.ts decompress'],
    values: upTo(300),
    write: compress,
    read: (bytes) => decompress(bytes, { bytesMax: 300 }),
    ...EXACT,
    isValue: true,
  },
]
