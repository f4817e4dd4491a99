/** Differences that authors published: taken where they apply, and made for versions of our own. */
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import type { VerifiedVersion } from '../content/block.ts'
import { type AppliedDiff, diffBody, takeDiff, VERSION_DIFF } from '../content/version-diff.ts'
import { gatherBundle, localBundle } from './bundles.ts'
import type { Answers } from './commands.ts'
import { declare } from './declaring.ts'
import type { Node } from './node.ts'
import type { Task } from './task.ts'
import type { Writer } from './writing.ts'

/** Two versions with their texts. */
export interface Sides {
  earlier: VerifiedVersion | undefined
  before: string
  later: VerifiedVersion
  after: string
}

/** What the author of the later version published of how it came from the earlier one, where that applies. */
export function* publishedDiff(
  node: Node,
  { earlier, before, later }: Sides,
  untilMs: number,
): Task<AppliedDiff | undefined> {
  if (earlier === undefined || later.version.content.type !== 'text') return undefined
  const { signer } = later.record
  const sought = { kind: VERSION_DIFF, signer }
  const from = { id: earlier.id, text: before }
  const here = takeDiff(yield* localBundle(node, later.locator, sought), from, later)
  const { author } = node.identity
  if (here !== undefined || (author !== undefined && equalBytes(author.entity, signer))) return here
  return takeDiff((yield* gatherBundle(node, later.locator, untilMs, sought)).blocks, from, later)
}

/** Signs and stores such a difference; one that stands already is not made again. Throws REFUSED, BAD_ARGUMENT, TOO_LARGE. */
export function* declareDiff(
  node: Node,
  writer: Writer,
  sides: Sides,
  untilMs: number,
): Task<Answers['publishDiff']> {
  const { earlier, before, later, after } = sides
  const { author } = node.identity
  if (author === undefined || !equalBytes(author.entity, later.record.signer)) {
    throw new SheafError('REFUSED', 'only who wrote a version publishes what it changed')
  }
  if (earlier === undefined || [earlier, later].some(({ version }) => version.content.type !== 'text')) {
    throw new SheafError('BAD_ARGUMENT', 'a difference is published between two versions with a text')
  }
  const standing = yield* publishedDiff(node, sides, untilMs)
  if (standing !== undefined) return { id: Uint8Array.from(standing.diff), batches: [] }
  const from = { id: earlier.id, text: before }
  const body = diffBody(later.version, author.entity, from, { id: later.id, text: after })
  if (body === undefined) throw new SheafError('TOO_LARGE', 'a difference that is as long as the text')
  const { ids, batches } = yield* declare(node, writer, [{ kind: VERSION_DIFF, body }])
  return { id: ids[0]!, batches }
}
