/** A DHT of its own for a test, on 127.0.0.1 only. */
import HyperDHT from 'hyperdht'
import { freePort, requireLoopback } from './ports.ts'

const HOST = '127.0.0.1'
/** With fewer, a look-up has too few nodes to be answered by when one of them is busy. */
const SEEDS_MIN = 3
/** Between finding a free port and binding it another process may take it. */
const BIND_ATTEMPTS = 5

export interface Network {
  /** Hand this to the nodes of the test as their `bootstrap`. */
  bootstrap: { host: string; port: number }[]
  /** Ends the seeds. Close the nodes first: they say good-bye to the seeds. */
  close(): Promise<void>
}

/**
 * A fresh network of `seeds` seeds. Take a new one for each test: nodes that were destroyed stay
 * in the tables of those that live, and make them slow.
 */
export async function network(seeds = SEEDS_MIN): Promise<Network> {
  await requireLoopback()
  const nodes: HyperDHT[] = []
  const bootstrap: { host: string; port: number }[] = []
  while (nodes.length < Math.max(seeds, SEEDS_MIN)) {
    const node = await startSeed([...bootstrap])
    nodes.push(node)
    bootstrap.push({ host: HOST, port: node.address()?.port ?? 0 })
  }
  return {
    bootstrap,
    async close() {
      await Promise.all(nodes.map((node) => node.destroy({ force: true })))
    },
  }
}

/** A node of a network that knows nobody but `bootstrap`, with options that suit loopback. */
export function loopbackNode(bootstrap: Network['bootstrap']): HyperDHT {
  return new HyperDHT({ bootstrap, host: HOST, firewalled: false })
}

async function startSeed(bootstrap: Network['bootstrap']): Promise<HyperDHT> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort('udp')
    const seed = HyperDHT.bootstrapper(port, HOST, { host: HOST, bootstrap })
    try {
      await seed.fullyBootstrapped()
      return seed
    } catch (error) {
      await seed.destroy({ force: true })
      if (attempt === BIND_ATTEMPTS) throw error
    }
  }
}
