/**
 * The vectors of the record kinds (test/vectors/records.json): from the secrets and the words in
 * the file everything else in it follows.
 */
import { readFileSync } from 'node:fs'
import { encode } from '../../src/base/codec.ts'
import { deviceKeyPair, deviceSign, loadCrypto } from '../../src/base/crypto.ts'
import { entityKeyPairOf } from '../../src/base/keys.ts'
import { type Network, networkOf } from '../../src/base/network.ts'
import { type Kind, kindOf } from '../../src/content/kinds.ts'
import {
  type Draft,
  isDeviceKind,
  type Sign,
  type SignedRecord,
  signRecords,
} from '../../src/content/record.ts'
import { unhex, unplain } from './bytes.ts'

export interface RecordInput {
  timeMs: number
  /** 8 bytes in hexadecimal. */
  nonce: string
  /** The body's fields; bytes are strings that begin with 0x. */
  body: unknown
}

export interface RecordVector extends RecordInput {
  number: number
  bodyBytes: string
  record: string
  id: string
  /** Where it lives; null for a statement. */
  locator: string | null
}

export interface FileVector extends RecordVector {
  /** What travels beside the version: the only piece, or the list of tables. */
  attachment: string
  tables: string[]
}

export interface RecordVectors {
  about: string
  network: string
  networkId: string
  puzzleBits: number
  entitySecret: string
  entity: string
  deviceSeed: string
  kinds: Record<string, RecordVector>
  /** Versions that put a file on a page. */
  files: Record<string, FileVector>
  /** Records of one kind under one signature. */
  batch: { kind: string; inputs: RecordInput[]; records: string[]; ids: string[] }
}

export const recordVectors = JSON.parse(
  readFileSync(new URL('../vectors/records.json', import.meta.url), 'utf8'),
) as RecordVectors

export interface Signers {
  network: Network
  entity: { id: Uint8Array; publicKey: Uint8Array; sign: Sign }
  device: { publicKey: Uint8Array; sign: Sign }
}

export function signersOf(
  file: Pick<RecordVectors, 'network' | 'puzzleBits' | 'entitySecret' | 'entity' | 'deviceSeed'>,
  crypto = loadCrypto(),
): Signers {
  const keys = entityKeyPairOf(crypto, unhex(file.entitySecret))
  const device = deviceKeyPair(unhex(file.deviceSeed))
  return {
    network: networkOf(file.network, file.puzzleBits),
    entity: {
      id: unhex(file.entity),
      publicKey: keys.publicKey,
      sign: (digest) => crypto.sign(digest, keys.secret),
    },
    device: { publicKey: device.publicKey, sign: (digest) => deviceSign(digest, device.secretKey) },
  }
}

/** Records of one kind from their vectors, under one signature. */
export function formRecords(kind: Kind, inputs: readonly RecordInput[], signers: Signers): SignedRecord[] {
  const bodies = inputs.map((input) => ({ ...input, body: unplain(input.body) }))
  return formBodies(kind, bodies, signers)
}

/** The same with bodies as values. A genesis has no signer, a statement the device, all else the entity. */
export function formBodies(kind: Kind, inputs: readonly RecordInput[], signers: Signers): SignedRecord[] {
  const { entity, device, network } = signers
  const isDevice = isDeviceKind(kind.number)
  const signer = kind.name === 'key genesis' ? new Uint8Array(32) : isDevice ? device.publicKey : entity.id
  const drafts = inputs.map(({ timeMs, nonce, body }): Draft => {
    const bytes = encode(kind.codec, body)
    return { kind: kind.number, signer, key: signer, timeMs, nonce: unhex(nonce), body: bytes }
  })
  return signRecords(drafts, network, isDevice ? device.sign : entity.sign)
}

/** The key that a record of this kind verifies under. */
export function publicKeyFor(kind: number, signers: Signers): Uint8Array {
  return isDeviceKind(kind) ? signers.device.publicKey : signers.entity.publicKey
}

export function kindNamed(name: string): Kind {
  const number = recordVectors.kinds[name]?.number
  const kind = number === undefined ? undefined : kindOf(number)
  if (kind === undefined) throw new Error(`no kind named ${name}`)
  return kind
}
