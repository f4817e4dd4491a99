/** Seeds of a private DHT: what `sheaf bootstrap` runs, and what the demo stands on. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import HyperDHT from 'hyperdht'
import { SheafError } from '../../base/errors.ts'

/** A node of a DHT turns permanent after twenty minutes, so a young network needs several that are from the start. */
const SEEDS = 3
const ANSWER_WITHIN_MS = 5_000

export interface Bootstrap {
  /** What nodes of this network are given as `--bootstrap`. */
  address: { host: string; port: number }[]
  close(): Promise<void>
}

/** Starts the seeds on `port` and, for the other two, on free ports of the same host. Throws NO_NETWORK where UDP does not work there. */
export async function runBootstrap({ host, port }: { host: string; port: number }): Promise<Bootstrap> {
  await requireUdp(host)
  const first = port === 0 ? await freeUdpPort(host) : port
  const seeds: HyperDHT[] = []
  const close = async (): Promise<void> => {
    for (const seed of seeds.reverse()) await seed.destroy({ force: true })
  }
  try {
    seeds.push(HyperDHT.bootstrapper(first, host, { host, anyPort: false }))
    await seeds[0]!.fullyBootstrapped()
    const bootstrap = [{ host, port: first }]
    while (seeds.length < SEEDS) {
      const seed = new HyperDHT({ bootstrap, host, port: 0, firewalled: false, ephemeral: false })
      seeds.push(seed)
      await seed.fullyBootstrapped()
    }
  } catch (cause) {
    await close()
    throw new SheafError('NO_NETWORK', `no DHT can be run on ${host}:${first}: ${(cause as Error).message}`, {
      cause,
    })
  }
  const address = seeds.map((seed) => ({ host, port: seed.address()!.port }))
  return { address, close }
}

/** Throws NO_NETWORK unless a datagram reaches another socket of this machine. */
export async function requireUdp(host: string): Promise<void> {
  const on = host === '0.0.0.0' ? '127.0.0.1' : host
  const receiver = createSocket('udp4')
  const sender = createSocket('udp4')
  try {
    receiver.bind(0, on)
    await once(receiver, 'listening')
    const arrived = once(receiver, 'message', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
    sender.send('?', receiver.address().port, on)
    await arrived
  } catch (cause) {
    throw new SheafError('NO_NETWORK', `a UDP packet to ${on} does not arrive`, {
      cause,
      hint: 'a firewall or a sandbox may drop UDP; Sheaf needs it',
    })
  } finally {
    receiver.close()
    sender.close()
  }
}

async function freeUdpPort(host: string): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, host)
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}
