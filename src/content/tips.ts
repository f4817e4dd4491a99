/**
 * The tips at a locator: the versions that no other version there has as a parent, the
 * indices that no other replaces. One tip is a settled page, two are a fork, which is not
 * an error; any order of arrival gives the same tips.
 */
import { decode } from '../base/codec.ts'
import { IdSet } from '../base/id-map.ts'
import { DEVICE_CERTIFICATE } from './device.ts'
import type { SignedRecord } from './record.ts'
import { SPACE_INDEX, spaceIndex } from './space-index.ts'
import { VERSION, versionBody } from './version.ts'

/** The records that a record names as replaced. */
export function replacedBy(record: SignedRecord): Uint8Array[] {
  if (record.kind === VERSION) return decode(versionBody, record.body).parents
  if (record.kind === SPACE_INDEX) return decode(spaceIndex, record.body).replaces
  return []
}

/** Of records at one locator those that nothing else there replaces. Only its own signer's index replaces an index. */
export function tipsOf<R extends SignedRecord>(records: readonly R[]): R[] {
  const replaced = new IdSet()
  for (const record of records) for (const id of replacedBy(record)) replaced.add(id)
  return records.filter((record) => record.kind === DEVICE_CERTIFICATE || !replaced.has(record.id))
}
