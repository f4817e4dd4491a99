/** The private network of a bench: the seeds of a DHT on loopback, and swarms that know no other. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type Connection from '@hyperswarm/secret-stream'
import HyperDHT from 'hyperdht'
import Hyperswarm from 'hyperswarm'
import type { SideOptions } from './side.ts'

const HOST = '127.0.0.1'
/** A node turns persistent after 20 minutes only, so a young network needs seeds that answer from the start. */
const SEEDS = 3
/** Connecting takes milliseconds on loopback; this ends a run that would otherwise hang. */
const CONNECT_TIMEOUT_MS = 20_000

export interface PrivateNetwork {
  readonly bootstrap: SideOptions['bootstrap']
  close(): Promise<void>
}

/** Starts the seeds in this process, which is idle while sides are measured. */
export async function startNetwork(): Promise<PrivateNetwork> {
  const port = await freePort()
  const bootstrap = [{ host: HOST, port }]
  const seeds = [HyperDHT.bootstrapper(port, HOST, { host: HOST })]
  await seeds[0]!.fullyBootstrapped()
  while (seeds.length < SEEDS) {
    const seed = new HyperDHT({ bootstrap, host: HOST, port: 0, firewalled: false, ephemeral: false })
    await seed.fullyBootstrapped()
    seeds.push(seed)
  }
  return {
    bootstrap,
    async close() {
      for (const seed of seeds.reverse()) await seed.destroy({ force: true })
    },
  }
}

/** A swarm on its own DHT node on loopback. `firewalled: false` spares the holepunching round trips. */
export function createSwarm(bootstrap: SideOptions['bootstrap']): Hyperswarm {
  return new Hyperswarm({ dht: new HyperDHT({ bootstrap, host: HOST, port: 0, firewalled: false }) })
}

/** The name that `connectTo` knows a swarm by. */
export function publicKeyHex(swarm: Hyperswarm): string {
  return Buffer.from(swarm.keyPair.publicKey).toString('hex')
}

/** Connects to one known peer and resolves with the encrypted connection. */
export async function connectTo(swarm: Hyperswarm, publicKey: string): Promise<Connection> {
  let timer: NodeJS.Timeout | undefined
  const connected = new Promise<Connection>((resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no connection to the publisher in time')), CONNECT_TIMEOUT_MS)
    swarm.on('connection', (connection) => {
      ignoreErrors(connection)
      resolve(connection)
    })
  })
  swarm.joinPeer(Buffer.from(publicKey, 'hex'))
  return connected.finally(() => clearTimeout(timer))
}

/** A closing peer resets its connections; requests in flight report that, so the event itself is not needed. */
export function ignoreErrors(connection: Connection): void {
  connection.on('error', () => undefined)
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, HOST)
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}
