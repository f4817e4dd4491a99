import test from 'brittle'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.ts'
import { ANY_BYTES, checkMediaType, mediaTypeOf } from '../../src/content/media-type.ts'
import { parameters } from '../helpers/seed.ts'

const refusal = (text: string) => codeOf(() => checkMediaType(text))

test('media type - two names in lower case, and nothing behind them', (t) => {
  for (const text of ['image/png', 'text/x-c++', 'application/vnd.oasis.opendocument.text', 'a/b']) {
    checkMediaType(text)
  }
  for (const text of [
    '',
    'image',
    'image/',
    '/png',
    'Image/png',
    'text/html; charset=utf-8',
    'text/html\n',
    'text/html/x',
    'text/ html',
    'tëxt/html',
    '.a/b',
  ]) {
    t.is(refusal(text), 'BAD_FORMAT', JSON.stringify(text))
  }
  t.is(refusal(`a/${'b'.repeat(99)}`), 'TOO_LARGE')
})

test('media type - any text is legal or refused with a code', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (text) => {
      try {
        checkMediaType(text)
        return /^[!-~]+\/[!-~]+$/.test(text)
      } catch (error) {
        return ['BAD_FORMAT', 'TOO_LARGE'].includes((error as { code: string }).code)
      }
    }),
    parameters(),
  )
  t.pass()
})

test('media type - the end of a name says what a file usually is', (t) => {
  t.is(mediaTypeOf('garden/Bee.PNG'), 'image/png')
  t.is(mediaTypeOf('a.tar.gz'), 'application/gzip')
  for (const name of ['bees', '', '.', 'a.', 'a.unheard-of', 'a.constructor'])
    t.is(mediaTypeOf(name), ANY_BYTES)
})
