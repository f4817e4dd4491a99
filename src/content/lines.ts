/**
 * What lines of a text became what lines of another: the ground of differences, merges and blame.
 *
 * The shortest script is jsdiff's (Myers 1986). It takes time with the length of the texts times the number
 * of edits, so both are held to a budget: beyond it all that is neither in the common beginning nor in
 * the common end counts as replaced, which is a true difference, if a coarse one. No clock is asked,
 * so that the same two texts give the same edits on every machine.
 */
import { diffArrays } from 'diff'
import { DIFF_EDITS_MAX, DIFF_STEPS_MAX } from '../base/limits.ts'

/** Lines `oldStart` to `oldEnd` (exclusive, from 0) became lines `newStart` to `newEnd` of the other text. */
export interface Edit {
  readonly oldStart: number
  readonly oldEnd: number
  readonly newStart: number
  readonly newEnd: number
}

/** The lines of a text, each with its LF; only the last may lack one. Together they are the text. */
export function linesOf(text: string): string[] {
  const lines: string[] = []
  let start = 0
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
    lines.push(text.slice(start, end + 1))
    start = end + 1
  }
  if (start < text.length) lines.push(text.slice(start))
  return lines
}

/** The edits that turn `before` into `after`, in order; between two there is at least one line that stayed. */
export function editsBetween(before: readonly string[], after: readonly string[]): Edit[] {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start += 1
  let tail = 0
  while (tail < shorter - start && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1
  const [oldEnd, newEnd] = [before.length - tail, after.length - tail]
  if (start === oldEnd && start === newEnd) return []
  const whole = { oldStart: start, oldEnd, newStart: start, newEnd }
  if (start === oldEnd || start === newEnd) return [whole]
  const matches = matchesWithin(before, after, whole)
  return matches === undefined ? [whole] : gaps(matches, whole)
}

/** Stretches of lines that stayed: from `old` and `new` on so many. */
interface Match {
  old: number
  new: number
  count: number
}

/** What stayed within a range; undefined beyond the budget. */
function matchesWithin(
  before: readonly string[],
  after: readonly string[],
  { oldStart, oldEnd, newStart, newEnd }: Edit,
): Match[] | undefined {
  // A line that the other side lacks stays nowhere: left out, it costs nothing.
  const oldPlaces = sharedPlaces(before, oldStart, oldEnd, new Set(after.slice(newStart, newEnd)))
  const newPlaces = sharedPlaces(after, newStart, newEnd, new Set(before.slice(oldStart, oldEnd)))
  const length = oldPlaces.length + newPlaces.length
  const changes = diffArrays(
    oldPlaces.map((place) => before[place]!),
    newPlaces.map((place) => after[place]!),
    { maxEditLength: Math.min(DIFF_EDITS_MAX, Math.floor(DIFF_STEPS_MAX / (length + 1))) },
  )
  if (changes === undefined) return undefined
  const matches: Match[] = []
  let [old, fresh] = [0, 0]
  for (const { added, removed, count } of changes) {
    if (removed) old += count
    else if (added) fresh += count
    else {
      for (let i = 0; i < count; i++)
        matches.push({ old: oldPlaces[old++]!, new: newPlaces[fresh++]!, count: 1 })
    }
  }
  return matches
}

function sharedPlaces(
  lines: readonly string[],
  start: number,
  end: number,
  others: ReadonlySet<string>,
): number[] {
  const places: number[] = []
  for (let place = start; place < end; place++) if (others.has(lines[place]!)) places.push(place)
  return places
}

/** What lies between the lines that stayed. */
function gaps(matches: readonly Match[], whole: Edit): Edit[] {
  const edits: Edit[] = []
  let [old, fresh] = [whole.oldStart, whole.newStart]
  const upTo = (oldEnd: number, newEnd: number): void => {
    if (old < oldEnd || fresh < newEnd) edits.push({ oldStart: old, oldEnd, newStart: fresh, newEnd })
  }
  for (const match of matches) {
    upTo(match.old, match.new)
    ;[old, fresh] = [match.old + match.count, match.new + match.count]
  }
  upTo(whole.oldEnd, whole.newEnd)
  return edits
}
