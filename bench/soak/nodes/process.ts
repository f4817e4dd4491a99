/**
 * A node of a soak: the daemon as it is, in a process of its own, around a store that tells where it stands.
 * It ends itself where it is told to, and when its parent is gone. Started by `node.ts`.
 */
import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { loadCrypto } from '../../../src/base/crypto.ts'
import { networkOf } from '../../../src/base/network.ts'
import { describeBlock } from '../../../src/content/block.ts'
import { readConfig } from '../../../src/node/io/config/config.ts'
import { serveControl } from '../../../src/node/io/control/server.ts'
import { startDaemon } from '../../../src/node/io/daemon.ts'
import { loadIdentity } from '../../../src/node/io/identity/identity.ts'
import { currentIncarnation, renewIncarnation } from '../../../src/node/io/incarnation.ts'
import { type Paths, pathsOf } from '../../../src/node/io/paths.ts'
import { type Disk, realDisk } from '../../../src/node/io/store/disk.ts'
import { openStore, type StoreOptions } from '../../../src/node/io/store/level-store.ts'
import { lockHome } from '../../../src/node/io/store/lock.ts'
import type { Store } from '../../../src/node/store.ts'
import { earlyStore, passing } from './early-store.ts'
import { type Stored, storedAt } from './stored.ts'
import { type Strike, Striker } from './strike.ts'
import { tracedStore } from './traced-store.ts'

/** What a node can be made to do wrong. */
export type NodePlant = 'early-publish' | 'early-keep' | 'no-sync'

export interface Setup {
  readonly home: string
  /** Runs the daemon, or makes the index again as `sheaf reindex` does. */
  readonly task: 'run' | 'reindex'
  readonly plants: readonly NodePlant[]
  readonly strike?: Strike
  /** Whether its system calls are traced. */
  readonly isTraced?: boolean
}

/** From the parent: `strike` arms, `stop` ends cleanly, `read` asks the store itself. */
export type Order =
  | { type: 'strike'; strike: Strike }
  | { type: 'stop' }
  | { type: 'read'; number: number; id: string }
/** To the parent: `started` comes once and first. */
export type Word =
  | { type: 'started'; pid: number }
  | { type: 'read'; number: number; stored: Stored | null; error?: string }

const setup = JSON.parse(process.argv[2]!) as Setup
const striker = new Striker()
if (setup.strike !== undefined) striker.arm(setup.strike)
process.on('disconnect', () => process.exit())
// Ctrl-C reaches the whole group; the parent decides what becomes of its nodes.
process.on('SIGINT', () => {})
const paths = pathsOf(setup.home, {}, setup.home)

async function run(paths: Paths): Promise<void> {
  const config = readConfig({ file: paths.config })
  const logger = pino({ level: config.logLevel }, pino.destination({ fd: 2, sync: true }))
  const daemon = await startDaemon({ config, paths, logger, serveControl, openStore: openWatched })
  process.on('message', (order: Order) => {
    if (order.type === 'strike') striker.arm(order.strike)
    else if (order.type === 'stop') void daemon.close()
    else void read(order)
  })
  process.send?.({ type: 'started', pid: process.pid } satisfies Word)
  await daemon.closed
  process.disconnect()
}

/** As the command does it, with a disk that tells. */
async function reindex({ home, identity, config: file }: Paths): Promise<void> {
  const config = readConfig({ file })
  const { incarnation: first } = loadIdentity(
    identity,
    networkOf(config.network, config.puzzleBits),
    loadCrypto(config.crypto),
  )
  const lock = lockHome(home)
  const random = (length: number): Uint8Array => randomBytes(length)
  const { bytes: incarnation } = currentIncarnation(lock, first, random)
  const renew = (): Uint8Array => renewIncarnation(lock, random)
  const options = { home, incarnation, describe: describeBlock, renew, lock, disk }
  const store = await openStore({ ...options, repair: true })
  await store.close()
  process.disconnect()
}

/** The disk of this machine, except that it tells, and says that it synced where that is the plant. */
const disk: Disk = {
  ...realDisk,
  passes: (moment) => striker.passes(moment),
  async syncFile(path) {
    striker.passes('syncing')
    const isThere = setup.plants.includes('no-sync') || (await realDisk.syncFile(path))
    striker.passes('synced')
    return isThere
  },
  async syncDirectory(path) {
    if (!setup.plants.includes('no-sync')) await realDisk.syncDirectory(path)
  },
}

async function read({ number, id }: Extract<Order, { type: 'read' }>): Promise<void> {
  const say = (word: Word): void => void process.send?.(word)
  try {
    say({ type: 'read', number, stored: opened === undefined ? null : await storedAt(opened, id) })
  } catch (error) {
    say({ type: 'read', number, stored: null, error: String(error) })
  }
}

let opened: Store | undefined

async function openWatched(options: StoreOptions): Promise<Store> {
  let store: Store = await openStore({ ...options, disk })
  opened = store
  if (setup.plants.includes('early-publish')) store = earlyStore(store, 'outbox')
  if (setup.plants.includes('early-keep')) store = earlyStore(store, 'shelf')
  if (setup.isTraced) store = tracedStore(store)
  const inner = store
  return passing(inner, {
    async append(feed, blocks, how) {
      await inner.append(feed, blocks, how)
      striker.passes('answering')
    },
  })
}

if (setup.task === 'run') await run(paths)
else await reindex(paths)
