/** Exact numbers as text: `n` or `n/d` in lowest terms, or a decimal with every place written. */

import { SheafError } from '../../base/errors.ts'

export interface Fraction {
  readonly n: bigint
  readonly d: bigint
}

const NUMBER = /^(-?\d+)(?:\/([1-9]\d*)|\.(\d+))?$/

/** Greatest common divisor of two numbers that are not negative; `gcd(0, 0)` is 0. */
export function gcd(a: bigint, b: bigint): bigint {
  let [high, low] = a > b ? [a, b] : [b, a]
  while (low !== 0n) {
    ;[high, low] = [low, high % low]
  }
  return high
}

/** `n/d` in lowest terms, `n` alone where it is whole. Neither is negative and `d` is not 0. */
export function fractionText(n: bigint, d: bigint): string {
  if (n === 0n) return '0'
  const common = gcd(n, d)
  return common === d ? String(n / d) : `${n / common}/${d / common}`
}

/** `units` of 10^-decimals as a decimal number with that many places: `(123450n, 5)` is `1.23450`. */
export function decimalText(units: bigint, decimals: number): string {
  const digits = String(units < 0n ? -units : units).padStart(decimals + 1, '0')
  const sign = units < 0n ? '-' : ''
  if (decimals === 0) return sign + digits
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}

/** The inverse of both writers, not reduced. Throws BAD_FORMAT. */
export function readExact(text: string): Fraction {
  const match = NUMBER.exec(text)
  if (match === null)
    throw new SheafError('BAD_FORMAT', `${JSON.stringify(text.slice(0, 40))} is no exact number`)
  const [, whole = '', divisor, places] = match
  if (places !== undefined) return { n: BigInt(whole + places), d: 10n ** BigInt(places.length) }
  return { n: BigInt(whole), d: BigInt(divisor ?? 1) }
}

/** Below 0 where `a` is less than `b`, above 0 where it is more. Both divisors are positive. */
export function compareExact(a: Fraction, b: Fraction): number {
  const difference = a.n * b.d - b.n * a.d
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}
