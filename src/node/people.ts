/**
 * Whose device is whose, as far as certificates were shown. Several devices of one person are
 * one holder. Devices that show no certificate cost nothing to make, so all of them together are
 * one as well.
 */
import { IdMap, idKey } from '../base/id-map.ts'

/** Devices remembered; the oldest is forgotten. */
const DEVICES_MAX = 4_096
const NOBODY = ''

export class People {
  readonly #entities = new IdMap<Uint8Array>(DEVICES_MAX)
  /** Goes up with everything that is learned, for those who remember what they counted. */
  version = 0

  learn(device: Uint8Array, entity: Uint8Array): void {
    const known = this.#entities.get(device)
    if (known !== undefined && idKey(known) === idKey(entity)) return
    this.#entities.set(device, entity)
    this.version += 1
  }

  entityOf(device: Uint8Array): Uint8Array | undefined {
    return this.#entities.get(device)
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
