import test from 'brittle'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.ts'
import { compareBytes } from '../../src/base/hash.ts'
import { locatorRange } from '../../src/node/store.ts'

test('locator range - the first bits of a prefix, then all that can follow', (t) => {
  const { low, high } = locatorRange(Uint8Array.of(0b1010_1111), 3)
  t.alike([low[0], low[1], low[31]], [0b1010_0000, 0, 0])
  t.alike([high[0], high[1], high[31]], [0b1011_1111, 255, 255])
})

test('locator range - a locator lies in it exactly when it shares the bits', (t) => {
  const locator = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(
      locator,
      locator,
      fc.integer({ min: 0, max: 256 }),
      fc.boolean(),
      (one, other, depth, near) => {
        // chance locators rarely share a bit or two: let half of them share all but one
        const two = near ? Uint8Array.from(one) : other
        if (near && depth > 0) two[(depth - 1) >> 3]! ^= 0x80 >> ((depth - 1) % 8)
        const { low, high } = locatorRange(one, depth)
        const within = compareBytes(low, two) <= 0 && compareBytes(two, high) <= 0
        return within === (bitsOf(one).slice(0, depth) === bitsOf(two).slice(0, depth))
      },
    ),
  )
  t.pass()
})

test('locator range - a depth that the prefix does not have is refused', (t) => {
  for (const [bytes, depth] of [
    [0, 1],
    [2, 17],
    [40, 257],
    [32, -1],
    [32, 1.5],
    [32, Number.NaN],
  ] as const) {
    t.is(
      codeOf(() => locatorRange(new Uint8Array(bytes), depth)),
      'BAD_ARGUMENT',
    )
  }
})

function bitsOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
}
