/** Whom to ask: the connected peers in the order of their standing, and who keeps a thing before the others. */
import { idKey } from '../base/id-map.ts'
import type { Connection, Node } from './node.ts'

/** The open connections in the order in which to ask them. */
export function orderedPeers(node: Node): Connection[] {
  const all = node.connections()
  if (all.length < 2) return all
  const byDevice = new Map(all.map((one) => [idKey(one.device), one]))
  const devices = [...byDevice.values()].map(({ device }) => device)
  return node.env.standing
    .order(devices, node.env.random, node.env.nowMs())
    .map((device) => byDevice.get(idKey(device))!)
}

/**
 * As `orderedPeers`, and those that keep what lies at a locator go before the others: the nearest to it first,
 * as its publisher went, so that both meet at the same few where a shard has many.
 */
export function keepersFirst(node: Node, locator: Uint8Array | undefined): Connection[] {
  const all = orderedPeers(node)
  if (locator === undefined) return all
  const [keepers, others] = parted(all, (peer) => node.reach.covers(peer, locator))
  return [...nearestFirst(node, keepers, [locator]), ...others]
}

/**
 * The peers by how near their addresses are to one of these places; whoever did more harm than good stays last.
 * Addresses can be made to lie near: so each third is taken in the order given, which whoever chose an address
 * does not choose.
 */
export function nearestFirst(
  node: Node,
  peers: readonly Connection[],
  places: readonly Uint8Array[],
): Connection[] {
  if (peers.length < 2 || places.length === 0) return [...peers]
  const nowMs = node.env.nowMs()
  const [good, bad] = parted(peers, ({ device }) => node.env.standing.explain(device, nowMs).score >= 0)
  const near = good
    .map((peer) => ({ peer, distance: Math.min(...places.map((place) => node.reach.distance(peer, place))) }))
    .sort((a, b) => a.distance - b.distance)
    .map(({ peer }) => peer)
  return [...withEachThird(near, good), ...bad]
}

/** Two of the first list, one of the second, and so on: each once. */
function withEachThird<T>(first: readonly T[], second: readonly T[]): T[] {
  const taken = new Set<T>()
  while (taken.size < first.length) {
    const list = taken.size % 3 === 2 ? second : first
    taken.add(list.find((one) => !taken.has(one))!)
  }
  return [...taken]
}

/** What lies nobody knows where may be anybody's. */
export function isKeeper(node: Node, peer: Connection, locator: Uint8Array | undefined): boolean {
  return locator === undefined || node.reach.covers(peer, locator)
}

/** Those that are, and those that are not, in their order. */
export function parted<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  const first: T[] = []
  const second: T[] = []
  for (const one of all) (isFirst(one) ? first : second).push(one)
  return [first, second]
}
