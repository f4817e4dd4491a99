import test from 'brittle'
import fc from 'fast-check'
import { SheafError } from '../../../../src/base/errors.ts'
import { BLOCK_BYTES_MAX } from '../../../../src/base/limits.ts'
import { seededRandom } from '../../../../src/base/seeded.ts'
import { packSegments, unpackSegment } from '../../../../src/node/io/store/segment.ts'
import { loosePiece, someBlocks } from '../../../contract/blocks.ts'
import { hex } from '../../../contract/store.ts'

test('segment - many blocks share one, a large one has its own', (t) => {
  const random = seededRandom('share')
  const sizes = [500, 600, 40_000, 700, 15_000, 800, BLOCK_BYTES_MAX]
  const segments = packSegments(sizes.map((bodyBytes) => loosePiece(random, { bodyBytes })))
  t.alike(
    segments.map(({ entries }) => entries.map(({ block }) => block.length)),
    [[500, 600], [40_000], [700, 15_000], [800], [BLOCK_BYTES_MAX]],
  )
  t.alike(packSegments([]), [])
})

test('segment - packing and unpacking are inverse', (t) => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.nat(20_000), { maxLength: 12 }), (seed, sizes) => {
      const random = seededRandom(seed)
      const blocks = sizes.flatMap((bodyBytes) => someBlocks(random, 1, { bodyBytes }))
      const entries = packSegments(blocks).flatMap(({ bytes, entries }) => {
        const unpacked = unpackSegment(bytes)
        t.alike(
          unpacked.map(({ offset }) => offset),
          entries.map(({ offset }) => offset),
        )
        return unpacked
      })
      t.alike(
        entries.map(({ bytes, locator }) => [hex(bytes), hex(locator)]),
        blocks.map(({ bytes, kind, locator }) => [hex(bytes), kind === 0 ? hex(locator) : undefined]),
      )
    }),
    { numRuns: 30 },
  )
})

test('segment - whatever is changed in one is noticed', (t) => {
  const [segment] = packSegments(someBlocks(seededRandom('hostile'), 8, { bodyBytes: 60 }))
  const { bytes } = segment!
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(bytes)
      changed[at]! ^= change
      return isRefused(changed) && isRefused(bytes.subarray(0, at))
    }),
  )
  t.ok(isRefused(Buffer.concat([bytes, Buffer.of(0)])))
})

test('segment - chance bytes are refused with a code', (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), isRefused))
  t.pass()
})

function isRefused(bytes: Uint8Array): boolean {
  try {
    unpackSegment(bytes)
    return false
  } catch (error) {
    return error instanceof SheafError
  }
}
