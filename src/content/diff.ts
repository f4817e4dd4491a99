/**
 * The difference of two texts for people and programs: hunks of lines with some context around them, and
 * the unified format that terminals, mail and every version control know.
 */
import { type Edit, editsBetween, linesOf } from './lines.ts'

export interface HunkLine {
  readonly type: 'context' | 'removed' | 'added'
  /** With its LF, which the last line of a text may lack. */
  readonly text: string
}

/** A stretch of both texts. Lines are counted from 1; where a side has none, the line before it is named, as in the unified format. */
export interface Hunk {
  readonly oldStart: number
  readonly oldLines: number
  readonly newStart: number
  readonly newLines: number
  readonly lines: readonly HunkLine[]
}

export interface Difference {
  readonly hunks: readonly Hunk[]
  /** Lines. */
  readonly added: number
  readonly removed: number
}

const CONTEXT_LINES = 3
const NO_END = '\\ No newline at end of file\n'

/** What changed from one text to the other; without `edits` the shortest way that is found. A deleted page is an empty text. */
export function diffTexts(
  before: string,
  after: string,
  { edits, contextLines = CONTEXT_LINES }: { edits?: readonly Edit[]; contextLines?: number } = {},
): Difference {
  const [old, fresh] = [linesOf(before), linesOf(after)]
  const all = edits ?? editsBetween(old, fresh)
  return {
    hunks: together(all, contextLines).map((group) => hunkOf(old, fresh, group, contextLines)),
    added: all.reduce((sum, { newStart, newEnd }) => sum + newEnd - newStart, 0),
    removed: all.reduce((sum, { oldStart, oldEnd }) => sum + oldEnd - oldStart, 0),
  }
}

/** `--- before`, `+++ after` and the hunks; empty where the texts are equal. */
export function unifiedText({ hunks }: Difference, names: { before: string; after: string }): string {
  if (hunks.length === 0) return ''
  const head = `--- ${names.before}\n+++ ${names.after}\n`
  return head + hunks.map((hunk) => hunkHead(hunk) + hunk.lines.map(unifiedLine).join('')).join('')
}

/** `@@ -12,7 +12,8 @@`. */
export function hunkHead({ oldStart, oldLines, newStart, newLines }: Hunk): string {
  const range = (start: number, lines: number): string => (lines === 1 ? `${start}` : `${start},${lines}`)
  return `@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@\n`
}

const SIGN = { context: ' ', removed: '-', added: '+' } as const

function unifiedLine({ type, text }: HunkLine): string {
  return text.endsWith('\n') ? `${SIGN[type]}${text}` : `${SIGN[type]}${text}\n${NO_END}`
}

/** Edits whose context would touch are shown as one hunk. */
function together(edits: readonly Edit[], contextLines: number): Edit[][] {
  const groups: Edit[][] = []
  for (const edit of edits) {
    const last = groups.at(-1)
    if (last !== undefined && edit.oldStart - last.at(-1)!.oldEnd <= 2 * contextLines) last.push(edit)
    else groups.push([edit])
  }
  return groups
}

function hunkOf(
  old: readonly string[],
  fresh: readonly string[],
  group: readonly Edit[],
  contextLines: number,
): Hunk {
  const [first, last] = [group[0]!, group.at(-1)!]
  const before = Math.min(contextLines, first.oldStart)
  const after = Math.min(contextLines, old.length - last.oldEnd)
  const lines: HunkLine[] = []
  const add = (type: HunkLine['type'], from: readonly string[]): void => {
    for (const text of from) lines.push({ type, text })
  }
  let at = first.oldStart - before
  for (const { oldStart, oldEnd, newStart, newEnd } of group) {
    add('context', old.slice(at, oldStart))
    add('removed', old.slice(oldStart, oldEnd))
    add('added', fresh.slice(newStart, newEnd))
    at = oldEnd
  }
  add('context', old.slice(at, at + after))
  const oldLines = at + after - (first.oldStart - before)
  const newLines = last.newEnd + after - (first.newStart - before)
  return {
    oldStart: first.oldStart - before + (oldLines > 0 ? 1 : 0),
    oldLines,
    newStart: first.newStart - before + (newLines > 0 ? 1 : 0),
    newLines,
    lines,
  }
}
