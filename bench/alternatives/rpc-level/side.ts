/**
 * The reference: Hyperswarm, protomux-rpc and level. A page is its markdown, uncompressed, under its SHA-256; the
 * fetcher asks for one id a request, checks the hash and puts the page into its own level. Nothing is signed,
 * nothing is synced and nobody has to earn anything.
 */

import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type Connection from '@hyperswarm/secret-stream'
import { raw } from 'compact-encoding'
import { Level } from 'level'
import { inFlight } from '../../harness/in-flight.ts'
import { connectTo, createSwarm, ignoreErrors, publicKeyHex } from '../../harness/network.ts'
import {
  CONCURRENCIES,
  type Fetcher,
  type Page,
  type Publisher,
  type Side,
  type SideOptions,
} from '../../harness/side.ts'

const PACKAGES = new URL('../node_modules/protomux-rpc', import.meta.url)
const PROTOCOL = 'bench/rpc-level'
const METHOD = 'page'

interface Rpc {
  respond(method: string, handler: (id: Buffer) => Promise<Buffer>): void
  request(method: string, id: Buffer): Promise<Buffer>
}

type RpcConstructor = new (
  connection: Connection,
  options: { protocol: string; valueEncoding: object },
) => Rpc

export const side: Side = {
  name: 'rpc-level',
  about: 'hyperswarm + protomux-rpc + level: unsigned, unsynced, hash only',
  concurrencies: CONCURRENCIES,
  importModes: ['batch', 'single'],
  durability: { import: 'written', single: 'synced' },
  missing: () =>
    existsSync(PACKAGES) ? undefined : 'protomux-rpc is missing: run npm ci in bench/alternatives',
  startPublisher,
  startFetcher,
}

async function startPublisher({ homeDir, bootstrap }: SideOptions): Promise<Publisher> {
  const openRpc = loadRpc()
  const pages = await openPages(homeDir)
  const swarm = createSwarm(bootstrap)
  swarm.on('connection', (connection) => {
    ignoreErrors(connection)
    openRpc(connection).respond(METHOD, async (id) => {
      const body = await pages.get(id)
      if (body === undefined) throw new Error('unknown page')
      return body
    })
  })

  return {
    async importPages(all, mode) {
      const entries = all.map(toEntry)
      if (mode === 'batch') await pages.batch(entries)
      else for (const { key, value } of entries) await pages.put(key, value)
      return entries.map(({ key }) => key.toString('hex'))
    },
    async publish(page) {
      const { key, value } = toEntry(page)
      await pages.put(key, value, { sync: true })
      return key.toString('hex')
    },
    async serve() {
      await swarm.listen()
      return { publicKey: publicKeyHex(swarm) }
    },
    async close() {
      await swarm.destroy({ force: true })
      await pages.close()
    },
  }
}

async function startFetcher({ homeDir, bootstrap }: SideOptions): Promise<Fetcher> {
  const openRpc = loadRpc()
  const pages = await openPages(homeDir)
  const swarm = createSwarm(bootstrap)
  let connection: Connection | undefined
  let rpc: Rpc | undefined

  async function ask(id: Buffer): Promise<Buffer> {
    if (connection === undefined) throw new Error('connect comes first')
    rpc ??= openRpc(connection)
    const body = await rpc.request(METHOD, id)
    if (!hash('sha256', body, 'buffer').equals(id)) throw new Error('a page does not match its id')
    return body
  }

  return {
    async connect(address) {
      connection = await connectTo(swarm, String(address.publicKey))
    },
    async fetch(ids, concurrency) {
      let verified = 0
      let receivedBytes = 0
      await inFlight(ids, concurrency, async (idHex) => {
        const id = Buffer.from(idHex, 'hex')
        const body = await ask(id)
        verified++
        receivedBytes += body.length
        await pages.put(id, body)
      })
      return { verified, decompressed: 0, receivedBytes }
    },
    async query(idHex) {
      return (await ask(Buffer.from(idHex, 'hex'))).toString('utf8')
    },
    async read(idHex) {
      return (await pages.get(Buffer.from(idHex, 'hex')))?.toString('utf8')
    },
    async close() {
      await swarm.destroy({ force: true })
      await pages.close()
    },
  }
}

async function openPages(homeDir: string): Promise<Level<Buffer, Buffer>> {
  const pages = new Level<Buffer, Buffer>(join(homeDir, 'pages'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  await pages.open()
  return pages
}

/** Loads the package before any clock runs; gives the opener of the channel on a connection. */
function loadRpc(): (connection: Connection) => Rpc {
  const ProtomuxRpc = createRequire(PACKAGES)('protomux-rpc') as RpcConstructor
  return (connection) => new ProtomuxRpc(connection, { protocol: PROTOCOL, valueEncoding: raw })
}

function toEntry(page: Page) {
  const value = Buffer.from(page.markdown, 'utf8')
  return { type: 'put' as const, key: hash('sha256', value, 'buffer'), value }
}
