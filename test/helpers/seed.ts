/** One seed for all chance in a test file; `SEED=… npm test` repeats a run. */
import type { Parameters } from 'fast-check'

/** 31 bits: what fast-check takes, and what is easily typed again. */
const SEED_MAX = 0x7fffffff

/** From the environment, where the runner puts and prints it; without a runner a random one. */
export const seed: number =
  process.env.SEED === undefined ? Math.floor(Math.random() * SEED_MAX) : Number(process.env.SEED)

/** Parameters for `fc.assert` with this run's seed: `fc.assert(property, parameters({ numRuns: 50 }))`. */
export function parameters<T = unknown>(others: Parameters<T> = {}): Parameters<T> {
  return { seed, ...others }
}
