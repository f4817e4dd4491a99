/**
 * A few services that nothing is promised to: what they send is lost, doubled, spoiled, or overtakes
 * other things; links end at any moment; outcomes of effects come late, twice, as failures or for
 * nobody; the clock jumps. Commands come in between, some of them nonsense. All of it follows from a seed.
 */
import { SheafError } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'
import { cutText } from '../../src/content/piece.ts'
import { checkItems } from '../../src/node/checking.ts'
import type { Command, Target } from '../../src/node/commands.ts'
import { perform } from '../../src/node/perform.ts'
import type { Effect, Input } from '../../src/node/service.ts'
import { MESSAGE_NAMES, type MessageName } from '../../src/node/wire.ts'
import { Search } from '../../src/node/work.ts'
import { START_MS, verify } from './actor.ts'
import { utf8 } from './bytes.ts'
import { madeUp } from './moves.ts'
import { type Below, mutant } from './mutants.ts'
import { World, type WorldNode } from './world.ts'

const NAMES = ['ann', 'bea', 'cid']
/** Effects that wait for their outcome, and messages under way, before a node must get some. */
const UNDER_WAY_MAX = 300
/** Work above this is not done: whoever asked for it hears nothing. */
const BID_MAX = 20_000

interface Flying {
  to: WorldNode
  peer: number
  name: MessageName
  message: Uint8Array
}

interface Open {
  node: WorldNode
  effect: Extract<Effect, { token: number }>
}

export class Chaos {
  readonly nodes: WorldNode[]
  readonly #world = new World()
  readonly #below: Below
  #nowMs = START_MS
  #nextPeer = 1
  #nextCommand = 1
  /** Link ends by their node and number → the other end. */
  readonly #links = new Map<string, { node: WorldNode; peer: number }>()
  #flying: Flying[] = []
  #open: Open[] = []
  #last: Uint8Array = new Uint8Array(40)
  /** Of each command: how often it was answered. */
  readonly answers = new Map<string, number>()
  /** Codes of failures that nobody planted. */
  readonly codes = new Set<string>()

  constructor(below: Below) {
    this.#below = below
    this.nodes = NAMES.map((name) => this.#world.add(name))
    for (const node of this.nodes) this.#step(node, { type: 'start' })
  }

  /** One thing happens, somewhere. */
  async step(): Promise<void> {
    if (this.#open.length > UNDER_WAY_MAX) return this.#settleOne()
    if (this.#flying.length > UNDER_WAY_MAX) return this.#deliver()
    const node = this.#pick(this.nodes)!
    const kind = this.#below(100)
    if (kind < 40) return this.#deliver()
    if (kind < 72) return this.#settleOne()
    if (kind < 77) return this.#connect(node)
    if (kind < 80) return this.#disconnect()
    if (kind < 84) return this.#press(node)
    if (kind < 88) return this.#babble(node)
    if (kind < 95) return this.#command(node)
    if (kind < 98) return this.#wait(node)
    if (kind < 99)
      this.#step(node, { type: 'done', token: this.#below(100_000), outcome: { value: undefined } })
    else this.#step(node, { type: this.#below(2) === 0 ? 'start' : 'stop' })
  }

  /** Everything that is owed comes after all, time passes, and all links end. */
  async quieten(): Promise<void> {
    for (const [end] of [...this.#links]) this.#cut(end)
    for (let minutes = 0; minutes < 180; minutes++) {
      this.#nowMs += 60_000
      for (const node of this.nodes) this.#step(node, { type: 'wake' })
      while (this.#open.length > 0) await this.#settleOne('honestly')
    }
  }

  #step(node: WorldNode, input: Input, nowMs = this.#nowMs): void {
    for (const effect of node.service.step(input, nowMs)) this.#carryOut(node, effect)
  }

  #carryOut(node: WorldNode, effect: Effect): void {
    switch (effect.type) {
      case 'send': {
        const other = this.#links.get(`${node.name} ${effect.peer}`)
        if (other === undefined) return
        this.#flying.push({ to: other.node, peer: other.peer, name: effect.name, message: effect.message })
        return
      }
      case 'disconnect':
        return this.#cut(`${node.name} ${effect.peer}`)
      case 'answer': {
        const name = `${node.name} ${effect.token}`
        this.answers.set(name, (this.answers.get(name) ?? 0) + 1)
        if ('error' in effect.outcome) this.#note(effect.outcome.error)
        return
      }
      case 'event':
        node.events.push(effect.event)
        return
      case 'cancel':
        this.#open = this.#open.filter((one) => one.node !== node || one.effect.token !== effect.token)
        return
      case 'store':
      case 'check':
      case 'cut':
      case 'solve':
      case 'visit':
        this.#open.push({ node, effect })
    }
  }

  #note(error: unknown): void {
    if (error === PLANTED) return
    if (!(error instanceof SheafError)) throw error
    this.codes.add(error.code)
  }

  /** Mostly the oldest message of all; now and then another, and not always as it was sent. */
  #deliver(): void {
    const at = this.#below(5) === 0 ? this.#below(Math.max(1, this.#flying.length)) : 0
    const [flying] = this.#flying.splice(at, 1)
    if (flying === undefined) return
    const { to, peer, name } = flying
    const fate = this.#below(60)
    if (fate === 0) return
    if (fate === 1) this.#flying.push(flying)
    const message = fate === 2 ? mutant(flying.message, this.#last, this.#below) : flying.message
    this.#last = flying.message
    const heard = fate === 3 ? this.#pick(MESSAGE_NAMES)! : name
    if (this.#links.has(`${to.name} ${peer}`))
      this.#step(to, { type: 'received', peer, name: heard, message })
  }

  async #settleOne(how?: 'honestly'): Promise<void> {
    const at = how === undefined && this.#below(3) === 0 ? this.#below(Math.max(1, this.#open.length)) : 0
    const [open] = this.#open.splice(at, 1)
    if (open === undefined) return
    const { node, effect } = open
    const { token } = effect
    if (how === undefined && effect.type !== 'solve' && this.#below(40) === 0) {
      return this.#step(node, { type: 'done', token, outcome: { error: PLANTED } })
    }
    const outcome = await this.#outcomeOf(node, effect)
    if (outcome === undefined) return
    this.#step(node, { type: 'done', token, outcome })
    if (this.#below(30) === 0) this.#step(node, { type: 'done', token, outcome })
  }

  async #outcomeOf(
    node: WorldNode,
    effect: Open['effect'],
  ): Promise<{ value: unknown } | { error: unknown } | undefined> {
    switch (effect.type) {
      case 'store':
        return perform(node.store, effect.call).then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        )
      case 'check':
        return { value: checkItems(effect.request, this.#world.network, verify) }
      case 'cut':
        return { value: effect.texts.map(cutText) }
      case 'solve': {
        if (effect.bid > BID_MAX) return undefined
        return { value: new Search(effect.seed, effect.bid).run(Number.POSITIVE_INFINITY) }
      }
      default:
        return { value: undefined }
    }
  }

  #connect(node: WorldNode): void {
    const other = this.#pick(this.nodes.filter((one) => one !== node))!
    if (this.#links.size > 16) return
    const ends = { here: this.#nextPeer++, there: this.#nextPeer++ }
    const handshakeHash = sha256(utf8(`link ${ends.here}`))
    this.#links.set(`${node.name} ${ends.here}`, { node: other, peer: ends.there })
    this.#links.set(`${other.name} ${ends.there}`, { node, peer: ends.here })
    const device = (one: WorldNode): Uint8Array => one.actor.device.publicKey
    this.#step(node, { type: 'connected', peer: ends.here, device: device(other), handshakeHash })
    this.#step(other, { type: 'connected', peer: ends.there, device: device(node), handshakeHash })
  }

  #disconnect(): void {
    const end = this.#pick([...this.#links.keys()])
    if (end !== undefined) this.#cut(end)
  }

  #cut(end: string): void {
    const other = this.#links.get(end)
    if (other === undefined) return
    this.#links.delete(end)
    this.#links.delete(`${other.node.name} ${other.peer}`)
    const [name, peer] = end.split(' ')
    this.#step(this.nodes.find((one) => one.name === name)!, { type: 'disconnected', peer: Number(peer) })
    this.#step(other.node, { type: 'disconnected', peer: other.peer })
  }

  #press(node: WorldNode): void {
    const peer = this.#below(this.#nextPeer + 2)
    this.#step(node, { type: this.#below(3) === 0 ? 'blocked' : 'drained', peer })
  }

  /** Something that nobody sent, over any link or over none. */
  #babble(node: WorldNode): void {
    const name = this.#pick(MESSAGE_NAMES)!
    const message =
      this.#below(2) === 0 ? madeUp(name, this.#below) : mutant(this.#last, this.#last, this.#below)
    this.#step(node, { type: 'received', peer: this.#below(this.#nextPeer + 2), name, message })
  }

  #wait(node: WorldNode): void {
    this.#nowMs += [0, 1, 400, 5_000, 31_000, 700_000][this.#below(6)]!
    this.#step(node, { type: 'wake' })
    // A clock that was set back.
    if (this.#below(8) === 0) this.#step(node, { type: 'wake' }, this.#nowMs - this.#below(10_000_000))
  }

  #command(node: WorldNode): void {
    const token = this.#nextCommand++
    this.answers.set(`${node.name} ${token}`, 0)
    this.#step(node, { type: 'command', token, command: this.#anyCommand() })
    if (this.#below(4) === 0) this.#step(node, { type: 'left', token: 1 + this.#below(token) })
  }

  #anyCommand(): Command {
    const untilMs = this.#nowMs + this.#below(20_000) - 2_000
    const page = { space: this.#space(), path: this.#path() }
    const target: Target = this.#below(2) === 0 ? { page } : { id: this.#id() }
    const commands: Command[] = [
      {
        type: 'publish',
        pages: Array.from({ length: this.#below(4) }, () => ({
          path: this.#path(),
          text: this.#below(5) === 0 ? undefined : utf8('bees '.repeat(this.#below(20) ** 4)),
        })),
        summary: 's'.repeat(this.#below(600)),
        index: this.#below(2) === 0,
      },
      { type: 'held', batches: [this.#id()], patienceMs: this.#below(10_000) },
      { type: 'get', target, untilMs },
      { type: 'fetch', ids: Array.from({ length: this.#below(300) }, () => this.#id()), untilMs },
      { type: 'log', page, untilMs },
      { type: 'where', target, untilMs },
      { type: 'list', space: page.space, untilMs },
      { type: 'export', space: page.space, untilMs },
      { type: 'status' },
      { type: 'peers' },
    ]
    return this.#pick(commands)!
  }

  #space() {
    const id = this.#below(8) === 0 ? this.#id() : this.#pick(this.nodes)!.actor.entity
    return { type: this.#below(10) === 0 ? ('group' as const) : ('entity' as const), id }
  }

  #path(): string {
    return this.#pick(['bees', 'garden/bees', 'b', '', '/', 'a\u0000', 'x'.repeat(600)])!
  }

  #id(): Uint8Array {
    const random = sha256(utf8(String(this.#below(1_000))))
    return this.#below(2) === 0 ? random : this.#pick(this.nodes)!.actor.genesis.id
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[this.#below(Math.max(1, from.length))]
  }
}

/** What the disk says when this file makes it fail. */
const PLANTED = new SheafError('BAD_STORE', 'planted')
