/** People with a device, as tests need them: with real keys, and what verifies what they sign. */
import type { Network } from '../../src/base/network.ts'
import { formBlock, type VerifyContext, verifyBlock } from '../../src/content/block.ts'
import type { EntityKey } from '../../src/content/key.ts'
import { type SignedRecord, signRecord } from '../../src/content/record.ts'
import { simCrypto } from '../../src/sim/crypto.ts'
import {
  type Person as Actor,
  onAnotherDevice as anotherDevice,
  personOf,
  START_MS,
} from '../../src/sim/person.ts'

export { type Person as Actor, START_MS, stored } from '../../src/sim/person.ts'

/** One for a test file: a signature that was checked once is remembered. */
const crypto = simCrypto('real')
export const { verify, verifyDevice } = crypto

export function actor(seed: string, network: Network): Actor {
  return personOf(seed, network, crypto)
}

/** The same person on another device. */
export function onAnotherDevice(person: Actor, seed: string): Actor {
  return anotherDevice(person, seed, crypto)
}

/** A statement of a person's device. `count` makes two that say the same differ. */
export function statementOf(
  { device }: Actor,
  network: Network,
  said: { kind: number; body: Uint8Array; timeMs: number; count?: number },
): SignedRecord {
  const { kind, body, timeMs, count = 0 } = said
  const nonce = Buffer.alloc(8)
  nonce.writeUInt32LE(count)
  const { publicKey, sign } = device
  return signRecord({ kind, signer: publicKey, key: publicKey, timeMs, nonce, body }, network, sign)
}

/** What verifying needs to know where the keys of these people are at hand. */
export function contextOf(network: Network, people: readonly Actor[], nowMs = START_MS): VerifyContext {
  const keys: EntityKey[] = []
  const context: VerifyContext = {
    network,
    verify,
    keyOf: (id) => keys.find((key) => Buffer.compare(key.id, id) === 0),
    nowMs,
  }
  for (const { genesis } of people) {
    const block = verifyBlock(formBlock(genesis), context)
    if (block.type === 'key') keys.push(block.key)
  }
  return context
}
