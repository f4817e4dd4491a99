import test from 'brittle'
import fc from 'fast-check'
import { idToText } from '../../src/base/text-id.ts'
import { checkName, type LocalName, NAMES_MAX, withName, withoutName } from '../../src/node/names.ts'
import { refusal } from '../helpers/bytes.ts'
import { id, localName } from '../helpers/generators.ts'
import { parameters } from '../helpers/seed.ts'

const ANN = new Uint8Array(32).fill(1)
const BEN = new Uint8Array(32).fill(2)
const named = (name: string, entity = ANN): LocalName => ({ name, entity, sinceMs: 1 })
const faultOf = (name: string): string | undefined => refusal(() => checkName(name))

test('names - letters of one script with digits and a few signs are a name', (t) => {
  for (const name of [
    'ann',
    'Ann',
    'o.neil',
    'ann-2',
    'søren',
    'Жанна',
    'Δάφνη',
    '山田',
    'ひろし',
    '김철수',
    '7of9',
  ]) {
    t.is(faultOf(name), undefined, name)
  }
  fc.assert(
    fc.property(localName, (name) => faultOf(name) === undefined),
    parameters(),
  )
})

test('names - what looks like another name, like an id, like a path or like nothing is none', (t) => {
  const mixed = ['аnn', 'pаypal', 'Aλice']
  const hidden = ['a\u202enn', 'a\u200bnn', 'a nn', 'a\u0000', 'ａｎｎ', 'ﬁn', '', '.ann', '-ann', '\ud800']
  const paths = ['ann/bees', '@ann', '%ann', 'ann:1', 'me', 'Me', 'ME']
  for (const name of [...mixed, ...hidden, ...paths, idToText(ANN), 'a'.repeat(33)]) {
    t.is(faultOf(name), 'BAD_ARGUMENT', JSON.stringify(name))
  }
})

test('names - one is given to one entity, whatever its capitals', (t) => {
  const names = withName([], named('ann'))
  t.alike(withName(names, named('ann')), names, 'to give it again changes nothing')
  for (const name of ['ann', 'Ann', 'ANN']) {
    t.is(
      refusal(() => withName(names, named(name, BEN))),
      'ALREADY_EXISTS',
    )
  }
  t.is(withName(names, named('ben', BEN)).length, 2)
  t.is(
    refusal(() => withoutName(names, 'ben')),
    'NOT_FOUND',
  )
  t.alike(withoutName(names, 'ann'), [])
})

test('names - there is an end to them', (t) => {
  const full = Array.from({ length: NAMES_MAX }, (_, i) => named(`n${i}`))
  t.is(
    refusal(() => withName(full, named('one-more'))),
    'TOO_LARGE',
  )
})

test('names - no text that is taken for a name is the text of an id', (t) => {
  fc.assert(
    fc.property(id, (bytes) => faultOf(idToText(bytes)) !== undefined),
    parameters(),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      return faultOf(text) !== undefined || !/[/@%:\s\p{C}]/u.test(text)
    }),
    parameters(),
  )
  t.pass()
})
