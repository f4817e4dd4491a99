/**
 * Answers as JSON: ids in their text form, pages as `@k3…/path`, times in milliseconds since 1970,
 * what is absent as null. The fields are stable: docs/CONTROL.md lists them.
 */
import { readUtf8 } from '../../../base/codec.ts'
import { equalBytes } from '../../../base/hash.ts'
import { idToText } from '../../../base/text-id.ts'
import type { HeadChoice } from '../../../content/heads.ts'
import { pageToText, type Space, spaceToText } from '../../../content/space.ts'
import type {
  ExportedPage,
  ExportSummary,
  GotFile,
  GotPage,
  HeldProgress,
  PeerStatus,
  Reachability,
  Status,
  Whereabouts,
} from '../../commands.ts'
import type { Asked } from '../../fetching.ts'
import type { Followed, Subject } from '../../followed.ts'
import type { Rule } from '../../rules.ts'
import type { Blamed, Compared, LoggedVersion, Merging, NamedVersion, Recent } from '../../version-answers.ts'
import type { AskedJson } from './failure.ts'

/** Steps on the way to a head, the last ones, and sides of one of them. */
const CHOICES_SHOWN = 64
const SIDES_SHOWN = 16

export type StatusJson = ReturnType<typeof statusJson>
export type FollowJson = ReturnType<typeof followJson>
export type RuleJson = ReturnType<typeof ruleJson>
export type PeerJson = ReturnType<typeof peerJson>
export type PageJson = ReturnType<typeof pageJson>
export type VersionJson = ReturnType<typeof versionJson>
export type NamedJson = ReturnType<typeof namedJson>
export type DiffJson = ReturnType<typeof diffJson>
export type MergeJson = ReturnType<typeof mergeJson>
export type BlameJson = ReturnType<typeof blameJson>
export type RecentJson = ReturnType<typeof recentJson>
export type WhereJson = ReturnType<typeof whereJson>
export type ExportedJson = ReturnType<typeof exportedJson>
export type ExportDoneJson = ReturnType<typeof exportDoneJson>
export type HeldJson = ReturnType<typeof heldJson>

export function statusJson(status: Status, reachability: Reachability | undefined, pid: number) {
  return {
    pid,
    entity: maybeId(status.entity),
    device: idToText(status.device),
    incarnation: Buffer.from(status.incarnation).toString('hex'),
    network: status.network,
    startedMs: status.startedMs,
    nowMs: status.nowMs,
    peers: status.peers,
    peersAcceptingStores: status.peersAcceptingStores,
    stored: status.stored,
    shard: { depth: status.shard.depth, address: idToText(status.shard.address) },
    pendingBatches: status.pendingBatches,
    oldestPendingMs: status.oldestPendingMs ?? null,
    queriesServed: status.queriesServed,
    queriesWaiting: status.queriesWaiting,
    lastError: status.lastError ?? null,
    clock: status.clock ?? null,
    reachability: reachability ?? null,
  }
}

export function subjectText(subject: Subject): string {
  return 'page' in subject ? pageToText(subject.page) : spaceToText(subject.space)
}

export function followJson({ subject, sinceMs, keepers, told, toldMs, gatheredMs }: Followed) {
  const what = subjectText(subject)
  return { what, sinceMs, keepers, told, toldMs: toldMs ?? null, gatheredMs: gatheredMs ?? null }
}

export function ruleJson({ type, id, about, why, sinceMs }: Rule) {
  return { type, id: idToText(id), about, why, sinceMs }
}

export function peerJson(peer: PeerStatus) {
  return { ...peer, device: idToText(peer.device), entity: maybeId(peer.entity) }
}

export function pageJson(page: GotPage) {
  return {
    page: pageToText(page.page),
    id: idToText(page.id),
    author: idToText(page.author),
    timeMs: page.timeMs,
    summary: page.summary,
    parents: page.parents.map(idToText),
    why: page.why,
    choices: page.choices.slice(-CHOICES_SHOWN).map(choiceJson),
    otherTips: page.otherTips.map(idToText),
    redirectedFrom: page.redirectedFrom === undefined ? null : pageToText(page.redirectedFrom),
    text: readUtf8(page.text),
    file: maybeFile(page.file),
    asked: page.asked.map(askedJson),
  }
}

/** The chosen side first; of a page that strangers crowd, not all of them. */
function choiceJson({ rule, at, chosen, among, by }: HeadChoice) {
  const isChosen = ({ id }: { id: Uint8Array }): boolean => equalBytes(id, chosen)
  const sides = [...among.filter(isChosen), ...among.filter((side) => !isChosen(side))]
  return {
    rule,
    at: maybeId(at),
    chosen: idToText(chosen),
    by: maybeId(by),
    sides: among.length,
    among: sides
      .slice(0, SIDES_SHOWN)
      .map(({ id, bookmarks, trust }) => ({ id: idToText(id), bookmarks, trust })),
  }
}

export function versionJson(version: LoggedVersion) {
  return {
    ...version,
    id: idToText(version.id),
    page: pageToText(version.page),
    redirect: version.redirect === undefined ? null : pageToText(version.redirect),
    author: idToText(version.author),
    parents: version.parents.map(idToText),
  }
}

export function namedJson({ id, page, author, timeMs, summary, content }: NamedVersion) {
  return { id: idToText(id), page: pageToText(page), author: idToText(author), timeMs, summary, content }
}

export function diffJson({ from, to, published, added, removed, hunks }: Compared) {
  return {
    from: from === undefined ? null : namedJson(from),
    to: namedJson(to),
    published: maybeId(published),
    added,
    removed,
    hunks,
  }
}

export function mergeJson({ page, ours, theirs, bases, text, conflicts, difference }: Merging) {
  return {
    page: pageToText(page),
    ours: maybeId(ours),
    theirs: idToText(theirs),
    bases: bases.map(idToText),
    text: text === undefined ? null : readUtf8(text),
    conflicts,
    difference,
  }
}

export function blameJson({ of, lines, versions }: Blamed) {
  return {
    of: namedJson(of),
    lines: lines.map(({ version, ...line }) => ({ ...line, version: idToText(version) })),
    versions: versions.map(namedJson),
  }
}

export function recentJson(space: Space, { versions, pages, unseen }: Recent) {
  const listed = versions.map((one) => ({ ...one, id: idToText(one.id), author: idToText(one.author) }))
  return { space: spaceToText(space), versions: listed, pages, unseen }
}

export function whereJson(where: Whereabouts) {
  return {
    id: idToText(where.id),
    isHere: where.isHere,
    target: where.target,
    isPending: where.isPending,
    holders: where.holders.map((holder) => ({
      device: idToText(holder.device),
      entity: maybeId(holder.entity),
      provenMs: holder.provenMs,
      untilMs: holder.untilMs ?? null,
      isConnected: holder.isConnected,
    })),
    asked: where.asked.map(askedJson),
  }
}

export function listedJson({ path, version }: { path: string; version: Uint8Array }) {
  return { path, id: idToText(version) }
}

export function exportedJson({ path, id, text, file }: ExportedPage) {
  return { type: 'page' as const, path, id: idToText(id), text: readUtf8(text), file: maybeFile(file) }
}

function maybeFile(file: GotFile | undefined) {
  if (file === undefined) return null
  const { mediaType, fileBytes, fileHash } = file
  return { mediaType, bytes: fileBytes, hash: idToText(fileHash) }
}

export function exportDoneJson({ pages, found, missing }: ExportSummary) {
  return {
    type: 'done' as const,
    pages,
    found,
    missing: missing.map(({ path, id, asked }) => ({
      path,
      id: idToText(id),
      asked: asked.map(askedJson),
    })),
  }
}

export function heldJson(progress: HeldProgress) {
  return { type: 'held' as const, ...progress }
}

/** Whatever an event carries: ids as text, other bytes in hex, large numbers in digits. */
export function eventJson(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    return value.byteLength === 32 ? idToText(value) : Buffer.from(value).toString('hex')
  }
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return value.map(eventJson)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([field, one]) => [field, eventJson(one)]))
}

export function askedJson({ device, answer }: Asked): AskedJson {
  return { device: idToText(device), answer }
}

function maybeId(id: Uint8Array | undefined): string | null {
  return id === undefined ? null : idToText(id)
}
