/**
 * Which part of the keyspace a device keeps: everything whose locator shares the first
 * `depth` bits with its address. A small network lives at depth 0, where everybody keeps
 * everything that is asked of them.
 */
import { encode } from '../base/codec.ts'
import { compareBytes, domainHash } from '../base/hash.ts'
import { idKey } from '../base/id-map.ts'
import { leafHash, merkleRoot } from '../base/merkle.ts'
import type { Network } from '../base/network.ts'
import { type ShelfClaim, shelfClaim } from '../content/statement.ts'

/** Bits that a claim's prefix has at most. */
export const DEPTH_MAX = 64

/** A claim is made anew before it ends. */
export const CLAIM_LIFE_MS = 20 * 60_000
export const CLAIM_EVERY_MS = 10 * 60_000

export function addressOf(device: Uint8Array): Uint8Array {
  return domainHash('sheaf/1 address', device)
}

/** The first `depth` bits of a point, in as many bytes as they need. */
export function prefixOf(point: Uint8Array, depth: number): Uint8Array {
  // A copy: slice of a Buffer would be a view, and the point would lose its bits below.
  const prefix = Uint8Array.from(point.subarray(0, Math.ceil(depth / 8)))
  const spare = prefix.byteLength * 8 - depth
  if (spare > 0) prefix[prefix.byteLength - 1]! &= 0xff << spare
  return prefix
}

export function sharesPrefix(point: Uint8Array, prefix: Uint8Array, depth: number): boolean {
  const whole = depth >> 3
  for (let i = 0; i < whole; i++) if (point[i] !== prefix[i]) return false
  const spare = depth & 7
  return spare === 0 || ((point[whole]! ^ prefix[whole]!) & (0xff << (8 - spare)) & 0xff) === 0
}

/** How far two points are apart: the first 48 bits of their difference by XOR. */
export function distanceOf(a: Uint8Array, b: Uint8Array): number {
  let distance = 0
  for (let i = 0; i < 6; i++) distance = 256 * distance + (a[i]! ^ b[i]!)
  return distance
}

/** Things parted by the first `depth` bits of where they live, each part with the locator of its first; those of unknown place together. */
export function byPrefix<T>(
  things: Iterable<T>,
  depth: number,
  locatorOf: (thing: T) => Uint8Array | undefined,
): { locator: Uint8Array | undefined; members: T[] }[] {
  const parts = new Map<string | undefined, { locator: Uint8Array | undefined; members: T[] }>()
  for (const one of things) {
    const locator = locatorOf(one)
    const key = locator && idKey(prefixOf(locator, depth))
    const part = parts.get(key)
    if (part === undefined) parts.set(key, { locator, members: [one] })
    else part.members.push(one)
  }
  return [...parts.values()]
}

/** The Hyperswarm topic of a shard: 32 bytes. */
export function shardTopic(network: Network, depth: number, prefix: Uint8Array): Uint8Array {
  return domainHash('sheaf/1 shard', network.id, Uint8Array.of(depth), prefixOf(prefix, depth))
}

/** One root for a set of ids. */
export function rootOfIds(ids: readonly Uint8Array[]): Uint8Array {
  return merkleRoot([...ids].sort(compareBytes).map((id) => leafHash(id)))
}

export function encodeClaim(claim: ShelfClaim): Uint8Array {
  return encode(shelfClaim, claim)
}
