/**
 * Chance from a seed: SHA-256 in counter mode. The same seed gives the same bytes on every
 * machine, which is what simulations and failing tests need. Never for keys.
 */
import { domainHash } from './hash.ts'
import type { Random } from './random.ts'

export function seededRandom(seed: string | number): Random {
  let block: Uint8Array = new Uint8Array(0)
  let used = 0
  let counter = 0
  const name = Buffer.from(String(seed))
  return (length) => {
    const out = new Uint8Array(length)
    for (let i = 0; i < length; i++) {
      if (used === block.byteLength) {
        block = domainHash('sheaf/1 seeded', name, Buffer.from(String(counter++)))
        used = 0
      }
      out[i] = block[used++]!
    }
    return out
  }
}
