/**
 * Pages of a space that something lies here of, whatever its list says: a page that was deleted or
 * renamed is on no list any more, and its history is still here. All of the store is looked through, a
 * part at a time.
 */
import { decode } from '../base/codec.ts'
import { equalBytes } from '../base/hash.ts'
import { pageLocator, type Space, spaceOfRef } from '../content/space.ts'
import { VERSION, versionBody } from '../content/version.ts'
import type { Node } from './node.ts'
import { outlinesOf } from './outlines.ts'
import type { Task } from './task.ts'

/** Of 256 parts of the store the ids are in memory one part at a time. */
const PART_BITS = 8
const META_IDS = 1_024

/** Their paths, in order; without what the operator denied. */
export function* keptPages(node: Node, space: Space): Task<string[]> {
  const paths = new Set<string>()
  for (let part = 0; part < 2 ** PART_BITS; part++) {
    const ids = yield* node.store.within(Uint8Array.of(part), PART_BITS)
    for (let at = 0; at < ids.length; at += META_IDS) {
      const metas = yield* node.store.meta(ids.slice(at, at + META_IDS))
      const versions = metas.flatMap((meta) => (meta?.kind === VERSION ? [meta.id] : []))
      for (const { id, body, signer } of yield* outlinesOf(node, versions)) {
        if (!node.retention.serves(id) || !node.retention.serves(signer)) continue
        const said = decode(versionBody, body)
        if (isSame(spaceOfRef(said.space, signer), space)) paths.add(said.path)
      }
    }
  }
  const served = [...paths].filter((path) => node.retention.serves(pageLocator({ space, path })))
  return served.sort()
}

function isSame(a: Space, b: Space): boolean {
  return a.type === b.type && equalBytes(a.id, b.id)
}
