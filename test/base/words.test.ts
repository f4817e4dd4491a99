import test from 'brittle'
import fc from 'fast-check'
import { loadCrypto } from '../../src/base/crypto.ts'
import { asSheafError, codeOf, type SheafError } from '../../src/base/errors.ts'
import { domainHash } from '../../src/base/hash.ts'
import { entropyFromWords, nextKeyFromWords, wordsFromEntropy } from '../../src/base/words.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const entropy = fc.uint8Array({ minLength: 32, maxLength: 32 })
const zeros = `${'abandon '.repeat(23)}art`

function failure(check: () => unknown): SheafError {
  try {
    check()
  } catch (error) {
    return asSheafError(error)
  }
  throw new Error('nothing was thrown')
}

test('words - the ends of the range are the words of the published BIP 39 vectors', (t) => {
  t.is(wordsFromEntropy(new Uint8Array(32)), zeros)
  t.is(wordsFromEntropy(new Uint8Array(32).fill(0xff)), `${'zoo '.repeat(23)}vote`)
  t.is(
    wordsFromEntropy(Buffer.from('68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c', 'hex')),
    'hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay length',
  )
})

test('words - any entropy is 24 words and comes back from them, however they are typed', (t) => {
  fc.assert(
    fc.property(entropy, (bytes) => {
      const words = wordsFromEntropy(bytes)
      const typed = `  ${words.replaceAll(' ', '\n ').toUpperCase()}\t`
      return (
        words.split(' ').length === 24 &&
        hex(entropyFromWords(words)) === hex(bytes) &&
        hex(entropyFromWords(typed)) === hex(bytes)
      )
    }),
  )
  t.pass()
})

test('words - an unknown word is named with its place, and the word that was meant', (t) => {
  const error = failure(() => entropyFromWords(zeros.replace(/^abandon abandon/, 'abandon abandoned')))
  t.is(error.code, 'BAD_KEY')
  t.ok(error.message.startsWith('word 2, "abandoned"'))
  t.is(error.hint, 'did you write down "abandon"?')
  t.is(failure(() => entropyFromWords(zeros.replace('art', 'qqqq'))).message.slice(0, 15), 'word 24, "qqqq"')
})

test('words - a wrong checksum is told from a wrong word', (t) => {
  const error = failure(() => entropyFromWords('abandon '.repeat(24)))
  t.is(error.code, 'BAD_KEY')
  t.ok(error.message.includes('checksum'))
})

test('words - another number of words, and any other text, is refused', (t) => {
  for (const text of [
    '',
    ' ',
    'abandon',
    zeros.slice(8),
    `${zeros} art`,
    'abandon '.repeat(11).concat('about'),
  ]) {
    t.ok(
      failure(() => entropyFromWords(text)).message.startsWith('there are 24'),
      JSON.stringify(text.slice(0, 40)),
    )
  }
  t.is(
    codeOf(() => entropyFromWords(' '.repeat(5_000_000))),
    'BAD_KEY',
  )
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (text) => codeOf(() => entropyFromWords(text)) === 'BAD_KEY'),
  )
  for (const length of [0, 16, 31, 33])
    t.is(
      codeOf(() => wordsFromEntropy(new Uint8Array(length))),
      'BAD_KEY',
    )
})

test('words - the next key is the same each time, another for other words, and no plain hash', (t) => {
  const crypto = loadCrypto()
  t.is(hex(nextKeyFromWords(zeros)), '4932d47d20ee054c2894f3ab9fbd9ef523bf8c6656c019dda584c2d17f1330fe')
  fc.assert(
    fc.property(entropy, entropy, (a, b) => {
      const [first, second] = [a, b].map((bytes) => nextKeyFromWords(wordsFromEntropy(bytes)))
      return crypto.validSecret(first!) && (hex(a) === hex(b)) === (hex(first!) === hex(second!))
    }),
    { numRuns: 30 },
  )
  t.is(
    hex(nextKeyFromWords(zeros)),
    hex(domainHash('sheaf/1 next key from words', new Uint8Array(32), Uint8Array.of(0))),
  )
  t.is(
    codeOf(() => nextKeyFromWords('abandon')),
    'BAD_KEY',
  )
})
