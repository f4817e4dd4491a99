/** What a bench module (`bench/NAME.ts`) exports, beside `name` and `about`, and what it is given. */

/** Figures of one bench; `main.ts` adds bench, commit and node. */
export type Figures = Record<string, unknown>

export interface BenchOptions {
  /** A folder with `pages/rust-book` and `pages/tldr`; without it pages are generated and the figures say so. */
  readonly dataDir: string | undefined
  /** True where the figures will be printed as one line of JSON. */
  readonly json: boolean
  /** Rounds in turns; 7 unless the caller asks for another number. */
  readonly pairs?: number
  /** How long to watch, where a bench watches; 300 unless the caller asks for another number. */
  readonly seconds?: number
  /** The kinds of work to run, of those that the bench has; undefined runs all. */
  readonly only?: readonly string[] | undefined
}

export interface Bench {
  readonly name: string
  readonly about: string
  run(options: BenchOptions): Promise<Figures>
}

/** FIGURES: seven pairs, and the median of them. */
export const PAIRS = 7
