/**
 * The seam for signatures of entities: ECDSA over secp256k1, the same for every
 * implementation to the last byte.
 *
 * Signatures are compact (r | s, big-endian), made by RFC 6979 and always of low S; keys are
 * compressed points. A signature that is valid here is valid everywhere, and nobody but the
 * signer can turn it into another one.
 */

import { SheafError } from '../errors.ts'

/** r and s, 32 bytes each. */
export const SIGNATURE_BYTES = 64
export const DIGEST_BYTES = 32
export const SECRET_BYTES = 32
/** 0x02 or 0x03 for the sign of y, then x. */
export const ENTITY_KEY_BYTES = 33

/** The order n of the group (SEC 2, section 2.4.1): a secret is a number from 1 to n - 1. */
export const ORDER: Buffer = Buffer.from(
  'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141',
  'hex',
)

export interface Crypto {
  /** Which implementation answers. Both give the same answers; native is about 40 times as fast. */
  readonly name: 'native' | 'noble'

  /** The public key (33 bytes) of a secret (32 bytes). Throws BAD_KEY for a secret out of range. */
  entityPublicKey(secret: Uint8Array): Uint8Array

  /**
   * The signature (64 bytes) of a digest (32 bytes) under a secret: RFC 6979, low S, so the same each time.
   * Throws BAD_KEY for a secret out of range, BAD_ARGUMENT for a digest of another length.
   */
  sign(digest: Uint8Array, secret: Uint8Array): Uint8Array

  /**
   * Whether the signature holds for the digest and the key. Strict: exact lengths, compressed points
   * on the curve, r and s from 1 to n - 1, s in the lower half. Never throws, whatever the bytes.
   */
  verify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean

  /** Whether the bytes are a secret: 32 bytes, a number from 1 to n - 1. */
  validSecret(secret: Uint8Array): boolean
}

/** Whether the bytes are a secret: 32 bytes, a number from 1 to n - 1. */
export function isSecret(bytes: Uint8Array): boolean {
  if (!(bytes instanceof Uint8Array) || bytes.length !== SECRET_BYTES) return false
  return ORDER.compare(bytes) > 0 && bytes.some((byte) => byte !== 0)
}

/** What can be told of the three from outside: types, lengths, and that the key is a compressed point. */
export function isWellFormed(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
  return (
    signature instanceof Uint8Array &&
    digest instanceof Uint8Array &&
    publicKey instanceof Uint8Array &&
    signature.length === SIGNATURE_BYTES &&
    digest.length === DIGEST_BYTES &&
    publicKey.length === ENTITY_KEY_BYTES &&
    (publicKey[0] === 2 || publicKey[0] === 3)
  )
}

/** The secret itself. Throws BAD_KEY where it is none. */
export function checkedSecret(secret: Uint8Array): Uint8Array {
  if (!isSecret(secret)) {
    throw new SheafError(
      'BAD_KEY',
      'a secret key is 32 bytes and a number from 1 to the order of the curve less 1',
    )
  }
  return secret
}

/** The digest itself. Throws BAD_ARGUMENT where it is not 32 bytes. */
export function checkedDigest(digest: Uint8Array): Uint8Array {
  if (!(digest instanceof Uint8Array) || digest.length !== DIGEST_BYTES) {
    throw new SheafError('BAD_ARGUMENT', `a digest to sign is ${DIGEST_BYTES} bytes`)
  }
  return digest
}
