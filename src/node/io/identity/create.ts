/** Making an identity: keys, recovery words, the two records that found it. */
import { encode } from '../../../base/codec.ts'
import { type Crypto, DEVICE_SEED_BYTES, deviceKeyPair, SECRET_BYTES } from '../../../base/crypto.ts'
import { SheafError } from '../../../base/errors.ts'
import {
  entityKeyPair,
  entityKeyPairOf,
  INCARNATION_BYTES,
  nextKeyCommitment,
  PUZZLE_NONCE_BYTES,
  solvePuzzle,
} from '../../../base/keys.ts'
import type { Network } from '../../../base/network.ts'
import type { Random } from '../../../base/random.ts'
import { nextKeyFromWords, RECOVERY_ENTROPY_BYTES, wordsFromEntropy } from '../../../base/words.ts'
import { DEVICE_CERTIFICATE, deviceCertificate } from '../../../content/device.ts'
import { signGenesis } from '../../../content/key.ts'
import { signRecord } from '../../../content/record.ts'
import type { IdentitySecrets } from './identity.ts'

/** Nonces between two looks at the signal: about 50 ms. */
const SLICE_TRIES = 50_000
const NONCE_BYTES = 8

export interface NewIdentity {
  secrets: IdentitySecrets
  /** The 24 words that the next key comes from. They are shown once and kept nowhere. */
  words: string
}

export interface CreateOptions {
  network: Network
  crypto: Crypto
  random: Random
  nowMs: number
  /** Ends the search of the puzzle with CANCELLED. */
  signal?: AbortSignal
  /** Hears how many nonces were tried, of about how many. */
  onProgress?: (tries: number, expected: number) => void
}

/** Draws an identity; nothing is written. About 2^puzzleBits hashes of work. Throws CANCELLED. */
export async function createIdentity(options: CreateOptions): Promise<NewIdentity> {
  const { network, crypto, random, nowMs } = options
  const { publicKey, secret } = entityKeyPair(crypto, random(SECRET_BYTES))
  const words = wordsFromEntropy(random(RECOVERY_ENTROPY_BYTES))
  const next = nextKeyCommitment(entityKeyPairOf(crypto, nextKeyFromWords(words)).publicKey)
  const sign = (digest: Uint8Array) => crypto.sign(digest, secret)
  const genesis = signGenesis(
    { publicKey, next },
    { timeMs: nowMs, nonce: random(NONCE_BYTES) },
    network,
    sign,
  )

  const deviceSeed = random(DEVICE_SEED_BYTES)
  const device = deviceKeyPair(deviceSeed).publicKey
  const puzzle = await searchPuzzle(device, options)
  const certificate = signRecord(
    {
      kind: DEVICE_CERTIFICATE,
      signer: genesis.id,
      key: genesis.id,
      timeMs: nowMs,
      nonce: random(NONCE_BYTES),
      body: encode(deviceCertificate, { device, puzzle }),
    },
    network,
    sign,
  )
  return {
    words,
    secrets: {
      network: network.name,
      entitySecret: secret,
      deviceSeed,
      incarnation: random(INCARNATION_BYTES),
      genesis: genesis.bytes,
      certificate: certificate.bytes,
    },
  }
}

/** In slices, so that signals are heard meanwhile. */
export async function searchPuzzle(
  device: Uint8Array,
  options: Pick<CreateOptions, 'network' | 'signal' | 'onProgress'>,
): Promise<Uint8Array> {
  const { network, signal, onProgress } = options
  for (let tried = 0n; ; tried += BigInt(SLICE_TRIES)) {
    if (signal?.aborted) throw new SheafError('CANCELLED', 'no identity was made')
    const nonce = solvePuzzle(device, network.puzzleBits, tried, SLICE_TRIES)
    if (nonce !== undefined) {
      const bytes = Buffer.alloc(PUZZLE_NONCE_BYTES)
      bytes.writeBigUInt64LE(nonce)
      return bytes
    }
    onProgress?.(Number(tried) + SLICE_TRIES, 2 ** network.puzzleBits)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
