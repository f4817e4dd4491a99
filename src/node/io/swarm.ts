/** Meeting peers: Hyperswarm on a HyperDHT that we make ourselves, so that host, port and bootstrap are what was asked for. */
import type NoiseSecretStream from '@hyperswarm/secret-stream'
import HyperDHT from 'hyperdht'
import Hyperswarm, { type Discovery } from 'hyperswarm'
import { IdSet, idKey } from '../../base/id-map.ts'
import type { Reachability } from '../commands.ts'
import { Trials } from './trials.ts'

export interface SwarmOptions {
  keyPair: { publicKey: Uint8Array; secretKey: Uint8Array }
  /** Where to begin; empty for the public nodes. */
  bootstrap: readonly { host: string; port: number }[]
  host: string
  /** 0 for any. */
  port: number
  /** False on loopback and on open machines: halves the time to connect. */
  firewalled: boolean
  connectionsMax: number
  /** Whether to have nothing to do with a device: it is neither dialled nor let in. */
  refuses?: (device: Uint8Array) => boolean
}

export interface Swarm {
  onConnection(take: (stream: NoiseSecretStream) => void): void
  join(topic: Uint8Array): void
  /** Looks a topic up as a guest, or a joined one once more; resolves when that is over and whom it found are connected or given up. */
  visit(topic: Uint8Array): Promise<void>
  /** Ends a visit; connections that stand stay. */
  leave(topic: Uint8Array): void
  /** Forgets whom it refused: Hyperswarm bans them for good, and rules change. */
  forgive(): void
  /** Tries to reach a device for a while, unless too many are tried already. */
  connect(device: Uint8Array): void
  /** The bound UDP socket, once it is. */
  address(): { host: string; port: number } | undefined
  /** How the DHT sees us; undefined before it has answered. */
  reachability(): Reachability | undefined
  /** Bytes on the wire since the start, the DHT's among them. */
  traffic(): { sentBytes: number; receivedBytes: number }
  close(): Promise<void>
}

/** Peers that join at the same instant miss each other, and Hyperswarm looks again only after ten minutes. */
const LOOK_AGAIN_MS = [500, 2_000, 8_000, 30_000]

/** And then this often, while there are few of them. */
const LOOK_AGAIN_EVERY_MS = 30_000
const FEW_CONNECTIONS = 4
/** Devices whose ban is lifted once they are no longer refused; others have to wait for a restart. */
const REFUSED_MAX = 20_000

export function openSwarm(options: SwarmOptions): Swarm {
  const { keyPair, bootstrap, host, port, firewalled, connectionsMax } = options
  const dht = new HyperDHT({
    ...(bootstrap.length > 0 ? { bootstrap } : {}),
    host,
    port,
    firewalled,
    keyPair,
  })
  const refuses = options.refuses ?? (() => false)
  const refused = new IdSet([], REFUSED_MAX)
  const firewall = (device: Uint8Array): boolean => {
    const isRefused = refuses(device)
    if (isRefused) refused.add(device)
    return isRefused
  }
  const swarm = new Hyperswarm({ dht, keyPair, maxPeers: connectionsMax, firewall })
  const trials = new Trials(swarm)
  const timers = new Set<NodeJS.Timeout>()
  const joined = new Map<string, Discovery>()
  const visited = new Map<string, Discovery>()
  let isClosing = false

  const later = (ms: number, work: () => Promise<unknown>): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      // A look-up that fails while the network goes away is not news; the next one tells.
      if (!isClosing) work().catch(() => undefined)
    }, ms)
    timers.add(timer)
  }

  return {
    onConnection(take) {
      swarm.on('connection', (stream) => {
        stream.on('error', () => stream.destroy())
        trials.end(stream.remotePublicKey)
        // maxPeers limits only what we dial; what others dial is capped here.
        if (isClosing || swarm.connections.size > connectionsMax) stream.destroy()
        else take(stream)
      })
    },
    join(topic) {
      const discovery = swarm.join(topic, { server: true, client: true })
      joined.set(idKey(topic), discovery)
      for (const ms of LOOK_AGAIN_MS) later(ms, () => discovery.refresh())
      const whileFew = async (): Promise<void> => {
        later(LOOK_AGAIN_EVERY_MS, whileFew)
        if (swarm.connections.size < FEW_CONNECTIONS) await discovery.refresh()
      }
      later(LOOK_AGAIN_EVERY_MS, whileFew)
    },
    async visit(topic) {
      const key = idKey(topic)
      const known = joined.get(key) ?? visited.get(key)
      if (known !== undefined) await known.refresh()
      else {
        const discovery = swarm.join(topic, { server: false, client: true })
        visited.set(key, discovery)
        await discovery.flushed()
      }
      if (!isClosing) await swarm.flush()
    },
    leave(topic) {
      const key = idKey(topic)
      const discovery = visited.get(key)
      visited.delete(key)
      // Only the look-up ends here; one that fails while the network goes away is not news.
      discovery?.destroy().catch(() => undefined)
    },
    forgive() {
      for (const device of [...refused]) {
        if (refuses(device)) continue
        refused.delete(device)
        swarm.peers.get(Buffer.from(device).toString('hex'))?.ban(false)
      }
    },
    connect: (device) => void (refuses(device) || trials.begin(device)),
    traffic: () => ({ sentBytes: dht.udx.bytesTransmitted, receivedBytes: dht.udx.bytesReceived }),
    address() {
      const bound = dht.address()
      return bound === null ? undefined : { host: bound.host, port: bound.port }
    },
    reachability() {
      if (!dht.bootstrapped || !dht.online) return undefined
      const { host: seenHost, port: seenPort, firewalled: isFirewalled, randomized: isRandomized } = dht
      return { host: seenHost, port: seenPort, isFirewalled, isRandomized }
    },
    async close() {
      isClosing = true
      for (const timer of timers) clearTimeout(timer)
      trials.close()
      await swarm.destroy()
      await dht.destroy({ force: true })
    },
  }
}
