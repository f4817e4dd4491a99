/**
 * Records of one kind at one locator, verified: a person's profile, the bookmarks of a page. They are
 * asked for by kind, so that what else lies there does not crowd them out.
 */
import { compareBytes, equalBytes } from '../base/hash.ts'
import { gatherBundle, localBundle } from './bundles.ts'
import type { Command } from './commands.ts'
import type { GatheredRecords } from './entity-answers.ts'
import type { Node } from './node.ts'
import type { Task } from './task.ts'

/** All of them that are here, and up to 256 of each of a few keepers; none is no failure. Throws REFUSED for a place that the operator denied. */
export function* gatherRecords(
  node: Node,
  { locator, kind, signer, isLocal = false, untilMs }: Omit<Extract<Command, { type: 'records' }>, 'type'>,
): Task<GatheredRecords> {
  const sought = { kind, signer }
  const { blocks, asked } = isLocal
    ? { blocks: yield* localBundle(node, locator, sought), asked: [] }
    : yield* gatherBundle(node, locator, untilMs, sought)
  const records = blocks.filter(
    ({ record }) => record.kind === kind && (signer === undefined || equalBytes(record.signer, signer)),
  )
  return { records: records.sort((a, b) => compareBytes(a.id, b.id)), asked }
}
