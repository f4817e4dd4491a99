/**
 * A page's versions and all that they came from, also on pages that it was renamed from, as far as that
 * is to be had: what lies here first, the rest from peers. Texts are left where they are, so that a long
 * history takes little memory.
 */
import { compareBytes, equalBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import type { VerifiedVersion } from '../content/block.ts'
import type { Head } from '../content/heads.ts'
import { History } from '../content/history.ts'
import { type Page, pageLocator, type Space, spaceOfRef } from '../content/space.ts'
import type { Asked } from './fetching.ts'
import { headOf } from './head-finding.ts'
import type { Node } from './node.ts'
import { failure } from './pieces.ts'
import type { LookUp, Reader } from './reading.ts'
import type { Task } from './task.ts'
import type { LoggedVersion } from './version-answers.ts'
import { versionsWith } from './versions.ts'

/** Versions of one lineage: beyond them the oldest parents count as unknown. */
const VERSIONS_MAX = 4096
/** Versions that are read or fetched at once: at most about 8 MB. */
const AT_ONCE = 64

/** A version without its text. */
export interface Ancestor extends Omit<LoggedVersion, 'isHead' | 'isTip'> {
  isOwners: boolean
}

export interface Lineage {
  history: History<Ancestor>
  head: Head
  /** Its tips, in order of id. */
  tips: Uint8Array[]
  asked: Asked[]
}

/** Throws as a look-up does where the page has no version. */
export function* lineageOf(node: Node, reader: Reader, page: Page, how: LookUp): Task<Lineage> {
  const { versions, asked } = yield* reader.versionsOf(page, how)
  const head = yield* headOf(node, page, versions, { untilMs: how.untilMs, isLocal: asked.length === 0 })
  if (head === undefined) throw failure(asked, 'no version of this page')
  const known = new IdMap<Ancestor>()
  for (const version of versions) known.set(version.id, ancestorOf(version))
  yield* addAncestors(node, page, known, how.untilMs)
  const history = new History(known.values())
  const at = pageLocator(page)
  const tips = history.heads.filter((one) => equalBytes(pageLocator(one.page), at)).map(({ id }) => id)
  return { history, head, tips, asked }
}

/** The lineage of one version, whichever page it lies on. */
export function* lineageOfVersion(
  node: Node,
  version: VerifiedVersion,
  untilMs: number,
): Task<History<Ancestor>> {
  const known = new IdMap<Ancestor>()
  known.set(version.id, ancestorOf(version))
  yield* addAncestors(node, version.version, known, untilMs)
  return new History(known.values())
}

/** All of a page's lineage, the newest first by what their authors say; of one moment, children before parents. */
export function* logOf(node: Node, reader: Reader, page: Page, how: LookUp): Task<LoggedVersion[]> {
  const { history, head, tips } = yield* lineageOf(node, reader, page, how)
  const isTip = new IdMap<true>()
  for (const id of tips) isTip.set(id, true)
  return history.inOrder
    .reverse()
    .map(({ isOwners: _, ...version }): LoggedVersion => {
      const isHead = compareBytes(head.version.id, version.id) === 0
      return { ...version, isHead, isTip: isTip.has(version.id) }
    })
    .sort((a, b) => b.timeMs - a.timeMs)
}

/** Takes in parents, and theirs, until none is missing that is to be had. */
function* addAncestors(node: Node, page: Page, known: IdMap<Ancestor>, untilMs: number): Task<void> {
  const sought = new IdMap<true>()
  let missing = [...known.values()].flatMap(({ parents }) => parents)
  const at = pageLocator(page)
  while (missing.length > 0 && known.size < VERSIONS_MAX && node.env.nowMs() < untilMs) {
    const wanted: Uint8Array[] = []
    for (const id of missing) {
      if (known.has(id) || sought.has(id)) continue
      sought.set(id, true)
      wanted.push(id)
    }
    missing = []
    for (let from = 0; from < wanted.length; from += AT_ONCE) {
      const found = yield* versionsWith(node, wanted.slice(from, from + AT_ONCE), at, untilMs)
      for (const version of found) {
        if (known.size >= VERSIONS_MAX) return
        const ancestor = ancestorOf(version)
        known.set(ancestor.id, ancestor)
        missing.push(...ancestor.parents)
      }
    }
  }
}

/** Copies: a view would keep its whole block. */
export function ancestorOf({ id, record, version }: VerifiedVersion): Ancestor {
  const { space, path, parents, summary, content } = version
  const copy = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes)
  const copied = ({ type, id }: Space): Space => ({ type, id: copy(id) })
  const author = copy(record.signer)
  return {
    id: copy(id),
    page: { space: copied(space), path },
    author,
    timeMs: record.timeMs,
    summary,
    parents: parents.map(copy),
    content: content.type,
    textBytes: content.type === 'text' ? content.textBytes : content.type === 'file' ? content.fileBytes : 0,
    redirect:
      content.type === 'redirect'
        ? { space: copied(spaceOfRef(content.space, author)), path: content.path }
        : undefined,
    isOwners: space.type === 'entity' && compareBytes(space.id, author) === 0,
  }
}
