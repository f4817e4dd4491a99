/** Sheaf as a side of the benches: the same node that the daemon runs, without its control socket. */

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import type * as Sheaf from '../../src/index.ts'
import type { Address, Fetcher, Holder, Page, Publisher, Side, SideOptions } from '../harness/side.ts'

/** What is measured is what users run: the built library, not the source through a loader. */
const BUILT = new URL('../../dist/index.js', import.meta.url)

function built(): Promise<typeof Sheaf> {
  return import(BUILT.href) as Promise<typeof Sheaf>
}

/** Pages in one publish command, and commands under way, as the control API sends them. */
const PAGES = 250
const COMMANDS = 2
const DEADLINE_MS = 120_000
const HOLDERS = 5

export const side: Side = {
  name: 'sheaf',
  about: 'signed, compressed, earned, verified, stored by the node that the daemon runs',
  concurrencies: [1],
  importModes: ['batch'],
  durability: { import: 'synced', single: 'synced' },
  missing: () => (existsSync(BUILT) ? undefined : 'Sheaf is not built: npm run build'),
  startPublisher,
  startFetcher,
  startHolder,
}

async function startPublisher(options: SideOptions): Promise<Publisher> {
  const { idToText } = await built()
  const { node, api } = await start(options, 'person')
  const batches: Uint8Array[] = []
  return {
    async importPages(pages) {
      const ids = new Map<string, string>()
      const underWay: Promise<Sheaf.Published>[] = []
      const settle = async (): Promise<void> => {
        const published = await underWay.shift()!
        batches.push(...published.batches)
        for (const { path, id } of published.pages) ids.set(path, idToText(id))
      }
      for (let at = 0; at < pages.length; at += PAGES) {
        const part = pages.slice(at, at + PAGES)
        const index = at + PAGES >= pages.length
        if (underWay.length === COMMANDS) await settle()
        underWay.push(api.run({ type: 'publish', pages: part.map(toInput), summary: '', index }))
      }
      while (underWay.length > 0) await settle()
      return pages.map(({ path }) => ids.get(path)!)
    },
    async publish(page) {
      const published = await api.run({ type: 'publish', pages: [toInput(page)], summary: '', index: true })
      return idToText(published.pages[0]!.id)
    },
    async publishHeld(page) {
      const { pages, batches } = await api.run({
        type: 'publish',
        pages: [toInput(page)],
        summary: '',
        index: true,
      })
      const held = await api.run({ type: 'held', batches, patienceMs: DEADLINE_MS })
      if (held.held < HOLDERS) throw new Error(`held ${held.held}/${HOLDERS}`)
      return idToText(pages[0]!.id)
    },
    async serve() {
      const { device } = await api.run({ type: 'status' })
      return { device: idToText(device) }
    },
    async settled() {
      await api.run({ type: 'held', batches, patienceMs: DEADLINE_MS })
    },
    trafficBytes() {
      const { sentBytes, receivedBytes } = node.traffic()
      return sentBytes + receivedBytes
    },
    close: () => node.close(),
  }
}

async function startFetcher(options: SideOptions): Promise<Fetcher> {
  const { idFromText } = await built()
  const { node, api } = await start(options, 'reader')
  const get = async (id: string): Promise<string> => {
    const { text } = await api.run({
      type: 'get',
      target: { id: idFromText(id) },
      untilMs: Date.now() + DEADLINE_MS,
    })
    return Buffer.from(text).toString()
  }
  return {
    async connect(address) {
      const device = idFromText(String(address.device))
      node.connect(device)
      await seen(api, 'connected', device)
    },
    async fetch(ids) {
      const summary = await api.run({
        type: 'fetch',
        ids: ids.map(idFromText),
        untilMs: Date.now() + DEADLINE_MS,
      })
      if (summary.missing.length > 0) throw new Error(`${summary.missing.length} pages are missing`)
      return { verified: summary.found, decompressed: summary.texts, receivedBytes: summary.bytes }
    },
    query: get,
    read: get,
    close: () => node.close(),
  }
}

async function startHolder(options: SideOptions, address: Address): Promise<Holder> {
  const { idFromText } = await built()
  const { node, api } = await start(options, 'person')
  const device = idFromText(String(address.device))
  node.connect(device)
  await seen(api, 'introduced', device)
  return { close: () => node.close() }
}

/** A node of its own, on loopback: a person with an identity, or a throw-away reader. */
async function start(
  { homeDir, bootstrap, isHurried = false }: SideOptions,
  who: 'person' | 'reader',
): Promise<{ node: Sheaf.RunningNode; api: Sheaf.NodeApi }> {
  const { createIdentity, deviceKeyPair, identityOf, loadCrypto, networkOf, runNode } = await built()
  const network = networkOf('bench', 4)
  const crypto = loadCrypto()
  const random = (length: number): Uint8Array => randomBytes(length)
  const identity =
    who === 'reader'
      ? { author: undefined, blocks: [], device: deviceKeyPair(random(32)), incarnation: random(16) }
      : identityOf(
          (await createIdentity({ network, crypto, random, nowMs: Date.now() })).secrets,
          network,
          crypto,
        )
  const node = await runNode({
    home: homeDir,
    network,
    crypto,
    identity,
    swarm: { bootstrap, host: '127.0.0.1', port: 0, firewalled: false, connectionsMax: 64 },
    depth: 0,
    quotaBytes: 2 ** 40,
    acceptsStores: who === 'person',
    rehearses: true,
    saysHad: false,
    onCrash: (error) => {
      throw error
    },
  })
  if (!isHurried) await node.ready
  return { node, api: node.api }
}

/** Waits for what an event tells of this device: another bench on this machine may have found our nodes. */
async function seen(api: Sheaf.NodeApi, type: string, device: Uint8Array): Promise<void> {
  for await (const event of api.events(0, AbortSignal.timeout(20_000))) {
    if (event.type === type && Buffer.compare(event.device as Uint8Array, device) === 0) return
  }
  throw new Error(`no event ${type} in time`)
}

function toInput({ path, markdown }: Page): { path: string; text: Uint8Array } {
  return { path, text: Buffer.from(markdown) }
}
