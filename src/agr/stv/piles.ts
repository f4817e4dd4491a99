/**
 * The papers of a count of the Gregory kind, in piles. A paper lies in exactly one parcel of one
 * pile, parcels are chains through the papers, and each paper remembers the place it has reached:
 *
 *     pile of B ─┬─ parcel, value 0: paper 7 → paper 2 → paper 9       papers: their weight
 *                └─ parcel, value 3: paper 4 → paper 1
 *
 * A paper is touched only when its holder is elected or excluded, and places only grow, so a
 * whole count touches each preference once. Sums of weights are exact: all of them fit a double.
 */

import type { Rankings } from './rankings.ts'
import type { Tableau } from './tableau.ts'

/** Papers of one value in one pile. */
interface Parcel {
  /** Number of the value: who holds the piles knows what it is worth. */
  readonly value: number
  papers: number
  head: number
}

/** Papers that went from one pile to another, or to nobody (-1), and the number of the value they have now. */
export interface Move {
  readonly to: number
  readonly value: number
  readonly papers: number
}

const NOBODY = -1
const END = -1

export class Piles {
  readonly #rankings: Rankings
  readonly #tableau: Tableau
  readonly #reached: Uint32Array
  readonly #next: Int32Array
  readonly #piles: Parcel[][] = []

  constructor(rankings: Rankings, tableau: Tableau) {
    this.#rankings = rankings
    this.#tableau = tableau
    this.#reached = rankings.starts.slice(0, rankings.count)
    this.#next = new Int32Array(rankings.count)
    for (let paper = 0; paper < rankings.count; paper++) this.#next[paper] = paper + 1
    if (rankings.count > 0) this.#next[rankings.count - 1] = END
  }

  /** Deals all papers to their first preferences, with value number 0. */
  deal(): Move[] {
    const all: Parcel = { value: 0, papers: this.#rankings.weight, head: this.#rankings.count > 0 ? 0 : END }
    return this.#spread([all], (value) => value)
  }

  /** The numbers of the values that lie in a pile, in order of arrival. */
  valuesIn(pile: number): number[] {
    return (this.#piles[pile] ?? []).map((parcel) => parcel.value)
  }

  /** Moves a whole pile on; each parcel takes the value that `valueAfter` gives for its own. */
  move(pile: number, valueAfter: (value: number) => number): Move[] {
    const parcels = this.#piles[pile] ?? []
    this.#piles[pile] = []
    return this.#spread(parcels, valueAfter)
  }

  #spread(parcels: readonly Parcel[], valueAfter: (value: number) => number): Move[] {
    const { prefs, starts, weights } = this.#rankings
    const reached = this.#reached
    const next = this.#next
    const holders = this.#holders()
    const piles = this.#tableau.states.length
    const moves: Move[] = []
    for (const parcel of parcels) {
      const value = valueAfter(parcel.value)
      // a chain for each receiver, joined to its parcel at the end
      const received = new Float64Array(piles)
      const heads = new Int32Array(piles).fill(END)
      const tails = new Int32Array(piles)
      let exhausted = 0
      for (let paper = parcel.head, after = END; paper !== END; paper = after) {
        after = next[paper] as number
        const end = starts[paper + 1] as number
        let place = reached[paper] as number
        let to = NOBODY
        // the place itself first: the clone of its holder may stand there now
        for (; place < end; place++) {
          to = holders[prefs[place] as number] as number
          if (to !== NOBODY) break
        }
        reached[paper] = place
        if (to === NOBODY) {
          exhausted += weights[paper] as number
          continue
        }
        const head = heads[to] as number
        if (head === END) tails[to] = paper
        next[paper] = head
        heads[to] = paper
        received[to] = (received[to] as number) + (weights[paper] as number)
      }
      for (let to = 0; to < piles; to++) {
        const papers = received[to] as number
        if (papers === 0) continue
        this.#join(to, value, papers, heads[to] as number, tails[to] as number)
        moves.push({ to, value, papers })
      }
      if (exhausted > 0) moves.push({ to: NOBODY, value, papers: exhausted })
    }
    return moves
  }

  /** Who takes a paper that has reached a candidate: the candidate, or a clone of it, while it continues. */
  #holders(): Int32Array {
    const { states, successors } = this.#tableau
    const holders = new Int32Array(this.#rankings.candidates)
    for (let candidate = 0; candidate < holders.length; candidate++) {
      let holder = candidate
      while (successors[holder] !== -1) holder = successors[holder] as number
      holders[candidate] = states[holder] === 'continuing' ? holder : NOBODY
    }
    return holders
  }

  /** Puts a chain of papers into the parcel of its value. */
  #join(pile: number, value: number, papers: number, head: number, tail: number): void {
    this.#piles[pile] ??= []
    const parcels = this.#piles[pile] as Parcel[]
    const parcel = parcels.find((known) => known.value === value)
    if (parcel === undefined) {
      parcels.push({ value, papers, head })
      return
    }
    this.#next[tail] = parcel.head
    parcel.head = head
    parcel.papers += papers
  }
}
