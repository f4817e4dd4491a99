/** Nodes as they run: each a process of its own with a home of its own, asked over its control socket. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import locks from 'fs-native-extensions'
import { loadCrypto } from '../../src/base/crypto.ts'
import { networkOf } from '../../src/base/network.ts'
import { idToText } from '../../src/base/text-id.ts'
import { readConfig, writeConfig } from '../../src/node/io/config/config.ts'
import type { OptionName } from '../../src/node/io/config/options.ts'
import { ControlClient } from '../../src/node/io/control/client.ts'
import type { StatusJson } from '../../src/node/io/control/shapes.ts'
import { createIdentity } from '../../src/node/io/identity/create.ts'
import { identityOf, saveIdentity } from '../../src/node/io/identity/identity.ts'
import { pathsOf } from '../../src/node/io/paths.ts'
import { type Teardown, tempHome } from './home.ts'
import { type Network, network } from './network.ts'
import { MAIN } from './program.ts'

/** An answer, or the next event: far more than either takes. */
const DEADLINE_MS = 45_000
/** Of what a process wrote to stderr the end is kept, for the message of a test that fails. */
const LOG_LETTERS_MAX = 20_000

export interface DaemonOptions {
  bootstrap: Network['bootstrap']
  /** The network's name: `test`. */
  network?: string
  /** Options of the configuration beside those. */
  config?: Readonly<Partial<Record<OptionName, string>>>
}

export interface Ended {
  status: number | null
  signal: string | null
}

export interface DaemonEvent {
  id: number
  type: string
  [field: string]: unknown
}

export interface DaemonProcess {
  readonly home: string
  readonly entity: string
  readonly device: string
  readonly client: ControlClient
  /** Of the process that runs, or ran last. */
  readonly pid: number
  /** What it wrote to stderr, all starts together. */
  readonly log: string
  /** Starts it where it does not run; resolves once it answers. */
  start(): Promise<void>
  /** Asks it to end by a signal, and waits until it has. */
  stop(signal?: 'SIGTERM' | 'SIGINT'): Promise<Ended>
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>
  /** Stops it where it runs, and starts it again. */
  restart(): Promise<void>
  /** The first event of this run that matches, whether it was or is to come. */
  heard(matches: (event: DaemonEvent) => boolean): Promise<DaemonEvent>
  /** Waits until it has open sessions with so many peers that keep pages. */
  meets(peers: number): Promise<void>
  /** Runs `sheaf ARGS` with this node's home. */
  sheaf(...args: string[]): Promise<{ status: number | null; out: string; err: string }>
}

/** Makes an identity in a home of its own and starts a node there. The process ends with the test, however that ends. */
export async function daemon(t: Teardown, options: DaemonOptions): Promise<DaemonProcess> {
  await takeTurn()
  return daemonIn(t, await settledHome(t, options))
}

/** Starts a node in a home that is there already. */
export async function daemonIn(
  t: Teardown,
  { home, entity, device }: { home: string; entity: string; device: string },
): Promise<DaemonProcess> {
  const node = new Daemon(home, entity, device)
  t.teardown(() => node.kill())
  // brittle ends the process without teardowns where a test throws or takes too long.
  process.once('exit', () => void node.kill())
  await node.start()
  return node
}

/** A private DHT that ends after the nodes of its test. */
export async function privateNetwork(t: Teardown): Promise<Network['bootstrap']> {
  await takeTurn()
  const { bootstrap, close } = await network()
  t.teardown(close, { order: 1_000 })
  return bootstrap
}

/**
 * Waits until no other test file has real nodes, and keeps the others waiting until this process ends:
 * two files run at a time, and a dozen nodes on two cores would test the machine's patience.
 */
export function takeTurn(): Promise<void> {
  turn ??= locks.waitForLock(openSync(join(tmpdir(), `sheaf-test-nodes-${userInfo().uid}.lock`), 'a+', 0o600))
  return turn
}

let turn: Promise<void> | undefined

/** A home with an identity and a configuration, as `sheaf init` makes it. */
export async function settledHome(
  t: Teardown,
  { bootstrap, network: name = 'test', config = {} }: DaemonOptions,
): Promise<{ home: string; entity: string; device: string }> {
  const home = tempHome(t)
  const flags = {
    network: name,
    puzzleBits: '4',
    host: '127.0.0.1',
    firewalled: 'false',
    bootstrap: bootstrap.map(({ host, port }) => `${host}:${port}`).join(','),
    ...config,
  }
  const paths = pathsOf(home, {}, home)
  const whole = readConfig({ flags })
  const signedFor = networkOf(whole.network, whole.puzzleBits)
  const crypto = loadCrypto(whole.crypto)
  const { secrets } = await createIdentity({
    network: signedFor,
    crypto,
    random: randomBytes,
    nowMs: Date.now(),
  })
  saveIdentity(paths.identity, secrets)
  writeConfig(paths.config, whole)
  const identity = identityOf(secrets, signedFor, crypto)
  return { home, entity: idToText(identity.entity), device: idToText(identity.device.publicKey) }
}

class Daemon implements DaemonProcess {
  readonly home: string
  readonly entity: string
  readonly device: string
  readonly client: ControlClient
  log = ''
  #child: ChildProcess | undefined
  #ended: Promise<Ended> = Promise.resolve({ status: 0, signal: null })

  constructor(home: string, entity: string, device: string) {
    this.home = home
    this.entity = entity
    this.device = device
    const { socket } = pathsOf(home, {}, home)
    this.client = new ControlClient({ socketPath: socket, deadlineMs: DEADLINE_MS })
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  async start(): Promise<void> {
    if (this.#isRunning) return
    const child = run(this.home, ['start', '--json'])
    this.#child = child
    this.#ended = once(child, 'close').then(([status, signal]) => ({ status, signal }))
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.log = (this.log + text).slice(-LOG_LETTERS_MAX)
    })
    const early = this.#ended.then(({ status, signal }) => {
      throw new Error(`a daemon ended at its start (${signal ?? status}): ${this.log}`)
    })
    await Promise.race([once(child.stdout!, 'data'), early])
  }

  async stop(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<Ended> {
    if (this.#isRunning) this.#child!.kill(signal)
    return this.#ended
  }

  async kill(): Promise<void> {
    if (this.#isRunning) this.#child!.kill('SIGKILL')
    await this.#ended
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async heard(matches: (event: DaemonEvent) => boolean): Promise<DaemonEvent> {
    for await (const line of this.client.stream('/v1/events', { query: { since: 0 } })) {
      const event = line as unknown as DaemonEvent
      if (event.type !== 'listening' && matches(event)) return event
    }
    throw new Error('the daemon ended its events')
  }

  async meets(peers: number): Promise<void> {
    for await (const { type } of this.client.stream('/v1/events', { query: { since: 0 } })) {
      if (type !== 'listening' && type !== 'opened' && type !== 'introduced') continue
      const { peersAcceptingStores } = await this.client.ask<StatusJson>('/v1/status')
      if (peersAcceptingStores >= peers) return
    }
  }

  async sheaf(...args: string[]): Promise<{ status: number | null; out: string; err: string }> {
    const child = run(this.home, args)
    let out = ''
    let err = ''
    child.stdout!.setEncoding('utf8').on('data', (text) => {
      out += text
    })
    child.stderr!.setEncoding('utf8').on('data', (text) => {
      err += text
    })
    const [status] = (await once(child, 'close')) as [number | null]
    return { status, out, err }
  }

  get #isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }
}

/** Not detached: the test runner ends a file's whole group of processes with it. */
function run(home: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, '--home', home, ...args], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
