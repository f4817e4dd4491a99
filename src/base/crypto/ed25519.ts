/**
 * Signatures of devices: Ed25519 by sodium (RFC 8032, without a prehash).
 *
 * sodium checks strictly where the RFC leaves room: it refuses S at or above the group's order, keys
 * and R of small order, and keys that are not the one encoding of their point. So nobody turns a
 * signature into a second one, and no key signs every message. Its equation is the one without the
 * cofactor: a key of mixed order, which only its own holder can make, signs one message in eight.
 * test/vectors/ed25519.json holds it to that.
 */

import sodium from 'sodium-universal'
import { SheafError } from '../errors.ts'

export const DEVICE_SEED_BYTES = 32
export const DEVICE_KEY_BYTES = 32
/** The seed, then the public key: sodium's layout, which Noise takes too. */
export const DEVICE_SECRET_BYTES = 64
export const DEVICE_SIGNATURE_BYTES = 64

export interface DeviceKeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/** The key pair of a seed (32 bytes of chance): the same each time. Throws BAD_KEY for another length. */
export function deviceKeyPair(seed: Uint8Array): DeviceKeyPair {
  if (!hasLength(seed, DEVICE_SEED_BYTES)) {
    throw new SheafError('BAD_KEY', `a device key is made from ${DEVICE_SEED_BYTES} bytes of chance`)
  }
  const publicKey = new Uint8Array(DEVICE_KEY_BYTES)
  const secretKey = new Uint8Array(DEVICE_SECRET_BYTES)
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed)
  return { publicKey, secretKey }
}

/** The signature (64 bytes) of a message of any length. Throws BAD_KEY for a secret that is not 64 bytes. */
export function deviceSign(message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  if (!hasLength(secretKey, DEVICE_SECRET_BYTES)) {
    throw new SheafError('BAD_KEY', `the secret key of a device is ${DEVICE_SECRET_BYTES} bytes`)
  }
  const signature = new Uint8Array(DEVICE_SIGNATURE_BYTES)
  sodium.crypto_sign_detached(signature, message, secretKey)
  return signature
}

/** Whether the signature holds for the message and the key. Never throws, whatever the bytes. */
export function deviceVerify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  return (
    hasLength(signature, DEVICE_SIGNATURE_BYTES) &&
    hasLength(publicKey, DEVICE_KEY_BYTES) &&
    message instanceof Uint8Array &&
    sodium.crypto_sign_verify_detached(signature, message, publicKey)
  )
}

/** sodium itself takes a signature with bytes behind it. */
function hasLength(bytes: Uint8Array, length: number): boolean {
  return bytes instanceof Uint8Array && bytes.length === length
}
