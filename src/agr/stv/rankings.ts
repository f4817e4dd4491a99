/**
 * Ballots in the form that a count reads: one flat row of preferences, equal ballots once.
 * Only `normalise` makes `Rankings`, so whoever holds them holds clean ones:
 *
 *     starts   0     3  4        8          ballot b prefers prefs[starts[b]] … prefs[starts[b + 1] - 1]
 *     prefs    2 0 1 3  1 3 0 2             no unknown or withdrawn candidate, none twice
 *     weights  12    1  5                   whole, above 0; their sum is exact in a double
 */

import { SheafError } from '../../base/errors.ts'

/** Every candidate that is left has a total in every stage, so a transcript grows with the square. */
export const CANDIDATES_MAX = 1000
/** A hundred thousand ballots of a hundred places, with room. 32 MiB of memory. */
export const PREFERENCES_MAX = 1 << 24
/** Different ballots; each costs about 30 bytes. */
export const BALLOTS_MAX = 1 << 22
/** How many places of the table are tried before a ballot is simply kept beside its equal. */
const PROBES_MAX = 8
/** Memory is taken in advance for no more preferences than this: 8 MiB. */
const EXPECTED_MAX = 1 << 22
/** A turn that does not come. */
const NEVER = 0x7fff_ffff

export interface Ballot {
  /** How many papers say the same, or a vote's weight in whole micro-votes. */
  readonly weight: number
  /** Candidates by index from 0, the most wanted first. Strange indices are dropped. */
  readonly ranking: readonly number[]
}

export interface Rankings {
  readonly candidates: number
  /** Different ballots that are not empty. */
  readonly count: number
  readonly prefs: Uint16Array
  readonly starts: Uint32Array
  readonly weights: Float64Array
  /** W: the weight of all ballots that rank somebody; at most 2^53 - 1. */
  readonly weight: number
  /** The weight of the ballots that rank nobody: they abstain and are not in W. */
  readonly abstained: number
}

/**
 * Drops unknown and withdrawn candidates, keeps the first mention of each, closes the gaps, and
 * counts equal ballots once. The result does not depend on how votes were split over ballots.
 * Throws TOO_LARGE, or BAD_ARGUMENT for a weight that is not a whole number from 0.
 */
export function normalise(
  ballots: Iterable<Ballot>,
  candidates: number,
  withdrawn: Iterable<number> = [],
): Rankings {
  if (!Number.isSafeInteger(candidates) || candidates < 0 || candidates > CANDIDATES_MAX) {
    throw new SheafError('TOO_LARGE', `${candidates} candidates where ${CANDIDATES_MAX} can be counted`)
  }
  const rows = new Rows(candidates, withdrawn)
  if (Array.isArray(ballots)) rows.expect(ballots)
  rows.addAll(ballots)
  return { candidates, ...rows.finish() }
}

/**
 * A ranking from the rank that each candidate was given (1 is best; gaps are closed).
 * Throws BAD_FORMAT where two candidates share a rank: the count has no half papers.
 */
export function rankingOf(ranks: Iterable<readonly [candidate: number, rank: number]>): number[] {
  const byRank = [...ranks].sort((a, b) => a[1] - b[1])
  for (let i = 1; i < byRank.length; i++) {
    if (byRank[i]?.[1] === byRank[i - 1]?.[1]) {
      throw new SheafError('BAD_FORMAT', 'a ballot gives two candidates the same rank', {
        hint: 'rank them one after the other, or leave some out',
      })
    }
  }
  return byRank.map(([candidate]) => candidate)
}

/** Rows of preferences in growing flat arrays, with a table that finds an equal row. */
class Rows {
  #prefs = new Uint16Array(1 << 12)
  #starts = new Uint32Array(1 << 8)
  #weights = new Float64Array(1 << 8)
  #hashes = new Int32Array(1 << 8)
  /** Open addressing: row number + 1, 0 where free. A power of two, at least twice the rows. */
  #table = new Int32Array(1 << 9)
  #count = 0
  #weight = 0
  #abstained = 0
  /** The turn in which a candidate was last met; always later than now for the withdrawn. */
  readonly #met: Int32Array

  constructor(candidates: number, withdrawn: Iterable<number>) {
    this.#met = new Int32Array(candidates)
    for (const candidate of withdrawn) if (candidate in this.#met) this.#met[candidate] = NEVER
  }

  /** Takes the memory that these ballots will probably need; looking at all of them would cost more. */
  expect(ballots: readonly Ballot[]): void {
    const length = Math.min(ballots[0]?.ranking.length ?? 0, this.#met.length)
    const preferences = Math.min(ballots.length * length, EXPECTED_MAX)
    const rows = Math.min(ballots.length, BALLOTS_MAX) + 2
    this.#prefs = new Uint16Array(preferences)
    this.#starts = new Uint32Array(rows)
    this.#weights = new Float64Array(rows)
    this.#hashes = new Int32Array(rows)
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(2 * rows)))
  }

  /** Adds each ballot to its equal or as a row of its own. One loop on local names: it runs for every preference. */
  addAll(ballots: Iterable<Ballot>): void {
    const met = this.#met
    let turn = 0
    let end = 0
    for (const { weight, ranking } of ballots) {
      if (!this.#isCounted(weight)) continue
      const start = end
      const { length } = ranking
      this.#makeRoom(start + (length < met.length ? length : met.length))
      const prefs = this.#prefs
      turn++
      // FNV-1a. A voter may build collisions: they cost `PROBES_MAX` looks each, no more.
      let hash = 0x811c9dc5 | 0
      for (let i = 0; i < length; i++) {
        const candidate = ranking[i] as number
        // an unknown candidate reads undefined, which is not below anything
        if (!((met[candidate] as number) < turn)) continue
        met[candidate] = turn
        prefs[end++] = candidate
        hash = Math.imul(hash ^ candidate, 0x01000193)
      }
      if (end === start) this.#abstained += weight
      else if (!this.#merge(hash ^ (hash >>> 15), weight, start, end)) this.#starts[++this.#count] = end
      else end = start
    }
  }

  finish(): Omit<Rankings, 'candidates'> {
    return {
      count: this.#count,
      prefs: this.#prefs.subarray(0, this.#starts[this.#count]),
      starts: this.#starts.subarray(0, this.#count + 1),
      weights: this.#weights.subarray(0, this.#count),
      weight: this.#weight - this.#abstained,
      abstained: this.#abstained,
    }
  }

  /** Takes a weight into the sum; false where it is 0. */
  #isCounted(weight: number): boolean {
    if (!Number.isSafeInteger(weight) || weight < 0) {
      throw new SheafError('BAD_ARGUMENT', `a ballot weighs ${weight}; weights are whole numbers from 0`)
    }
    this.#weight += weight
    if (this.#weight > Number.MAX_SAFE_INTEGER) {
      throw new SheafError('TOO_LARGE', `the ballots weigh more than ${Number.MAX_SAFE_INTEGER} together`)
    }
    return weight > 0
  }

  /** Gives the weight to the row that equals the one from `start` to `end`; false where that is a new row. */
  #merge(hash: number, weight: number, start: number, end: number): boolean {
    const table = this.#table
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const place = (hash + probe) & (table.length - 1)
      const row = (table[place] as number) - 1
      if (row < 0) {
        table[place] = this.#count + 1
        break
      }
      if (this.#hashes[row] === hash && this.#isEqual(row, start, end)) {
        this.#weights[row] = (this.#weights[row] as number) + weight
        return true
      }
    }
    this.#hashes[this.#count] = hash
    this.#weights[this.#count] = weight
    return false
  }

  #isEqual(row: number, start: number, end: number): boolean {
    const from = this.#starts[row] as number
    const length = (this.#starts[row + 1] as number) - from
    if (length !== end - start) return false
    for (let i = 0; i < length; i++) if (this.#prefs[from + i] !== this.#prefs[start + i]) return false
    return true
  }

  /** Room for one row more, and for preferences up to `end`. */
  #makeRoom(end: number): void {
    if (end > PREFERENCES_MAX) throw new SheafError('TOO_LARGE', `more than ${PREFERENCES_MAX} preferences`)
    if (end > this.#prefs.length) this.#prefs = grown(this.#prefs, Uint16Array, end)
    if (this.#count + 2 <= this.#starts.length) return
    if (this.#count >= BALLOTS_MAX)
      throw new SheafError('TOO_LARGE', `more than ${BALLOTS_MAX} different ballots`)
    const size = this.#starts.length * 4
    this.#starts = grown(this.#starts, Uint32Array, size)
    this.#weights = grown(this.#weights, Float64Array, size)
    this.#hashes = grown(this.#hashes, Int32Array, size)
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(2 * size)))
    for (let row = 0; row < this.#count; row++) {
      for (let probe = 0; probe < PROBES_MAX; probe++) {
        const place = ((this.#hashes[row] as number) + probe) & (this.#table.length - 1)
        if (this.#table[place] !== 0) continue
        this.#table[place] = row + 1
        break
      }
    }
  }
}

function grown<T extends Uint16Array | Uint32Array | Int32Array | Float64Array>(
  old: T,
  Kind: new (length: number) => T,
  needed: number,
): T {
  const array = new Kind(Math.max(needed, old.length * 4))
  array.set(old)
  return array
}
