/**
 * Versions that were made elsewhere and earlier, as they were: with the parents, time and nonce that
 * they are given, whatever stands at the head of their pages. Whoever gives one again, by its page, time
 * and nonce, gets the version that is there: a history that was broken off goes on where it was.
 *
 * A time ahead of the clock becomes the clock's, in a form that tells: otherwise what was given twice, now
 * and when its time has come, would be there twice.
 */
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import { CLOCK_AHEAD_MAX_MS, PARENTS_MAX } from '../base/limits.ts'
import { parseBlock } from '../content/block.ts'
import { type Author, compressSignMarkdown, type PageDraft, type SealedPage } from '../content/page.ts'
import { pageLocator, type Space } from '../content/space.ts'
import { VERSION } from '../content/version.ts'
import { deniedHere } from './denials.ts'
import { isKeptWhole } from './filing.ts'
import type { Node } from './node.ts'
import type { OldVersion } from './old-version.ts'
import type { BlockMeta } from './store.ts'
import type { Task } from './task.ts'

/** Versions of one page that are looked through for one that is there. */
const VERSIONS_MAX = 65_536
/** A time that was put in place of another ends so in its second. What git has ends with 0, and what else does with it is told apart by its nonce. */
const CLAMPED_END_MS = 1

export interface Replayed {
  /** In the order in which they were given. */
  ids: Uint8Array[]
  areNew: boolean[]
  made: { page: SealedPage; draft: PageDraft }[]
}

/** Signs those that are not there yet. Throws BAD_ARGUMENT, REFUSED. */
export function* sealOld(node: Node, author: Author, versions: readonly OldVersion[]): Task<Replayed> {
  const space: Space = { type: 'entity', id: author.entity }
  const known = new IdMap<BlockMeta[]>()
  const ids: (Uint8Array | undefined)[] = []
  const made: Replayed['made'] = []
  let group: { draft: PageDraft; at: number }[] = []
  const seal = (): void => {
    const pages = compressSignMarkdown(
      group.map(({ draft }) => draft),
      author,
    )
    for (const [i, { draft, at }] of group.entries()) {
      ids[at] = pages[i]!.id
      made.push({ page: pages[i]!, draft })
    }
    group = []
  }
  const areNew: boolean[] = []
  for (const [at, { path, text, file, parents, summary, timeMs, nonce }] of versions.entries()) {
    const locator = pageLocator({ space, path })
    if (!node.retention.serves(locator)) throw deniedHere(`the page ${path}`)
    let metas = known.get(locator)
    if (metas === undefined) {
      metas = yield* node.store.at(locator, VERSIONS_MAX, VERSION)
      known.set(locator, metas)
    }
    const isKept = file === undefined || (yield* isKeptWhole(node, file))
    const here = isKept ? yield* madeBefore(node, metas, { timeMs, nonce, entity: author.entity }) : undefined
    areNew.push(here === undefined)
    ids.push(here)
    if (here !== undefined) continue
    if (parents.some((parent) => typeof parent === 'number' && ids[parent] === undefined)) seal()
    const named = parents.map((parent) => {
      const id = typeof parent === 'number' ? ids[parent] : parent
      if (id === undefined) throw new SheafError('BAD_ARGUMENT', `a version of ${path} before its parent`)
      return id
    })
    const draft = {
      space,
      path,
      text,
      file,
      parents: named.slice(0, PARENTS_MAX),
      summary,
      timeMs: timeNotAhead(timeMs, node.env.wallMs()),
      nonce,
    }
    group.push({ draft, at })
  }
  seal()
  return { ids: ids as Uint8Array[], areNew, made }
}

function timeNotAhead(timeMs: number, nowMs: number): number {
  return timeMs <= nowMs + CLOCK_AHEAD_MAX_MS ? timeMs : nowMs - (nowMs % 1_000) - 1_000 + CLAMPED_END_MS
}

function* madeBefore(
  node: Node,
  metas: readonly BlockMeta[],
  { timeMs, nonce, entity }: { timeMs: number; nonce: Uint8Array; entity: Uint8Array },
): Task<Uint8Array | undefined> {
  const alike = metas
    .filter((meta) => meta.timeMs === timeMs || meta.timeMs % 1_000 === CLAMPED_END_MS)
    .map(({ id }) => id)
  if (alike.length === 0) return undefined
  for (const bytes of yield* node.store.get(alike)) {
    if (bytes === undefined) continue
    const { record } = parseBlock(bytes)
    if (equalBytes(record.nonce, nonce) && equalBytes(record.signer, entity))
      return Uint8Array.from(record.id)
  }
  return undefined
}
