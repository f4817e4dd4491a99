/**
 * A block is a record with what travels beside it: the unit that is stored and sent.
 *
 *     record length ‖ record ‖ attachment
 *
 * The attachment of a version of one piece is the piece, of a text of several pieces their
 * table, of a longer file the list of its tables; of a key rotation the table of what its entity
 * stands by. Every other record has none. A block's id is its record's id.
 */
import { decode, encodedBytes, readUint, type State, take, uint } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { equalBytes, sha256 } from '../base/hash.ts'
import { CLOCK_AHEAD_MAX_MS, RECORD_BYTES_MAX } from '../base/limits.ts'
import type { Network } from '../base/network.ts'
import { checkPuzzle, DEVICE_CERTIFICATE, type DeviceCertificate, deviceCertificate } from './device.ts'
import { type FileParts, openFile } from './file.ts'
import { decompress } from './gzip.ts'
import { type EntityKey, KEY_GENESIS, keyGenesis, verifyGenesis } from './key.ts'
import { checkBody, kindOf, locatorOf } from './kinds.ts'
import { decodeTable, type PieceTable, tableRoot } from './piece.ts'
import {
  isDeviceKind,
  parseRecord,
  type SignedRecord,
  type VerifiedRecord,
  type Verify,
  verifyRecord,
} from './record.ts'
import { KEY_ROTATION, keyRotation, verifyRotation } from './rotation.ts'
import { entityLocator, pageLocator, type Space, spaceOfRef } from './space.ts'
import { SPACE_INDEX, type SpaceIndex, spaceIndex } from './space-index.ts'
import { openStandsTable } from './stood-by.ts'
import { requireNormal } from './text.ts'
import { decodeVersion, type TextContent, VERSION, type Version } from './version.ts'

export interface Block {
  bytes: Uint8Array
  record: SignedRecord
  attachment: Uint8Array
}

/** What verifying needs to know: the network, the keys at hand, and the time. */
export interface VerifyContext {
  network: Network
  verify: Verify
  /** The verified key with this key record id, where it is at hand. */
  keyOf(id: Uint8Array): Pick<EntityKey, 'entity' | 'publicKey' | 'position' | 'next'> | undefined
  /** Throws RETIRED_KEY where a record does not count, for the key that it names was retired. Where it is left out, the caller judges. */
  requireCounts?(record: SignedRecord): void
  nowMs: number
}

/** A block of which everything was checked that can be checked alone. Only `verifyBlock` makes one. */
export type VerifiedBlock = {
  id: Uint8Array
  bytes: Uint8Array
  record: VerifiedRecord
  /** Where it lives in the keyspace. */
  locator: Uint8Array
} & (
  | { type: 'key'; key: EntityKey }
  | { type: 'certificate'; certificate: DeviceCertificate }
  /** `text` where the version is a text of one piece; `table` where it is several; `file` where it is no text. */
  | ({ type: 'version'; version: Version } & Beside)
  | { type: 'index'; space: Space; index: SpaceIndex }
  /** Of a registered kind that asks no more of a block than its body's form. */
  | { type: 'declared' }
  | { type: 'unknown' }
)
/** What travels beside a version, opened. */
interface Beside {
  text: Uint8Array | undefined
  table: PieceTable | undefined
  file: FileParts | undefined
}

export type VerifiedVersion = Extract<VerifiedBlock, { type: 'version' }>
export type VerifiedIndex = Extract<VerifiedBlock, { type: 'index' }>

export function formBlock(record: SignedRecord, attachment: Uint8Array = NOTHING): Uint8Array {
  const length = encodedBytes(RECORD_LENGTH, record.bytes.byteLength)
  const bytes = Buffer.allocUnsafe(length + record.bytes.byteLength + attachment.byteLength)
  RECORD_LENGTH.encode({ start: 0, end: length, buffer: bytes }, record.bytes.byteLength)
  bytes.set(record.bytes, length)
  bytes.set(attachment, length + record.bytes.byteLength)
  return bytes
}

/** Bytes → block, its form checked and nothing else. Fields are views into `bytes`. */
export function parseBlock(bytes: Uint8Array): Block {
  const state: State = { start: 0, end: bytes.byteLength, buffer: bytes }
  const length = readUint(state)
  if (length > RECORD_BYTES_MAX) throw new SheafError('TOO_LARGE', `a record of ${length} bytes`)
  const record = parseRecord(take(state, length))
  return { bytes, record, attachment: bytes.subarray(state.start) }
}

/** The kind of a block's record, its signer and the key that it names, without parsing the rest. */
export function peekKey(bytes: Uint8Array): { kind: number; signer: Uint8Array; key: Uint8Array } {
  const state: State = { start: 0, end: bytes.byteLength, buffer: bytes }
  readUint(state)
  const kind = take(state, 2)[1]!
  const signer = take(state, 32)
  return { kind, signer, key: take(state, 1)[0] === 0 ? signer : take(state, 32) }
}

/** Id, place, kind and time of a block, for an index that is made anew. */
export function describeBlock(bytes: Uint8Array): {
  id: Uint8Array
  locator: Uint8Array
  kind: number
  timeMs: number
} {
  const { record } = parseBlock(bytes)
  return { id: record.id, locator: locatorOf(record), kind: record.kind, timeMs: record.timeMs }
}

/**
 * Bytes → verified block: form, time, key, signature, and the attachment against what the
 * record signed. Throws the code of what failed first; BAD_CHAIN where the key that the
 * record names is not at hand.
 */
export function verifyBlock(bytes: Uint8Array, context: VerifyContext): VerifiedBlock {
  return verifyParsed(parseBlock(bytes), context)
}

/** As `verifyBlock`, for a block whose form was checked already. */
export function verifyParsed({ bytes, record, attachment }: Block, context: VerifyContext): VerifiedBlock {
  if (record.timeMs > context.nowMs + CLOCK_AHEAD_MAX_MS) {
    throw new SheafError('BAD_TIME', `signed ${record.timeMs - context.nowMs} ms in the future`)
  }
  const { id } = record
  if (record.kind === KEY_GENESIS) {
    refuseAttachment(attachment)
    const key = verifyGenesis(record, decode(keyGenesis, record.body), context.network, context.verify)
    return { type: 'key', id, bytes, record: key.record, locator: entityLocator(id), key }
  }
  const signedUnder = keyNamedBy(record, context)
  if (record.kind === KEY_ROTATION) {
    const body = decode(keyRotation, record.body)
    const key = verifyRotation(
      record,
      body,
      { ...signedUnder, id: record.key },
      context.network,
      context.verify,
    )
    const table = openStandsTable(attachment, body.stands)
    const stands = { ...body.stands, table }
    return { type: 'key', id, bytes, record: key.record, locator: locatorOf(record), key: { ...key, stands } }
  }
  const verified = verifyRecord(record, context.network, signedUnder.publicKey, context.verify)
  context.requireCounts?.(record)
  if (record.kind === VERSION) {
    const version = decodeVersion(record)
    const { text, table, file } = verifyContent(version, attachment)
    const locator = pageLocator(version)
    return { type: 'version', id, bytes, record: verified, locator, version, text, table, file }
  }
  refuseAttachment(attachment)
  const common = { id, bytes, record: verified, locator: locatorOf(record) }
  if (record.kind === DEVICE_CERTIFICATE) {
    const certificate = decode(deviceCertificate, record.body)
    checkPuzzle(certificate, context.network)
    return { type: 'certificate', ...common, certificate }
  }
  if (record.kind === SPACE_INDEX) {
    const index = decode(spaceIndex, record.body)
    const space = spaceOfRef(index.space, record.signer)
    if (space.type === 'entity' && index.space.type !== 'self') {
      throw new SheafError('BAD_CHAIN', "an index of somebody else's space")
    }
    return { type: 'index', ...common, space, index }
  }
  checkBody(record)
  return { type: kindOf(record.kind) === undefined ? 'unknown' : 'declared', ...common }
}

function keyNamedBy(
  record: SignedRecord,
  context: VerifyContext,
): NonNullable<ReturnType<VerifyContext['keyOf']>> {
  if (isDeviceKind(record.kind))
    throw new SheafError('UNKNOWN_KIND', `kind ${record.kind} is a device's statement`)
  const key = context.keyOf(record.key)
  if (key === undefined)
    throw new SheafError('BAD_CHAIN', 'the key that the record was signed under is not at hand')
  if (!equalBytes(key.entity, record.signer))
    throw new SheafError('BAD_CHAIN', "signed under another entity's key")
  return key
}

function verifyContent({ content }: Version, attachment: Uint8Array): Beside {
  if (content.type === 'file')
    return { text: undefined, table: undefined, file: openFile(content, attachment) }
  if (content.type !== 'text') {
    refuseAttachment(attachment)
    return { text: undefined, table: undefined, file: undefined }
  }
  if (content.pieces > 1) {
    const table = decodeTable(attachment)
    if (table.length !== content.pieces || !equalBytes(tableRoot(table), content.root)) {
      throw new SheafError('BAD_HASH', 'the table of pieces is not the one that was signed')
    }
    return { text: undefined, table, file: undefined }
  }
  return { text: openOnlyPiece(content, attachment), table: undefined, file: undefined }
}

function openOnlyPiece(content: TextContent, piece: Uint8Array): Uint8Array {
  const table = [{ hash: sha256(piece), bytes: piece.byteLength, textBytes: content.textBytes }]
  if (!equalBytes(tableRoot(table), content.root)) {
    throw new SheafError('BAD_HASH', 'the piece is not the one that was signed')
  }
  const text = decompress(piece, { bytesMax: content.textBytes })
  if (text.byteLength !== content.textBytes || !equalBytes(sha256(text), content.textHash)) {
    throw new SheafError('BAD_HASH', 'the text is not the one that was signed')
  }
  requireNormal(text)
  return text
}

function refuseAttachment(attachment: Uint8Array): void {
  if (attachment.byteLength > 0) {
    throw new SheafError(
      'TRAILING_BYTES',
      `${attachment.byteLength} bytes beside a record that has no attachment`,
    )
  }
}

const RECORD_LENGTH = uint(RECORD_BYTES_MAX)
const NOTHING = new Uint8Array(0)
