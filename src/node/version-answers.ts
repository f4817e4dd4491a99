/** What a node answers about versions: their history, differences, merges, who brought what, and what is new. */
import type { BlamedLine } from '../content/blame.ts'
import type { Difference } from '../content/diff.ts'
import type { Conflict } from '../content/merge3.ts'
import type { Page } from '../content/space.ts'
import type { PageContent } from '../content/version.ts'

export interface LoggedVersion {
  id: Uint8Array
  /** Where it lies: another page than the one whose history it is in where that was renamed. */
  page: Page
  author: Uint8Array
  timeMs: number
  summary: string
  parents: Uint8Array[]
  content: PageContent['type']
  /** Length of the text, or of the file. */
  textBytes: number
  /** Where it leads, where it is a redirect. */
  redirect: Page | undefined
  isHead: boolean
  /** Whether nothing replaces it. */
  isTip: boolean
}

/** A version without its place in the history. */
export type NamedVersion = Pick<LoggedVersion, 'id' | 'page' | 'author' | 'timeMs' | 'summary' | 'content'>

/** `from` undefined: compared with nothing. A version without text counts as an empty one. */
export interface Compared extends Difference {
  from: NamedVersion | undefined
  to: NamedVersion
  /** The record in which the author of `to` published this difference; else it was worked out here. */
  published: Uint8Array | undefined
}

export interface Merging {
  page: Page
  /** Undefined for a text that is not published yet. */
  ours: Uint8Array | undefined
  theirs: Uint8Array
  /** What both came from; none where no such version is known. */
  bases: Uint8Array[]
  /** With conflicts between markers; undefined where the page is deleted. */
  text: Uint8Array | undefined
  conflicts: readonly Conflict[]
  /** What it changes against theirs. */
  difference: Difference
}

export interface Blamed {
  of: NamedVersion
  lines: readonly BlamedLine[]
  /** Those that the lines name, each once. */
  versions: NamedVersion[]
}

export interface RecentVersion {
  path: string
  id: Uint8Array
  author: Uint8Array
  timeMs: number
  summary: string
}

export interface Recent {
  /** The newest first by what their authors say. */
  versions: RecentVersion[]
  /** Pages of the space, and those of them whose version was not to be had, or was one too many to fetch. */
  pages: number
  unseen: number
}
