import test from 'brittle'
import fc from 'fast-check'
import { checkLabel, LABEL_BYTES_MAX } from '../../src/content/label.ts'
import { refusal } from '../helpers/bytes.ts'
import { label } from '../helpers/generators.ts'
import { parameters } from '../helpers/seed.ts'

const faultOf = (text: string): string | undefined => refusal(() => checkLabel(text))

test('label - names of any script are taken', (t) => {
  for (const name of [
    'Ann',
    'Ann Äpfel',
    "O'Neil",
    'Δάφνη',
    'Жанна д’Арк',
    '山田 太郎',
    'علي',
    '🐝',
    'a@b/c',
  ]) {
    t.is(faultOf(name), undefined, name)
  }
  fc.assert(
    fc.property(label, (name) => faultOf(name) === undefined),
    parameters(),
  )
})

test('label - what does not show, turns text around, or is not composed is refused', (t) => {
  const bad = [
    '',
    ' Ann',
    'Ann ',
    'A\nnn',
    'A\u0000',
    'A\u001b[31m',
    'A\u202enn',
    'A\u200bnn',
    'A\u00a0nn',
    'A\ufeff',
  ]
  for (const name of [...bad, 'A\u0308pfel', 'A\ud800', 'a'.repeat(LABEL_BYTES_MAX + 1)]) {
    t.is(faultOf(name), 'BAD_TEXT', JSON.stringify(name))
  }
})

test('label - any text is taken or refused with a code, and what is taken shows as one line', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      const code = faultOf(text)
      if (code !== undefined) return code === 'BAD_TEXT'
      return !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) && Buffer.byteLength(text) <= LABEL_BYTES_MAX
    }),
    parameters(),
  )
  t.pass()
})
