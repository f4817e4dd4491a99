/**
 * The signatures of a simulation: the real ones, or cheap ones for a thousand nodes in one process.
 *
 * A cheap signature is a hash of the public key and what is signed, twice. Anybody could make one, so it
 * says nothing of attacks; but it is checked everywhere, and one that is not for exactly these bytes and
 * this key is refused. Every output of a simulation names which of the two it ran with.
 */
import { deviceKeyPair, deviceSign, deviceVerify, loadCrypto, VerifiedSignatures } from '../base/crypto.ts'
import { domainHash, equalBytes } from '../base/hash.ts'
import { entityKeyPair } from '../base/keys.ts'
import type { Sign, Verify } from '../content/record.ts'

export type CryptoName = 'cheap' | 'real'

export interface EntityKeys {
  /** 33 bytes. */
  publicKey: Uint8Array
  sign: Sign
}

export interface DeviceKeys {
  publicKey: Uint8Array
  /** What a daemon keeps; a cheap device has none. */
  secretKey: Uint8Array
  sign: Sign
}

export interface SimCrypto {
  readonly name: CryptoName
  /** Keys from 32 bytes of chance: the same each time. */
  entityKeys(chance: Uint8Array): EntityKeys
  deviceKeys(chance: Uint8Array): DeviceKeys
  readonly verify: Verify
  readonly verifyDevice: Verify
}

/** One for all nodes of a simulation: what was checked once is remembered, and no answer depends on that. */
export function simCrypto(name: CryptoName): SimCrypto {
  return name === 'cheap' ? CHEAP : realCrypto()
}

function realCrypto(): SimCrypto {
  const crypto = loadCrypto()
  const signatures = new VerifiedSignatures(crypto)
  return {
    name: 'real',
    entityKeys(chance) {
      const { publicKey, secret } = entityKeyPair(crypto, chance)
      return { publicKey, sign: (digest) => crypto.sign(digest, secret) }
    },
    deviceKeys(chance) {
      const pair = deviceKeyPair(chance)
      return { ...pair, sign: (message) => deviceSign(message, pair.secretKey) }
    },
    verify: signatures.verify.bind(signatures),
    verifyDevice: deviceVerify,
  }
}

const CHEAP: SimCrypto = {
  name: 'cheap',
  entityKeys(chance) {
    // As long as a compressed point, and begun like one.
    const publicKey = Buffer.concat([Uint8Array.of(2), domainHash('sheaf/1 simulated entity', chance)])
    return { publicKey, sign: (digest) => cheapSignature(digest, publicKey) }
  },
  deviceKeys(chance) {
    const publicKey = domainHash('sheaf/1 simulated device', chance)
    return {
      publicKey,
      secretKey: new Uint8Array(0),
      sign: (message) => cheapSignature(message, publicKey),
    }
  },
  verify: isCheapSignature,
  verifyDevice: isCheapSignature,
}

function cheapSignature(signed: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const half = domainHash('sheaf/1 simulated signature', publicKey, signed)
  return Buffer.concat([half, half])
}

function isCheapSignature(signature: Uint8Array, signed: Uint8Array, publicKey: Uint8Array): boolean {
  return equalBytes(signature, cheapSignature(signed, publicKey))
}
