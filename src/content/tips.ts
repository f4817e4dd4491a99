/**
 * The tips at a locator: the versions that no other version there has as a parent, the
 * indices that no other replaces. One tip is a settled page, two are a fork, which is not
 * an error; any order of arrival gives the same tips.
 */
import { decode } from '../base/codec.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import { replaced } from './history.ts'
import { replacedBy } from './kinds.ts'
import type { SignedRecord } from './record.ts'
import type { SpaceRef } from './space.ts'
import { SPACE_INDEX, spaceIndex } from './space-index.ts'
import { VERSION, versionBody } from './version.ts'

/** What of a record says which others it replaces. */
export type TipRecord = Pick<SignedRecord, 'id' | 'kind' | 'signer' | 'body'>

/** A record's place among those at its locator. */
interface Known<R> {
  record: R
  /** Whether it lies in its signer's own space. */
  isOwners: boolean
  replaces: readonly Uint8Array[]
}

/**
 * Of records at one locator those that nothing else there replaces, the owner's before all
 * others. Who replaces a version is the history's to say; all else is only replaced by its
 * own signer, and within its kind.
 */
export function tipsOf<R extends TipRecord>(records: readonly R[]): R[] {
  const distinct = new IdMap<Known<R>>()
  for (const record of records) distinct.set(record.id, { record, ...claims(record) })
  const known = [...distinct.values()]
  const places = new IdMap<number>()
  for (const [place, { record }] of known.entries()) places.set(record.id, place)
  const parents = known.map(({ record, replaces }) =>
    replaces.flatMap((id) => {
      const place = places.get(id)
      return place !== undefined && mayReplace(record, known[place]!.record) ? place : []
    }),
  )
  const isReplaced = replaced(
    known.map(({ isOwners }) => isOwners),
    parents,
  )
  const tips = known.filter((_, place) => !isReplaced[place])
  const owners = tips.filter(({ isOwners }) => isOwners)
  return [...owners, ...tips.filter(({ isOwners }) => !isOwners)].map(({ record }) => record)
}

/** Whether a record can replace another at all: one of its own kind, and but for versions only its signer's. */
function mayReplace(by: TipRecord, other: TipRecord): boolean {
  if (by.kind !== other.kind) return false
  return by.kind === VERSION || equalBytes(by.signer, other.signer)
}

/** What a record says of its place and of those before it. */
function claims(record: TipRecord): { isOwners: boolean; replaces: readonly Uint8Array[] } {
  const isSelf = (space: SpaceRef): boolean => space.type === 'self'
  if (record.kind === VERSION) {
    const { space, parents } = decode(versionBody, record.body)
    return { isOwners: isSelf(space), replaces: parents }
  }
  if (record.kind === SPACE_INDEX) {
    const { space, replaces } = decode(spaceIndex, record.body)
    return { isOwners: isSelf(space), replaces }
  }
  return { isOwners: false, replaces: replacedBy(record) }
}
