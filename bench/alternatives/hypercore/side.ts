/**
 * Hypercore as the store and the protocol: A appends a block a page, B replicates the core into its own corestore
 * and asks for blocks by number. Blocks are hash-checked through the core's Merkle tree, whose one signature
 * covers all; there is no signature of an author on a page, and no sync.
 */

import { join } from 'node:path'
import type Connection from '@hyperswarm/secret-stream'
import Corestore from 'corestore'
import type Hypercore from 'hypercore'
import { inFlight } from '../../harness/in-flight.ts'
import { connectTo, createSwarm, ignoreErrors, publicKeyHex } from '../../harness/network.ts'
import {
  CONCURRENCIES,
  type Fetcher,
  type Publisher,
  type Side,
  type SideOptions,
} from '../../harness/side.ts'

/** Appended at a time in the batch mode: a round figure past which larger batches gain nothing. */
const BATCH_PAGES = 100

export const side: Side = {
  name: 'hypercore',
  about: 'hyperswarm + corestore: a block a page, replicated by block number',
  concurrencies: CONCURRENCIES,
  importModes: ['batch', 'single'],
  durability: { import: 'written', single: 'written' },
  missing: () => undefined,
  startPublisher,
  startFetcher,
}

async function startPublisher({ homeDir, bootstrap }: SideOptions): Promise<Publisher> {
  const store = new Corestore(join(homeDir, 'cores'))
  const core = store.get({ name: 'pages' })
  await core.ready()
  const swarm = createSwarm(bootstrap)
  swarm.on('connection', (connection) => {
    ignoreErrors(connection)
    store.replicate(connection)
  })

  /** Appends and gives the block number of the last one. */
  async function append(blocks: Buffer[]): Promise<number> {
    return (await core.append(blocks)).length - 1
  }

  return {
    async importPages(pages, mode) {
      const blocks = pages.map((page) => Buffer.from(page.markdown, 'utf8'))
      const atOnce = mode === 'batch' ? BATCH_PAGES : 1
      const ids: string[] = []
      for (let from = 0; from < blocks.length; from += atOnce) {
        const some = blocks.slice(from, from + atOnce)
        const last = await append(some)
        some.forEach((_, at) => {
          ids.push(String(last - some.length + 1 + at))
        })
      }
      return ids
    },
    async publish(page) {
      return String(await append([Buffer.from(page.markdown, 'utf8')]))
    },
    async serve() {
      await swarm.listen()
      return { publicKey: publicKeyHex(swarm), core: Buffer.from(core.key!).toString('hex') }
    },
    trafficBytes: () => swarm.dht.udx.bytesTransmitted + swarm.dht.udx.bytesReceived,
    async close() {
      await swarm.destroy({ force: true })
      await store.close()
    },
  }
}

async function startFetcher({ homeDir, bootstrap }: SideOptions): Promise<Fetcher> {
  const store = new Corestore(join(homeDir, 'cores'))
  const swarm = createSwarm(bootstrap)
  let connection: Connection | undefined
  let core: Hypercore | undefined
  let replicated: Promise<Hypercore> | undefined

  async function replicate(): Promise<Hypercore> {
    if (connection === undefined || core === undefined) throw new Error('connect comes first')
    store.replicate(connection)
    await core.update({ wait: true })
    return core
  }

  async function ask(id: string): Promise<Uint8Array> {
    replicated ??= replicate()
    const block = await (await replicated).get(Number(id))
    if (block === null) throw new Error(`block ${id} is missing`)
    return block
  }

  return {
    async connect(address) {
      core = store.get({ key: Buffer.from(String(address.core), 'hex') })
      await core.ready()
      connection = await connectTo(swarm, String(address.publicKey))
    },
    async fetch(ids, concurrency) {
      let verified = 0
      let receivedBytes = 0
      await inFlight(ids, concurrency, async (id) => {
        const block = await ask(id)
        verified++ // a block that does not match the core's tree never gets here
        receivedBytes += block.length
      })
      return { verified, decompressed: 0, receivedBytes }
    },
    async query(id) {
      return toText(await ask(id))
    },
    async read(id) {
      const block = await core?.get(Number(id), { wait: false })
      return block ? toText(block) : undefined
    },
    async close() {
      await swarm.destroy({ force: true })
      await store.close()
    },
  }
}

function toText(block: Uint8Array): string {
  return Buffer.from(block.buffer, block.byteOffset, block.length).toString('utf8')
}
