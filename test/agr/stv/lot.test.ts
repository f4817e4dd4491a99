import test from 'brittle'
import { draw, lotName, lotNameOfText, lotSeed, lotSeedOfText } from '../../../src/agr/stv/lot.ts'

test('lot - the seed depends on who voted, not on the order; nothing runs together', (t) => {
  const id = (byte: number, length = 32) => new Uint8Array(length).fill(byte)
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
  const seed = hex(lotSeed(id(1), id(2), [id(3), id(4)]))
  t.is(seed, hex(lotSeed(id(1), id(2), [id(4), id(3)])))
  const others = [
    lotSeed(id(2), id(1), [id(3), id(4)]),
    lotSeed(id(1), id(2), [id(3)]),
    lotSeed(id(1), id(2), []),
    lotSeed(id(1), id(2), [Buffer.concat([id(3), id(4)])]),
    lotName(id(1), 2),
    lotName(id(1), 3),
    lotNameOfText('Ann', 0),
    lotNameOfText('Ann', 1),
  ]
  t.is(new Set([seed, ...others.map(hex)]).size, others.length + 1)
  t.is(seed, '78c3392d23e1a6b32e8583c946955b302601da72b835c2dfad490f6749b51c97')
})

test('lot - what a candidate draws depends on the seed and its lot name alone', (t) => {
  const [a, b] = [lotNameOfText('A', 0), lotNameOfText('B', 0)]
  const drew = [draw(lotSeedOfText('1'), a), draw(lotSeedOfText('2'), a), draw(lotSeedOfText('1'), b)]
  t.is(new Set(drew.map((bytes) => Buffer.from(bytes).toString('hex'))).size, 3)
  t.alike(drew[0], draw(lotSeedOfText('1'), lotNameOfText('A', 0)))
})
