/**
 * One real service on a real store, and the ends of its links by hand: what it sends reaches the
 * strangers of the tests, what they say reaches it. Its clock runs with the messages.
 */

import { sha256 } from '../../../src/base/hash.ts'
import { networkOf } from '../../../src/base/network.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import { describeBlock } from '../../../src/content/block.ts'
import { checkItems } from '../../../src/node/checking.ts'
import { type LevelStore, openStore } from '../../../src/node/io/store/level-store.ts'
import { perform } from '../../../src/node/perform.ts'
import { quotaPolicy } from '../../../src/node/retention.ts'
import { type Effect, type Input, Service } from '../../../src/node/service.ts'
import { logicalBytes } from '../../../src/node/store.ts'
import type { MessageName } from '../../../src/node/wire.ts'
import { FirstStanding } from '../../../src/ranking/standing.ts'
import { type Actor, actor, START_MS, verify, verifyDevice } from '../../../test/helpers/actor.ts'
import type { Stranger, Wire } from '../../../test/helpers/stranger.ts'

const QUOTA_BYTES = 64 * 1024 * 1024

export class Besieged implements Wire {
  readonly network = networkOf('soak', 4)
  readonly service: Service
  readonly #store: LevelStore
  readonly #device: Uint8Array
  readonly #ends = new Map<number, Stranger>()
  readonly #quiet: (() => void)[] = []
  #nextPeer = 1
  #busy = 0
  nowMs = START_MS
  /** Faults that were noted, by code. */
  readonly faults = new Map<string, number>()

  static async open(home: string, seed: string): Promise<Besieged> {
    const network = networkOf('soak', 4)
    const bo = actor(`${seed} bo`, network)
    const store = await openStore({ home, incarnation: bo.incarnation, describe: describeBlock })
    return new Besieged(bo, store, seed)
  }

  private constructor(bo: Actor, store: LevelStore, seed: string) {
    const standing = new FirstStanding()
    this.#store = store
    this.#device = bo.device.publicKey
    this.service = new Service({
      network: this.network,
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

  close(): Promise<void> {
    return this.#store.close()
  }

  /** Joins a stranger to the service by a link of its own; `address` is where it says that it comes from. */
  join(end: Stranger, address: string): void {
    const peer = this.#nextPeer++
    const handshakeHash = sha256(Buffer.from(`link ${peer}`))
    this.#ends.set(peer, end)
    // The stranger's end first: the service speaks as soon as it knows of the link.
    end.take({ type: 'connected', peer, device: this.#device, handshakeHash })
    this.#step({ type: 'connected', peer, device: end.actor.device.publicKey, handshakeHash, address })
  }

  part(peer: number): void {
    const end = this.#ends.get(peer)
    if (end === undefined) return
    this.#ends.delete(peer)
    end.take({ type: 'disconnected', peer })
    this.#step({ type: 'disconnected', peer })
  }

  press(peer: number, type: 'blocked' | 'drained'): void {
    if (this.#ends.has(peer)) this.#step({ type, peer })
  }

  inject(_from: string, peer: number, name: MessageName, message: Uint8Array): void {
    if (this.#ends.has(peer)) this.#step({ type: 'received', peer, name, message })
  }

  /** Waits until no call of the store is under way. */
  settle(): Promise<void> {
    if (this.#busy === 0) return Promise.resolve()
    return new Promise((resolve) => this.#quiet.push(resolve))
  }

  pass(ms: number): void {
    this.nowMs += ms
    if ((this.service.wakeAtMs ?? Number.POSITIVE_INFINITY) <= this.nowMs) this.#step({ type: 'wake' })
  }

  #step(input: Input): void {
    for (const effect of this.service.step(input, this.nowMs)) this.#carryOut(effect)
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        return this.#ends
          .get(effect.peer)
          ?.take({ type: 'received', peer: effect.peer, name: effect.name, message: effect.message })
      case 'disconnect':
        return queueMicrotask(() => this.part(effect.peer))
      case 'store': {
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
        const value = checkItems(effect.request, this.network, verify)
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
