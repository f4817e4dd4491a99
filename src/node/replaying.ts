/**
 * Versions that were made elsewhere and earlier, as they were: with the parents, time and nonce that
 * they are given, whatever stands at the head of their pages. Whoever gives one again, by its page, time
 * and nonce, gets the version that is there: a history that was broken off goes on where it was.
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

export interface Replayed {
  /** In the order in which they were given. */
  ids: Uint8Array[]
  areNew: boolean[]
  made: { page: SealedPage; draft: PageDraft }[]
}

/** Signs those that are not there yet. Throws BAD_ARGUMENT, BAD_TIME for a time ahead of the clock, REFUSED. */
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
    if (timeMs > node.env.wallMs() + CLOCK_AHEAD_MAX_MS) {
      throw new SheafError('BAD_TIME', `a version of ${path} from the future of this clock`)
    }
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
    const draft = { space, path, text, file, parents: named.slice(0, PARENTS_MAX), summary, timeMs, nonce }
    group.push({ draft, at })
  }
  seal()
  return { ids: ids as Uint8Array[], areNew, made }
}

function* madeBefore(
  node: Node,
  metas: readonly BlockMeta[],
  { timeMs, nonce, entity }: { timeMs: number; nonce: Uint8Array; entity: Uint8Array },
): Task<Uint8Array | undefined> {
  const alike = metas.filter((meta) => meta.timeMs === timeMs).map(({ id }) => id)
  if (alike.length === 0) return undefined
  for (const bytes of yield* node.store.get(alike)) {
    if (bytes === undefined) continue
    const { record } = parseBlock(bytes)
    if (equalBytes(record.nonce, nonce) && equalBytes(record.signer, entity))
      return Uint8Array.from(record.id)
  }
  return undefined
}
