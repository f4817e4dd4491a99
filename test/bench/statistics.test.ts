import test from 'brittle'
import fc from 'fast-check'
import { median, quantile, ratios, significant } from '../../bench/harness/statistics.ts'

const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 })

test('statistics - the median of an even number of values lies between the two in the middle', (t) => {
  t.is(median([9, 1, 5]), 5)
  t.is(median([4, 1, 3, 2]), 2.5)
  t.is(median([7]), 7)
})

test('statistics - quantiles interpolate between neighbours', (t) => {
  t.is(quantile([10, 20, 30, 40, 50], 0.25), 20)
  t.is(quantile([10, 20], 0.75), 17.5)
  t.is(quantile([1, 2, 3], 0), 1)
  t.is(quantile([1, 2, 3], 1), 3)
})

test('statistics - a quantile lies within the values and grows with its share', (t) => {
  fc.assert(
    fc.property(
      fc.array(finite, { minLength: 1, maxLength: 50 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, share) => {
        const low = quantile(values, share / 2)
        const high = quantile(values, share)
        return Math.min(...values) <= low && low <= high && high <= Math.max(...values)
      },
    ),
  )
  t.pass()
})

test('statistics - the order of the values changes nothing and the list stays as it was', (t) => {
  fc.assert(
    fc.property(fc.array(finite, { minLength: 1, maxLength: 50 }), (values) => {
      const before = [...values]
      const same = median([...values].reverse()) === median(values)
      return same && values.every((value, index) => Object.is(value, before[index]))
    }),
  )
  t.pass()
})

test('statistics - no values, and shares that are none, are refused', (t) => {
  t.exception.all(() => median([]), RangeError)
  t.exception.all(() => quantile([1], 1.1), RangeError)
  t.exception.all(() => quantile([1], Number.NaN), RangeError)
})

test('statistics - ratios pair the rounds, so a slow round of both sides weighs on neither', (t) => {
  t.alike(ratios([20, 2, 30], [10, 1, 10]), { median: 2, min: 2, max: 3 })
  t.exception.all(() => ratios([1, 2], [1]), RangeError)
})

test('statistics - significant digits', (t) => {
  t.is(significant(1234.5678), 1235)
  t.is(significant(0.00123456, 2), 0.0012)
})
