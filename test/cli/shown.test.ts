import test from 'brittle'
import fc from 'fast-check'
import { columns, count, duration, harmless, oneLine, sizeText } from '../../src/cli/shown.ts'
import { parameters } from '../helpers/seed.ts'

test('shown - nothing that a terminal obeys gets through, and text stays as it is', (t) => {
  t.is(harmless('a\tb\nc é \u{1f41d}'), 'a\tb\nc é \u{1f41d}')
  t.is(harmless('\u001b[31m\u009b\u0008'), '\\u{1b}[31m\\u{9b}\\u{8}')
  t.is(oneLine('a\r\nb\tc'), 'a b c')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const line = oneLine(text)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      return !/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(line) && harmless(line) === line
    }),
    parameters(),
  )
})

test('shown - sizes, times and numbers read as a person says them', (t) => {
  t.alike([0, 1023, 1024, 1536 * 1024, 2 ** 40, 2 ** 50].map(sizeText), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 MiB',
    '1.0 TiB',
    '1024.0 TiB',
  ])
  t.alike([-5, 0, 119_000, 120_000, 7_200_000, 172_800_000].map(duration), [
    '0 s',
    '0 s',
    '119 s',
    '2 min',
    '2 h',
    '2 days',
  ])
  t.alike([count(0, 'page'), count(1, 'page'), count(2, 'page')], ['0 pages', '1 page', '2 pages'])
})

test('shown - columns are aligned, and lines have no blank ends', (t) => {
  t.is(
    columns([
      ['a', 'b'],
      ['long', ''],
      ['c', 'd', 'e'],
    ]),
    'a     b\nlong\nc     d  e\n',
  )
  t.is(columns([]), '')
})
