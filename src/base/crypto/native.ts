/**
 * ECDSA by libsecp256k1, through the optional package `secp256k1`: about 40 times as quick
 * as noble and, by the vectors in test/vectors, never of another opinion.
 *
 * The package's main file falls back to a JavaScript library in silence when its native part
 * does not load. Only its `bindings` are loaded here, so that what answers is what it says it is.
 */

import { createRequire } from 'node:module'
import { equalBytes } from '../hash.ts'
import { type Crypto, checkedDigest, checkedSecret, isSecret, isWellFormed, ORDER } from './ecdsa.ts'

/** The calls of secp256k1/bindings that are made here. All throw where a length is wrong. */
interface Bindings {
  publicKeyCreate(secret: Uint8Array, compressed: true): Uint8Array
  ecdsaSign(digest: Uint8Array, secret: Uint8Array): { signature: Uint8Array }
  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean
}

/** The first entry of test/vectors/secp256k1.json: secret 1, whose public key is the generator. */
const KNOWN = {
  secret: bytesOf('0000000000000000000000000000000000000000000000000000000000000001'),
  digest: bytesOf('a0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e'),
  publicKey: bytesOf('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'),
  signature: bytesOf(
    '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8' +
      '2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
  ),
}

/** The native implementation, or why there is none on this machine: not installed, or built for another. */
export function loadNative(): Crypto | { reason: string } {
  try {
    const require = createRequire(import.meta.url)
    const native = overBindings(require('secp256k1/bindings') as Bindings)
    return givesKnownAnswer(native) ? native : { reason: 'the native secp256k1 gives wrong answers' }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { reason: message.split('\n', 1)[0] as string }
  }
}

function overBindings(bindings: Bindings): Crypto {
  return {
    name: 'native',
    entityPublicKey: (secret) => bindings.publicKeyCreate(checkedSecret(secret), true),
    sign: (digest, secret) =>
      bindings.ecdsaSign(reduced(checkedDigest(digest)), checkedSecret(secret)).signature,
    verify(signature, digest, publicKey) {
      if (!isWellFormed(signature, digest, publicKey)) return false
      try {
        return bindings.ecdsaVerify(signature, digest, publicKey)
      } catch {
        return false
      }
    },
    validSecret: isSecret,
  }
}

/**
 * The digest as a number below n. libsecp256k1 draws its nonce from the digest as it stands where
 * RFC 6979 reduces it first; the two differ for one digest in 2^128, and one rule must hold.
 */
function reduced(digest: Uint8Array): Uint8Array {
  if (ORDER.compare(digest) > 0) return digest
  const difference = new Uint8Array(digest.length)
  let borrow = 0
  for (let i = digest.length - 1; i >= 0; i--) {
    const byte = digest[i]! - ORDER[i]! - borrow
    borrow = byte < 0 ? 1 : 0
    difference[i] = byte
  }
  return difference
}

/** One answer that is known: a build that loads and computes wrongly must not be trusted. */
function givesKnownAnswer(native: Crypto): boolean {
  const { secret, digest, publicKey, signature } = KNOWN
  return (
    equalBytes(native.entityPublicKey(secret), publicKey) &&
    equalBytes(native.sign(digest, secret), signature) &&
    native.verify(signature, digest, publicKey) &&
    !native.verify(signature, secret, publicKey)
  )
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}
