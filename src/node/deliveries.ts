/**
 * Room for what publishers were told to deliver: it waits in memory until a batch is whole. Whoever
 * asks gets at most half of what all others leave, the devices of one public network together, so
 * that who asks for much and delivers nothing always leaves room for others.
 */
import type { Caller } from './caller.ts'

/** For all together. */
export const DELIVERIES_BYTES_MAX = 64 * 1024 * 1024

export class Deliveries {
  readonly #byGroup = new Map<string, number>()
  #bytes = 0

  /** Bytes that are reserved. */
  get bytes(): number {
    return this.#bytes
  }

  /** Bytes that this caller may still reserve. */
  roomFor(caller: Caller): number {
    const own = this.#byGroup.get(groupOf(caller)) ?? 0
    return Math.floor((DELIVERIES_BYTES_MAX - (this.#bytes - own)) / 2) - own
  }

  /** Reserves so many bytes; what lets them go. */
  reserve(caller: Caller, bytes: number): () => void {
    const group = groupOf(caller)
    this.#add(group, bytes)
    return () => {
      this.#add(group, -bytes)
    }
  }

  #add(group: string, bytes: number): void {
    const own = (this.#byGroup.get(group) ?? 0) + bytes
    this.#bytes += bytes
    if (own > 0) this.#byGroup.set(group, own)
    else this.#byGroup.delete(group)
  }
}

/** The widest network; the device alone where many honest ones may share that. */
function groupOf({ device, networks, isLocal }: Caller): string {
  return isLocal ? device : (networks.at(-1) ?? device)
}
