/** Whom to ask: the connected peers in the order of their standing, and who keeps a thing before the others. */
import { idKey } from '../base/id-map.ts'
import type { Connection, Node } from './node.ts'

/** The open connections in the order in which to ask them. */
export function orderedPeers(node: Node): Connection[] {
  const byDevice = new Map(node.connections().map((one) => [idKey(one.device), one]))
  const devices = [...byDevice.values()].map(({ device }) => device)
  return node.env.standing
    .order(devices, node.env.random, node.env.nowMs())
    .map((device) => byDevice.get(idKey(device))!)
}

/** As `orderedPeers`, and those that keep what lies at a locator go before the others. */
export function keepersFirst(node: Node, locator: Uint8Array | undefined): Connection[] {
  return parted(orderedPeers(node), (peer) => isKeeper(node, peer, locator)).flat()
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
