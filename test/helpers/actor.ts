/** A person with one device, made from a seed, as tests need them by the dozen. */
import { encode } from '../../src/base/codec.ts'
import { deviceKeyPair, deviceSign, loadCrypto, VerifiedSignatures } from '../../src/base/crypto.ts'
import { entityKeyPair, nextKeyCommitment, solvePuzzle } from '../../src/base/keys.ts'
import type { Network } from '../../src/base/network.ts'
import type { Random } from '../../src/base/random.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { formBlock, type VerifyContext, verifyBlock } from '../../src/content/block.ts'
import { DEVICE_CERTIFICATE, deviceCertificate } from '../../src/content/device.ts'
import { type EntityKey, signGenesis } from '../../src/content/key.ts'
import { locatorOf } from '../../src/content/kinds.ts'
import type { Author } from '../../src/content/page.ts'
import { type SignedRecord, signRecord } from '../../src/content/record.ts'
import type { Identity } from '../../src/node/node.ts'
import type { StoredBlock } from '../../src/node/store.ts'

/** When tests begin. */
export const START_MS = 1_800_000_000_000

export interface Actor {
  identity: Identity & { author: Author }
  entity: Uint8Array
  device: { publicKey: Uint8Array; secretKey: Uint8Array; sign(digest: Uint8Array): Uint8Array }
  incarnation: Uint8Array
  certificate: Uint8Array
  genesis: SignedRecord
}

export function actor(seed: string, network: Network): Actor {
  const random = seededRandom(seed)
  const crypto = loadCrypto()
  const keys = entityKeyPair(crypto, random(32))
  const next = entityKeyPair(crypto, random(32))
  const sign = (digest: Uint8Array): Uint8Array => crypto.sign(digest, keys.secret)
  const genesis = signGenesis(
    { publicKey: keys.publicKey, next: nextKeyCommitment(next.publicKey) },
    { timeMs: START_MS - 1000, nonce: random(8) },
    network,
    sign,
  )
  return withDevice({ entity: genesis.id, key: genesis.id, network, sign }, genesis, random)
}

/** The same person on another device. */
export function onAnotherDevice({ identity, genesis }: Actor, seed: string): Actor {
  return withDevice(identity.author, genesis, seededRandom(seed))
}

function withDevice(author: Author, genesis: SignedRecord, random: Random): Actor {
  const { entity, key, network, sign } = author
  const pair = deviceKeyPair(random(32))
  const puzzle = Buffer.alloc(8)
  puzzle.writeBigUInt64LE(solvePuzzle(pair.publicKey, network.puzzleBits, 0n)!)
  const body = encode(deviceCertificate, { device: pair.publicKey, puzzle })
  const certificate = signRecord(
    { kind: DEVICE_CERTIFICATE, signer: entity, key, timeMs: START_MS - 1000, nonce: random(8), body },
    network,
    sign,
  )
  return {
    entity,
    device: { ...pair, sign: (digest) => deviceSign(digest, pair.secretKey) },
    incarnation: random(16),
    certificate: certificate.id,
    genesis,
    identity: { author, blocks: [genesis, certificate].map((record) => stored(record)) },
  }
}

/** A record's block as a store takes it. */
export function stored(record: SignedRecord, attachment?: Uint8Array): StoredBlock {
  const bytes = formBlock(record, attachment)
  const { id, kind, timeMs } = record
  return { id, locator: locatorOf(record), kind, timeMs, length: bytes.byteLength, bytes }
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

/** One for a test file: a signature that was checked once is remembered. */
export const verifier = new VerifiedSignatures(loadCrypto())
export const verify = verifier.verify.bind(verifier)

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
