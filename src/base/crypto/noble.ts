/**
 * ECDSA by @noble/secp256k1: the reference that the native implementation is held to, and
 * the one that answers where no native build runs.
 */

import { getPublicKey, hashes, sign, verify } from '@noble/secp256k1'
import { hmacSha256, sha256 } from '../hash.ts'
import { type Crypto, checkedDigest, checkedSecret, isSecret, isWellFormed } from './ecdsa.ts'

/** noble ships no synchronous hashes; RFC 6979 needs them. */
hashes.sha256 = sha256
hashes.hmacSha256 = hmacSha256

/** What comes in is the digest: noble would otherwise hash it again. */
const OPTIONS = { prehash: false, lowS: true, format: 'compact' } as const

export const nobleCrypto: Crypto = {
  name: 'noble',
  entityPublicKey: (secret) => getPublicKey(checkedSecret(secret), true),
  sign: (digest, secret) => sign(checkedDigest(digest), checkedSecret(secret), OPTIONS),
  verify(signature, digest, publicKey) {
    if (!isWellFormed(signature, digest, publicKey)) return false
    try {
      return verify(signature, digest, publicKey, OPTIONS)
    } catch {
      return false
    }
  },
  validSecret: isSecret,
}
