/**
 * The weighted inclusive Gregory method: a surplus goes to all papers of the elected candidate,
 * each at its own value times surplus over total. Three rules differ in their unit alone:
 *
 *     rule           one vote is        elected                      a value that is not whole
 *     wigm-exact/1   1 / unit           above W / (s + 1)            cannot be: the unit divides it
 *     wigm-fixed/1   10^9 units         from ⌊W / (s + 1)⌋ + 1 unit  is cut off
 *     scottish/1     10^5 units         from ⌊W / (s + 1)⌋ + 1 vote  is cut off
 *
 * All numbers are whole multiples of one unit. Under the exact rule the unit itself is divided
 * at each surplus, so the fractions are added without a common denominator to look for.
 */

import { SheafError } from '../../base/errors.ts'
import { decimalText, fractionText, gcd } from './exact.ts'
import { type Move, Piles } from './piles.ts'
import type { Poll } from './poll.ts'
import { Tableau } from './tableau.ts'
import type { Action, Transcript, Transfer } from './transcript.ts'

/**
 * Digits of the exact unit times the square of the candidates: what the totals of an exact
 * transcript can grow to. 8 seats with a million voters reach about 800 digits: 500 candidates fit.
 */
const EXACT_DIGITS_MAX = 200_000_000

/** Counts a poll under one of the three rules. Throws TOO_LARGE where exact fractions outgrow all use. */
export function countWigm(poll: Poll): Transcript {
  const tableau = new Tableau(poll)
  const sums = new Sums(poll)
  const piles = new Piles(poll.rankings, tableau)
  sums.receive(piles.deal())
  record({ type: 'first preferences' }, sums.take())

  while (true) {
    tableau.elect(
      tableau.continuing().filter((candidate) => sums.isOverQuota(candidate)),
      'quota',
    )
    if (tableau.finish()) return tableau.transcript(sums.quotaText(), sums.text(0n))
    const surplus = largest(withSurplus())
    if (surplus.length > 0) transferSurplus(tableau.choose(surplus, 'surplus'))
    else exclude(tableau.choose(smallest(tableau.continuing()), 'exclusion'))
  }

  function transferSurplus(candidate: number): void {
    const surplus = sums.surplusText(candidate)
    sums.divideSurplus(candidate, piles.valuesIn(candidate))
    sums.receive(piles.move(candidate, (value) => sums.valueAfter(value)))
    record({ type: 'surplus', candidate: candidate + 1, surplus }, sums.take())
  }

  function exclude(candidate: number): void {
    tableau.exclude(candidate)
    sums.clear(candidate)
    sums.receive(piles.move(candidate, (value) => value))
    record({ type: 'exclude', candidate: candidate + 1 }, sums.take())
  }

  function record(action: Action, transfers: Transfer[]): void {
    const totals = sums.totalTexts(tableau.candidates.length)
    tableau.open(sums.totals, {
      action,
      totals,
      exhausted: sums.exhaustedText(),
      quota: sums.quotaText(),
      transfers,
    })
  }

  function withSurplus(): number[] {
    return tableau.states.flatMap((state, i) => (state === 'elected' && sums.hasSurplus(i) ? [i] : []))
  }

  function largest(candidates: number[]): number[] {
    return extreme(candidates, (a, b) => a > b)
  }

  function smallest(candidates: number[]): number[] {
    return extreme(candidates, (a, b) => a < b)
  }

  function extreme(candidates: number[], isBetter: (a: bigint, b: bigint) => boolean): number[] {
    let best: number[] = []
    for (const candidate of candidates) {
      const holder = best[0]
      if (holder === undefined || isBetter(sums.total(candidate), sums.total(holder))) best = [candidate]
      else if (sums.total(candidate) === sums.total(holder)) best.push(candidate)
    }
    return best
  }
}

/** The numbers of the count: totals, the quota and the values of papers, all in one unit. */
class Sums {
  readonly totals: bigint[]
  readonly #decimals: number | undefined
  readonly #isScottish: boolean
  readonly #weight: bigint
  readonly #candidates: number
  /** How many units make one vote. */
  #unit: bigint
  #quota: bigint
  #quotaText: string
  /** Worth of a paper by value number; number 0 is a whole vote. */
  #values: bigint[]
  readonly #valueTexts: string[]
  /** Value numbers before and after the surplus that is being transferred. */
  #after = new Map<number, number>()
  #transfers: Transfer[] = []
  /** Texts of the totals, undefined where the total has changed since. */
  readonly #texts: (string | undefined)[] = []

  constructor(poll: Poll) {
    const { rule, seats, rankings } = poll
    this.#decimals = rule.decimals
    this.#isScottish = rule.id === 'scottish/1'
    this.#candidates = poll.candidates.length
    this.#weight = BigInt(rankings.weight)
    const shares = BigInt(seats + 1)
    if (rule.decimals === undefined) {
      this.#unit = shares
      this.#quota = this.#weight
    } else {
      this.#unit = 10n ** BigInt(rule.decimals)
      this.#quota = this.#isScottish
        ? (this.#weight / shares + 1n) * this.#unit
        : (this.#weight * this.#unit) / shares + 1n
    }
    this.#quotaText = this.#isScottish ? String(this.#quota / this.#unit) : this.text(this.#quota)
    this.#values = [this.#unit]
    this.#valueTexts = [this.text(this.#unit)]
    this.totals = poll.candidates.map(() => 0n)
  }

  total(candidate: number): bigint {
    return this.totals[candidate] ?? 0n
  }

  isOverQuota(candidate: number): boolean {
    return this.#decimals === undefined ? this.hasSurplus(candidate) : this.total(candidate) >= this.#quota
  }

  hasSurplus(candidate: number): boolean {
    return this.total(candidate) > this.#quota
  }

  /** Sets what each value becomes as `candidate`'s surplus moves on, and leaves the quota behind. */
  divideSurplus(candidate: number, values: readonly number[]): void {
    let surplus = this.total(candidate) - this.#quota
    let total = this.total(candidate)
    if (this.#decimals === undefined) {
      const common = gcd(surplus, total)
      surplus /= common
      total /= common
      this.#divideUnit(total)
    }
    this.#after = new Map()
    for (const value of values) {
      const worth = ((this.#values[value] as bigint) * surplus) / total
      this.#after.set(value, this.#values.length)
      this.#valueTexts.push(this.text(worth))
      this.#values.push(worth)
    }
    this.totals[candidate] = this.#quota
    this.#texts[candidate] = undefined
  }

  valueAfter(value: number): number {
    return this.#after.get(value) as number
  }

  clear(candidate: number): void {
    this.totals[candidate] = 0n
    this.#texts[candidate] = undefined
  }

  receive(moves: readonly Move[]): void {
    this.#transfers = moves.map(({ to, value, papers }) => {
      if (to >= 0) {
        this.totals[to] = this.total(to) + BigInt(papers) * (this.#values[value] as bigint)
        this.#texts[to] = undefined
      }
      return { papers, value: this.#valueTexts[value] as string, to: to < 0 ? null : to + 1 }
    })
  }

  /** The transfers since the last call. */
  take(): Transfer[] {
    const transfers = this.#transfers
    this.#transfers = []
    return transfers
  }

  totalTexts(length: number): string[] {
    const texts: string[] = []
    for (let i = 0; i < length; i++) {
      this.#texts[i] ??= this.text(this.total(i))
      texts.push(this.#texts[i] as string)
    }
    return texts
  }

  exhaustedText(): string {
    return this.text(this.totals.reduce((left, total) => left - total, this.#weight * this.#unit))
  }

  quotaText(): string {
    return this.#quotaText
  }

  surplusText(candidate: number): string {
    return this.text(this.total(candidate) - this.#quota)
  }

  text(units: bigint): string {
    return this.#decimals === undefined ? fractionText(units, this.#unit) : decimalText(units, this.#decimals)
  }

  /** Makes the unit `by` times smaller; everything keeps its worth. */
  #divideUnit(by: bigint): void {
    this.#unit *= by
    const digits = this.#unit.toString(16).length * 1.2
    if (digits * this.#candidates * this.#candidates > EXACT_DIGITS_MAX) {
      throw new SheafError(
        'TOO_LARGE',
        `exact fractions of ${Math.round(digits)} digits for ${this.#candidates} candidates`,
        {
          hint: '--rule wigm-fixed/1',
        },
      )
    }
    this.#quota *= by
    this.#values = this.#values.map((value) => value * by)
    for (let i = 0; i < this.totals.length; i++) this.totals[i] = this.total(i) * by
  }
}
