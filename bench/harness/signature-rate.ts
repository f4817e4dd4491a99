/**
 * How many author signatures a second this machine verifies, one thread, each for the first time: an upper limit
 * of any fetch that checks one a page.
 */

import { hash } from 'node:crypto'
import { loadCrypto } from '../../src/base/crypto.ts'

/** Enough that no cache of points or branches carries over from one round of them to the next. */
const SIGNATURES = 256
const MEASURE_MS = 400

/** Which implementation verifies on this machine. */
export function availableVerification(): string {
  return loadCrypto().name
}

/** Verifications a second of the implementation that Sheaf itself uses here. */
export function measureSignatureRate(): number {
  const crypto = loadCrypto()
  const secret = hash('sha256', 'bench signer', 'buffer')
  const publicKey = crypto.entityPublicKey(secret)
  const signed = Array.from({ length: SIGNATURES }, (_, index) => {
    const digest = hash('sha256', `bench message ${index}`, 'buffer')
    return { digest, signature: crypto.sign(digest, secret) }
  })

  let verified = 0
  const startMs = performance.now()
  while (performance.now() - startMs < MEASURE_MS) {
    const { digest, signature } = signed[verified % SIGNATURES]!
    if (!crypto.verify(signature, digest, publicKey)) throw new Error('a good signature was refused')
    verified++
  }
  return verified / ((performance.now() - startMs) / 1000)
}
