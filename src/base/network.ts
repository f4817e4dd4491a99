/**
 * A network is a name and its parameters. Its id stands in every signature's
 * namespace, so nothing that is signed for one network verifies on another.
 */
import { domainHash } from './hash.ts'

/** What a network may be called: what every shell, file name and terminal takes as it stands. */
export const NETWORK_NAME = /^[A-Za-z0-9._-]{1,64}$/
/** Weeks of work for one certificate: more is a slip. */
export const PUZZLE_BITS_MAX = 40

export interface Network {
  readonly name: string
  readonly id: Uint8Array
  /** Leading zero bits that a device certificate's puzzle must show: 20 takes about a second. */
  readonly puzzleBits: number
}

export function networkOf(name: string, puzzleBits: number): Network {
  return { name, puzzleBits, id: domainHash('sheaf/1 network', Buffer.from(name)) }
}

/** What stands before the signed bytes of a record of `kind`: format, network and kind in 32 bytes. */
export function namespaceOf(network: Network, kind: number): Uint8Array {
  const known = namespaces.get(network) ?? []
  const namespace = known[kind] ?? domainHash('sheaf/1 record', network.id, Uint8Array.of(kind))
  known[kind] = namespace
  namespaces.set(network, known)
  return namespace
}

const namespaces = new WeakMap<Network, Uint8Array[]>()
