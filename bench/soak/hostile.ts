/**
 * A million malformed messages against a node, as it is built for users, in a process with little memory: it
 * does not fall, does not grow, and an honest client is served all the while.
 *
 *     this process                    besieged (192 MB of heap)            crowd
 *     an honest client ──socket────▶  service, codecs, store  ◀────socket── 12 hostile links, 16 silent ones
 *     orders, figures  ◀───────────────────────┴───────────────────────────▶
 *
 * Rounds of attack take turns with pauses. A wait of the honest client is from its asking to its answer,
 * over its own socket: with the hostile messages that stand before it and the collections of garbage that they
 * cause. Strangers have machines of their own, so the crowd gets what the others leave of the processor.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { constants, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Order, Word } from './hostile/besieged-process.ts'
import { bundleOf } from './hostile/bundle.ts'
import type { Attacked } from './hostile/crowd-process.ts'
import { Honest } from './hostile/honest.ts'
import { judge, type Measured } from './hostile/judge.ts'
import type { Soak, SoakReport, SoakRun } from './soak.ts'

/** For the old generation of the attacked process; what it holds while nobody attacks is about a fifth. */
const HEAP_MB = 192
/** Rounds of attack, with a sample of the memory after each. */
const ROUNDS = 60
/** Before the first round, whose queries are not counted: the code is compiled in them. */
const WARM_QUERIES = 300
const IDLE_QUERIES = 30
/** Between two queries of the honest client, in the pauses and under attack. */
const PAUSE_MS = 5
const STDERR_LINES = 12
const CROWD = fileURLToPath(new URL('./hostile/crowd-process.ts', import.meta.url))
const FROM_SOURCE = ['--import', import.meta.resolve('tsx')]

export const soak: Soak = {
  about: 'malformed messages, floods and churn against a node with 192 MB of heap',
  numbers: {
    messages: { help: 'messages that are said to it', default: 1_000_000, min: 1_000, max: 100_000_000 },
    rate: { help: 'of them in a second, at the most', default: 6_000, min: 100, max: 1_000_000 },
  },
  plants: { leak: 'keeps 8 KB for each message', crash: 'throws in the middle' },
  run,
}

async function run({ seed, numbers, plant = '', say, signal }: SoakRun): Promise<SoakReport> {
  const home = mkdtempSync(join(tmpdir(), 'soak-hostile-'))
  const messages = numbers.messages!
  const { file, remove } = await bundleOf('besieged')
  const flags = [`--max-old-space-size=${HEAP_MB}`, '--expose-gc']
  const besieged = new Child(file, [home, seed, String(messages), plant], flags, signal)
  let crowd: Child | undefined
  try {
    await besieged.hears()
    crowd = new Child(CROWD, [home, seed, String(numbers.rate)], FROM_SOURCE, signal)
    await crowd.hears()
    crowd.standBack()
    return judge(await measure({ home, seed, messages, besieged, crowd, say }))
  } catch (error) {
    signal.throwIfAborted()
    const how = await besieged.ended
    say(besieged.complaints || String(error))
    return { figures: { ended: how }, findings: [`the attacked process ended with ${how}`] }
  } finally {
    await Promise.all([crowd?.kill(), besieged.kill(), remove()])
    rmSync(home, { recursive: true, force: true })
  }
}

async function measure(run: {
  home: string
  seed: string
  messages: number
  besieged: Child
  crowd: Child
  say(line: string): void
}): Promise<Measured> {
  const { home, seed, messages, besieged, crowd } = run
  const honest = await Honest.join(home, seed)
  const idleMs: number[] = []
  const besiegedMs: number[] = []
  const samples: Measured['samples'] = []
  let attacked: Attacked = { said: 0, opened: 0 }
  let attackMs = 0
  for (let i = 0; i < WARM_QUERIES; i++) await honest.time()
  for (let round = 1; round <= ROUNDS; round++) {
    for (let i = 0; i < IDLE_QUERIES; i++) {
      await sleep(PAUSE_MS)
      idleMs.push(await honest.time())
    }
    const begunMs = performance.now()
    let isOver = false
    const over = crowd.ask<Attacked>(Math.ceil((messages * round) / ROUNDS)).then((done) => {
      attacked = done
      isOver = true
      attackMs += performance.now() - begunMs
    })
    over.catch(() => {})
    for (;;) {
      await sleep(PAUSE_MS)
      const tookMs = await honest.time()
      if (isOver) break
      besiegedMs.push(tookMs)
    }
    await over
    const word = await besieged.ask<Word>('sample' satisfies Order)
    if (word.type === 'sample') samples.push(word.sample)
    if (round % (ROUNDS / 6) === 0)
      run.say(`${attacked.said} messages after ${Math.round(attackMs / 1000)} s`)
  }
  honest.close()
  const end = await besieged.ask<Word>('end' satisfies Order)
  if (end.type !== 'end') throw new Error(`the attacked process said ${end.type} at its end`)
  // With the links the crowd ends too.
  await Promise.all([crowd.ended, besieged.ended])
  return {
    messages: attacked.said,
    messagesPerSecond: Math.round(attacked.said / (attackMs / 1000)),
    sessionsOpened: attacked.opened,
    faults: end.faults,
    held: end.held,
    costs: end.costs,
    idleMs,
    besiegedMs,
    samples,
  }
}

/** A process of the run; what it says comes one word for each order. */
class Child {
  readonly #process: ChildProcess
  /** How it ended. */
  readonly ended: Promise<string>
  complaints = ''

  constructor(file: string, args: string[], execArgv: string[], signal: AbortSignal) {
    this.#process = fork(file, args, { execArgv, stdio: ['ignore', 'ignore', 'pipe', 'ipc'], signal })
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.complaints = (this.complaints + text).split('\n').slice(-STDERR_LINES).join('\n')
    })
    this.ended = new Promise((resolve) => {
      this.#process.once('close', (code, by) => resolve(by ?? `status ${code}`))
      this.#process.once('error', (error) => resolve(error.message))
    })
  }

  /** Its next word; throws where it ends before. */
  async hears<T>(): Promise<T> {
    const waits = new AbortController()
    const ended = this.ended.then((how) => {
      throw new Error(`it ended with ${how}`)
    })
    try {
      const [word] = await Promise.race([once(this.#process, 'message', { signal: waits.signal }), ended])
      return word as T
    } finally {
      waits.abort()
      ended.catch(() => {})
    }
  }

  ask<T>(order: unknown): Promise<T> {
    const word = this.hears<T>()
    if (this.#process.connected) this.#process.send(order as string, () => {})
    return word
  }

  /** From now on it runs where no other process wants to. */
  standBack(): void {
    const { pid } = this.#process
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW)
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill('SIGKILL')
    await this.ended
  }
}
