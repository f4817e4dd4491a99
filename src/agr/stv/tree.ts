/**
 * The tree of papers of a Meek count: see the picture in `meek.ts`. Nodes stand in flat arrays,
 * parents before children, so that one loop distributes all papers.
 */

import { SheafError } from '../../base/errors.ts'
import { PairTable } from './pair-table.ts'
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
  /** From a node and a candidate to the node below. */
  readonly #children = new PairTable()
  /** Per node. */
  readonly #candidates: number[] = []
  readonly #parents: number[] = []
  /** Weight of the papers that come by. */
  readonly #papers: number[] = []
  readonly #heads: number[] = []
  /** The leaves of each continuing candidate. */
  readonly #leaves: number[][] = []
  /** Chains of papers by candidate while a batch moves; empty between two. */
  /** 1 for the candidates of the poll that papers pass by, and for those that keep a share. */
  readonly #isOut: Uint8Array
  readonly #isElected: Uint8Array
  readonly #gathered: {
    readonly heads: Int32Array
    readonly tails: Int32Array
    readonly received: Float64Array
  }

  constructor(rankings: Rankings, tableau: Tableau, limits: TreeLimits) {
    this.#limits = limits
    this.#rankings = rankings
    this.#tableau = tableau
    this.#reached = rankings.starts.slice(0, rankings.count)
    this.#next = new Int32Array(rankings.count)
    this.#isOut = new Uint8Array(rankings.candidates)
    this.#isElected = new Uint8Array(rankings.candidates)
    this.#gathered = {
      heads: new Int32Array(rankings.candidates).fill(END),
      tails: new Int32Array(rankings.candidates),
      received: new Float64Array(rankings.candidates),
    }
    for (let paper = 0; paper < rankings.count; paper++) this.#next[paper] = paper + 1
    if (rankings.count > 0) this.#next[rankings.count - 1] = END
    const root = this.#node(-1, -1)
    this.#papers[root] = rankings.weight
    this.#lookAtStates()
    this.#spread(rankings.count > 0 ? 0 : END, root, 0)
  }

  /** Elected: the papers of its leaves go on to children, with what the candidate does not keep. */
  expand(elected: number): void {
    this.#lookAtStates()
    const successor = this.#tableau.successors[elected] as number
    for (const leaf of this.#takeLeaves(elected)) {
      const head = this.#takePapers(leaf)
      if (successor === -1) this.#spread(head, leaf, 1)
      else {
        // its clone stands at the same place and takes them all
        const clone = this.#childOf(leaf, successor)
        this.#heads[clone] = head
        this.#papers[clone] = this.#papers[leaf] as number
      }
    }
  }

  /** Excluded: the papers of its leaves go to the next candidate, beside it. */
  remove(excluded: number): void {
    this.#lookAtStates()
    for (const leaf of this.#takeLeaves(excluded)) {
      const parent = this.#parents[leaf] as number
      this.#papers[leaf] = 0
      this.#spread(this.#takePapers(leaf), parent, 1)
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

  /**
   * Puts a chain of papers below `base`, each at the first candidate that is not excluded, from
   * `onward` places after the one it has reached. Most go to leaves right below: those are
   * gathered in a chain per candidate and joined to the leaf at the end.
   */
  #spread(first: number, base: number, onward: 0 | 1): void {
    const { prefs, starts, weights } = this.#rankings
    const isOut = this.#isOut
    const isElected = this.#isElected
    const reached = this.#reached
    const next = this.#next
    const { heads, tails, received } = this.#gathered
    const touched: number[] = []
    for (let paper = first, after = END; paper !== END; paper = after) {
      after = next[paper] as number
      const end = starts[paper + 1] as number
      let place = (reached[paper] as number) + onward
      while (place < end && isOut[prefs[place] as number] === 1) place++
      reached[paper] = place
      if (place === end) continue
      const candidate = prefs[place] as number
      if (isElected[candidate] === 1) {
        this.#settle(paper, base)
        continue
      }
      const head = heads[candidate] as number
      if (head === END) {
        touched.push(candidate)
        tails[candidate] = paper
      }
      next[paper] = head
      heads[candidate] = paper
      received[candidate] = (received[candidate] as number) + (weights[paper] as number)
    }
    for (const candidate of touched) {
      const leaf = this.#childOf(base, candidate)
      next[tails[candidate] as number] = this.#heads[leaf] as number
      this.#heads[leaf] = heads[candidate] as number
      this.#papers[leaf] = (this.#papers[leaf] as number) + (received[candidate] as number)
      heads[candidate] = END
      received[candidate] = 0
    }
  }

  /** Puts one paper below `base`, past every elected candidate that it meets from the place it has reached. */
  #settle(paper: number, base: number): void {
    const { prefs, starts, weights } = this.#rankings
    const { states, successors } = this.#tableau
    const weight = weights[paper] as number
    const end = starts[paper + 1] as number
    let node = base
    for (let place = this.#reached[paper] as number; place < end; place++) {
      let candidate = prefs[place] as number
      while (states[candidate] === 'elected') {
        // it keeps its share, then the paper goes on: to its clone, or to the next place
        node = this.#childOf(node, candidate)
        this.#papers[node] = (this.#papers[node] as number) + weight
        candidate = successors[candidate] as number
        if (candidate === -1) break
      }
      if (candidate === -1 || states[candidate] !== 'continuing') continue
      this.#reached[paper] = place
      const leaf = this.#childOf(node, candidate)
      this.#next[paper] = this.#heads[leaf] as number
      this.#heads[leaf] = paper
      this.#papers[leaf] = (this.#papers[leaf] as number) + weight
      return
    }
  }

  #lookAtStates(): void {
    const { states } = this.#tableau
    for (let candidate = 0; candidate < this.#isOut.length; candidate++) {
      const state = states[candidate]
      this.#isOut[candidate] = state === 'excluded' || state === 'withdrawn' ? 1 : 0
      this.#isElected[candidate] = state === 'elected' ? 1 : 0
    }
  }

  #takePapers(leaf: number): number {
    const head = this.#heads[leaf] as number
    this.#heads[leaf] = END
    return head
  }

  /** An excluded child stays in the table, but nothing leads to it any more. */
  #childOf(parent: number, candidate: number): number {
    const known = this.#children.get(parent, candidate)
    if (known !== undefined) return known
    const child = this.#node(parent, candidate)
    this.#children.set(parent, candidate, child)
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
