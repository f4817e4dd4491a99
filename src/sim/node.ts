/**
 * A simulated machine: a service, its disk, its clock, its processor and its links. It carries out what
 * the service decides, as the daemon's reactor does, in virtual time.
 */
import { SheafError } from '../base/errors.ts'
import type { Network } from '../base/network.ts'
import { cutText } from '../content/piece.ts'
import { checkItems } from '../node/checking.ts'
import type { Answers, Command } from '../node/commands.ts'
import type { NodeEvent } from '../node/node.ts'
import { quotaPolicy } from '../node/retention.ts'
import { type Effect, type Input, Service } from '../node/service.ts'
import { type Outcome, type Resume, suspend, type Task } from '../node/task.ts'
import type { MessageName } from '../node/wire.ts'
import { Search } from '../node/work.ts'
import type { Observation } from '../ranking/evidence.ts'
import { FirstStanding } from '../ranking/standing.ts'
import type { Chance } from './chance.ts'
import type { SimCrypto } from './crypto.ts'
import { type BlockPool, Disk } from './disk.ts'
import type { Letter, Link, LinkEnd, Side } from './link.ts'
import type { Machine } from './machine.ts'
import { Uplink } from './path.ts'
import { type Person, START_MS } from './person.ts'

/** What the processor takes for an input, for a kilobyte of it, for a block to check, and for a try at work. */
const STEP_MS = 0.05
const KILOBYTE_MS = 0.01
const CHECK_MS = 0.25
const CUT_MS = 0.1
const TRY_MS = 0.001
/** As the daemon's: see `introduceAfterMs`. */
const INTRODUCE_AFTER_MS = 300
/** The daemon's timer takes no longer, and looks again. */
const TIMER_MAX_MS = 60_000

/** What a node needs of the world around it. */
export interface Around {
  readonly network: Network
  readonly crypto: SimCrypto
  readonly pool: BlockPool
  readonly nowMs: number
  at(timeMs: number, happen: () => unknown): void
  /** What arrives of a message that leaves; undefined where nothing does. */
  sent(from: SimNode, to: SimNode, name: MessageName, message: Uint8Array): Uint8Array | undefined
  tell(node: SimNode, kind: string, fields?: Record<string, unknown>): void
  observed(by: SimNode, device: Uint8Array, observation: Observation): void
  /** The service threw: a bug. */
  crashed(node: SimNode, error: unknown): void
  join(node: SimNode, topic: Uint8Array): void
  visit(node: SimNode, topic: Uint8Array, done: () => void): void
  dial(node: SimNode, device: Uint8Array): void
  unlinked(node: SimNode, other: SimNode): void
}

interface Linked {
  link: Link
  side: Side
  other: SimNode
}

export class SimNode {
  readonly number: number
  readonly name: string
  readonly person: Person
  readonly disk: Disk
  readonly uplink: Uplink
  readonly options: Machine
  readonly chance: Chance
  /** Present life of the store; a restored one draws another. */
  incarnation: Uint8Array
  clockOffsetMs: number
  #startOffsetMs = 0
  service: Service
  isUp = false
  /** How often it was started: what an earlier life began comes to nothing. */
  life = 0
  readonly events = new Map<string, number>()
  readonly #around: Around
  readonly #links = new Map<number, Linked>()
  readonly #linkTo = new Map<SimNode, number>()
  readonly #answers = new Map<number, { resume: Resume<unknown>; tell: (value: unknown) => void }>()
  readonly #cancelled = new Set<number>()
  #nextNumber = 1
  #busyMs = 0
  #workerMs = 0
  #wakeMs = Number.POSITIVE_INFINITY

  constructor(number: number, person: Person, options: Machine, chance: Chance, around: Around) {
    this.number = number
    this.name = `n${number}`
    this.person = person
    this.options = options
    this.chance = chance
    this.#around = around
    this.incarnation = person.incarnation
    this.clockOffsetMs = options.clockOffsetMs
    this.uplink = new Uplink(options.uplinkBytesPerSecond)
    this.disk = new Disk(around.pool, chance.fork('disk'), options.disk)
    this.service = this.#newService()
  }

  /** What its clock shows: it may be wrong, and it may be set. */
  get wallMs(): number {
    return Math.floor(START_MS + this.#around.nowMs + this.clockOffsetMs)
  }

  /** Its other clock, which goes on evenly; it began with what the wall clock showed then. */
  get steadyMs(): number {
    return Math.floor(START_MS + this.#around.nowMs + this.#startOffsetMs)
  }

  /** Each in a network of its own. */
  get address(): string {
    return `${20 + (this.number >> 16)}.${(this.number >> 8) & 255}.${this.number & 255}.1`
  }

  get connections(): number {
    return this.#links.size
  }

  others(): SimNode[] {
    return [...this.#linkTo.keys()]
  }

  isLinkedTo(other: SimNode): boolean {
    return this.#linkTo.has(other)
  }

  *links(): Iterable<Linked> {
    yield* this.#links.values()
  }

  linkTo(other: SimNode): Link | undefined {
    const number = this.#linkTo.get(other)
    return number === undefined ? undefined : this.#links.get(number)?.link
  }

  start(): void {
    this.isUp = true
    this.life += 1
    this.#busyMs = this.#workerMs = 0
    this.#startOffsetMs = this.clockOffsetMs
    this.#wakeMs = Number.POSITIVE_INFINITY
    this.service = this.#newService()
    this.#around.tell(this, 'up')
    this.input({ type: 'start' })
  }

  /** Ends the process at once. What becomes of the disk is said by who calls. */
  kill(): void {
    if (!this.isUp) return
    this.isUp = false
    this.life += 1
    this.disk.kill()
    this.#around.tell(this, 'down')
    for (const { link, side } of this.#links.values()) link.abandon(side)
    this.#links.clear()
    this.#linkTo.clear()
    const waiting = [...this.#answers.values()]
    this.#answers.clear()
    for (const { resume } of waiting) resume({ error: new SheafError('CANCELLED', 'the node was killed') })
  }

  /** Gives a command, and waits for its answer. Throws what the node answers. */
  *run<T extends Command['type']>(
    command: Extract<Command, { type: T }>,
    tell: (value: unknown) => void = () => {},
  ): Task<Answers[T]> {
    return yield* suspend<Answers[T]>((resume) => {
      if (!this.isUp) return resume({ error: new SheafError('NOT_RUNNING', `${this.name} is down`) })
      const token = this.#nextNumber++
      this.#answers.set(token, { resume: resume as Resume<unknown>, tell })
      this.#around.tell(this, 'command', { command: command.type })
      this.input({ type: 'command', token, command })
    })
  }

  /** The end of a new link, which is made known to the service once the link is there. */
  newEnd(other: SimNode): { end: LinkEnd; connect(link: Link, side: Side, handshakeHash: Uint8Array): void } {
    const peer = this.#nextNumber++
    const { life } = this
    const end: LinkEnd = {
      uplink: this.uplink,
      received: ({ name, message }) => this.#inLife(life, { type: 'received', peer, name, message }),
      drained: () => this.#inLife(life, { type: 'drained', peer }),
      closed: () => {
        if (this.life !== life) return
        this.#links.delete(peer)
        if (this.#linkTo.get(other) === peer) this.#linkTo.delete(other)
        this.input({ type: 'disconnected', peer })
        this.#around.unlinked(this, other)
      },
    }
    return {
      end,
      connect: (link, side, handshakeHash) => {
        this.#links.set(peer, { link, side, other })
        this.#linkTo.set(other, peer)
        const { device } = other.person
        this.input({
          type: 'connected',
          peer,
          device: device.publicKey,
          handshakeHash,
          address: other.address,
        })
      },
    }
  }

  /** Takes an input when the processor is free, in the order of their coming. */
  input(input: Input): void {
    if (this.options.isSilent && input.type === 'received') return
    const { life } = this
    const { nowMs } = this.#around
    const startMs = Math.max(nowMs, this.#busyMs)
    this.#busyMs = startMs + costOf(input) * this.options.slowness
    this.#around.at(startMs, () => {
      if (this.life === life) this.#step(input)
    })
  }

  #inLife(life: number, input: Input): void {
    if (this.life === life) this.input(input)
  }

  #step(input: Input): void {
    let effects: Effect[]
    try {
      effects = this.service.step(input, this.steadyMs, this.wallMs)
    } catch (error) {
      this.#around.crashed(this, error)
      return this.kill()
    }
    for (const effect of effects) this.#carryOut(effect)
    this.#setWake()
  }

  #setWake(): void {
    const due = this.service.wakeAtMs
    if (due === undefined || !this.isUp) return
    const { nowMs } = this.#around
    const wakeMs = nowMs + Math.min(Math.max(0, due - this.steadyMs), TIMER_MAX_MS)
    if (wakeMs >= this.#wakeMs) return
    this.#wakeMs = wakeMs
    const { life } = this
    this.#around.at(wakeMs, () => {
      if (this.life !== life || this.#wakeMs !== wakeMs) return
      this.#wakeMs = Number.POSITIVE_INFINITY
      this.input({ type: 'wake' })
    })
  }

  #carryOut(effect: Effect): void {
    const around = this.#around
    switch (effect.type) {
      case 'send':
        return this.#send(effect.peer, effect.name, effect.message)
      case 'disconnect': {
        const linked = this.#links.get(effect.peer)
        if (linked !== undefined) around.tell(this, 'closes', { to: linked.other.name, code: effect.code })
        return linked?.link.close(linked.side)
      }
      case 'connect':
        return around.dial(this, effect.device)
      case 'join':
        return around.join(this, effect.topic)
      case 'visit': {
        const done = this.#doneIn(this.life, effect.token)
        return around.visit(this, effect.topic, () => done({ value: undefined }))
      }
      case 'leave':
        return
      case 'store': {
        const { life } = this
        const { token, call } = effect
        around.at(this.disk.due(call, around.nowMs), async () => {
          if (this.life !== life) return
          const outcome = await this.disk.make(call)
          this.#inLife(life, { type: 'done', token, outcome })
        })
        return
      }
      case 'check': {
        const done = this.#doneIn(this.life, effect.token)
        const { request } = effect
        const { network, crypto } = around
        return this.#work(request.items.length * CHECK_MS, () =>
          done({ value: checkItems(request, network, crypto.verify) }),
        )
      }
      case 'cut': {
        const done = this.#doneIn(this.life, effect.token)
        const { texts } = effect
        return this.#work(texts.length * CUT_MS, () => done({ value: texts.map(cutText) }))
      }
      case 'solve': {
        const done = this.#doneIn(this.life, effect.token)
        const { seed, bid, token } = effect
        return this.#work(bid * TRY_MS, () => {
          if (this.#cancelled.delete(token)) return
          done({ value: new Search(seed, bid).run(Number.POSITIVE_INFINITY) })
        })
      }
      case 'cancel':
        this.#cancelled.add(effect.token)
        return
      case 'progress':
        return this.#answers.get(effect.token)?.tell(effect.value)
      case 'answer': {
        const waiting = this.#answers.get(effect.token)
        this.#answers.delete(effect.token)
        waiting?.resume(effect.outcome)
        return
      }
      case 'event':
        return this.#noteEvent(effect.event)
    }
  }

  #send(peer: number, name: MessageName, message: Uint8Array): void {
    const linked = this.#links.get(peer)
    if (linked === undefined) return
    const { link, side, other } = linked
    const arrives = this.#around.sent(this, other, name, message)
    if (arrives === undefined) return
    const letter: Letter = { name, message: arrives }
    if (!link.send(side, letter)) this.input({ type: 'blocked', peer })
  }

  /** Work beside the service, one piece after the other. */
  #work(takesMs: number, end: () => void): void {
    const { life } = this
    const { nowMs } = this.#around
    this.#workerMs = Math.max(nowMs, this.#workerMs) + takesMs * this.options.slowness
    this.#around.at(this.#workerMs, () => {
      if (this.life === life) end()
    })
  }

  #doneIn(life: number, token: number): (outcome: Outcome<unknown>) => void {
    return (outcome) => this.#inLife(life, { type: 'done', token, outcome })
  }

  #noteEvent(event: NodeEvent): void {
    const { type } = event
    this.events.set(type, (this.events.get(type) ?? 0) + 1)
    const { code, message, what, device } = event
    this.#around.tell(this, type, {
      ...(device instanceof Uint8Array && { device: shortHex(device) }),
      ...(what !== undefined && { what }),
      ...(code !== undefined && { code }),
      ...(message !== undefined && { message }),
    })
  }

  #newService(): Service {
    const { network, crypto } = this.#around
    const { person, options } = this
    const standing = new FirstStanding()
    const price = standing.price.bind(standing)
    const priced = Object.assign(standing, {
      price: (device: Uint8Array) => Math.ceil(price(device) / options.cheaperWork),
    })
    return new Service({
      network,
      identity: person.identity,
      device: person.device,
      incarnation: this.incarnation,
      certificate: person.certificate,
      verify: crypto.verify,
      verifyDevice: crypto.verifyDevice,
      random: this.chance.fork(`life ${this.life}`).bytes,
      standing: priced,
      evidence: {
        observe: (device, observation) => {
          standing.observe(device, observation)
          this.#around.observed(this, device, observation)
        },
      },
      retention: quotaPolicy(options.quotaBytes, () => this.disk.store.usage().bytes),
      ...(options.heads !== undefined && { heads: options.heads }),
      depth: options.depth,
      connectionsMax: options.connectionsMax,
      quotaBytes: options.quotaBytes,
      introduceAfterMs: INTRODUCE_AFTER_MS,
      acceptsStores: true,
    })
  }
}

export function shortHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(4, bytes.byteLength)).toString('hex')
}

function costOf(input: Input): number {
  return STEP_MS + (input.type === 'received' ? (input.message.byteLength / 1024) * KILOBYTE_MS : 0)
}
