/** A node of a soak as its parent sees it: started, struck, killed and asked, and ended with the run whatever happens. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadCrypto } from '../../../src/base/crypto.ts'
import { SheafError } from '../../../src/base/errors.ts'
import { networkOf } from '../../../src/base/network.ts'
import { idToText } from '../../../src/base/text-id.ts'
import { readConfig, writeConfig } from '../../../src/node/io/config/config.ts'
import type { OptionName } from '../../../src/node/io/config/options.ts'
import { ControlClient } from '../../../src/node/io/control/client.ts'
import type { StatusJson } from '../../../src/node/io/control/shapes.ts'
import { createIdentity } from '../../../src/node/io/identity/create.ts'
import { identityOf, saveIdentity } from '../../../src/node/io/identity/identity.ts'
import { pathsOf } from '../../../src/node/io/paths.ts'
import type { NodePlant, Order, Setup, Word } from './process.ts'
import type { Stored } from './stored.ts'
import type { Strike } from './strike.ts'

const PROCESS = fileURLToPath(new URL('./process.ts', import.meta.url))
/** Longer than a node takes to start on a machine that has other things to do. */
const START_WITHIN_MS = 60_000
const MEET_WITHIN_MS = 60_000
/** An answer, or the next line of one. */
const DEADLINE_MS = 60_000
/** A process has one strike armed, so the second time it answers. */
const READS_TRIED = 3
/** A puzzle of no time: the network is nobody else's. */
export const PUZZLE_BITS = 4
const LOG_LETTERS = 2_000

export interface NodeSettings {
  readonly name: string
  /** The folder that its home is made in. */
  readonly folder: string
  readonly bootstrap: readonly { readonly host: string; readonly port: number }[]
  readonly network: string
  readonly signal: AbortSignal
  readonly plants?: readonly NodePlant[]
  readonly config?: Readonly<Partial<Record<OptionName, string>>>
  /** A program and its arguments that run the node, as strace does. */
  readonly under?: readonly string[]
}

type ReadAnswer = Extract<Word, { type: 'read' }>

export class SoakNode {
  readonly name: string
  readonly home: string
  readonly device: string
  readonly client: ControlClient
  readonly #settings: NodeSettings
  readonly #log: string
  #child: ChildProcess | undefined
  #ended: Promise<string> = Promise.resolve('never started')
  #pid = 0
  readonly #reads = new Map<number, (answer: ReadAnswer) => void>()
  #lastRead = 0

  private constructor(settings: NodeSettings, home: string, device: string) {
    this.name = settings.name
    this.home = home
    this.device = device
    this.#settings = settings
    this.#log = join(settings.folder, `${settings.name}.log`)
    this.client = new ControlClient({
      socketPath: pathsOf(home, {}, home).socket,
      signal: settings.signal,
      deadlineMs: DEADLINE_MS,
    })
  }

  /** Makes a home with an identity, as `sheaf init` does. */
  static async make(settings: NodeSettings): Promise<SoakNode> {
    const home = join(settings.folder, settings.name)
    mkdirSync(home, { mode: 0o700 })
    return new SoakNode(settings, home, await settle(home, settings))
  }

  /** Of the node itself, also where it runs under another program. */
  get pid(): number {
    return this.#pid
  }

  get isRunning(): boolean {
    const child = this.#child
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** Resolves once it answers; false where it struck itself before. Throws INTERNAL where it ended otherwise. */
  async start(strike?: Strike): Promise<boolean> {
    const child = this.#spawn({ task: 'run', ...(strike && { strike }) })
    const started = new AbortController()
    const word = once(child, 'message', { signal: started.signal }).then(([message]) => {
      const said = message as Word
      if (said.type === 'started') this.#pid = said.pid
      child.on('message', (answer: Word) => this.#hear(answer))
      return true
    })
    const ended = this.#ended.then((how) => {
      if (strike !== undefined && how === 'SIGKILL') return false
      throw new SheafError('INTERNAL', `${this.name} ended at its start (${how}): ${this.lastWords()}`)
    })
    try {
      return await within(START_WITHIN_MS, `${this.name} does not start`, Promise.race([word, ended]))
    } finally {
      started.abort()
      word.catch(() => {})
      ended.catch(() => {})
    }
  }

  /** Starts it and kills it after so long, wherever it is by then. */
  async killStarting(afterMs: number): Promise<void> {
    this.#spawn({ task: 'run' })
    const timer = setTimeout(() => void this.kill(), afterMs)
    await this.#ended
    clearTimeout(timer)
  }

  /** Makes its index again while it is stopped; how the process ended: `0`, or `SIGKILL` where it struck itself. */
  async reindex(strike: Strike): Promise<string> {
    this.#spawn({ task: 'reindex', strike })
    return this.#ended
  }

  arm(strike: Strike): void {
    this.#order({ type: 'strike', strike })
  }

  /** What its own store has under an id; null where nothing is. Throws BAD_STORE where that is not what the id says. */
  async read(id: string): Promise<Stored | null> {
    // A strike that is still armed may end the process at any moment: then it is asked anew.
    for (let asked = 0; asked < READS_TRIED; asked++) {
      if (!this.isRunning) await this.start()
      const number = ++this.#lastRead
      const answer = new Promise<ReadAnswer>((resolve) => this.#reads.set(number, resolve))
      this.#order({ type: 'read', number, id })
      const ended = this.#ended.then(() => undefined)
      const said = await within(DEADLINE_MS, `${this.name} does not read`, Promise.race([answer, ended]))
      if (said?.error !== undefined) throw new SheafError('BAD_STORE', said.error)
      if (said !== undefined) return said.stored
    }
    throw new SheafError('UNREACHABLE', `${this.name} ends whenever it is asked to read`)
  }

  /** Asks it to end, and waits until it has. */
  async stop(): Promise<void> {
    if (this.isRunning) this.#order({ type: 'stop' })
    await this.#ended
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<void> {
    if (this.isRunning) {
      // What runs it ends with it, and it with what runs it.
      if (this.#settings.under !== undefined && this.#pid > 0) endProcess(this.#pid)
      this.#child!.kill('SIGKILL')
    }
    await this.#ended
  }

  /** Resolves when it has ended, however. */
  get ended(): Promise<string> {
    return this.#ended
  }

  /** Waits until it has open sessions with so many peers that keep pages. */
  async meets(peers: number): Promise<void> {
    await within(MEET_WITHIN_MS, `${this.name} does not meet ${peers} peers`, this.#meets(peers))
  }

  status(): Promise<StatusJson> {
    return this.client.ask<StatusJson>('/v1/status')
  }

  lastWords(): string {
    return readFileSync(this.#log, 'utf8').slice(-LOG_LETTERS)
  }

  async #meets(peers: number): Promise<void> {
    const events = this.client.stream('/v1/events', { query: { since: 0 } })
    for await (const { type } of events) {
      if (type !== 'listening' && type !== 'opened' && type !== 'introduced') continue
      if ((await this.status()).peersAcceptingStores >= peers) return
    }
  }

  #hear(word: Word): void {
    if (word.type !== 'read') return
    this.#reads.get(word.number)?.(word)
    this.#reads.delete(word.number)
  }

  #order(order: Order): void {
    // Where it is gone by itself, that is what was wanted.
    if (this.#child?.connected) this.#child.send(order, () => {})
  }

  #spawn(words: Pick<Setup, 'task' | 'strike'>): ChildProcess {
    this.#settings.signal.throwIfAborted()
    const { under = [], plants = [] } = this.#settings
    const isTraced = under.length > 0
    const setup: Setup = { home: this.home, plants, isTraced, ...words }
    const [program, ...before] = [...under, process.execPath]
    const args = [...before, '--import', import.meta.resolve('tsx'), PROCESS, JSON.stringify(setup)]
    const log = openSync(this.#log, 'a', 0o600)
    const child = spawn(program!, args, { cwd: this.home, stdio: ['ignore', 'ignore', log, 'ipc'] })
    closeSync(log)
    this.#child = child
    this.#pid = under.length === 0 ? (child.pid ?? 0) : 0
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? String(code)))
      child.once('error', (error) => resolve(error.message))
    })
    return child
  }
}

/** Ends all that still run. */
export async function endAll(nodes: readonly SoakNode[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.kill()))
}

/** Throws TIMEOUT where `work` takes longer. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SheafError('TIMEOUT', `${what} within ${ms / 1000} s`)), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it is gone, which is what was wanted
  }
}

/** The id of the device that it makes. */
async function settle(home: string, { bootstrap, network, config }: NodeSettings): Promise<string> {
  const paths = pathsOf(home, {}, home)
  const whole = readConfig({
    flags: {
      network,
      puzzleBits: String(PUZZLE_BITS),
      host: '127.0.0.1',
      firewalled: 'false',
      bootstrap: bootstrap.map(({ host, port }) => `${host}:${port}`).join(','),
      ...config,
    },
  })
  const signedFor = networkOf(whole.network, whole.puzzleBits)
  const crypto = loadCrypto(whole.crypto)
  const born = { network: signedFor, crypto, random: randomBytes, nowMs: Date.now() }
  const { secrets } = await createIdentity(born)
  saveIdentity(paths.identity, secrets)
  writeConfig(paths.config, whole)
  return idToText(identityOf(secrets, signedFor, crypto).device.publicKey)
}
