import { randomBytes } from 'node:crypto'
import test from 'brittle'
import fc from 'fast-check'
import { isSealed, openSealedText, sealText } from '../../../src/node/io/identity/sealed-file.ts'
import { refusal, utf8 } from '../../helpers/bytes.ts'
import { parameters } from '../../helpers/seed.ts'

const random = (length: number): Uint8Array => randomBytes(length)
/** The least that the format takes: tests do not guess. */
const CHEAP = { opsLimit: 1, memoryBytes: 8192 }
const SECRET = '{"format": 1, "entitySecret": "c2VjcmV0"}\n'
const sealed = sealText(SECRET, utf8('correct horse'), random, CHEAP)

test('sealed file - its passphrase opens it, another one does not, and the secret is nowhere in it', (t) => {
  t.ok(isSealed(sealed))
  t.absent(isSealed(SECRET))
  t.absent(sealed.includes('c2VjcmV0'))
  t.is(openSealedText(sealed, utf8('correct horse')), SECRET)
  for (const other of ['correct hors', 'correct horse ', '', 'x'.repeat(1024)]) {
    t.is(
      refusal(() => openSealedText(sealed, utf8(other))),
      'BAD_PASSPHRASE',
    )
  }
  t.is(
    refusal(() => sealText(SECRET, utf8(''), random, CHEAP)),
    'BAD_ARGUMENT',
  )
})

test('sealed file - one that asks for much memory or time is refused before either is taken', (t) => {
  const file = JSON.parse(sealed) as { kdf: object }
  const kdfs = [
    { memoryBytes: 64 * 2 ** 30 },
    { memoryBytes: 2 ** 53 },
    { opsLimit: 1_000_000 },
    { memoryBytes: -1 },
  ]
  for (const change of [...kdfs, { opsLimit: 1.5 }, { salt: 'AAAA' }, { more: 1 }]) {
    const hostile = JSON.stringify({ ...file, kdf: { ...file.kdf, ...change } })
    t.is(
      refusal(() => openSealedText(hostile, utf8('correct horse'))),
      'BAD_STORE',
      JSON.stringify(change),
    )
  }
  const cheaper = JSON.stringify({ ...file, kdf: { ...file.kdf, opsLimit: 2 } })
  t.is(
    refusal(() => openSealedText(cheaper, utf8('correct horse'))),
    'BAD_PASSPHRASE',
    'another price is another key',
  )
})

test('sealed file - any text comes back, and any change of the file is found', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.nat(), (text, where) => {
      const file = sealText(text, utf8('p'), random, CHEAP)
      const place = where % file.length
      const changed = file.slice(0, place) + (file[place] === 'A' ? 'B' : 'A') + file.slice(place + 1)
      let back: string | undefined
      const code = refusal(() => {
        back = openSealedText(changed, utf8('p'))
      })
      return openSealedText(file, utf8('p')) === text && (code !== undefined || back === text)
    }),
    parameters({ numRuns: 50 }),
  )
  fc.assert(
    fc.property(fc.string({ maxLength: 100 }), (text) => {
      return refusal(() => openSealedText(text, utf8('p'))) === 'BAD_STORE'
    }),
    parameters(),
  )
  t.pass()
})
