import test from 'brittle'
import fc from 'fast-check'
import { compareExact, decimalText, fractionText, gcd, readExact } from '../../../src/agr/stv/exact.ts'
import { codeOf } from '../../../src/base/errors.ts'

const natural = fc.bigInt({ min: 0n, max: 2n ** 200n })
const positive = fc.bigInt({ min: 1n, max: 2n ** 200n })

test('exact - fractions are written in lowest terms, whole ones alone', (t) => {
  t.is(fractionText(122n, 6n), '61/3')
  t.is(fractionText(12n, 4n), '3')
  t.is(fractionText(0n, 7n), '0')
  t.is(decimalText(123_450n, 5), '1.23450')
  t.is(decimalText(7n, 9), '0.000000007')
  t.is(decimalText(-7n, 2), '-0.07')
  t.is(decimalText(12n, 0), '12')
})

test('exact - what is written reads as the same number', (t) => {
  fc.assert(
    fc.property(natural, positive, fc.integer({ min: 0, max: 12 }), (n, d, decimals) => {
      const fraction = readExact(fractionText(n, d))
      const decimal = readExact(decimalText(n, decimals))
      return (
        compareExact(fraction, { n, d }) === 0 &&
        gcd(fraction.n, fraction.d) <= 1n + (n === 0n ? fraction.d : 0n) &&
        compareExact(decimal, { n, d: 10n ** BigInt(decimals) }) === 0
      )
    }),
    { seed: 4 },
  )
  t.pass()
})

test('exact - the divisor divides both, and what is left has none in common', (t) => {
  fc.assert(
    fc.property(positive, positive, positive, (a, b, c) => {
      const common = gcd(a * c, b * c)
      return (
        common % c === 0n &&
        (a * c) % common === 0n &&
        (b * c) % common === 0n &&
        gcd((a * c) / common, (b * c) / common) === 1n
      )
    }),
    { seed: 4 },
  )
  t.is(gcd(0n, 0n), 0n)
  t.is(gcd(0n, 6n), 6n)
})

test('exact - hostile: what is no exact number is refused', (t) => {
  for (const text of [
    '',
    '1/0',
    '1/',
    '/2',
    '1.',
    '.5',
    '1e3',
    'NaN',
    ' 1',
    '1/2/3',
    '1.5/2',
    '0x10',
    '--1',
    '1\n',
  ]) {
    t.is(
      codeOf(() => readExact(text)),
      'BAD_FORMAT',
      JSON.stringify(text),
    )
  }
})
