/**
 * Merging two versions of a history: over the version that both came from, or, where merges crossed and there
 * are several such, over what those make when they are merged themselves, as git's recursive merge does:
 *
 *     a ── b ── d      d and e are merged over the merge of b and c, which are merged over a;
 *      ╲ ╱ ╲ ╱         what b and c conflict about stands in that base with its markers, so
 *      ╱ ╲ ╱ ╲         that d and e agree there or conflict again
 *      └─ c ── e
 *
 * Only the first BASES_MAX bases in order of id are looked at, and so many levels: a history made to be
 * hard to merge gets more conflicts, and takes no more time.
 */
import type { History, HistoryEntry } from './history.ts'
import { type Merged, type MergeLabels, merge3 } from './merge3.ts'

/** Bases of one merge, and levels of bases below it: six merges in all at the most. */
const BASES_MAX = 3
const LEVELS_MAX = 2

/** Asks for the text of a version by yielding its id; is given undefined where that version deletes its page. */
export type AsksForTexts<T> = Generator<Uint8Array, T, string | undefined>

export interface MergedVersions extends Merged {
  /** The versions that both came from, in order of id; none where no such one is known. */
  readonly bases: readonly Uint8Array[]
}

/** Merges two versions that the history knows. */
export function* mergeVersions(
  history: History<HistoryEntry>,
  ours: Uint8Array,
  theirs: Uint8Array,
  labels?: MergeLabels,
): AsksForTexts<MergedVersions> {
  const bases = history.mergeBases(ours, theirs).map(({ id }) => id)
  const base = yield* mergedBase(history, bases, { level: 0, sides: [ours, theirs] })
  const merged = merge3(base, yield ours, yield theirs, labels)
  return { ...merged, bases }
}

/** The text that versions are merged over: that of their base, or of their bases as one. */
function* mergedBase(
  history: History<HistoryEntry>,
  bases: readonly Uint8Array[],
  of: { level: number; sides: readonly Uint8Array[] },
): AsksForTexts<string | undefined> {
  const [first, ...rest] = bases.slice(0, of.level < LEVELS_MAX ? BASES_MAX : 1)
  if (first === undefined) return isWhole(history, of.sides) ? undefined : ''
  let text = yield first
  const sides = [first]
  for (const next of rest) {
    const below = history.mergeBasesOf(sides, [next]).map(({ id }) => id)
    const base = yield* mergedBase(history, below, { level: of.level + 1, sides: [...sides, next] })
    text = merge3(base, text, yield next).text
    sides.push(next)
  }
  return text
}

/** Whether all that versions came from is known: then what they do not share was not there before, and else nobody knows what was. */
function isWhole(history: History<HistoryEntry>, ids: readonly Uint8Array[]): boolean {
  return history.ancestors(...ids).every(({ id, parents }) => history.parents(id).length === parents.length)
}

/** Runs what asks for texts where all of them are at hand. */
export function withTexts<T>(asking: AsksForTexts<T>, textOf: (id: Uint8Array) => string | undefined): T {
  let step = asking.next()
  while (!step.done) step = asking.next(textOf(step.value))
  return step.value
}
