/** Order statistics of the few numbers that a bench yields. Medians and ranges, since a shared machine has outliers. */

/** A ratio of two sides over several rounds. */
export interface RatioSummary {
  readonly median: number
  readonly min: number
  readonly max: number
}

/**
 * The value at `share` (0 to 1) of the sorted numbers, interpolated linearly between neighbours
 * (type 7 of Hyndman and Fan, the default of R and NumPy). Throws RangeError on an empty list.
 */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('no values to take a quantile of')
  if (!(share >= 0 && share <= 1)) throw new RangeError(`${share} is not a share between 0 and 1`)
  const sorted = [...values].sort((left, right) => left - right)
  const position = share * (sorted.length - 1)
  const below = Math.floor(position)
  const lower = sorted[below]!
  const upper = sorted[Math.min(below + 1, sorted.length - 1)]!
  return lower === upper ? lower : lower + (upper - lower) * (position - below)
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/**
 * Ratios of numbers measured in the same round (`left[i] / right[i]`), so that a slow minute of the machine
 * weighs on both. Throws RangeError where the rounds do not pair up.
 */
export function ratios(left: readonly number[], right: readonly number[]): RatioSummary {
  if (left.length !== right.length) {
    throw new RangeError(`${left.length} rounds do not pair with ${right.length}`)
  }
  const each = left.map((value, round) => value / right[round]!)
  return { median: median(each), min: quantile(each, 0), max: quantile(each, 1) }
}

/** `value` with `digits` significant digits: more would claim a precision that no run has. */
export function significant(value: number, digits = 4): number {
  return Number(value.toPrecision(digits))
}
