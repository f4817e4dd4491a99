/**
 * The tips at a locator: the versions that no other version there has as a parent, the
 * indices that no other replaces. One tip is a settled page, two are a fork, which is not
 * an error; any order of arrival gives the same tips.
 */
import { decode } from '../base/codec.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import { DEVICE_CERTIFICATE } from './device.ts'
import type { SignedRecord } from './record.ts'
import type { SpaceRef } from './space.ts'
import { SPACE_INDEX, spaceIndex } from './space-index.ts'
import { VERSION, versionBody } from './version.ts'

/** What of a record says which others it replaces. */
export type TipRecord = Pick<SignedRecord, 'id' | 'kind' | 'signer' | 'body'>

interface Known<R> {
  record: R
  /** Whether it lies in its signer's own space. */
  isOwners: boolean
  replaces: Uint8Array[]
  isReplaced: boolean
}

/**
 * Of records at one locator those that nothing else there replaces, the owner's before all
 * others. In a person's space only the owner replaces the owner's: a version that somebody
 * else puts on top is a proposal beside it, and hides nothing. Only its own signer's index
 * replaces an index.
 */
export function tipsOf<R extends TipRecord>(records: readonly R[]): R[] {
  const known = new IdMap<Known<R>>()
  for (const record of records) known.set(record.id, { record, isReplaced: false, ...claims(record) })
  for (const by of known.values()) {
    for (const id of by.replaces) {
      const replaced = known.get(id)
      if (replaced !== undefined && mayReplace(by, replaced)) replaced.isReplaced = true
    }
  }
  const tips = [...known.values()].filter(({ isReplaced }) => !isReplaced)
  const owners = tips.filter(({ isOwners }) => isOwners)
  return [...owners, ...tips.filter(({ isOwners }) => !isOwners)].map(({ record }) => record)
}

function mayReplace(by: Known<TipRecord>, replaced: Known<TipRecord>): boolean {
  if (replaced.record.kind === DEVICE_CERTIFICATE) return false
  if (by.record.kind === SPACE_INDEX) return equalBytes(by.record.signer, replaced.record.signer)
  return by.isOwners || !replaced.isOwners
}

/** What a record says of its place and of those before it. */
function claims(record: TipRecord): { isOwners: boolean; replaces: Uint8Array[] } {
  const isSelf = (space: SpaceRef): boolean => space.type === 'self'
  if (record.kind === VERSION) {
    const { space, parents } = decode(versionBody, record.body)
    return { isOwners: isSelf(space), replaces: parents }
  }
  if (record.kind === SPACE_INDEX) {
    const { space, replaces } = decode(spaceIndex, record.body)
    return { isOwners: isSelf(space), replaces }
  }
  return { isOwners: false, replaces: [] }
}
