/**
 * Who stands where in a running count, and the transcript as far as it is written. Both methods
 * of counting move papers in their own way and leave every decision about candidates to this class.
 *
 * It keeps: each candidate is in exactly one state, no more are elected than there are seats,
 * and at most one of "re-open nominations" and its clones continues.
 */

import { bytesToHex } from '@noble/hashes/utils.js'
import type { Candidate, Poll } from './poll.ts'
import { breakTie } from './tie.ts'
import type { Election, Lot, Stage, Tie, Transcript } from './transcript.ts'

export type State = 'continuing' | 'elected' | 'excluded' | 'withdrawn'

/** A stage while it is open: elections and ties are added to it. */
type OpenStage = Omit<Stage, 'elected' | 'ties'> & { readonly elected: Election[]; readonly ties: Tie[] }

export class Tableau {
  readonly poll: Poll
  /** The poll's candidates, then the clones. */
  readonly candidates: Candidate[]
  readonly states: State[]
  /** The clone that took over from a candidate, -1 where there is none. */
  readonly successors: number[]
  #vacancies: number
  #elected: number[] = []
  readonly #history: (readonly bigint[])[] = []
  readonly #stages: OpenStage[] = []
  readonly #lots: Lot[] = []

  constructor(poll: Poll) {
    this.poll = poll
    this.candidates = [...poll.candidates]
    this.states = poll.candidates.map((candidate) => (candidate.isWithdrawn ? 'withdrawn' : 'continuing'))
    this.successors = poll.candidates.map(() => -1)
    this.#vacancies = poll.seats
  }

  get vacancies(): number {
    return this.#vacancies
  }

  /** Indices of those who may still be elected, rising. */
  continuing(): number[] {
    const indices: number[] = []
    for (let i = 0; i < this.states.length; i++) if (this.states[i] === 'continuing') indices.push(i)
    return indices
  }

  /** Opens the next stage. `totals` are in any unit, the same for all: they decide later ties. */
  open(totals: readonly bigint[], stage: Omit<Stage, 'elected' | 'ties'>): void {
    this.#history.push([...totals])
    this.#stages.push({ ...stage, elected: [], ties: [] })
  }

  /** Elects all of `winners` upon the open stage, the largest total first. */
  elect(winners: readonly number[], by: Election['by']): void {
    for (const winner of this.#inOrder(winners)) {
      this.states[winner] = 'elected'
      this.#vacancies--
      this.#elected.push(winner)
      this.#stages.at(-1)?.elected.push({ candidate: winner + 1, by })
    }
    const reopen = winners.find((winner) => this.#isReopen(winner))
    if (reopen !== undefined && by === 'quota' && this.#vacancies > 0) this.#clone(reopen)
  }

  exclude(candidate: number): void {
    this.states[candidate] = 'excluded'
  }

  /**
   * Ends the count where it can end, and tells whether it did: no seat is vacant, or those left
   * over are no more than the vacancies and are elected. "Re-open nominations" could take every
   * vacancy, so it counts as that many: while it continues beside others, nobody is elected for
   * being left over.
   */
  finish(): boolean {
    if (this.#vacancies === 0) return true
    const left = this.continuing()
    const others = left.filter((candidate) => !this.#isReopen(candidate))
    if (others.length > 0 && (others.length < left.length || others.length > this.#vacancies)) return false
    this.elect(left, 'left over')
    return true
  }

  /** The one of `candidates` that comes first (for an exclusion: last); a tie is broken and written down. */
  choose(candidates: readonly number[], about: Tie['about']): number {
    const [only] = candidates
    if (candidates.length === 1) return only as number
    const { chosen, tie, lot } = breakTie(candidates, about, {
      candidates: this.candidates,
      seed: this.poll.seed,
      history: this.#history.slice(0, -1),
      stage: this.#stages.length,
      lotsDrawn: this.#lots.length,
    })
    this.#stages.at(-1)?.ties.push(tie)
    if (lot !== undefined) this.#lots.push(lot)
    return chosen
  }

  /** The transcript of the finished count. `zero` is how no votes are written under the rule. */
  transcript(quota: string, zero: string): Transcript {
    const { poll, candidates } = this
    const elected = this.#elected.filter((candidate) => !this.#isReopen(candidate))
    return {
      rule: poll.rule.id,
      seats: poll.seats,
      candidates: candidates.map((candidate) => candidate.name),
      withdrawn: this.states.flatMap((state, i) => (state === 'withdrawn' ? [i + 1] : [])),
      ballots: poll.rankings.weight,
      abstained: poll.rankings.abstained,
      quota,
      decision: poll.rankings.weight > 0 ? 'elected' : 'none',
      elected: elected.map((candidate) => candidate + 1),
      reopened: this.#reopened(),
      vacancies: poll.seats - elected.length,
      stages: this.#stages.map((stage) => ({
        ...stage,
        totals: padded(stage.totals, candidates.length, zero),
      })),
      lots: this.#lots,
      seed: bytesToHex(poll.seed),
    }
  }

  /** Seats that "re-open nominations" won; left over alone it wins all that are vacant. */
  #reopened(): number {
    const won = this.#elected.filter((candidate) => this.#isReopen(candidate)).length
    const isLeftAlone = this.#stages
      .at(-1)
      ?.elected.some(({ candidate, by }) => by === 'left over' && this.#isReopen(candidate - 1))
    return isLeftAlone ? won + this.#vacancies : won
  }

  /**
   * From the largest total of the open stage down; equals stand in the poll's order, since
   * nothing depends on who of them is named first (whose surplus goes on first is another matter).
   */
  #inOrder(winners: readonly number[]): number[] {
    const totals = this.#history.at(-1) as readonly bigint[]
    return [...winners].sort((a, b) => compare(totals[b] ?? 0n, totals[a] ?? 0n) || a - b)
  }

  #clone(elected: number): void {
    const original = this.poll.candidates.find((candidate) => candidate.role === 'reopen') as Candidate
    const number = this.candidates.length - this.poll.candidates.length + 2
    this.successors[elected] = this.candidates.length
    this.candidates.push({ ...original, name: `${original.name} (${number})` })
    this.states.push('continuing')
    this.successors.push(-1)
  }

  #isReopen(candidate: number): boolean {
    return this.candidates[candidate]?.role === 'reopen'
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function padded(totals: readonly string[], length: number, zero: string): readonly string[] {
  return totals.length === length ? totals : [...totals, ...Array<string>(length - totals.length).fill(zero)]
}
