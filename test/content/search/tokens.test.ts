import test from 'brittle'
import fc from 'fast-check'
import { fold, termsIn, wordsOf } from '../../../src/content/search/tokens.ts'
import { parameters } from '../../helpers/seed.ts'

test('tokens - prose, code words, accents and scripts without spaces', (t) => {
  t.alike(termsIn('The bees, the HIVE!'), ['the', 'bees', 'the', 'hive'])
  t.alike(termsIn('git log --no-pager -x'), ['git', 'log', '--no-pager', 'no', 'pager', '-x', 'x'])
  t.alike(termsIn('std::vector file.name foo_bar C++ c#'), [
    ...['std::vector', 'std', 'vector', 'file.name', 'file', 'name', 'foo_bar', 'foo', 'bar'],
    ...['c++', 'c', 'c#', 'c'],
  ])
  t.alike(termsIn('Crème brûlée Straße ΟΔΟΣ ﬁne Ёлка'), [
    'creme',
    'brulee',
    'strasse',
    'οδοσ',
    'fine',
    'елка',
  ])
  t.alike(termsIn('蜜蜂の巣箱'), ['蜜蜂', 'の', '巣箱'])
  t.ok(termsIn('ภาษาไทยง่าย').includes('ไทย'), 'Thai has words')
  t.ok(termsIn('벌통은').includes('벌통'), 'a Korean noun without its particle')
  t.alike(termsIn('हिन्दी'), ['हिन्दी'], 'vowels stay')
  t.alike(termsIn('e\u0301te\u0301'), termsIn('été'), 'marks of their own')
  t.alike(termsIn(''), [])
  t.alike(termsIn('a \u2190\u0338 b \u0301'), ['a', 'b'], 'a mark alone is no word')
  t.alike(termsIn('蜂\u0338'), ['蜂'])
})

test('tokens - words stand where they say, in order, apart, and are found by what they are themselves', (t) => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 200 })
  fc.assert(
    fc.property(texts, (text) => {
      let last = 0
      for (const { start, end, terms } of wordsOf(text)) {
        if (start < last || end <= start || end > text.length || terms.length === 0) return false
        if (terms.some((term) => term === '' || term.length > 64 || !term.isWellFormed())) return false
        last = end
      }
      return true
    }),
    parameters(),
  )
  t.pass()
})

test('tokens - folding twice is folding once, and case does not matter', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (word) => fold(fold(word)) === fold(word)),
    parameters(),
  )
  t.is(fold('İSTANBUL'), fold('istanbul'))
})

test('tokens - hostile texts take one pass and give bounded words', (t) => {
  const hostile = ['a.'.repeat(50_000), '-'.repeat(100_000), 'a'.repeat(100_000), '\u0301'.repeat(100_000)]
  hostile.push(
    `a${'\u{1d49e}'.repeat(80)}`,
    `${'\u{10400}'.repeat(80)}`,
    '\ud800'.repeat(1_000),
    '蜂'.repeat(20_000),
    '::'.repeat(50_000),
    `${'_'.repeat(9_000)}a`,
  )
  for (const text of hostile) {
    const terms = termsIn(text)
    t.ok(terms.every((term) => term.length <= 64 && term.isWellFormed()))
  }
  t.is(termsIn('a b c d e', 3).length, 3, 'no more than are asked for')
})

test('tokens - a run without spaces is taken apart in parts, none of which halves a letter', (t) => {
  for (const letter of ['蜂', 'ก', '\u{20000}']) {
    // in one part it would take minutes
    const words = [...wordsOf(`a${letter.repeat(200_000)} b`)]
    t.is(words.at(-1)!.terms[0], 'b')
    t.ok(
      words.every(({ start, end, terms }) => end - start < 520 && terms.every((term) => term.isWellFormed())),
    )
  }
})
