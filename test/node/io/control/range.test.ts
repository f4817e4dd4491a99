import test from 'brittle'
import fc from 'fast-check'
import { rangeOf } from '../../../../src/node/io/control/range.ts'
import { parameters } from '../../../helpers/seed.ts'

test('range - first and last byte, from one on, and the last few', (t) => {
  t.alike(rangeOf('bytes=0-0', 10), { from: 0, to: 1 })
  t.alike(rangeOf('bytes=3-5', 10), { from: 3, to: 6 })
  t.alike(rangeOf('bytes=3-', 10), { from: 3, to: 10 })
  t.alike(rangeOf('bytes=3-99', 10), { from: 3, to: 10 })
  t.alike(rangeOf('bytes=-4', 10), { from: 6, to: 10 })
  t.alike(rangeOf('bytes=-99', 10), { from: 0, to: 10 })
  for (const none of ['bytes=10-', 'bytes=10-12', 'bytes=-0']) t.is(rangeOf(none, 10), 'unsatisfiable')
  t.is(rangeOf('bytes=0-', 0), 'unsatisfiable')
  for (const other of [
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes=5-3',
    'bytes=0-1,4-5',
    'pages=1-2',
    'bytes=a-b',
  ]) {
    t.is(rangeOf(other, 10), undefined, `${other}: all of it`)
  }
})

test('range - whatever the header says, what comes is within the file', (t) => {
  const number = fc.oneof(
    fc.constant(''),
    fc.nat(200).map(String),
    fc.bigInt({ min: 0n, max: 2n ** 80n }).map(String),
  )
  const headers = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.tuple(number, number).map(([a, b]) => `bytes=${a}-${b}`),
  )
  fc.assert(
    fc.property(headers, fc.nat(150), (header, bytes) => {
      const range = rangeOf(header, bytes)
      if (range === undefined || range === 'unsatisfiable') return true
      return range.from >= 0 && range.from < range.to && range.to <= bytes
    }),
    parameters(),
  )
  t.pass()
})
