/**
 * What stands on a page when somebody publishes onto it. A version is *stale* where the page's head is
 * neither among its parents nor anything that they came from: whoever wrote it has not seen the head.
 *
 *     a ── b      made from a while b is the head: stale
 *      └── ?      made from a and b, or from b: not
 */
import { decode } from '../base/codec.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import type { VerifiedVersion } from '../content/block.ts'
import { History, type HistoryEntry } from '../content/history.ts'
import { type Page, pageLocator } from '../content/space.ts'
import { VERSION, versionBody } from '../content/version.ts'
import { gatherBundle, localBundle } from './bundles.ts'
import { headOf } from './head-finding.ts'
import type { Node } from './node.ts'
import { type Outline, outlinesAt } from './outlines.ts'
import type { Task } from './task.ts'

export interface Standing {
  head: Outline | undefined
  /** A version of the page that is known here. */
  outline(id: Uint8Array): Outline | undefined
  /** Whether what is made from these versions has seen that one. */
  hasSeen(parents: readonly Uint8Array[], id: Uint8Array): boolean
}

/** What peers know of a page, as far as they answer in time; a failure to reach them is none of publishing. */
export function* heardOf(node: Node, page: Page, untilMs: number): Task<VerifiedVersion[]> {
  const { blocks } = yield* gatherBundle(node, pageLocator(page), untilMs)
  return blocks.filter((block) => block.type === 'version')
}

/** The state of a page: from the store, and from what was heard and is not written yet. */
export function* standingOf(node: Node, page: Page, heard: readonly VerifiedVersion[]): Task<Standing> {
  const outlines = new IdMap<Outline>()
  for (const { record } of heard) outlines.set(record.id, record)
  for (const one of yield* outlinesAt(node, pageLocator(page), VERSION)) outlines.set(one.id, one)
  const history = new History([...outlines.values()].map(entryOf))
  const heads = history.heads.map(({ id }) => outlines.get(id)!)
  return {
    head: heads.length < 2 ? heads[0] : yield* chosen(node, page, heard, heads, history),
    outline: (id) => outlines.get(id),
    hasSeen: (parents, id) =>
      parents.some((parent) => equalBytes(parent, id) || history.isAncestor(id, parent)),
  }
}

/** The tip that one sees; where one's bookmark is on something older, the first that came of it. */
function* chosen(
  node: Node,
  page: Page,
  heard: readonly VerifiedVersion[],
  heads: readonly Outline[],
  history: Pick<History<HistoryEntry>, 'isAncestor'>,
): Task<Outline | undefined> {
  const here = (yield* localBundle(node, pageLocator(page))).filter((block) => block.type === 'version')
  const head = yield* headOf(node, page, [...here, ...heard], { untilMs: node.env.nowMs(), isLocal: true })
  if (head === undefined) return undefined
  const { id: seen } = head.version
  return (
    heads.find(({ id }) => equalBytes(id, seen)) ??
    heads.find(({ id }) => history.isAncestor(seen, id)) ??
    heads[0]
  )
}

function entryOf({ id, body }: Outline): { id: Uint8Array; parents: Uint8Array[]; isOwners: boolean } {
  const { parents, space } = decode(versionBody, body)
  return { id, parents, isOwners: space.type === 'self' }
}
