/**
 * Searches for proofs of work in the one thread that does everything else too: a slice each turn of
 * the event loop, small searches beside a few large ones, and none for whom nobody waits any more.
 * What a server asks for is up to the server, so a large search must cost others nothing but time.
 */
import type { Search } from '../work.ts'

/** Nonces that are tried before other work has its turn: about a millisecond. */
const SLICE_TRIES = 1_500
/** About 25 ms of work: below it a search never waits for another. */
export const SMALL_BID_MAX = 16_384
/** Large searches under way at a time; the others wait, the smallest first. */
export const LARGE_AT_ONCE = 2

interface Job {
  token: number
  /** Whose link it is for; undefined where it is for none. */
  peer: number | undefined
  search: Search
}

export interface SearchesOptions {
  found(token: number, proofs: Uint8Array[]): void
  /** Runs `work` once everything else had its turn. */
  later?(work: () => void): void
}

export class Searches {
  readonly #found: SearchesOptions['found']
  readonly #later: (work: () => void) => void
  /** Take their slices in turn: the first is next. */
  #active: Job[] = []
  /** Large ones, by bid. */
  #waiting: Job[] = []
  #isScheduled = false

  constructor({ found, later = setImmediate }: SearchesOptions) {
    this.#found = found
    this.#later = later
  }

  /** A search that takes no time is found before this returns. */
  begin(token: number, peer: number | undefined, search: Search): void {
    const job = { token, peer, search }
    if (!isLarge(job)) {
      const proofs = search.run(SLICE_TRIES)
      if (proofs !== undefined) return this.#found(token, proofs)
      this.#active.push(job)
    } else {
      const at = this.#waiting.findIndex((other) => other.search.bid > search.bid)
      this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, job)
    }
    this.#schedule()
  }

  cancel(token: number): void {
    this.#keep((job) => job.token !== token)
  }

  /** The link is gone: what was searched for it is of no use. */
  gone(peer: number): void {
    this.#keep((job) => job.peer !== peer)
  }

  close(): void {
    this.#keep(() => false)
  }

  #keep(isWanted: (job: Job) => boolean): void {
    this.#active = this.#active.filter(isWanted)
    this.#waiting = this.#waiting.filter(isWanted)
    this.#schedule()
  }

  #schedule(): void {
    while (this.#waiting.length > 0 && this.#active.filter(isLarge).length < LARGE_AT_ONCE) {
      this.#active.push(this.#waiting.shift()!)
    }
    if (this.#isScheduled || this.#active.length === 0) return
    this.#isScheduled = true
    this.#later(() => this.#turn())
  }

  #turn(): void {
    this.#isScheduled = false
    const job = this.#active.shift()
    if (job === undefined) return
    const proofs = job.search.run(SLICE_TRIES)
    if (proofs === undefined) this.#active.push(job)
    this.#schedule()
    if (proofs !== undefined) this.#found(job.token, proofs)
  }
}

const isLarge = ({ search }: Job): boolean => search.bid > SMALL_BID_MAX
