/**
 * The registry of record kinds: one entry is a number, who signs it, its codec and where
 * it lives. A kind that is not here is optional: it is kept and passed on at its signer's
 * locator, never interpreted. `test/content/kinds.test.ts` walks the registry and fails on
 * an entry without its vector, its round trip and its hostile cases.
 */
import { type AnyCodec, decode } from '../base/codec.ts'
import { DEVICE_CERTIFICATE, deviceCertificate } from './device.ts'
import { KEY_GENESIS, keyGenesis } from './key.ts'
import type { SignedRecord } from './record.ts'
import { entityLocator, pageLocator, spaceLocator, spaceOfRef } from './space.ts'
import { SPACE_INDEX, spaceIndex } from './space-index.ts'
import { CHECKPOINT, checkpoint, HOLDING, holding, SHELF_CLAIM, shelfClaim } from './statement.ts'
import { decodeVersion, VERSION, versionBody } from './version.ts'

export interface Kind {
  number: number
  name: string
  codec: AnyCodec
  /** Where records of this kind live; undefined for statements, which are kept by those they concern. */
  locator: ((record: SignedRecord) => Uint8Array) | undefined
}

export const KINDS: readonly Kind[] = [
  {
    number: KEY_GENESIS,
    name: 'key genesis',
    codec: keyGenesis,
    locator: (record) => entityLocator(record.id),
  },
  {
    number: DEVICE_CERTIFICATE,
    name: 'device certificate',
    codec: deviceCertificate,
    locator: (record) => entityLocator(record.signer),
  },
  {
    number: VERSION,
    name: 'version',
    codec: versionBody,
    locator: (record) => pageLocator(decodeVersion(record)),
  },
  {
    number: SPACE_INDEX,
    name: 'space index',
    codec: spaceIndex,
    locator: (record) => spaceLocator(spaceOfRef(decode(spaceIndex, record.body).space, record.signer)),
  },
  { number: HOLDING, name: 'holding', codec: holding, locator: undefined },
  { number: SHELF_CLAIM, name: 'shelf claim', codec: shelfClaim, locator: undefined },
  { number: CHECKPOINT, name: 'checkpoint', codec: checkpoint, locator: undefined },
]

export function kindOf(number: number): Kind | undefined {
  return KINDS.find((kind) => kind.number === number)
}

/** Where a record lives in the keyspace. */
export function locatorOf(record: SignedRecord): Uint8Array {
  return kindOf(record.kind)?.locator?.(record) ?? entityLocator(record.signer)
}
