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
  if (candidates > CANDIDATES_MAX) {
    throw new SheafError('TOO_LARGE', `${candidates} candidates where ${CANDIDATES_MAX} can be counted`)
  }
  const gone = new Uint8Array(candidates)
  for (const candidate of withdrawn) if (candidate >= 0 && candidate < candidates) gone[candidate] = 1

  const rows = new Rows()
  const seen = new Int32Array(candidates)
  let turn = 0
  let abstained = 0
  let weight = 0
  for (const ballot of ballots) {
    if (!Number.isSafeInteger(ballot.weight) || ballot.weight < 0) {
      throw new SheafError(
        'BAD_ARGUMENT',
        `a ballot weighs ${ballot.weight}; weights are whole numbers from 0`,
      )
    }
    if (ballot.weight === 0) continue
    weight += ballot.weight
    if (weight > Number.MAX_SAFE_INTEGER) {
      throw new SheafError('TOO_LARGE', `the ballots weigh more than ${Number.MAX_SAFE_INTEGER} together`)
    }
    turn++
    rows.open(Math.min(ballot.ranking.length, candidates))
    for (const candidate of ballot.ranking) {
      // an index that is no whole number, or out of range, reads undefined and is dropped here too
      if (seen[candidate] === undefined || seen[candidate] === turn || gone[candidate] === 1) continue
      seen[candidate] = turn
      rows.push(candidate)
    }
    if (!rows.close(ballot.weight)) abstained += ballot.weight
  }
  return { candidates, ...rows.finish(), weight: weight - abstained, abstained }
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
  #count = 0
  #end = 0
  /** Open addressing: row number + 1, 0 where free. At least twice as large as the rows. */
  #table = new Int32Array(1 << 9)
  #hashes = new Int32Array(1 << 8)

  /** Begins a row of at most `length` preferences. */
  open(length: number): void {
    this.#end = this.#starts[this.#count] as number
    const needed = this.#end + length
    if (needed > PREFERENCES_MAX) {
      throw new SheafError('TOO_LARGE', `more than ${PREFERENCES_MAX} preferences`)
    }
    if (needed > this.#prefs.length) this.#prefs = grown(this.#prefs, Uint16Array, needed)
  }

  push(candidate: number): void {
    this.#prefs[this.#end++] = candidate
  }

  /** Ends the row; false where it was empty. An equal row takes its weight. */
  close(weight: number): boolean {
    const start = this.#starts[this.#count] as number
    if (this.#end === start) return false
    if (this.#count + 2 > this.#starts.length) this.#grow()
    const hash = hashOf(this.#prefs, start, this.#end)
    const mask = this.#table.length - 1
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const place = (hash + probe) & mask
      const row = (this.#table[place] as number) - 1
      if (row < 0) {
        this.#table[place] = this.#count + 1
        break
      }
      if (this.#hashes[row] === hash && this.#isEqual(row, start)) {
        this.#weights[row] = (this.#weights[row] as number) + weight
        return true
      }
    }
    this.#hashes[this.#count] = hash
    this.#weights[this.#count] = weight
    this.#starts[++this.#count] = this.#end
    return true
  }

  finish(): Pick<Rankings, 'count' | 'prefs' | 'starts' | 'weights'> {
    return {
      count: this.#count,
      prefs: this.#prefs.subarray(0, this.#starts[this.#count]),
      starts: this.#starts.subarray(0, this.#count + 1),
      weights: this.#weights.subarray(0, this.#count),
    }
  }

  #isEqual(row: number, start: number): boolean {
    const from = this.#starts[row] as number
    const length = (this.#starts[row + 1] as number) - from
    if (length !== this.#end - start) return false
    for (let i = 0; i < length; i++) if (this.#prefs[from + i] !== this.#prefs[start + i]) return false
    return true
  }

  #grow(): void {
    if (this.#count >= BALLOTS_MAX)
      throw new SheafError('TOO_LARGE', `more than ${BALLOTS_MAX} different ballots`)
    const size = this.#starts.length * 2
    this.#starts = grown(this.#starts, Uint32Array, size)
    this.#weights = grown(this.#weights, Float64Array, size)
    this.#hashes = grown(this.#hashes, Int32Array, size)
    this.#table = new Int32Array(size * 2)
    const mask = this.#table.length - 1
    for (let row = 0; row < this.#count; row++) {
      for (let probe = 0; probe < PROBES_MAX; probe++) {
        const place = ((this.#hashes[row] as number) + probe) & mask
        if (this.#table[place] !== 0) continue
        this.#table[place] = row + 1
        break
      }
    }
  }
}

/** FNV-1a over the preferences. A voter may build collisions: they cost `PROBES_MAX` looks each, no more. */
function hashOf(prefs: Uint16Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (prefs[i] as number), 0x01000193)
  return hash ^ (hash >>> 15)
}

function grown<T extends Uint16Array | Uint32Array | Int32Array | Float64Array>(
  old: T,
  Kind: new (length: number) => T,
  needed: number,
): T {
  const array = new Kind(Math.max(needed, old.length * 2))
  array.set(old)
  return array
}
