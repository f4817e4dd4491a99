/** What a soak module (`bench/soak/NAME.ts`) exports as `soak`, and what it is given. */

/** Numbers that a run takes beside `--seed` and `--json`: `{ runs: … }` is `--runs N`. */
export type SoakNumbers = Readonly<
  Record<string, { help: string; default: number; min: number; max: number }>
>

export interface SoakRun {
  /** What all chance of the run follows from. */
  readonly seed: string
  /** By the names of `numbers`, complete. */
  readonly numbers: Readonly<Record<string, number>>
  /** A fault that the run is to find, of those that it knows; undefined runs what is built. */
  readonly plant: string | undefined
  /** A line for whoever watches, to stderr. */
  say(line: string): void
  /** Aborts on Ctrl-C: the run ends the processes that it started, and throws CANCELLED. */
  readonly signal: AbortSignal
}

export interface SoakReport {
  /** What was measured, for the JSON. */
  readonly figures: Readonly<Record<string, unknown>>
  /** What does not hold, each in one exact sentence; none where the run passed. */
  readonly findings: readonly string[]
}

export interface Soak {
  readonly about: string
  readonly numbers: SoakNumbers
  /** Faults for `--plant`, with what each does. */
  readonly plants: Readonly<Record<string, string>>
  run(run: SoakRun): Promise<SoakReport>
}
