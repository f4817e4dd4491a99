/**
 * Searches for proofs of work: small ones in the one thread that does everything else too, a slice each
 * turn of the event loop; a few large ones beside it where there is a solver, else in slices as well; and
 * none for whom nobody waits any more. What a server asks for is up to the server, so a large search must
 * cost others nothing but time.
 */
import { PROOFS } from '../wire.ts'
import type { Search } from '../work.ts'
import type { Solver, SolverEvents } from './solver.ts'

/** Nonces that are tried before other work has its turn: about a millisecond. */
const SLICE_TRIES = 1_500
/** About 25 ms of work: below it a search never waits for another, nor for a thread to start. */
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
  /** A large search has found this part of its proofs, 0 to 1. */
  progress?(token: number, share: number): void
  /** Runs `work` once everything else had its turn. */
  later?(work: () => void): void
  /** Where large searches are done; without it they are done here. */
  solver?(events: SolverEvents): Solver
}

export class Searches {
  readonly #found: SearchesOptions['found']
  readonly #progress: (token: number, share: number) => void
  readonly #later: (work: () => void) => void
  #solver: Solver | undefined
  /** Take their slices in turn: the first is next. */
  #active: Job[] = []
  /** At the solver. */
  #away: Job[] = []
  /** Large ones, by bid. */
  #waiting: Job[] = []
  #isScheduled = false

  constructor({ found, progress = () => {}, later = setImmediate, solver }: SearchesOptions) {
    this.#found = found
    this.#progress = progress
    this.#later = later
    this.#solver = solver?.({
      found: (token, proofs) => this.#foundAway(token, proofs),
      progress: (token, share) => this.#isAway(token) && progress(token, share),
      lost: () => this.#lose(),
    })
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
    this.#solver?.close()
  }

  #keep(isWanted: (job: Job) => boolean): void {
    for (const job of this.#away) if (!isWanted(job)) this.#solver?.cancel(job.token)
    this.#away = this.#away.filter(isWanted)
    this.#active = this.#active.filter(isWanted)
    this.#waiting = this.#waiting.filter(isWanted)
    this.#schedule()
  }

  #schedule(): void {
    const isFree = (): boolean => this.#away.length + this.#active.filter(isLarge).length < LARGE_AT_ONCE
    while (this.#waiting.length > 0 && isFree()) this.#start(this.#waiting.shift()!)
    if (this.#isScheduled || this.#active.length === 0) return
    this.#isScheduled = true
    this.#later(() => this.#turn())
  }

  #start(job: Job): void {
    if (this.#solver === undefined) this.#active.push(job)
    else {
      this.#away.push(job)
      this.#solver.begin(job.token, job.search.seed, job.search.bid)
    }
  }

  #turn(): void {
    this.#isScheduled = false
    const job = this.#active.shift()
    if (job === undefined) return
    const before = job.search.proofs.length
    const proofs = job.search.run(SLICE_TRIES)
    if (proofs === undefined) this.#active.push(job)
    this.#schedule()
    const now = job.search.proofs.length
    if (proofs !== undefined) this.#found(job.token, proofs)
    else if (isLarge(job) && now > before) this.#progress(job.token, now / PROOFS)
  }

  #isAway(token: number): boolean {
    return this.#away.some((job) => job.token === token)
  }

  #foundAway(token: number, proofs: Uint8Array[]): void {
    if (!this.#isAway(token)) return // it was found while it was being cancelled
    this.#away = this.#away.filter((job) => job.token !== token)
    this.#schedule()
    this.#found(token, proofs)
  }

  /** Without a solver everything is done here. */
  #lose(): void {
    this.#solver = undefined
    this.#active.push(...this.#away.splice(0))
    this.#schedule()
  }
}

const isLarge = ({ search }: Job): boolean => search.bid > SMALL_BID_MAX
