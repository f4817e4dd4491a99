/** What every policy of keeping does. */
import test from 'brittle'
import fc from 'fast-check'
import type { RetentionPolicy } from '../../src/node/retention.ts'
import { parameters } from '../helpers/seed.ts'

/** `make` gives a policy over a shelf that holds `usedBytes` of `quotaBytes`. */
export function retentionContract(
  name: string,
  make: (shelf: { quotaBytes: number; usedBytes: () => number }) => RetentionPolicy,
): void {
  const block = (bytes: number) => ({ id: new Uint8Array(32), locator: new Uint8Array(32), bytes })

  test(`${name} - takes a block that fits, and says full for one that does not`, (t) => {
    let used = 0
    const policy = make({ quotaBytes: 1_000, usedBytes: () => used })
    t.is(policy.admit(block(1_000)), 'keep')
    t.is(policy.admit(block(1_001)), 'full')
    used = 600
    t.is(policy.admit(block(400)), 'keep', 'it looks at the shelf as it is now')
    t.is(policy.admit(block(401)), 'full')
    used = 5_000
    t.is(policy.admit(block(1)), 'full')
    t.ok(policy.serves(new Uint8Array(32)), 'what is there is served all the same')
  })

  test(`${name} - a shelf that takes only what is admitted never grows beyond its quota`, (t) => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.array(fc.integer({ min: 1, max: 40_000 })), (quotaBytes, sizes) => {
        let used = 0
        const policy = make({ quotaBytes, usedBytes: () => used })
        for (const bytes of sizes) if (policy.admit(block(bytes)) === 'keep') used += bytes
        return used <= quotaBytes
      }),
      parameters(),
    )
    t.pass()
  })

  test(`${name} - a block whose place is not known is judged by its size`, (t) => {
    const policy = make({ quotaBytes: 10, usedBytes: () => 0 })
    t.is(policy.admit({ ...block(10), locator: undefined }), 'keep')
  })
}
