/**
 * Carries out what the service decides: links, store, clock. Everything that can go wrong
 * outside happens here and goes back in as an input.
 */
import { setImmediate as setImmediatePromise, setTimeout as setTimeoutPromise } from 'node:timers/promises'
import type NoiseSecretStream from '@hyperswarm/secret-stream'
import { ChurnMap } from '../../base/churn-map.ts'
import { SheafError } from '../../base/errors.ts'
import type { Network } from '../../base/network.ts'
import type { Clock } from '../../base/random.ts'
import type { Command } from '../commands.ts'
import type { NodeEvent } from '../node.ts'
import { perform, performNow } from '../perform.ts'
import type { Effect, Input, Service } from '../service.ts'
import type { Store } from '../store.ts'
import { Search } from '../work.ts'
import type { Checker } from './checker.ts'
import { type Link, openLink } from './link.ts'
import type { Searcher } from './searcher.ts'
import { Searches } from './searches.ts'
import { solverOf } from './solver.ts'
import type { Swarm } from './swarm.ts'

/** More than this is sent as it is: putting it together would copy it once more. */
const CORK_BYTES_MAX = 16_384
/** setTimeout takes no more than 2^31 − 1. */
const TIMER_MAX_MS = 60_000
/** Without input for so long, and without a command under way, the node has nothing to do. */
const QUIET_MS = 20

interface Waiting {
  resolve(value: unknown): void
  reject(error: unknown): void
  progress: ((value: unknown) => void) | undefined
}

export interface ReactorOptions {
  service: Service
  store: Store
  swarm: Swarm
  checker: Checker
  searcher: Searcher
  network: Network
  /** Steady, for deadlines, and of the wall, for what is signed. */
  clock: Clock
  wallClock: Clock
  /** What it throws is reported by `onListenerError` and goes no further. */
  onEvent(event: NodeEvent): void
  /** Somebody who listens to events or progress threw: not the service's fault, and the node goes on. */
  onListenerError(error: unknown): void
  /** A bug of ours: the service threw. */
  onCrash(error: unknown): void
}

export class Reactor {
  readonly #options: ReactorOptions
  readonly #links = new Map<number, Link>()
  readonly #waiting = new ChurnMap<number, Waiting>()
  readonly #searches = new Searches({
    found: (token, proofs) => this.#step({ type: 'done', token, outcome: { value: proofs } }),
    progress: (_token, share) => this.#tell(() => this.#options.onEvent({ type: 'earning', share })),
    solver: solverOf,
  })
  #timer: NodeJS.Timeout | undefined
  #timerMs = Number.POSITIVE_INFINITY
  #nextNumber = 1
  #isClosed = false
  /** Inputs that came up while a step was carried out; they wait their turn. */
  readonly #inbox: Input[] = []
  #isStepping = false
  #inputs = 0
  #lastInputMs = Number.NEGATIVE_INFINITY

  constructor(options: ReactorOptions) {
    this.#options = options
    options.swarm.onConnection((stream) => this.#connect(stream))
  }

  /** Inputs that the service has taken. */
  get inputs(): number {
    return this.#inputs
  }

  start(): void {
    this.#step({ type: 'start' })
  }

  /** `signal`: whoever asks has left; what only looks for something then ends with CANCELLED. */
  run(command: Command, progress?: (value: unknown) => void, signal?: AbortSignal): Promise<unknown> {
    const token = this.#nextNumber++
    const answered = new Promise((resolve, reject) => {
      this.#waiting.set(token, { resolve, reject, progress })
      this.#step({ type: 'command', token, command })
    })
    if (signal === undefined) return answered
    const leave = (): void => this.#step({ type: 'left', token })
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    return answered.finally(() => signal.removeEventListener('abort', leave))
  }

  /** Resolves when nobody waits for an answer and nothing came in for a moment. Throws CANCELLED once it is closed. */
  async whenIdle(): Promise<void> {
    await setImmediatePromise()
    for (;;) {
      if (this.#isClosed) throw new SheafError('CANCELLED', 'the node is stopping')
      if (this.#waiting.size === 0 && performance.now() - this.#lastInputMs > QUIET_MS) return
      await setTimeoutPromise(QUIET_MS, undefined, { ref: false })
    }
  }

  /** Closes all links and takes no more input. */
  close(error: unknown): void {
    this.#step({ type: 'stop' })
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#searches.close()
    for (const link of this.#links.values()) link.close()
    this.#links.clear()
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  #connect(stream: NoiseSecretStream): void {
    const peer = this.#nextNumber++
    const link = openLink(stream, this.#options.network, {
      received: (name, message) => this.#step({ type: 'received', peer, name, message }),
      drained: () => this.#step({ type: 'drained', peer }),
      closed: () => {
        this.#links.delete(peer)
        this.#searches.gone(peer)
        this.#step({ type: 'disconnected', peer })
      },
    })
    if (link === undefined) {
      stream.destroy()
      return
    }
    this.#links.set(peer, link)
    const { device, handshakeHash, address } = link
    this.#step({ type: 'connected', peer, device, handshakeHash, address })
  }

  #step(input: Input): void {
    this.#lastInputMs = performance.now()
    this.#inputs += 1
    this.#inbox.push(input)
    if (this.#isStepping) return
    this.#isStepping = true
    try {
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
        if (this.#isClosed) return
        this.#carryOutAll(this.#options.service.step(next, this.#options.clock(), this.#options.wallClock()))
      }
    } catch (error) {
      this.close(error)
      this.#options.onCrash(error)
    } finally {
      this.#isStepping = false
    }
    this.#setTimer()
  }

  /** Small messages to one peer leave together: each packet that waits for the next costs a millisecond. */
  #carryOutAll(effects: Effect[]): void {
    if (effects.length < 2) {
      for (const effect of effects) this.#carryOut(effect)
      return
    }
    const small = new Map<number, number>()
    for (const effect of effects) {
      if (effect.type === 'send')
        small.set(effect.peer, (small.get(effect.peer) ?? 0) + effect.message.byteLength)
    }
    const corked = [...small].flatMap(([peer, bytes]) => {
      const link = bytes <= CORK_BYTES_MAX ? this.#links.get(peer) : undefined
      return link === undefined ? [] : [link]
    })
    for (const link of corked) link.cork()
    for (const effect of effects) this.#carryOut(effect)
    for (const link of corked) link.uncork()
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'send': {
        const link = this.#links.get(effect.peer)
        if (link !== undefined && !link.send(effect.name, effect.message)) {
          this.#step({ type: 'blocked', peer: effect.peer })
        }
        return
      }
      case 'disconnect':
        return this.#links.get(effect.peer)?.close()
      case 'connect':
        return this.#options.swarm.connect(effect.device)
      case 'join':
        return this.#options.swarm.join(effect.topic)
      case 'visit':
        this.#options.swarm.visit(effect.topic).then(
          () => this.#step({ type: 'done', token: effect.token, outcome: { value: undefined } }),
          (error: unknown) => this.#step({ type: 'done', token: effect.token, outcome: { error } }),
        )
        return
      case 'leave':
        return this.#options.swarm.leave(effect.topic)
      case 'store':
        return this.#answered(
          effect.token,
          performNow(this.#options.store, effect.call) ?? perform(this.#options.store, effect.call),
        )
      case 'check':
        return this.#answered(effect.token, this.#options.checker.check(effect.request))
      case 'cut':
        return this.#answered(effect.token, this.#options.checker.cut(effect.texts))
      case 'search': {
        const { token } = effect
        this.#options.searcher.ask(effect.call).then(
          (value) => this.#step({ type: 'done', token, outcome: { value } }),
          (error: unknown) => this.#step({ type: 'done', token, outcome: { error } }),
        )
        return
      }
      case 'solve':
        return this.#searches.begin(effect.token, effect.peer, new Search(effect.seed, effect.bid))
      case 'cancel':
        return this.#searches.cancel(effect.token)
      case 'progress':
        return this.#tell(() => this.#waiting.get(effect.token)?.progress?.(effect.value))
      case 'answer': {
        const waiting = this.#waiting.take(effect.token)
        if ('error' in effect.outcome) waiting?.reject(effect.outcome.error)
        else waiting?.resolve(effect.outcome.value)
        return
      }
      case 'event':
        return this.#tell(() => this.#options.onEvent(effect.event))
    }
  }

  /** What store or checker answer, now or later. */
  #answered(token: number, answer: unknown): void {
    if (!(answer instanceof Promise)) return this.#step({ type: 'done', token, outcome: { value: answer } })
    answer.then(
      (value) => this.#step({ type: 'done', token, outcome: { value } }),
      (error: unknown) => this.#step({ type: 'done', token, outcome: { error } }),
    )
  }

  #tell(listener: () => void): void {
    try {
      listener()
    } catch (error) {
      this.#options.onListenerError(error)
    }
  }

  #setTimer(): void {
    const due = this.#options.service.wakeAtMs ?? Number.POSITIVE_INFINITY
    if (due === this.#timerMs || this.#isClosed) return
    clearTimeout(this.#timer)
    this.#timerMs = due
    if (due === Number.POSITIVE_INFINITY) return
    const inMs = Math.min(Math.max(0, due - this.#options.clock()), TIMER_MAX_MS)
    this.#timer = setTimeout(() => {
      this.#timerMs = Number.POSITIVE_INFINITY
      this.#step({ type: 'wake' })
      this.#setTimer()
    }, inMs)
  }
}
