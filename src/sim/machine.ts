/** What machine a simulated node has: how fast, how wrong its clock, how willing. */
import type { HeadResolver } from '../content/heads.ts'
import { type DiskSpeed, USUAL_DISK } from './disk.ts'

export interface Machine {
  depth: number
  connectionsMax: number
  quotaBytes: number
  /** Its clock, against the world's. */
  clockOffsetMs: number
  /** How many times as long as usual its processor takes. */
  slowness: number
  uplinkBytesPerSecond: number
  disk: DiskSpeed
  /** Accepts connections and never says anything. */
  isSilent: boolean
  /** What a query's price is divided by: the work of a thousand nodes is done by one machine. */
  cheaperWork: number
  /** Another rule for heads than the usual: for the checkers' own tests. */
  heads: HeadResolver | undefined
}

export const USUAL_MACHINE: Machine = {
  depth: 0,
  connectionsMax: 64,
  quotaBytes: 2 ** 30,
  clockOffsetMs: 0,
  slowness: 1,
  uplinkBytesPerSecond: 2_500_000,
  disk: USUAL_DISK,
  isSilent: false,
  cheaperWork: 1,
  heads: undefined,
}
