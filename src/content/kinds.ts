/**
 * The registry of record kinds: one entry is a number, who signs it, its codec and where
 * it lives. A kind that is not here is optional: it is kept and passed on at its signer's
 * locator, never interpreted. `test/content/kinds.test.ts` walks the registry and fails on
 * an entry without its vector, its round trip and its hostile cases.
 */
import { type AnyCodec, decode } from '../base/codec.ts'
import { codeOf } from '../base/errors.ts'
import { BOOKMARK, bookmark, decodeBookmark } from './bookmark.ts'
import { DEVICE_CERTIFICATE, deviceCertificate } from './device.ts'
import { KEY_GENESIS, keyGenesis } from './key.ts'
import { OBJECTS_HAD, objectsHad } from './objects-had.ts'
import { PROFILE, profile, shortProfile } from './profile.ts'
import type { SignedRecord } from './record.ts'
import { DEVICE_REVOCATION, deviceRevocation } from './revocation.ts'
import { KEY_ROTATION, keyRotation } from './rotation.ts'
import { entityLocator, pageLocator, spaceLocator, spaceOfRef } from './space.ts'
import { SPACE_INDEX, shortIndex, spaceIndex } from './space-index.ts'
import { CHECKPOINT, checkpoint, HOLDING, holding, SHELF_CLAIM, shelfClaim } from './statement.ts'
import { decodeVersion, VERSION, versionBody } from './version.ts'
import { VERSION_DIFF, versionDiff } from './version-diff.ts'

export interface Kind {
  number: number
  name: string
  codec: AnyCodec
  /** Where records of this kind live; undefined for statements, which are kept by those they concern. */
  locator: ((record: SignedRecord) => Uint8Array) | undefined
  /** Of a body, the records of the same kind and signer that it replaces; absent where a kind replaces nothing, or by rules of its own (`tips.ts`). */
  replaces?: (body: Uint8Array) => readonly Uint8Array[]
  /** Asked for by kind, and no part of a bundle: else many of them would crowd out what a page is read from. */
  isAside?: boolean
  /** Of a body, one that says no more than what it replaces, where that is much shorter. */
  shortBody?: (body: Uint8Array) => Uint8Array
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
    shortBody: shortIndex,
  },
  {
    number: KEY_ROTATION,
    name: 'key rotation',
    codec: keyRotation,
    locator: (record) => entityLocator(record.signer),
  },
  {
    number: DEVICE_REVOCATION,
    name: 'device revocation',
    codec: deviceRevocation,
    locator: (record) => entityLocator(record.signer),
  },
  {
    number: PROFILE,
    name: 'profile',
    codec: profile,
    locator: (record) => entityLocator(record.signer),
    replaces: (body) => decode(profile, body).replaces,
    shortBody: shortProfile,
  },
  {
    number: BOOKMARK,
    name: 'bookmark',
    codec: bookmark,
    locator: (record) => pageLocator(decodeBookmark(record)),
    replaces: (body) => decode(bookmark, body).replaces,
    isAside: true,
  },
  {
    number: VERSION_DIFF,
    name: 'diff',
    codec: versionDiff,
    isAside: true,
    locator: (record) => {
      const { space, path } = decode(versionDiff, record.body)
      return pageLocator({ space: spaceOfRef(space, record.signer), path })
    },
  },
  {
    number: OBJECTS_HAD,
    name: 'objects had',
    codec: objectsHad,
    locator: (record) => entityLocator(record.signer),
    replaces: (body) => decode(objectsHad, body).replaces,
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

/** Throws unless the body of a record is one of its kind. A kind that is not registered may say anything. */
export function checkBody({ kind, body }: Pick<SignedRecord, 'kind' | 'body'>): void {
  const { codec } = kindOf(kind) ?? {}
  if (codec !== undefined) decode(codec, body)
}

/** The records that one names as its predecessors, by the rules of its kind. A body that no check has passed, as from before its kind was known here, names none. */
export function replacedBy(record: Pick<SignedRecord, 'kind' | 'body'>): readonly Uint8Array[] {
  const { replaces } = kindOf(record.kind) ?? {}
  if (replaces === undefined) return []
  return codeOf(() => checkBody(record)) === undefined ? replaces(record.body) : []
}
