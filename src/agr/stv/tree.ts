/**
 * The tree of papers of a Meek count: see the picture in `meek.ts`. Nodes stand in flat arrays,
 * parents before children, so that one loop distributes all papers.
 */

import { SheafError } from '../../base/errors.ts'
import type { Rankings } from './rankings.ts'
import type { Tableau } from './tableau.ts'

/** A whole vote, in units of 10^-9. */
export const ONE = 1_000_000_000
/** A factor is split here so that every product below stays under 2^53. */
const SPLIT = 32_768
const END = -1
/** The root: it has no candidate and keeps nothing. */
const ROOT = 0

/** What a tree may grow to, and how often it may be walked; beyond it a count ends with TOO_LARGE. */
export interface TreeLimits {
  readonly nodesMax: number
  /** Nodes walked in the whole count. */
  readonly stepsMax: number
}

export class Tree {
  readonly #limits: TreeLimits
  #steps = 0
  readonly #rankings: Rankings
  readonly #tableau: Tableau
  /** Paper → place it has reached; paper → next paper of the same leaf. */
  readonly #reached: Uint32Array
  readonly #next: Int32Array
  /** Per node. */
  readonly #candidates: number[] = []
  readonly #parents: number[] = []
  readonly #children: (Map<number, number> | undefined)[] = []
  /** Weight of the papers that come by. */
  readonly #papers: number[] = []
  readonly #heads: number[] = []
  /** The leaves of each continuing candidate. */
  readonly #leaves: number[][] = []
  /** The node whose papers are moving, or the one they move back to, and its children by candidate (0: not met yet). */
  #base = ROOT
  readonly #baseChildren: Int32Array

  constructor(rankings: Rankings, tableau: Tableau, limits: TreeLimits) {
    this.#limits = limits
    this.#rankings = rankings
    this.#tableau = tableau
    this.#reached = rankings.starts.slice(0, rankings.count)
    this.#next = new Int32Array(rankings.count)
    this.#baseChildren = new Int32Array(rankings.candidates)
    const root = this.#node(-1, -1)
    for (let paper = 0; paper < rankings.count; paper++) this.#settle(paper, root)
    this.#papers[root] = rankings.weight
  }

  /** Elected: the papers of its leaves go on to children, with what the candidate does not keep. */
  expand(elected: number): void {
    for (const leaf of this.#takeLeaves(elected)) {
      this.#begin(leaf)
      const successor = this.#tableau.successors[elected] as number
      this.#eachPaper(leaf, (paper) => {
        if (successor !== -1) this.#append(paper, this.#childOf(leaf, successor))
        else {
          this.#reached[paper] = (this.#reached[paper] as number) + 1
          this.#settle(paper, leaf)
        }
      })
    }
  }

  /** Excluded: the papers of its leaves go to the next candidate, beside it. */
  remove(excluded: number): void {
    for (const leaf of this.#takeLeaves(excluded)) {
      this.#papers[leaf] = 0
      const parent = this.#parents[leaf] as number
      this.#children[parent]?.delete(excluded)
      this.#begin(parent)
      this.#eachPaper(leaf, (paper) => {
        this.#reached[paper] = (this.#reached[paper] as number) + 1
        this.#settle(paper, parent)
      })
    }
  }

  /** Totals in units of 10^-9: each paper leaves with each candidate the share `keep` (in 10^-9) of what it has left, rounded up. */
  distribute(keep: readonly number[]): bigint[] {
    this.#steps += this.#candidates.length
    if (this.#steps > this.#limits.stepsMax) {
      throw new SheafError('TOO_LARGE', `Meek's method takes more than ${this.#limits.stepsMax} steps here`, {
        hint: '--rule wigm-fixed/1',
      })
    }
    const isSmall = this.#rankings.weight <= Number.MAX_SAFE_INTEGER / ONE
    const sums = keep.map(() => 0)
    const bigSums = keep.map(() => 0n)
    const left = new Float64Array(this.#candidates.length)
    left[ROOT] = ONE
    for (let node = 1; node < left.length; node++) {
      const papers = this.#papers[node] as number
      const arrived = left[this.#parents[node] as number] as number
      if (papers === 0 || arrived === 0) continue
      const candidate = this.#candidates[node] as number
      const kept = multiplyUp(arrived, keep[candidate] as number)
      left[node] = arrived - kept
      if (isSmall) sums[candidate] = (sums[candidate] as number) + kept * papers
      else bigSums[candidate] = (bigSums[candidate] as bigint) + BigInt(kept) * BigInt(papers)
    }
    return isSmall ? sums.map(BigInt) : bigSums
  }

  /** Puts a paper below `parent`, at the first candidate from its place on that is not excluded. */
  #settle(paper: number, parent: number): void {
    const { prefs, starts, weights } = this.#rankings
    const { states, successors } = this.#tableau
    const end = starts[paper + 1] as number
    let node = parent
    for (let place = this.#reached[paper] as number; place < end; place++) {
      let candidate = prefs[place] as number
      let state = states[candidate]
      while (state === 'elected') {
        // it keeps its share, then the paper goes on: to its clone, or to the next place
        node = this.#childOf(node, candidate)
        this.#papers[node] = (this.#papers[node] as number) + (weights[paper] as number)
        candidate = successors[candidate] as number
        state = states[candidate]
      }
      if (state !== 'continuing') continue
      this.#reached[paper] = place
      this.#append(paper, this.#childOf(node, candidate))
      return
    }
  }

  #append(paper: number, leaf: number): void {
    this.#next[paper] = this.#heads[leaf] as number
    this.#heads[leaf] = paper
    this.#papers[leaf] = (this.#papers[leaf] as number) + (this.#rankings.weights[paper] as number)
  }

  #eachPaper(leaf: number, visit: (paper: number) => void): void {
    let paper = this.#heads[leaf] as number
    this.#heads[leaf] = END
    while (paper !== END) {
      const after = this.#next[paper] as number
      visit(paper)
      paper = after
    }
  }

  #begin(base: number): void {
    this.#base = base
    this.#baseChildren.fill(0)
  }

  #childOf(parent: number, candidate: number): number {
    if (parent !== this.#base) return this.#findChild(parent, candidate)
    const met = this.#baseChildren[candidate]
    if (met !== undefined && met !== 0) return met
    const child = this.#findChild(parent, candidate)
    this.#baseChildren[candidate] = child
    return child
  }

  #findChild(parent: number, candidate: number): number {
    this.#children[parent] ??= new Map()
    const children = this.#children[parent] as Map<number, number>
    const known = children.get(candidate)
    if (known !== undefined) return known
    const child = this.#node(parent, candidate)
    children.set(candidate, child)
    if (this.#tableau.states[candidate] === 'continuing') {
      this.#leaves[candidate] ??= []
      this.#leaves[candidate]?.push(child)
    }
    return child
  }

  #node(parent: number, candidate: number): number {
    if (this.#parents.length >= this.#limits.nodesMax) {
      throw new SheafError(
        'TOO_LARGE',
        `the papers take more than ${this.#limits.nodesMax} ways past the elected`,
        {
          hint: '--rule wigm-fixed/1',
        },
      )
    }
    this.#parents.push(parent)
    this.#candidates.push(candidate)
    this.#children.push(undefined)
    this.#papers.push(0)
    return this.#heads.push(END) - 1
  }

  /** The nodes that were leaves of a candidate. */
  #takeLeaves(candidate: number): number[] {
    const leaves = this.#leaves[candidate] ?? []
    this.#leaves[candidate] = []
    return leaves
  }
}

/** ⌈a · b / 10^9⌉ for whole a, b up to 10^9, exact: every number on the way is below 2^53. */
function multiplyUp(a: number, b: number): number {
  if (b === ONE) return a
  const high = Math.floor(a / SPLIT)
  const low = a - high * SPLIT
  const product = high * b
  const whole = Math.floor(product / ONE)
  const rest = product - whole * ONE
  return whole * SPLIT + Math.ceil((rest * SPLIT + low * b) / ONE)
}
