/**
 * A revocation: an entity says that a machine is its own no more. No certificate that the entity made
 * for that device counts from then on. It counts as any record does, while the key that it was signed
 * under is current or its entity stands by it: so what a thief of that key revoked is undone by the key
 * that comes after, which a thief does not have.
 */
import { id32, struct, type Value } from '../base/codec.ts'

export const DEVICE_REVOCATION = 6

export const deviceRevocation = struct({
  /** The device's Ed25519 key. */
  device: id32,
})
export type DeviceRevocation = Value<typeof deviceRevocation>
