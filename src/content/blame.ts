/**
 * Who brought each line: the version in which it stands and in none of whose parents it does. A line that
 * came by a merge is followed into the first parent that has it, in the order in which parents are named.
 *
 * Versions are gone through from the newest to the oldest, each once, so that the work is one difference
 * for each parent named, and texts are asked for one by one. What is not known, or is more than
 * DIFFERENCES_MAX differences away, ends the search: its lines are the version's that they were last seen in.
 */
import { SheafError } from '../base/errors.ts'
import { IdMap } from '../base/id-map.ts'
import type { History, HistoryEntry } from './history.ts'
import { type Edit, editsBetween, linesOf } from './lines.ts'
import type { AsksForTexts } from './merge-versions.ts'

/** Differences of a whole blame: at hostile texts' half a second each, a minute or two. */
const DIFFERENCES_MAX = 256
/** Texts in memory at once; one that has left is asked for again. */
const TEXTS_MAX = 8

export interface BlamedLine {
  /** With its LF, which the last line may lack. */
  readonly text: string
  /** The version that brought it. */
  readonly version: Uint8Array
  /** Where it stands there, from 1. */
  readonly line: number
  /** Whether it may be older: a parent of that version is not known here, or was not looked at any more. */
  readonly isBoundary: boolean
}

/** A line of the blamed text, by where it stands there and where in the version at hand. */
interface Followed {
  place: number
  line: number
}

/** For each line of a version the version that brought it. Throws NOT_FOUND where the history does not have it. */
export function* blame<E extends HistoryEntry>(
  history: History<E>,
  id: Uint8Array,
): AsksForTexts<BlamedLine[]> {
  if (!history.has(id)) throw new SheafError('NOT_FOUND', 'no version with this id in this history')
  const texts = new IdMap<string[]>(TEXTS_MAX)
  const blamed: BlamedLine[] = []
  const followed = new IdMap<Followed[]>()
  const linesIn = function* (version: Uint8Array): AsksForTexts<string[]> {
    const known = texts.get(version) ?? linesOf((yield version) ?? '')
    texts.set(version, known)
    return known
  }
  const whole = yield* linesIn(id)
  followed.set(
    id,
    [...whole.keys()].map((place) => ({ place, line: place })),
  )
  let differences = 0
  for (const entry of history.ancestors(id).reverse()) {
    let open = followed.get(entry.id)
    if (open === undefined) continue
    const known = history.parents(entry.id)
    let isWhole = known.length === entry.parents.length
    for (const parent of known) {
      if (open.length === 0) break
      if (differences === DIFFERENCES_MAX) {
        isWhole = false
        break
      }
      differences += 1
      const parentLines = yield* linesIn(parent.id)
      const before = linesBefore(parentLines, yield* linesIn(entry.id))
      const passed = followed.get(parent.id) ?? []
      followed.set(parent.id, passed)
      open = open.filter((one) => {
        const line = before[one.line]!
        if (line >= 0) passed.push({ place: one.place, line })
        return line < 0
      })
    }
    for (const { place, line } of open) {
      blamed[place] = { text: whole[place]!, version: entry.id, line: line + 1, isBoundary: !isWhole }
    }
    texts.delete(entry.id)
    followed.delete(entry.id)
  }
  return blamed
}

/** For each line the place that it had in the text before, or -1 where it is new. */
function linesBefore(before: readonly string[], after: readonly string[]): Int32Array {
  const places = new Int32Array(after.length).fill(-1)
  let [old, fresh] = [0, 0]
  for (const { oldStart, oldEnd, newEnd } of [...editsBetween(before, after), endOf(before, after)]) {
    while (old < oldStart) places[fresh++] = old++
    ;[old, fresh] = [oldEnd, newEnd]
  }
  return places
}

/** What follows the last edit stayed too. */
function endOf(before: readonly string[], after: readonly string[]): Edit {
  return { oldStart: before.length, oldEnd: before.length, newStart: after.length, newEnd: after.length }
}
