/**
 * The newest versions of a space, by what their authors say of the time. The signed list of a space
 * tells which version each page has, and not of when; so what lies here is looked at first, which takes no
 * body, and of the rest no more is fetched than a bound says.
 */
import { compareBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import { parseBlock } from '../content/block.ts'
import { pageLocator } from '../content/space.ts'
import { decodeVersion, VERSION } from '../content/version.ts'
import type { Command, ListedPage } from './commands.ts'
import { deniedAmong } from './denials.ts'
import { fetchBlocks } from './fetching.ts'
import type { Node } from './node.ts'
import type { Reader } from './reading.ts'
import type { Task } from './task.ts'
import type { Recent, RecentVersion } from './version-answers.ts'

/** Versions that are fetched to be told the time of. */
const FETCHED_MAX = 512
/** Ids that are looked up at once. */
const LOCAL_IDS = 256

interface Dated extends ListedPage {
  timeMs: number
}

export function* recentOf(
  node: Node,
  reader: Reader,
  { space, count, untilMs }: Extract<Command, { type: 'recent' }>,
): Task<Recent> {
  const pages = yield* reader.list(space, untilMs)
  const dated: Dated[] = []
  const absent: ListedPage[] = []
  for (let at = 0; at < pages.length; at += LOCAL_IDS) {
    const slice = pages.slice(at, at + LOCAL_IDS)
    const metas = yield* node.store.meta(slice.map(({ version }) => version))
    for (const [i, page] of slice.entries()) {
      const meta = metas[i]
      if (meta === undefined) absent.push(page)
      else if (meta.kind === VERSION) dated.push({ ...page, timeMs: meta.timeMs })
    }
  }
  const wanted = absent.slice(0, FETCHED_MAX)
  const fetched = new IdMap<RecentVersion>()
  const paths = new IdMap<string>()
  for (const { path, version } of wanted) paths.set(version, path)
  yield* fetchBlocks(
    node,
    wanted.map(({ path, version: id }) => ({ id, at: pageLocator({ space, path }) })),
    ({ wanted: { id }, bytes }) => {
      const recent = recentIn(bytes, paths.get(id)!)
      if (recent !== undefined) fetched.set(id, recent)
    },
    { untilMs },
  )
  const newest = [...dated, ...[...fetched.values()].map(asDated)].sort(newestFirst).slice(0, count)
  const here = newest.filter(({ version }) => !fetched.has(version))
  const local = yield* localVersions(node, here)
  const versions = [...local, ...newest.flatMap(({ version }) => fetched.get(version) ?? [])]
  return {
    versions: versions.sort((a, b) => newestFirst(asDated(a), asDated(b))),
    pages: pages.length,
    unseen: absent.length - fetched.size,
  }
}

function* localVersions(node: Node, pages: readonly Dated[]): Task<RecentVersion[]> {
  const found: RecentVersion[] = []
  for (let at = 0; at < pages.length; at += LOCAL_IDS) {
    const slice = pages.slice(at, at + LOCAL_IDS)
    const ids = slice.map(({ version }) => version)
    const blocks = yield* node.store.get(ids)
    const denied = yield* deniedAmong(node, ids, blocks)
    for (const [i, bytes] of blocks.entries()) {
      const recent = bytes === undefined || denied[i] ? undefined : recentIn(bytes, slice[i]!.path)
      if (recent !== undefined) found.push(recent)
    }
  }
  return found
}

/** Its own bytes: a view would keep the whole block. Undefined for what a list names and is no version. */
function recentIn(bytes: Uint8Array, path: string): RecentVersion | undefined {
  const { record } = parseBlock(bytes)
  if (record.kind !== VERSION) return undefined
  const { summary } = decodeVersion(record)
  const { id, signer, timeMs } = record
  return { path, id: Uint8Array.from(id), author: Uint8Array.from(signer), timeMs, summary }
}

function asDated({ path, id, timeMs }: RecentVersion): Dated {
  return { path, version: id, timeMs }
}

function newestFirst(a: Dated, b: Dated): number {
  return b.timeMs - a.timeMs || compareBytes(a.version, b.version) || (a.path < b.path ? -1 : 1)
}
