/**
 * One real service on a real store, in a process whose heap is small. Who talks to it is in other
 * processes, at the far ends of sockets. Its clock runs with the messages, so that the buckets of an
 * attacker fill as they would in days of attack and messages get further than BUSY.
 */
import type { Socket } from 'node:net'
import { networkOf } from '../../../src/base/network.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import { describeBlock } from '../../../src/content/block.ts'
import { checkItems } from '../../../src/node/checking.ts'
import { type LevelStore, openStore } from '../../../src/node/io/store/level-store.ts'
import { perform, performNow } from '../../../src/node/perform.ts'
import { quotaPolicy } from '../../../src/node/retention.ts'
import { type Effect, type Input, Service } from '../../../src/node/service.ts'
import { logicalBytes } from '../../../src/node/store.ts'
import { MESSAGE_NAMES } from '../../../src/node/wire.ts'
import { FirstStanding } from '../../../src/ranking/standing.ts'
import { type Actor, actor, START_MS, verify, verifyDevice } from '../../../test/helpers/actor.ts'
import { type Frame, handshakeOf, onFrames, writeFrame } from './wire.ts'

export const NETWORK = networkOf('soak', 4)
const QUOTA_BYTES = 64 * 1024 * 1024
const DEVICE_BYTES = 32
/** Time that passes with each message: 200 a second, from a dozen links. */
const MESSAGE_MS = 5

/** The node that is attacked. */
export function target(seed: string): Actor {
  return actor(`${seed} bo`, NETWORK)
}

export class Besieged {
  readonly #service: Service
  readonly #store: LevelStore
  readonly #sockets = new Map<number, Socket>()
  readonly #quiet: (() => void)[] = []
  readonly #onMessage: (taken: number) => void
  #busy = 0
  #nowMs = START_MS
  /** Messages that were taken. */
  taken = 0
  /** Faults that were noted, by code. */
  readonly faults = new Map<string, number>()

  static async open(home: string, seed: string, onMessage: (taken: number) => void): Promise<Besieged> {
    const bo = target(seed)
    const store = await openStore({ home, incarnation: bo.incarnation, describe: describeBlock })
    return new Besieged(bo, store, seed, onMessage)
  }

  private constructor(bo: Actor, store: LevelStore, seed: string, onMessage: (taken: number) => void) {
    const standing = new FirstStanding()
    this.#store = store
    this.#onMessage = onMessage
    this.#service = new Service({
      network: NETWORK,
      identity: bo.identity,
      device: bo.device,
      incarnation: bo.incarnation,
      certificate: bo.certificate,
      verify,
      verifyDevice,
      random: seededRandom(`${seed} service`),
      standing,
      evidence: standing,
      retention: quotaPolicy(QUOTA_BYTES, () => logicalBytes(store.usage())),
      depth: 0,
      connectionsMax: 64,
      quotaBytes: QUOTA_BYTES,
      acceptsStores: true,
      introduceAfterMs: 300,
    })
    this.#step({ type: 'start' })
  }

  get held(): Service['held'] {
    return this.#service.held
  }

  async close(): Promise<void> {
    await this.#settled()
    await this.#store.close()
  }

  /** Takes what comes over a socket: the links of those at its other end. */
  serve(socket: Socket): void {
    onFrames(socket, (frame) => this.#take(socket, frame))
  }

  #take(socket: Socket, { kind, link, name, body }: Frame): void {
    switch (kind) {
      case 'join': {
        const device = body.slice(0, DEVICE_BYTES)
        const address = Buffer.from(body.subarray(DEVICE_BYTES)).toString()
        this.#sockets.set(link, socket)
        return this.#step({
          type: 'connected',
          peer: link,
          device,
          handshakeHash: handshakeOf(link),
          address,
        })
      }
      case 'part':
        return this.#part(link)
      case 'blocked':
      case 'drained':
        if (this.#sockets.has(link)) this.#step({ type: kind, peer: link })
        return
      case 'say':
        this.#nowMs += MESSAGE_MS
        this.taken += 1
        this.#onMessage(this.taken)
        if (!this.#sockets.has(link)) return
        return this.#step({ type: 'received', peer: link, name: MESSAGE_NAMES[name]!, message: body })
      case 'mark':
        return writeFrame(socket, 'mark', link)
      case 'settle':
        return void this.#settled().then(() => writeFrame(socket, 'mark', link))
    }
  }

  #part(link: number): void {
    if (this.#sockets.delete(link)) this.#step({ type: 'disconnected', peer: link })
  }

  #settled(): Promise<void> {
    if (this.#busy === 0) return Promise.resolve()
    return new Promise((resolve) => this.#quiet.push(resolve))
  }

  #step(input: Input): void {
    for (const effect of this.#service.step(input, this.#nowMs)) this.#carryOut(effect)
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'send': {
        const socket = this.#sockets.get(effect.peer)
        if (socket !== undefined)
          writeFrame(socket, 'heard', effect.peer, MESSAGE_NAMES.indexOf(effect.name), effect.message)
        return
      }
      case 'disconnect': {
        const socket = this.#sockets.get(effect.peer)
        if (socket !== undefined) writeFrame(socket, 'parted', effect.peer)
        return queueMicrotask(() => this.#part(effect.peer))
      }
      case 'store': {
        const atHand = performNow(this.#store, effect.call)
        if (atHand !== undefined) {
          return this.#step({ type: 'done', token: effect.token, outcome: { value: atHand } })
        }
        this.#busy += 1
        const done = (outcome: { value: unknown } | { error: unknown }): void => {
          this.#busy -= 1
          this.#step({ type: 'done', token: effect.token, outcome })
          if (this.#busy === 0) for (const resolve of this.#quiet.splice(0)) resolve()
        }
        perform(this.#store, effect.call).then(
          (value) => done({ value }),
          (error: unknown) => done({ error }),
        )
        return
      }
      case 'check': {
        const value = checkItems(effect.request, NETWORK, verify)
        return this.#step({ type: 'done', token: effect.token, outcome: { value } })
      }
      case 'visit':
        return this.#step({ type: 'done', token: effect.token, outcome: { value: undefined } })
      case 'event': {
        const { type, code } = effect.event
        if (type === 'fault') this.faults.set(String(code), (this.faults.get(String(code)) ?? 0) + 1)
      }
    }
  }
}
