/**
 * From commits to versions: one for each commit and page that it changed.
 *
 *     commit          page a           page b
 *       A    add a      a1
 *      / \
 *     B   C  edit a    a2  a3          B renames a to b:   a: deleted (of a1), b1 (of a1)
 *      \ /
 *       D    merge      a4 (of a2, a3)
 *
 * Each commit stands for the state of all pages after it, the versions among them by number. A merge
 * makes a version only where its parents' versions of a page have parted.
 */
import type { Change, Commit } from './stream.ts'

/** A version to be made: what it says, and the numbers of those that it follows. */
export interface Made<C> {
  /** From 0, in the order of their making: parents come before. */
  number: number
  commit: Commit
  path: string
  /** Undefined deletes the page. */
  content: C | undefined
  parents: number[]
}

export interface ReplayOptions<C> {
  /** How many commits follow each, by its name: what no commit needs any more is forgotten. */
  childrenOf(oid: string): number
  /** The page of a file; undefined where it is none of ours. */
  pageOf(file: string): string | undefined
  /** What a page says whose file has this content; undefined where it cannot be a page. */
  contentOf(blob: string, file: string): Promise<C | undefined>
}

/** Of a page at a commit: its version, and the content that made it; undefined where it is deleted. */
interface Entry {
  version: number
  blob: string | undefined
  /** The file that it was made of. */
  file: string
  /** Where it went, if it was renamed. */
  movedTo?: string
}

type State = Map<string, Entry>

/** Versions of one page that are looked through for whether one comes from another. */
const STEPS_MAX = 100_000

/** The versions that these commits make, in order. */
export async function* replay<C>(
  commits: AsyncIterable<Commit>,
  options: ReplayOptions<C>,
): AsyncGenerator<Made<C>> {
  const states = new Map<number, { state: State; childrenLeft: number }>()
  const parentsOf: number[][] = []
  for await (const commit of commits) {
    const before = commit.parents.map((mark) => stateOf(mark))
    const state: State = before[0] ?? new Map()
    const others = before.slice(1)
    const targets = targetsOf(commit.changes, state, options)
    if (others.length > 0) addDifferences(targets, state, others)
    // What a rename leaves is judged by the state before: the state changes page by page.
    const old = new Map([...targets.keys()].map((path) => [path, state.get(path)]))
    for (const { from } of targets.values())
      if (from !== undefined) old.set(from, old.get(from) ?? state.get(from))
    for (const [path, target] of targets) {
      const heres = [target.from === undefined ? undefined : old.get(target.from), old.get(path)]
      const theirs = others.map((other) => entryIn(other, path, target, others, state))
      const entries = [...heres, ...theirs].filter((entry) => entry !== undefined)
      const tips = withoutAncestors(entries, parentsOf)
      const blob = target.blob
      const [only] = tips
      const cameFrom = heres[0]?.version
      const isSettled =
        tips.length === 0
          ? blob === undefined
          : tips.length === 1 && only!.blob === blob && only!.version !== cameFrom
      if (isSettled) {
        if (only !== undefined) state.set(path, only)
        continue
      }
      const content = blob === undefined ? undefined : await options.contentOf(blob, target.file)
      if (blob !== undefined && content === undefined) {
        // What cannot be a page leaves it as it was, and is not tried again.
        if (only !== undefined) state.set(path, { ...only, blob, file: target.file })
        continue
      }
      const number = parentsOf.length
      const parents = [...new Set(tips.map(({ version }) => version))]
      parentsOf.push(parents)
      const movedTo = target.movedTo ?? tips.find((tip) => tip.movedTo !== undefined)?.movedTo
      const moved = blob === undefined && movedTo !== undefined && { movedTo }
      state.set(path, { version: number, blob, file: target.file, ...moved })
      yield { number, commit, path, content, parents }
    }
    const childrenLeft = options.childrenOf(commit.oid)
    if (childrenLeft > 0) states.set(commit.mark, { state, childrenLeft })
  }

  /** The last child takes a state over, the others a copy. */
  function stateOf(mark: number): State {
    const known = states.get(mark)
    if (known === undefined) return new Map()
    known.childrenLeft -= 1
    if (known.childrenLeft > 0) return new Map(known.state)
    states.delete(mark)
    return known.state
  }
}

/** What a page is to be after a commit. */
interface Target {
  /** The file that it is made of. */
  file: string
  blob: string | undefined
  /** The page that it was before. */
  from?: string
  movedTo?: string
}

/** What the changes of a commit make of the pages of its first parent. */
function targetsOf<C>(
  changes: readonly Change[],
  state: State,
  { pageOf }: ReplayOptions<C>,
): Map<string, Target> {
  const targets = new Map<string, Target>()
  for (const { path: file, blob, from: fromFile } of changes) {
    const path = pageOf(file)
    const from = fromFile === undefined ? undefined : pageOf(fromFile)
    if (fromFile === undefined) {
      if (path !== undefined) targets.set(path, { ...targets.get(path), file, blob })
      continue
    }
    const moved = from === undefined ? undefined : (targets.get(from)?.blob ?? state.get(from)?.blob)
    if (from !== undefined) {
      targets.set(from, { file: fromFile, blob: undefined, ...(path !== undefined && { movedTo: path }) })
    }
    if (path !== undefined) {
      targets.set(path, { file, blob: moved, ...(from !== undefined && from !== path && { from }) })
    }
  }
  return targets
}

/** Pages that the parents of a merge do not have in common, as its first parent has them. */
function addDifferences(targets: Map<string, Target>, state: State, others: readonly State[]): void {
  for (const other of others) {
    for (const [path, { version }] of other) {
      const here = state.get(path)
      if (targets.has(path) || here?.version === version) continue
      targets.set(path, { file: here?.file ?? path, blob: here?.blob })
    }
  }
}

/** What another parent of a merge has of a page, under this name or the one that it had before a rename. */
function entryIn(
  other: State,
  path: string,
  { from, blob }: Target,
  others: readonly State[],
  state: State,
): Entry | undefined {
  const here = other.get(path)
  if (here?.blob !== undefined || blob === undefined) return here
  const before = from === undefined ? undefined : other.get(from)
  if (before?.blob !== undefined) return before
  for (const one of [state, ...others]) {
    for (const [name, { movedTo }] of one) {
      if (movedTo !== path) continue
      const there = other.get(name)
      if (there?.blob !== undefined) return there
    }
  }
  return here
}

/** Those that no other one comes from; of equal ones the first. */
function withoutAncestors(entries: readonly Entry[], parentsOf: readonly number[][]): Entry[] {
  const once = entries.filter(
    (entry, i) => entries.findIndex(({ version }) => version === entry.version) === i,
  )
  return once.filter(({ version }) => {
    return !once.some((other) => other.version !== version && comesFrom(other.version, version, parentsOf))
  })
}

/** Whether `version` has `ancestor` behind it. Parents have smaller numbers, so nothing below it is looked at. */
function comesFrom(version: number, ancestor: number, parentsOf: readonly number[][]): boolean {
  const seen = new Set<number>()
  const rest = [version]
  for (let one = rest.pop(); one !== undefined && seen.size < STEPS_MAX; one = rest.pop()) {
    if (one === ancestor) return true
    if (one < ancestor || seen.has(one)) continue
    seen.add(one)
    rest.push(...parentsOf[one]!)
  }
  return false
}
