/** Versions by id, from here or from peers. */
import { parseBlock, type VerifiedVersion } from '../content/block.ts'
import { judged } from './bundles.ts'
import { deniedAmong } from './denials.ts'
import { fetchBlocks } from './fetching.ts'
import { learnKeys } from './learning.ts'
import type { Node } from './node.ts'
import type { Task } from './task.ts'

/** Of these versions those that are to be had, from here or from peers, without what the operator denied. */
export function* versionsWith(
  node: Node,
  ids: readonly Uint8Array[],
  at: Uint8Array,
  untilMs: number,
): Task<VerifiedVersion[]> {
  const versions: VerifiedVersion[] = []
  const take = (bytes: Uint8Array, of: 'arrived' | 'stored'): void => {
    const block = judged(node, bytes, of)
    if (block?.type === 'version') versions.push(block)
  }
  const here = yield* node.store.get(ids)
  const denied = yield* deniedAmong(node, ids, here)
  const stored = here.filter((bytes, i) => bytes !== undefined && !denied[i]) as Uint8Array[]
  yield* learnKeys(node, stored)
  yield* node.prove(
    stored.map((bytes) => parseBlock(bytes).record),
    untilMs,
  )
  for (const bytes of stored) take(bytes, 'stored')
  const absent = ids.filter((_, i) => here[i] === undefined && !denied[i])
  if (absent.length > 0) {
    const arrived: Uint8Array[] = []
    yield* fetchBlocks(
      node,
      absent.map((id) => ({ id, at })),
      ({ bytes }) => arrived.push(bytes),
      { untilMs, isUrgent: true },
    )
    for (const bytes of arrived) take(bytes, 'arrived')
  }
  return versions
}
