/**
 * What a machine of an entity has, as the entity publishes it: how many objects, their bytes, and one root
 * over their ids. It is the word of whoever has the entity's key. It names what it replaces, so a machine
 * has one that stands.
 */
import { checked, fixed, id32, list, struct, uint, type Value } from '../base/codec.ts'
import { PARENTS_MAX } from '../base/limits.ts'
import { refuseTwice } from './version.ts'

export const OBJECTS_HAD = 10

export const objectsHad = struct({
  /** The device's Ed25519 key. */
  device: id32,
  /** The life of its store that this is of. */
  incarnation: fixed(16),
  /** Records and loose pieces, without those of this kind: they would make each other untrue. */
  count: uint(2 ** 32),
  /** Of their blocks. */
  bytes: uint(),
  /** Merkle root over the sorted ids, as in a shelf claim. */
  root: id32,
  /** Records of this kind, of this device and signer, that this one replaces. */
  replaces: checked(list(id32, PARENTS_MAX), refuseTwice),
})
export type ObjectsHad = Value<typeof objectsHad>
