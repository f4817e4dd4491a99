import test from 'brittle'
import fc from 'fast-check'
import { seededRandom } from '../../src/base/seeded.ts'
import { entityLocator } from '../../src/content/space.ts'
import { Batch, type BatchEntry } from '../../src/node/batch.ts'
import { mergeBatches } from '../../src/node/merging.ts'
import { rootOfIds } from '../../src/node/shards.ts'
import { hex } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const random = seededRandom('merging')
const key = random(32)
const beside: BatchEntry[] = [key, random(32)].map((id) => {
  return { id, locator: entityLocator(key), bytes: 200, owner: undefined }
})

/** A batch of so many records in one half of the keyspace, with the key that goes with everything. */
function batchOf(records: number, half: 0 | 1, madeMs = 1): Batch {
  const own = Array.from({ length: records }, (): BatchEntry => {
    const locator = Uint8Array.from(random(32))
    locator[0] = (locator[0]! & 0x7f) | (half << 7)
    return { id: random(32), locator, bytes: 1_000, owner: undefined }
  })
  const entries = [...beside, ...own]
  return new Batch(rootOfIds(entries.map(({ id }) => id)), madeMs, entries)
}

const idsOf = (batches: readonly Batch[]): string[] => [
  ...new Set(batches.flatMap(({ entries }) => entries.map(({ id }) => hex(id)))),
]

test('merging - batches of one page each become one, with the key once', (t) => {
  const batches = Array.from({ length: 10 }, (_, i) => batchOf(1, 0, 100 - i))
  const [merged, ...others] = mergeBatches(batches, 1)
  t.alike(others, [])
  t.is(merged!.batch.entries.length, 12)
  t.is(merged!.batch.madeMs, 91, 'as old as the oldest')
  t.alike(merged!.parts, batches)
  t.alike(mergeBatches([batches[0]!], 1), [], 'one is left as it is')
})

test('merging - what somebody has promised, or is being asked, is left as it is', (t) => {
  const [promised, asked, renewed, plain] = [1, 1, 1, 1].map((one) => batchOf(one, 0))
  promised!.add(random(32), random(200), new Set([2]))
  asked!.busy.set(random(32), new Set([2]))
  renewed!.isRenewal = true
  t.alike(mergeBatches([promised!, asked!, renewed!, plain!], 1), [])
})

test('merging - nothing is lost, nothing grows too large, and shards stay apart', (t) => {
  const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 254 }), fc.constantFrom<0 | 1>(0, 1)), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(sizes, (all) => {
      const batches = all.map(([records, half]) => batchOf(records, half))
      const merged = mergeBatches(batches, 1)
      const parts = new Set(merged.flatMap((one) => one.parts))
      const after = [...batches.filter((batch) => !parts.has(batch)), ...merged.map(({ batch }) => batch)]
      return (
        idsOf(after).sort().join() === idsOf(batches).sort().join() &&
        parts.size === merged.reduce((sum, one) => sum + one.parts.length, 0) &&
        after.every(
          ({ entries }) => entries.length <= 256 && idsOf([{ entries } as Batch]).length === entries.length,
        ) &&
        after.every((batch) => batch.places(1).length === 1)
      )
    }),
    parameters({ numRuns: 30 }),
  )
  t.pass()
})
