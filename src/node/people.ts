/**
 * Whose device is whose, as far as certificates were shown. Several devices of one person are
 * one holder. Devices that show no certificate cost nothing to make, so all of them together are
 * one as well.
 */
import { FairMap } from '../base/fair-map.ts'
import { IdMap, type IdSet, idKey } from '../base/id-map.ts'

/** Devices remembered; the one that was met least recently is forgotten. */
const DEVICES_MAX = 4_096
/** Of one person: who certifies devices without end makes nobody else forgotten. */
const OF_PERSON_MAX = 32
/** Entities whose revocations are remembered, and devices of one of them. */
const REVOKERS_MAX = 1_024
export const REVOKED_OF_PERSON_MAX = 256
const NOBODY = ''

export class People {
  readonly #entities = new FairMap<Uint8Array>({ max: DEVICES_MAX, ofGroupMax: OF_PERSON_MAX })
  /** By entity, the devices that it revoked. */
  readonly #revoked = new IdMap<IdSet>(REVOKERS_MAX)
  /** Goes up with everything that is learned, for those who remember what they counted. */
  version = 0

  /** A certificate was shown. One for a device that its entity revoked says nothing. */
  learn(device: Uint8Array, entity: Uint8Array): void {
    if (this.isRevoked(device, entity)) return
    const known = this.#entities.get(device)
    const person = idKey(entity)
    this.#entities.set(device, entity, person)
    if (known === undefined || idKey(known) !== person) this.version += 1
  }

  /** The certificate that was shown for it counts no more. */
  forget(device: Uint8Array): void {
    if (this.#entities.get(device) === undefined) return
    this.#entities.delete(device)
    this.version += 1
  }

  /** The devices that an entity revoked, all of them; whether that changes anything. */
  setRevoked(entity: Uint8Array, devices: IdSet): boolean {
    const before = this.#revoked.get(entity)
    const isSame = before?.size === devices.size && [...devices].every((device) => before.has(device))
    if (isSame || (before === undefined && devices.size === 0)) return false
    this.#revoked.set(entity, devices)
    const person = idKey(entity)
    for (const device of devices) {
      const known = this.#entities.get(device)
      if (known !== undefined && idKey(known) === person) this.#entities.delete(device)
    }
    this.version += 1
    return true
  }

  isRevoked(device: Uint8Array, entity: Uint8Array): boolean {
    return this.#revoked.get(entity)?.has(device) === true
  }

  entityOf(device: Uint8Array): Uint8Array | undefined {
    return this.#entities.get(device)
  }

  /** The devices that showed a certificate by this entity, as far as they are remembered. */
  devicesOf(entity: Uint8Array): Uint8Array[] {
    const person = idKey(entity)
    return [...this.#entities].flatMap(([device, one]) => (idKey(one) === person ? [device] : []))
  }

  /** A key for whom a device counts as. */
  personOf(device: Uint8Array): string {
    const entity = this.#entities.get(device)
    return entity === undefined ? NOBODY : idKey(entity)
  }

  /** How many persons these devices are. */
  count(devices: Iterable<Uint8Array>): number {
    const persons = new Set<string>()
    for (const device of devices) persons.add(this.personOf(device))
    return persons.size
  }
}
