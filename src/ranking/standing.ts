/**
 * What a peer has earned here, as an asker and as a source. The node asks through this
 * interface; `FirstStanding` is the default: it counts what it saw in this life of the
 * node, bounded in number, and prefers whoever answered, then whoever answered fast.
 */
import { IdMap } from '../base/id-map.ts'
import { type Random, shuffled } from '../base/random.ts'
import type { EvidenceSink, Observation } from './evidence.ts'

export interface Standing {
  /** Expected hashes that a query of weight 1 costs this asker while the node is not busy. 0: nothing. */
  price(device: Uint8Array, nowMs: number): number
  /** Weight of further queries that a welcome grants this asker. */
  window(device: Uint8Array, nowMs: number): number
  /** Whether its answers may come without being signed first. */
  isVetted(device: Uint8Array, nowMs: number): boolean
  /** The devices in the order in which to ask them. */
  order(devices: readonly Uint8Array[], random: Random, nowMs: number): Uint8Array[]
  /** A number for people, higher is better, and why. */
  explain(device: Uint8Array, nowMs: number): { score: number; why: string[] }
}

/** About a millisecond of SHA-256 on one core. */
export const EFFORT_FLOOR = 1024
/** Grants enough for eight queries of 256 ids in flight. */
const WINDOW = 64
/** Devices remembered; the oldest is forgotten. About 200 bytes each. */
const DEVICES_MAX = 20_000
/**
 * Things that verified, before a server's answers need not be signed first. A liar so has to give 80 pages
 * away for each answer that it may spoil without having signed it, which then costs one download.
 */
const VETTED_AFTER = 80

interface Tally {
  /** Queries whose answers all verified. */
  served: number
  /** Things that were asked for and verified. */
  results: number
  bytes: number
  tookMs: number
  welcomed: number
  ungrateful: number
  timedOut: number
  wrong: number
  earned: number
  misbehaved: number
}

export class FirstStanding implements Standing, EvidenceSink {
  readonly #tallies = new IdMap<Tally>(DEVICES_MAX)

  observe(device: Uint8Array, observation: Observation): void {
    const tally = this.#tallies.get(device) ?? NOTHING_SEEN()
    switch (observation.type) {
      case 'served':
        tally.served += 1
        tally.results += observation.results
        tally.bytes += observation.bytes
        tally.tookMs += observation.tookMs
        break
      case 'wrong bytes':
        tally.wrong += 1
        break
      case 'welcomed':
        tally.welcomed += 1
        break
      case 'not welcomed':
        tally.ungrateful += 1
        break
      case 'timed out':
        tally.timedOut += 1
        break
      case 'earned':
      case 'thanked':
        tally.earned += 1
        break
      case 'misbehaved':
        tally.misbehaved += 1
        break
      case 'refused':
      case 'gave a holding':
        return // neither to its credit nor against it
    }
    this.#tallies.set(device, tally)
  }

  price(device: Uint8Array): number {
    const tally = this.#tallies.get(device)
    if (tally === undefined || tally.earned === 0) return EFFORT_FLOOR
    const breaches = breachesOf(tally)
    return breaches > 0 ? EFFORT_FLOOR * 2 ** Math.min(breaches, 10) : 0
  }

  window(device: Uint8Array): number {
    const tally = this.#tallies.get(device)
    return tally !== undefined && breachesOf(tally) > 0 ? WINDOW / 4 : WINDOW
  }

  isVetted(device: Uint8Array): boolean {
    const tally = this.#tallies.get(device)
    return tally !== undefined && tally.wrong === 0 && tally.results >= VETTED_AFTER
  }

  order(devices: readonly Uint8Array[], random: Random): Uint8Array[] {
    return shuffled(devices, random)
      .map((device) => ({ device, score: this.#score(device) }))
      .sort((a, b) => b.score - a.score)
      .map(({ device }) => device)
  }

  explain(device: Uint8Array): { score: number; why: string[] } {
    const tally = this.#tallies.get(device)
    if (tally === undefined) return { score: 0, why: ['nothing seen of it yet'] }
    const why: string[] = []
    const say = (count: number, words: string) => count > 0 && why.push(`${count} ${words}`)
    say(tally.served, 'answers verified')
    say(tally.welcomed, 'welcomes')
    say(tally.earned, 'queries earned or thanked')
    say(tally.wrong, 'wrong answers')
    say(tally.ungrateful, 'thanks without welcome')
    say(tally.timedOut, 'time-outs')
    say(tally.misbehaved, 'breaches of protocol')
    return { score: this.#score(device), why }
  }

  /** From −1 to 1. Whole steps of trust first, speed only to tell equals apart. */
  #score(device: Uint8Array): number {
    const tally = this.#tallies.get(device)
    if (tally === undefined) return 0
    const good = tally.served + tally.welcomed
    const bad = 4 * tally.wrong + tally.ungrateful + tally.timedOut + tally.misbehaved
    return Math.round((10 * (good - bad)) / (good + bad + 10)) / 10
  }
}

/** What makes a device pay more and grants it less. */
function breachesOf({ wrong, misbehaved }: Tally): number {
  return wrong + misbehaved
}

const NOTHING_SEEN = (): Tally => ({
  served: 0,
  results: 0,
  bytes: 0,
  tookMs: 0,
  welcomed: 0,
  ungrateful: 0,
  timedOut: 0,
  wrong: 0,
  earned: 0,
  misbehaved: 0,
})
