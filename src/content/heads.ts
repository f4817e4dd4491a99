/**
 * Which version of a page is its head. There is always one answer, and always the reason for it, by the first
 * of these that applies:
 *
 *   1  what the page's group decided by a count that was published
 *   2  the reader's own bookmark
 *   3  in a person's space, what its owner said
 *   4  at each fork the side on which more trusted people have bookmarks, each counted once; a bookmark
 *      stands for all that its version came from
 *   5  the side on which the most trusted author wrote
 *   6  the smaller id
 *
 * Never the newest by claimed time: time is only claimed. The same versions and bookmarks give the same
 * head in any order of arrival.
 */
import { compareBytes, equalBytes } from '../base/hash.ts'
import type { VerifiedVersion } from './block.ts'
import { type Bookmark, standingBookmarks } from './bookmark.ts'
import { descend, type ForkChoice, type Voter } from './fork-choice.ts'
import { type History, historyOf, type VersionEntry } from './history.ts'
import type { Page } from './space.ts'

export type HeadRule =
  | 'only tip'
  | 'decision of the group'
  | 'own bookmark'
  | 'owner of the space'
  | ForkChoice['rule']

/** One step on the way to the head: what was chosen, among what, by which rule. */
export interface HeadChoice {
  rule: HeadRule
  /** The version behind which the sides part; undefined where they share none that is known, or no fork was looked at. */
  at: Uint8Array | undefined
  chosen: Uint8Array
  /** In order of id. `bookmarks` is the trust of those who have theirs on that side, `trust` that of its most trusted author. */
  among: { id: Uint8Array; bookmarks: number; trust: number }[]
  /** The record that decided, where one did: a group's count, a bookmark. */
  by: Uint8Array | undefined
}

export interface Head {
  version: VerifiedVersion
  /** The rule that decided last. */
  why: HeadRule
  /** Every step that left something aside; none where there was one tip. */
  choices: HeadChoice[]
  /** What nothing replaces, in order of id: what a reader may want to merge. */
  tips: VerifiedVersion[]
}

export interface HeadResolver {
  /** The head of `page` among these versions and bookmarks of it; undefined where there are no versions. */
  resolveVersion(
    page: Page,
    versions: readonly VerifiedVersion[],
    bookmarks?: readonly Bookmark[],
  ): Head | undefined
  /** Versions that would be the head if they were at hand: whoever resolves gets them first. */
  pinned?(page: Page, bookmarks: readonly Bookmark[]): Uint8Array[]
}

/** How much an entity is trusted, from 0 up. */
export type TrustOf = (entity: Uint8Array) => number

/** What the reader knows besides the page. */
export interface HeadOptions {
  trustOf?: TrustOf | undefined
  /** Whose bookmark is the reader's own. */
  reader?: Uint8Array | undefined
  /** What the page's group decided: the version, and the record of the count. */
  decisionOf?: (page: Page) => { version: Uint8Array; by: Uint8Array } | undefined
}

/** Heads as one reader sees them. */
export function ownHeads({
  trustOf = () => 0,
  reader,
  decisionOf = () => undefined,
}: HeadOptions = {}): HeadResolver {
  const ownOf = (bookmarks: readonly Bookmark[]): Bookmark[] =>
    reader === undefined ? [] : (standingBookmarks(bookmarks).get(reader) ?? [])
  return {
    resolveVersion(page, versions, bookmarks = []) {
      const history = historyOf(versions)
      if (history.size === 0) return undefined
      const { heads } = history
      const pin = decided(history, decisionOf(page)) ?? marked(history, ownOf(bookmarks))
      const among = pin?.among ?? ownersOf(page, heads)
      const choices: HeadChoice[] = []
      if (pin !== undefined) choices.push(pin.choice)
      else if (among.length < heads.length) choices.push(asChoice('owner of the space', among, heads))
      const voters = votersOf(bookmarks, trustOf)
      const { head, forks } = descend(history, among, voters, ({ version }) => trustOf(version.record.signer))
      choices.push(...forks.map((fork) => ({ ...fork, by: undefined })))
      return {
        version: head.version,
        why: choices.at(-1)?.rule ?? 'only tip',
        choices,
        tips: heads.map(({ version }) => version),
      }
    },
    pinned(page, bookmarks) {
      const decision = decisionOf(page)
      return [
        ...(decision === undefined ? [] : [decision.version]),
        ...ownOf(bookmarks).flatMap(({ version }) => version ?? []),
      ]
    },
  }
}

/** The versions that nothing else replaces, in order of id. */
export function versionTips(versions: readonly VerifiedVersion[]): VerifiedVersion[] {
  return historyOf(versions).heads.map(({ version }) => version)
}

interface Pin {
  among: VersionEntry[]
  choice: HeadChoice
}

function decided(
  history: History<VersionEntry>,
  decision: { version: Uint8Array; by: Uint8Array } | undefined,
): Pin | undefined {
  const entry = decision && history.get(decision.version)
  if (entry === undefined) return undefined
  return { among: [entry], choice: asChoice('decision of the group', [entry], history.heads, decision!.by) }
}

/** What the reader's bookmarks name; of two that a fork of the reader's left, the later of a line, else both. */
function marked(history: History<VersionEntry>, own: readonly Bookmark[]): Pin | undefined {
  const named = own.flatMap((one) => {
    const entry = one.version && history.get(one.version)
    return entry === undefined ? [] : [{ entry, by: one.id }]
  })
  named.sort((a, b) => compareBytes(a.entry.id, b.entry.id) || compareBytes(a.by, b.by))
  const latest = named.filter(
    ({ entry }, i) =>
      !named.some(
        (other, j) =>
          (i > j && equalBytes(entry.id, other.entry.id)) ||
          (!equalBytes(entry.id, other.entry.id) && history.isAncestor(entry.id, other.entry.id)),
      ),
  )
  const [first] = latest
  if (first === undefined) return undefined
  const among = latest.map(({ entry }) => entry)
  return { among, choice: asChoice('own bookmark', among, history.heads, first.by) }
}

/** In a person's space the owner's tips; all of them where the owner has none, or there is no owner. */
function ownersOf({ space }: Page, heads: VersionEntry[]): VersionEntry[] {
  if (space.type !== 'entity') return heads
  const owners = heads.filter(({ version }) => equalBytes(version.record.signer, space.id))
  return owners.length > 0 ? owners : heads
}

function asChoice(
  rule: HeadRule,
  chosen: readonly VersionEntry[],
  among: readonly VersionEntry[],
  by?: Uint8Array,
): HeadChoice {
  return {
    rule,
    at: undefined,
    chosen: chosen[0]!.id,
    among: among.map(({ id }) => ({ id, bookmarks: 0, trust: 0 })),
    by,
  }
}

/** Who has a say at a fork: each signer once, whatever the number of its bookmarks. Who is not trusted adds nothing. */
function votersOf(bookmarks: readonly Bookmark[], trustOf: TrustOf): Voter[] {
  return [...standingBookmarks(bookmarks)]
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([signer, standing]) => ({
      trust: trustOf(signer),
      versions: standing.flatMap(({ version }) => version ?? []),
    }))
    .filter(({ trust, versions }) => trust > 0 && versions.length > 0)
}
