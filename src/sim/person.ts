/** A person with one device, made from a seed: simulations and tests need them by the dozen. */
import { encode } from '../base/codec.ts'
import { nextKeyCommitment, solvePuzzle } from '../base/keys.ts'
import type { Network } from '../base/network.ts'
import type { Random } from '../base/random.ts'
import { seededRandom } from '../base/seeded.ts'
import { formBlock } from '../content/block.ts'
import { DEVICE_CERTIFICATE, deviceCertificate } from '../content/device.ts'
import { signGenesis } from '../content/key.ts'
import { locatorOf } from '../content/kinds.ts'
import type { Author } from '../content/page.ts'
import { type SignedRecord, signRecord } from '../content/record.ts'
import type { Identity } from '../node/node.ts'
import type { StoredBlock } from '../node/store.ts'
import type { DeviceKeys, SimCrypto } from './crypto.ts'

/** When simulations and tests begin. */
export const START_MS = 1_800_000_000_000

export interface Person {
  identity: Identity & { author: Author }
  entity: Uint8Array
  device: DeviceKeys
  incarnation: Uint8Array
  /** Id of the device's certificate. */
  certificate: Uint8Array
  genesis: SignedRecord
}

export function personOf(seed: string, network: Network, crypto: SimCrypto): Person {
  const random = seededRandom(seed)
  const keys = crypto.entityKeys(random(32))
  const next = crypto.entityKeys(random(32))
  const genesis = signGenesis(
    { publicKey: keys.publicKey, next: nextKeyCommitment(next.publicKey) },
    { timeMs: START_MS - 1000, nonce: random(8) },
    network,
    keys.sign,
  )
  return withDevice(
    { entity: genesis.id, key: genesis.id, network, sign: keys.sign },
    genesis,
    random,
    crypto,
  )
}

/** The same person on another device. */
export function onAnotherDevice({ identity, genesis }: Person, seed: string, crypto: SimCrypto): Person {
  return withDevice(identity.author, genesis, seededRandom(seed), crypto)
}

/** A record's block as a store takes it. */
export function stored(record: SignedRecord, attachment?: Uint8Array): StoredBlock {
  const bytes = formBlock(record, attachment)
  const { id, kind, timeMs } = record
  return { id, locator: locatorOf(record), kind, timeMs, length: bytes.byteLength, bytes }
}

function withDevice(author: Author, genesis: SignedRecord, random: Random, crypto: SimCrypto): Person {
  const { entity, key, network, sign } = author
  const device = crypto.deviceKeys(random(32))
  const puzzle = Buffer.alloc(8)
  puzzle.writeBigUInt64LE(solvePuzzle(device.publicKey, network.puzzleBits, 0n)!)
  const body = encode(deviceCertificate, { device: device.publicKey, puzzle })
  const certificate = signRecord(
    { kind: DEVICE_CERTIFICATE, signer: entity, key, timeMs: START_MS - 1000, nonce: random(8), body },
    network,
    sign,
  )
  return {
    entity,
    device,
    incarnation: random(16),
    certificate: certificate.id,
    genesis,
    identity: { author, blocks: [genesis, certificate].map((record) => stored(record)) },
  }
}
