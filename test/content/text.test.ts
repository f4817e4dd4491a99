import test from 'brittle'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.ts'
import { normaliseMarkdown, PAGE_BYTES_MAX, requireNormal } from '../../src/content/text.ts'
import { parameters } from '../helpers/seed.ts'

const utf8 = (text: string) => Buffer.from(text)
const normal = (text: string) => {
  const { bytes, changes } = normaliseMarkdown(utf8(text))
  return [Buffer.from(bytes).toString(), ...changes]
}
/** Text in which what normalising is about is frequent. */
const marks = fc.constantFrom('\r', '\n', '\r\n', '\ufeff', 'a', '\0', 'ß', '🐝')
const texts = fc.array(marks, { maxLength: 40 }).map((parts) => parts.join(''))

test('text - a byte-order mark goes, CR LF becomes LF, and both are told', (t) => {
  t.alike(normal('a\r\nb\r\n'), ['a\nb\n', 'crlf'])
  t.alike(normal('\ufeffa\n'), ['a\n', 'bom'])
  t.alike(normal('\ufeffa\r\n'), ['a\n', 'bom', 'crlf'])
  t.alike(normal('\ufeff\ufeffa'), ['a', 'bom'])
  t.alike(normal('a\r\r\nb'), ['a\nb', 'crlf'], 'one CR less would leave a CR LF')
})

test('text - everything else stays as it is', (t) => {
  for (const text of [
    '',
    'a\rb',
    '\r',
    '\n\r',
    'a\0b',
    'a\ufeffb',
    ' a \t\n\n\n',
    'e\u0301',
    'a\u2028b',
    '\ufffd',
  ]) {
    const bytes = utf8(text)
    t.is(normaliseMarkdown(bytes).bytes, bytes, JSON.stringify(text))
    t.alike(normaliseMarkdown(bytes).changes, [])
    t.execution(() => requireNormal(bytes))
  }
})

test('text - normalising gives the definition, and a second time nothing new', (t) => {
  fc.assert(
    fc.property(texts, (text) => {
      const { bytes, changes } = normaliseMarkdown(utf8(text))
      const expected = text.replace(/^\ufeff+/, '').replace(/\r+\n/g, '\n')
      const again = normaliseMarkdown(bytes)
      requireNormal(bytes)
      return (
        Buffer.from(bytes).equals(utf8(expected)) &&
        again.bytes === bytes &&
        (changes.length === 0) === (text === expected)
      )
    }),
    parameters(),
  )
  t.pass()
})

test('text - what needs normalising is not normal', (t) => {
  fc.assert(
    fc.property(texts, (text) => {
      const isNormal = normaliseMarkdown(utf8(text)).changes.length === 0
      return codeOf(() => requireNormal(utf8(text))) === (isNormal ? undefined : 'BAD_TEXT')
    }),
    parameters(),
  )
  t.pass()
})

test('text - bytes that are not UTF-8 are refused, not mended', (t) => {
  const hostile = ['ff', '61c3', 'c0af', 'eda080', 'f4908080', '80', 'e282', 'fffe6100', 'efbb']
  for (const hex of hostile) {
    const bytes = Buffer.from(hex, 'hex')
    t.is(
      codeOf(() => normaliseMarkdown(bytes)),
      'BAD_TEXT',
      hex,
    )
    t.is(
      codeOf(() => requireNormal(bytes)),
      'BAD_TEXT',
      hex,
    )
  }
})

test('text - the limit is of the normal form', (t) => {
  const full = Buffer.alloc(PAGE_BYTES_MAX, 'a')
  const over = Buffer.alloc(PAGE_BYTES_MAX + 1, 'a')
  t.execution(() => requireNormal(full))
  t.is(normaliseMarkdown(Buffer.concat([utf8('\ufeff'), full])).bytes.byteLength, PAGE_BYTES_MAX)
  t.is(
    codeOf(() => requireNormal(over)),
    'TOO_LARGE',
  )
  t.is(
    codeOf(() => normaliseMarkdown(over)),
    'TOO_LARGE',
  )
})
