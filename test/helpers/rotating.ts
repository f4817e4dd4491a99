/** Rotating the keys of people that tests make: the next key is the second that their seed gives, then those of a seed with a number. */

import { nextKeyCommitment } from '../../src/base/keys.ts'
import type { Network } from '../../src/base/network.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import type { EntityKey } from '../../src/content/key.ts'
import type { Sign, SignedRecord } from '../../src/content/record.ts'
import { type LastKey, signRotation } from '../../src/content/rotation.ts'
import { encodeStandsTable, type StoodBy, updateDenounceSummary } from '../../src/content/stood-by.ts'
import { simCrypto } from '../../src/sim/crypto.ts'
import { START_MS } from './actor.ts'

const crypto = simCrypto('real')

export interface KeyOf {
  publicKey: Uint8Array
  sign: Sign
}

/** The key at a position of the chain of the person `seed`: 0 is that of the genesis. */
export function keyAt(seed: string, position: number): KeyOf {
  const random = seededRandom(seed)
  const first = crypto.entityKeys(random(32))
  const second = crypto.entityKeys(random(32))
  if (position === 0) return first
  return position === 1 ? second : crypto.entityKeys(seededRandom(`${seed} key ${position}`)(32))
}

export interface Rotated {
  record: SignedRecord
  table: Uint8Array
  set: StoodBy
}

/** The record that brings the key after `last`, as its owner makes it. */
export function rotate(
  seed: string,
  last: LastKey | EntityKey,
  options: {
    network: Network
    stands?: Iterable<Uint8Array>
    timeMs?: number
    nonce?: number
    by?: KeyOf
    next?: KeyOf
  },
): Rotated {
  const { network, stands = [], timeMs = START_MS, nonce = 0 } = options
  const position = last.position + 1
  const set = updateDenounceSummary(stands)
  const { publicKey, sign } = options.by ?? keyAt(seed, position)
  const next = nextKeyCommitment((options.next ?? keyAt(seed, position + 1)).publicKey)
  const record = signRotation(
    last,
    { publicKey, next, stands: set.summary },
    { timeMs, nonce: Buffer.alloc(8, nonce) },
    network,
    sign,
  )
  return { record, table: encodeStandsTable(set.table), set }
}
