/**
 * Merging two texts that came from a third: what only one side changed is taken, what both changed alike
 * is taken once, and the rest is a conflict, shown the way git users know:
 *
 *     <<<<<<< ours
 *     what one side made of it
 *     ||||||| base
 *     what it was
 *     =======
 *     what the other made of it
 *     >>>>>>> theirs
 *
 * Changes without a line between them that both left alone are a conflict, as in git and diff3: two people
 * who write side by side may well mean the same sentence. (Sanjeev Khanna, Keshav Kunal, Benjamin C.
 * Pierce: A Formal Investigation of Diff3, 2007.)
 */
import { type Edit, editsBetween, linesOf } from './lines.ts'

/** What the three texts are called in a conflict. */
export interface MergeLabels {
  readonly ours: string
  readonly base: string
  readonly theirs: string
}

/** A place that both sides changed, each in its own way. Lines are counted from 1 in the merged text. */
export interface Conflict {
  /** Where the marker that opens it stands, and the one that ends it. */
  readonly firstLine: number
  readonly lastLine: number
  readonly ours: string
  readonly base: string
  readonly theirs: string
}

export interface Merged {
  /** The merged text, with conflicts between markers; undefined where the page is deleted. */
  readonly text: string | undefined
  readonly conflicts: readonly Conflict[]
}

/** As git has it. */
const MARKER_LENGTH = 7
const DEFAULT_LABELS: MergeLabels = { ours: 'ours', base: 'base', theirs: 'theirs' }

/** Merges what two sides made of `base`. Undefined stands for a deleted page; where nothing is known of a base, it is an empty text. */
export function merge3(
  base: string | undefined,
  ours: string | undefined,
  theirs: string | undefined,
  labels: MergeLabels = DEFAULT_LABELS,
): Merged {
  if (ours === theirs || theirs === base) return { text: ours, conflicts: [] }
  if (ours === base) return { text: theirs, conflicts: [] }
  const texts = { base: linesOf(base ?? ''), ours: linesOf(ours ?? ''), theirs: linesOf(theirs ?? '') }
  const writer = new Writer(labels, markerLengthFor([base, ours, theirs]))
  if (ours === undefined || theirs === undefined) {
    // One side deleted what the other one changed: nothing of it is settled.
    writer.conflict(texts.ours, texts.base, texts.theirs)
    return writer.merged()
  }
  let at = 0
  for (const region of regions(
    editsBetween(texts.base, texts.ours),
    editsBetween(texts.base, texts.theirs),
  )) {
    writer.take(texts.base.slice(at, region.start))
    const was = texts.base.slice(region.start, region.end)
    const mine = sideOf(texts.ours, region.ours, region)
    const their = sideOf(texts.theirs, region.theirs, region)
    if (region.theirs.length === 0) writer.take(mine)
    else if (region.ours.length === 0) writer.take(their)
    else if (areEqual(mine, their)) writer.take(mine)
    else writer.conflict(mine, was, their)
    at = region.end
  }
  writer.take(texts.base.slice(at))
  return writer.merged()
}

/** A stretch of the base and the edits of both sides that lie in it and touch one another. */
interface Region {
  start: number
  end: number
  ours: Edit[]
  theirs: Edit[]
}

function regions(ours: readonly Edit[], theirs: readonly Edit[]): Region[] {
  const found: Region[] = []
  let [mine, their] = [0, 0]
  while (mine < ours.length || their < theirs.length) {
    const isMine =
      (ours[mine]?.oldStart ?? Number.POSITIVE_INFINITY) <=
      (theirs[their]?.oldStart ?? Number.POSITIVE_INFINITY)
    const edit = isMine ? ours[mine++]! : theirs[their++]!
    let region = found.at(-1)
    if (region === undefined || edit.oldStart > region.end) {
      region = { start: edit.oldStart, end: edit.oldEnd, ours: [], theirs: [] }
      found.push(region)
    }
    region.end = Math.max(region.end, edit.oldEnd)
    region[isMine ? 'ours' : 'theirs'].push(edit)
  }
  return found
}

/** What one side made of a region: its edits, and around them what it left alone. */
function sideOf(lines: readonly string[], edits: readonly Edit[], { start, end }: Region): string[] {
  const [first, last] = [edits[0], edits.at(-1)]
  if (first === undefined || last === undefined) return []
  return lines.slice(first.newStart - (first.oldStart - start), last.newEnd + (end - last.oldEnd))
}

function areEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i])
}

/** Puts the merged text together and counts its lines. */
class Writer {
  readonly #labels: MergeLabels
  readonly #length: number
  readonly #lines: string[] = []
  readonly #conflicts: Conflict[] = []

  constructor(labels: MergeLabels, length: number) {
    this.#labels = labels
    this.#length = length
  }

  take(lines: readonly string[]): void {
    for (const line of lines) this.#lines.push(line)
  }

  conflict(ours: readonly string[], base: readonly string[], theirs: readonly string[]): void {
    this.#endLine()
    const firstLine = this.#lines.length + 1
    this.#mark('<', this.#labels.ours)
    this.#side(ours)
    this.#mark('|', this.#labels.base)
    this.#side(base)
    this.#mark('=')
    this.#side(theirs)
    this.#mark('>', this.#labels.theirs)
    const [lastLine, text] = [this.#lines.length, (lines: readonly string[]): string => lines.join('')]
    this.#conflicts.push({ firstLine, lastLine, ours: text(ours), base: text(base), theirs: text(theirs) })
  }

  merged(): Merged {
    return { text: this.#lines.join(''), conflicts: this.#conflicts }
  }

  #side(lines: readonly string[]): void {
    this.take(lines)
    this.#endLine()
  }

  #mark(sign: string, label = ''): void {
    this.#lines.push(`${sign.repeat(this.#length)}${label === '' ? '' : ` ${label}`}\n`)
  }

  /** A marker stands on a line of its own, also where the last line of a text has no LF. */
  #endLine(): void {
    const last = this.#lines.at(-1)
    if (last !== undefined && !last.endsWith('\n')) this.#lines[this.#lines.length - 1] = `${last}\n`
  }
}

/** The shortest from git's on of which no line of the texts is a marker: a heading underlined by seven signs is none then. */
function markerLengthFor(texts: readonly (string | undefined)[]): number {
  const taken = new Set<number>()
  for (const text of texts) {
    for (const [, run] of (text ?? '').matchAll(MARKER)) taken.add(run!.length)
  }
  let length = MARKER_LENGTH
  while (taken.has(length)) length += 1
  return length
}

const MARKER = /^(<{7,}|\|{7,}|={7,}|>{7,})(?= |$)/gm
