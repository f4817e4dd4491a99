/**
 * Whether records under retired keys count: what proves it, from the store or from peers. Under a key
 * that was never retired, as most are, nothing is read and nothing is asked for.
 */
import { IdMap } from '../base/id-map.ts'
import { formBlock } from '../content/block.ts'
import type { EntityKey } from '../content/key.ts'
import type { Judged } from '../content/key-book.ts'
import { entityLocator } from '../content/space.ts'
import { encodeStandsTable } from '../content/stood-by.ts'
import type { KeysAround } from './learning.ts'
import type { Task } from './task.ts'

/** Reads from the store what proves that these records count; ends with the chunks that are not here, by hash with where they live. */
export function* proveHere(node: KeysAround, records: readonly Judged[]): Task<IdMap<Uint8Array>> {
  const missing = chunksFor(node, records)
  if (missing.size === 0) return missing
  const hashes = [...missing.keys()]
  for (const [i, bytes] of (yield* node.store.get(hashes)).entries()) {
    if (bytes === undefined) continue
    node.keys.addChunk(hashes[i]!, bytes)
    missing.delete(hashes[i]!)
  }
  return missing
}

/** Those of these records that count, as far as the store can tell: what is not proven does not, unless `orUnproven`. Their keys have been loaded. */
export function* counting<R extends Judged>(
  node: KeysAround,
  records: readonly R[],
  orUnproven = false,
): Task<R[]> {
  if (!records.some(({ key }) => node.keys.isRetired(key))) return [...records]
  yield* proveHere(node, records)
  return records.filter((record) => {
    const { type } = node.keys.judge(record)
    return type === 'counts' || (orUnproven && type === 'unproven')
  })
}

/** The block of a key at hand, as it was verified. */
export function keyBlock({ record, stands }: EntityKey): Uint8Array {
  return formBlock(record, stands?.table && encodeStandsTable(stands.table))
}

function chunksFor({ keys }: KeysAround, records: readonly Judged[]): IdMap<Uint8Array> {
  const wanted = new IdMap<Uint8Array>()
  for (const record of records) {
    if (!keys.isRetired(record.key)) continue
    const verdict = keys.judge(record)
    if (verdict.type !== 'unproven') continue
    for (const hash of verdict.chunks) wanted.set(hash, entityLocator(verdict.entity))
  }
  return wanted
}
