import test from 'brittle'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.ts'
import { ID_TEXT_LENGTH, idFromText, idToText, isIdPrefix } from '../../src/base/text-id.ts'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const id = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('text id - the ends of the range and the alphabet are as RFC 4648 has them', (t) => {
  t.is(idToText(new Uint8Array(32)), 'a'.repeat(52))
  t.is(idToText(new Uint8Array(32).fill(0xff)), `${'7'.repeat(51)}q`)
  // "foobar" is mzxw6ytboi in section 10 of the RFC; its first 30 bits are six whole letters.
  const foobar = new Uint8Array(32)
  foobar.set(Buffer.from('foobar'))
  t.is(idToText(foobar).slice(0, 9), 'mzxw6ytbo')
})

test('text id - every id has one text and comes back from it', (t) => {
  fc.assert(
    fc.property(id, (bytes) => {
      // A second way to the same text: the number in base 32, most significant letter first.
      let bits = ''
      for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
      const letters = `${bits}0000`.match(/.{5}/g)!.map((five) => ALPHABET[Number.parseInt(five, 2)])
      const text = idToText(bytes)
      return text === letters.join('') && Buffer.compare(idFromText(text), bytes) === 0
    }),
  )
  t.pass()
})

test('text id - what is accepted is what would be written', (t) => {
  const letter = fc.constantFrom(...ALPHABET)
  const text = fc.array(letter, { minLength: 52, maxLength: 52 }).map((letters) => letters.join(''))
  fc.assert(
    fc.property(text, (candidate) => {
      const refused = codeOf(() => idFromText(candidate))
      return refused === undefined
        ? idToText(idFromText(candidate)) === candidate
        : refused === 'BAD_ARGUMENT'
    }),
  )
  const good = idToText(new Uint8Array(32).fill(7))
  for (const last of ALPHABET) {
    const expected = last === 'a' || last === 'q' ? undefined : 'BAD_ARGUMENT'
    t.is(
      codeOf(() => idFromText(good.slice(0, -1) + last)),
      expected,
      `a last letter ${last}`,
    )
  }
})

test('text id - other lengths, capitals, padding and letters are refused', (t) => {
  const good = idToText(new Uint8Array(32).fill(99))
  const wrong = [
    '',
    good.slice(1),
    `${good}a`,
    good.toUpperCase(),
    `${good.slice(0, 51)}=`,
    `${good}====`,
    ` ${good.slice(1)}`,
    `${good.slice(0, 51)}\n`,
    `${good}\n`,
    `1${good.slice(1)}`,
    `ａ${good.slice(1)}`,
  ]
  for (const text of wrong)
    t.is(
      codeOf(() => idFromText(text)),
      'BAD_ARGUMENT',
      JSON.stringify(text),
    )
  for (const length of [0, 31, 33])
    t.is(
      codeOf(() => idToText(new Uint8Array(length))),
      'BAD_ARGUMENT',
    )
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (text) => {
      return ID_TEXT_LENGTH === text.length || codeOf(() => idFromText(text)) === 'BAD_ARGUMENT'
    }),
  )
})

test('text id - every beginning of an id is a prefix, nothing else is', (t) => {
  fc.assert(
    fc.property(id, fc.integer({ min: 1, max: 52 }), (bytes, length) =>
      isIdPrefix(idToText(bytes).slice(0, length)),
    ),
  )
  for (const text of ['', 'A', '0', '1', '8', '9', 'a b', 'a\n', 'a'.repeat(53), `${'a'.repeat(51)}b`]) {
    t.absent(isIdPrefix(text), JSON.stringify(text))
  }
})
