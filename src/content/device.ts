/**
 * A device certificate: an entity says that a machine is its own. The small puzzle makes
 * a crowd of invented devices cost something; its difficulty is a parameter of the network.
 */
import { fixed, id32, struct, type Value } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { puzzleBits } from '../base/keys.ts'
import type { Network } from '../base/network.ts'

export const DEVICE_CERTIFICATE = 2

export const deviceCertificate = struct({
  /** The device's Ed25519 key: the one it meets others with. */
  device: id32,
  /** Answer to the puzzle, 8 bytes little-endian. */
  puzzle: fixed(8),
})
export type DeviceCertificate = Value<typeof deviceCertificate>

/** Throws BAD_PUZZLE where the certificate shows less work than the network asks. */
export function checkPuzzle(certificate: DeviceCertificate, network: Network): void {
  const shown = puzzleBits(certificate.device, Buffer.from(certificate.puzzle).readBigUInt64LE())
  if (shown < network.puzzleBits) {
    throw new SheafError(
      'BAD_PUZZLE',
      `a puzzle of ${shown} bits where the network asks for ${network.puzzleBits}`,
    )
  }
}
