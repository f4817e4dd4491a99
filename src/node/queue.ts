/**
 * The one queue of a node for queries that were let in. So many are served at once; the others wait
 * in two lanes that take turns by weight while both wait, so that neither starves, and that leave
 * each other all there is while one is empty:
 *
 *     known     queries within a window, and whoever pays nothing: in the order of their coming
 *     earned    strangers: by effort, the highest first, of equals the oldest
 *
 * What cannot be served in time is dropped, as early as that is known; where strangers wait at every
 * place, a higher bid takes the place of the lowest.
 */
import type { Backlog } from './effort.ts'

/** Queries served at a time; one that waits for its client or its link is not counted meanwhile. */
export const SERVED_AT_ONCE = 32
/** Places to wait in each lane. */
export const PLACES = 256
/** Bytes of the queries that wait in each lane; the largest has 25 KB. */
export const WAITING_BYTES_MAX = 2 ** 22
/** A query that has not been begun after this is dropped. */
export const DROP_AFTER_MS = 15_000
/** Places that the queries of one host, and of one /24 or /48, may take in each lane. */
const HOST_PLACES = 32
const NET_PLACES = 96
/** A local network is one machine with many nodes, or one house: only the lane's own bound holds. */
const LOCAL_PLACES = PLACES

export type Lane = 'known' | 'earned'

export interface Entry {
  readonly lane: Lane
  /** Hashes bid for each unit of weight, as a stranger would have to bid for the same rank. */
  readonly effort: number
  readonly weight: number
  readonly bytes: number
  /** The networks of the asker's address, narrowest first. */
  readonly networks: readonly string[]
  readonly isLocal: boolean
  /** Serves it; `Queue.ended` is called once it was. */
  begin(): void
  /** It will not be served. */
  drop(): void
}

interface Waiting {
  entry: Entry
  sinceMs: number
}

export interface QueueOptions {
  nowMs(): number
  /** Runs `fire` at a time; the queue sets one alarm at a time. */
  at(timeMs: number, fire: () => void): void
  servedAtOnce?: number
}

export class Queue {
  readonly #options: QueueOptions
  readonly #servedAtOnce: number
  /** The first is served next. */
  readonly #lanes: Record<Lane, Waiting[]> = { known: [], earned: [] }
  readonly #bytes: Record<Lane, number> = { known: 0, earned: 0 }
  /** Places taken, by lane and network. */
  readonly #taken = new Map<string, number>()
  #running = 0
  /** Weight that was served to the known beyond what strangers got, while both waited. */
  #lead = 0
  /** Mean time between two that were begun while others waited. */
  #paceMs = 0
  #lastBegunMs = 0
  #hasAlarm = false
  #isPumping = false

  constructor(options: QueueOptions) {
    this.#options = options
    this.#servedAtOnce = options.servedAtOnce ?? SERVED_AT_ONCE
  }

  get running(): number {
    return this.#running
  }

  waiting(lane: Lane): number {
    return this.#lanes[lane].length
  }

  /** What the price follows. */
  get backlog(): Backlog {
    return { waiting: this.#lanes.earned.length, places: PLACES }
  }

  /** Begins the query or lets it wait; false where there is no place for it, or none that comes in time. */
  submit(entry: Entry): boolean {
    if (this.#running < this.#servedAtOnce && this.#isEmpty) {
      this.#begin(entry)
      return true
    }
    const lane = this.#lanes[entry.lane]
    const at = entry.lane === 'known' ? lane.length : placeOf(lane, entry.effort)
    if (at * this.#paceMs > DROP_AFTER_MS || !this.#hasPlace(entry)) return false
    const ousted = this.#oustedBy(entry, lane)
    if (ousted === undefined) return false
    for (const one of ousted) this.#leave(one.entry)
    lane.splice(at, 0, { entry, sinceMs: this.#options.nowMs() })
    this.#enter(entry)
    this.#setAlarm()
    for (const one of ousted) one.entry.drop()
    this.#pump()
    return true
  }

  /** The asker is gone: its query is not begun any more. */
  withdraw(entry: Entry): void {
    const lane = this.#lanes[entry.lane]
    const at = lane.findIndex((one) => one.entry === entry)
    if (at < 0) return
    lane.splice(at, 1)
    this.#leave(entry)
  }

  /** One of those that are served has ended, or waits for its client or its link. */
  release(): void {
    this.#running -= 1
    this.#pump()
  }

  /** One that waited for its client goes on; for a moment there may be one more than are served at once. */
  resume(): void {
    this.#running += 1
  }

  get #isEmpty(): boolean {
    return this.#lanes.known.length === 0 && this.#lanes.earned.length === 0
  }

  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    try {
      while (this.#running < this.#servedAtOnce) {
        const next = this.#next()
        if (next === undefined) break
        this.#keepPace()
        this.#begin(next)
      }
    } finally {
      this.#isPumping = false
    }
    if (this.#isEmpty) {
      this.#lead = 0
      this.#paceMs = 0
    }
  }

  #begin(entry: Entry): void {
    this.#running += 1
    this.#lastBegunMs = this.#options.nowMs()
    entry.begin()
  }

  #next(): Entry | undefined {
    const { known, earned } = this.#lanes
    const bothWait = known.length > 0 && earned.length > 0
    const lane = known.length > 0 && (!bothWait || this.#lead <= 0) ? known : earned
    const entry = lane.shift()?.entry
    if (entry === undefined) return undefined
    this.#leave(entry)
    if (bothWait) this.#lead += lane === known ? entry.weight : -entry.weight
    else this.#lead = 0
    return entry
  }

  #keepPace(): void {
    const tookMs = this.#options.nowMs() - this.#lastBegunMs
    this.#paceMs += (tookMs - this.#paceMs) / 16
  }

  #hasPlace({ lane, networks, isLocal }: Entry): boolean {
    return networks.every((network, i) => {
      const places = isLocal ? LOCAL_PLACES : i === networks.length - 1 ? NET_PLACES : HOST_PLACES
      return (this.#taken.get(`${lane} ${network}`) ?? 0) < places
    })
  }

  /** Takes out of the lane who must make room for the entry: nobody, or those that bid less. Undefined where there is no room. */
  #oustedBy(entry: Entry, lane: Waiting[]): Waiting[] | undefined {
    let bytes = this.#bytes[entry.lane] + entry.bytes
    let from = lane.length
    while (from >= PLACES || bytes > WAITING_BYTES_MAX) {
      const lowest = lane[from - 1]
      if (lowest === undefined || entry.lane === 'known' || lowest.entry.effort >= entry.effort)
        return undefined
      bytes -= lowest.entry.bytes
      from -= 1
    }
    return lane.splice(from)
  }

  #enter({ lane, bytes, networks }: Entry): void {
    this.#bytes[lane] += bytes
    for (const network of networks) {
      const name = `${lane} ${network}`
      this.#taken.set(name, (this.#taken.get(name) ?? 0) + 1)
    }
  }

  #leave({ lane, bytes, networks }: Entry): void {
    this.#bytes[lane] -= bytes
    for (const network of networks) {
      const name = `${lane} ${network}`
      const left = (this.#taken.get(name) ?? 0) - 1
      if (left > 0) this.#taken.set(name, left)
      else this.#taken.delete(name)
    }
  }

  #setAlarm(): void {
    if (this.#hasAlarm || this.#isEmpty) return
    this.#hasAlarm = true
    const sinceMs = Math.min(...this.#all().map((one) => one.sinceMs))
    this.#options.at(sinceMs + DROP_AFTER_MS, () => {
      this.#hasAlarm = false
      this.#dropLate()
      this.#setAlarm()
    })
  }

  #dropLate(): void {
    const lateMs = this.#options.nowMs() - DROP_AFTER_MS
    const late = this.#all().filter(({ sinceMs }) => sinceMs <= lateMs)
    for (const { entry } of late) this.withdraw(entry)
    for (const { entry } of late) entry.drop()
    this.#pump()
  }

  #all(): Waiting[] {
    return [...this.#lanes.known, ...this.#lanes.earned]
  }
}

/** Where one with this effort goes in a lane of efforts that fall: behind its equals, which are older. */
function placeOf(lane: readonly Waiting[], effort: number): number {
  let low = 0
  let high = lane.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (lane[middle]!.entry.effort >= effort) low = middle + 1
    else high = middle
  }
  return low
}
