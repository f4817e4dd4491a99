/**
 * Which cryptography a process runs with.
 *
 *     entities   ECDSA over secp256k1   crypto/ecdsa.ts, answered by crypto/native.ts or crypto/noble.ts
 *     devices    Ed25519                crypto/ed25519.ts, answered by sodium
 *     memory of what was checked        crypto/verified-signatures.ts
 */

import type { Crypto } from './crypto/ecdsa.ts'
import { loadNative } from './crypto/native.ts'
import { nobleCrypto } from './crypto/noble.ts'

export {
  type Crypto,
  DIGEST_BYTES,
  ENTITY_KEY_BYTES,
  SECRET_BYTES,
  SIGNATURE_BYTES,
} from './crypto/ecdsa.ts'
export {
  DEVICE_KEY_BYTES,
  DEVICE_SECRET_BYTES,
  DEVICE_SEED_BYTES,
  DEVICE_SIGNATURE_BYTES,
  type DeviceKeyPair,
  deviceKeyPair,
  deviceSign,
  deviceVerify,
} from './crypto/ed25519.ts'
export { VERIFIED_SIGNATURES_MAX, VerifiedSignatures } from './crypto/verified-signatures.ts'

/** Native is loaded at most once a process; a build that failed does not begin to work. */
let native: ReturnType<typeof loadNative> | undefined

/**
 * The implementation that answers for entities: the native one where it runs, unless noble is
 * preferred. `name` tells which it became; `nativeAbsence` tells why it is not native.
 */
export function loadCrypto(prefer: Crypto['name'] = 'native'): Crypto {
  if (prefer === 'noble') return nobleCrypto
  native ??= loadNative()
  return 'reason' in native ? nobleCrypto : native
}

/** Why there is no native implementation here, in one line; undefined where there is one. */
export function nativeAbsence(): string | undefined {
  native ??= loadNative()
  return 'reason' in native ? native.reason : undefined
}
