/** Seeds of a private DHT: what `sheaf bootstrap` runs, what the demo stands on, and what an inviting node runs inside. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import HyperDHT from 'hyperdht'
import { SheafError } from '../../base/errors.ts'

/** A node of a DHT turns permanent after twenty minutes, so a young network needs several that are from the start. */
export const SEEDS = 3
const ANSWER_WITHIN_MS = 5_000

export interface Bootstrap {
  /** What nodes of this network are given as `--bootstrap`. */
  address: { host: string; port: number }[]
  close(): Promise<void>
}

/** Starts the seeds on `port` and, for the other two, on free ports of the same host. Throws NO_NETWORK where UDP does not work there. */
export function runBootstrap({ host, port }: { host: string; port: number }): Promise<Bootstrap> {
  return runSeeds(host, [port, ...new Array<number>(SEEDS - 1).fill(0)])
}

/** Starts a seed on each of these ports; 0 takes any that is free. Throws NO_NETWORK where UDP does not work there, or one is taken. */
export async function runSeeds(host: string, ports: readonly number[]): Promise<Bootstrap> {
  await requireUdp(host)
  const [given = 0, ...others] = ports
  const first = given === 0 ? await freeUdpPort(host) : given
  const seeds: HyperDHT[] = []
  const close = async (): Promise<void> => {
    // One that never opened fails to close with what it failed to open with, which is told already.
    for (const seed of seeds.reverse()) await seed.destroy({ force: true }).catch(() => undefined)
  }
  try {
    seeds.push(HyperDHT.bootstrapper(first, host, { host, anyPort: false }))
    await seeds[0]!.fullyBootstrapped()
    const bootstrap = [{ host, port: first }]
    for (const port of others) {
      const seed = new HyperDHT({
        bootstrap,
        host,
        port,
        anyPort: port === 0,
        firewalled: false,
        ephemeral: false,
      })
      seeds.push(seed)
      await seed.fullyBootstrapped()
    }
  } catch (cause) {
    await close()
    throw new SheafError(
      'NO_NETWORK',
      `no DHT can be run on ${host}, ports ${[first, ...others].join(', ')}: ${(cause as Error).message}`,
      { cause, hint: 'another program may have one of these ports' },
    )
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

/** Whether this address reaches no other machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** Ports that are free now, each another. */
export async function freeUdpPorts(host: string, count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await freeUdpPort(host))
  return [...ports]
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
