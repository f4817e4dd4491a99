/**
 * A record is what somebody signed. Its id is the hash of its canonical bytes, which
 * are kept and passed on as they were received.
 *
 *     format 1 ‖ kind 1 ‖ signer 32 ‖ key (0, or 1 and 32) ‖ time 6 ‖ nonce 8
 *            ‖ body (length and bytes)                           ← the unsigned bytes
 *            ‖ batch (last, and where last > 0: index and path)  ‖ signature 64
 *
 * Records that are made together are signed together: the signature is over the count and root of
 * a merkle tree whose leaves are H(namespace ‖ unsigned bytes). A lone record is a batch
 * of one. So an import of thousands of pages costs one signature for each BATCH_MAX of
 * them, to make and to verify, while each record still verifies alone.
 */
import { bytes, fixed, type State, take, timeMs as timeCodec } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { domainHash, equalBytes, sha256 } from '../base/hash.ts'
import { RECORD_BATCH_MAX, RECORD_BODY_BYTES_MAX } from '../base/limits.ts'
import { leafHash, merkleRoot, merkleTree, rootFromProof } from '../base/merkle.ts'
import { type Network, namespaceOf } from '../base/network.ts'

export const RECORD_FORMAT = 1
/** Kinds from here on are signed by devices (Ed25519), those below by entities (secp256k1). */
export const DEVICE_KINDS_FROM = 128

/** What a record says, before it is signed. */
export interface Draft {
  kind: number
  /** Entity id (zeros in a genesis), or device key. */
  signer: Uint8Array
  /** Id of the key record that it is signed under; the signer itself for a genesis key or a device. */
  key: Uint8Array
  timeMs: number
  /** 8 bytes of chance: two records that say the same at the same time differ. */
  nonce: Uint8Array
  body: Uint8Array
}

/** A well-formed record whose signature has not been looked at. All byte fields are views into `bytes`. */
export interface SignedRecord extends Draft {
  bytes: Uint8Array
  id: Uint8Array
  /** Length of the part that is signed. */
  unsignedBytes: number
  batch: { index: number; count: number; path: Uint8Array[] }
  signature: Uint8Array
}

/** A record whose signature was checked under the key that it names. Only `verifyRecord` makes one. */
export type VerifiedRecord = SignedRecord & { readonly [isVerified]: true }
declare const isVerified: unique symbol

/** Signs a 32-byte digest. */
export type Sign = (digest: Uint8Array) => Uint8Array
/** Whether `signature` over `digest` is that of `publicKey`; never throws. */
export type Verify = (signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array) => boolean

/** Drafts of one signer and key → records under one signature. At most RECORD_BATCH_MAX of them. */
export function signRecords(drafts: Draft[], network: Network, sign: Sign): SignedRecord[] {
  if (drafts.length === 0) return []
  if (drafts.length > RECORD_BATCH_MAX) {
    throw new SheafError('TOO_LARGE', `${drafts.length} records where a batch takes ${RECORD_BATCH_MAX}`)
  }
  const unsigned = drafts.map(encodeDraft)
  const leaves = drafts.map((draft, i) => leafOf(network, draft.kind, unsigned[i]!))
  const { root, proofs } = merkleTree(leaves)
  const signature = sign(batchDigest(root, drafts.length))
  return unsigned.map((part, index) => {
    const path = proofs[index]!
    const batch = Buffer.alloc(path.length === 0 ? 1 : 2 + path.length * 32)
    batch[0] = drafts.length - 1
    if (path.length > 0) {
      batch[1] = index
      for (const [level, hash] of path.entries()) batch.set(hash, 2 + level * 32)
    }
    return parseRecord(Buffer.concat([part, batch, signature]))
  })
}

export function signRecord(draft: Draft, network: Network, sign: Sign): SignedRecord {
  return signRecords([draft], network, sign)[0]!
}

/** Bytes → record; the inverse of signing as far as form goes. Throws for anything that is not canonical. */
export function parseRecord(buffer: Uint8Array): SignedRecord {
  const state: State = { start: 0, end: buffer.byteLength, buffer }
  const format = take(state, 1)[0]!
  if (format !== RECORD_FORMAT) throw new SheafError('BAD_FORMAT', `record format ${format}`)
  const kind = take(state, 1)[0]!
  if (kind === 0) throw new SheafError('UNKNOWN_KIND', 'record kind 0')
  const signer = take(state, 32)
  const key = readKey(state, kind, signer)
  const timeMs = timeCodec.decode(state)
  const nonce = take(state, 8)
  const body = BODY.decode(state)
  const unsignedBytes = state.start
  const batch = readBatch(state)
  const signature = take(state, 64)
  if (state.start !== state.end) {
    throw new SheafError('TRAILING_BYTES', `${state.end - state.start} bytes after the signature`)
  }
  return {
    kind,
    signer,
    key,
    timeMs,
    nonce,
    body,
    bytes: buffer,
    id: sha256(buffer),
    unsignedBytes,
    batch,
    signature,
  }
}

/** Throws BAD_SIGNATURE unless `publicKey` signed the record on `network`. Who that key belongs to is the caller's part. */
export function verifyRecord(
  record: SignedRecord,
  network: Network,
  publicKey: Uint8Array,
  verify: Verify,
): VerifiedRecord {
  const { batch } = record
  const leaf = leafOf(network, record.kind, record.bytes.subarray(0, record.unsignedBytes))
  const root =
    batch.count === 1 ? merkleRoot([leaf]) : rootFromProof(leaf, batch.index, batch.count, batch.path)
  if (!verify(record.signature, batchDigest(root, batch.count), publicKey)) {
    throw new SheafError('BAD_SIGNATURE', `the signature of a record of kind ${record.kind} does not verify`)
  }
  return record as VerifiedRecord
}

export const isDeviceKind = (kind: number): boolean => kind >= DEVICE_KINDS_FROM

function encodeDraft(draft: Draft): Uint8Array {
  const ownKey = equalBytes(draft.key, draft.signer)
  const state: State = { start: 0, end: 2 + 32 + (ownKey ? 1 : 33), buffer: draft.body }
  timeCodec.preencode(state, draft.timeMs)
  NONCE.preencode(state, draft.nonce)
  BODY.preencode(state, draft.body)
  const buffer = Buffer.allocUnsafe(state.end)
  state.buffer = buffer
  buffer[0] = RECORD_FORMAT
  buffer[1] = draft.kind
  buffer.set(draft.signer, 2)
  buffer[34] = ownKey ? 0 : 1
  if (!ownKey) buffer.set(draft.key, 35)
  state.start = ownKey ? 35 : 67
  timeCodec.encode(state, draft.timeMs)
  NONCE.encode(state, draft.nonce)
  BODY.encode(state, draft.body)
  return buffer
}

function readKey(state: State, kind: number, signer: Uint8Array): Uint8Array {
  const named = take(state, 1)[0]!
  if (named === 0) return signer
  if (named > 1) throw new SheafError('NOT_CANONICAL', `a key flag of ${named}`)
  const key = take(state, 32)
  if (isDeviceKind(kind) || equalBytes(key, signer)) {
    throw new SheafError('NOT_CANONICAL', 'a key named where it goes without saying')
  }
  return key
}

function readBatch(state: State): SignedRecord['batch'] {
  const count = take(state, 1)[0]! + 1
  if (count === 1) return { index: 0, count, path: [] }
  const index = take(state, 1)[0]!
  if (index >= count) throw new SheafError('BAD_FORMAT', `record ${index} of a batch of ${count}`)
  const path: Uint8Array[] = []
  for (let level = pathLength(index, count); level > 0; level--) path.push(take(state, 32))
  return { index, count, path }
}

/** Hashes on the way from leaf `index` to the root of a tree of `count` leaves (RFC 6962, section 2.1.1). */
function pathLength(index: number, count: number): number {
  if (count === 1) return 0
  const half = 2 ** (31 - Math.clz32(count - 1))
  return 1 + (index < half ? pathLength(index, half) : pathLength(index - half, count - half))
}

/** What is signed: the root with the number of leaves, which the root alone does not bind. Else a stranger could state another number and make a second id for the same words. */
function batchDigest(root: Uint8Array, count: number): Uint8Array {
  return domainHash('sheaf/1 batch', Uint8Array.of(count - 1), root)
}

function leafOf(network: Network, kind: number, unsigned: Uint8Array): Uint8Array {
  return leafHash(namespaceOf(network, kind), unsigned)
}

const NONCE = fixed(8)
const BODY = bytes(RECORD_BODY_BYTES_MAX)
