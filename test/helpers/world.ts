/** Services in one process on memory stores, joined by a link that delivers in order: no sockets, virtual time. */

import { encode } from '../../src/base/codec.ts'
import { deviceKeyPair, deviceSign, loadCrypto, VerifiedSignatures } from '../../src/base/crypto.ts'
import { sha256 } from '../../src/base/hash.ts'
import { entityKeyPair, nextKeyCommitment, solvePuzzle } from '../../src/base/keys.ts'
import { type Network, networkOf } from '../../src/base/network.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { formBlock } from '../../src/content/block.ts'
import { DEVICE_CERTIFICATE, deviceCertificate } from '../../src/content/device.ts'
import { signGenesis } from '../../src/content/key.ts'
import { locatorOf } from '../../src/content/kinds.ts'
import { type SignedRecord, signRecord } from '../../src/content/record.ts'
import type { Answers, Command } from '../../src/node/commands.ts'
import { MemoryStore } from '../../src/node/memory-store.ts'
import type { Identity } from '../../src/node/node.ts'
import { perform } from '../../src/node/perform.ts'
import { quotaPolicy } from '../../src/node/retention.ts'
import { type Effect, type Input, Service } from '../../src/node/service.ts'
import type { Store, StoredBlock } from '../../src/node/store.ts'
import type { MessageName } from '../../src/node/wire.ts'
import { Search } from '../../src/node/work.ts'
import { FirstStanding } from '../../src/ranking/standing.ts'

export const START_MS = 1_800_000_000_000

export interface Actor {
  identity: Identity
  entity: Uint8Array
  device: { publicKey: Uint8Array; secretKey: Uint8Array; sign(digest: Uint8Array): Uint8Array }
  incarnation: Uint8Array
  certificate: Uint8Array
}

/** A person with one device, made from a seed. */
export function actor(seed: string, network: Network): Actor {
  const random = seededRandom(seed)
  const crypto = loadCrypto()
  const keys = entityKeyPair(crypto, random(32))
  const next = entityKeyPair(crypto, random(32))
  const sign = (digest: Uint8Array): Uint8Array => crypto.sign(digest, keys.secret)
  const at = { timeMs: START_MS - 1000, nonce: random(8) }
  const genesis = signGenesis(
    { publicKey: keys.publicKey, next: nextKeyCommitment(next.publicKey) },
    at,
    network,
    sign,
  )
  const pair = deviceKeyPair(random(32))
  const puzzle = Buffer.alloc(8)
  puzzle.writeBigUInt64LE(solvePuzzle(pair.publicKey, network.puzzleBits, 0n)!)
  const certificate = signRecord(
    {
      ...at,
      kind: DEVICE_CERTIFICATE,
      signer: genesis.id,
      key: genesis.id,
      body: encode(deviceCertificate, { device: pair.publicKey, puzzle }),
    },
    network,
    sign,
  )
  return {
    entity: genesis.id,
    device: { ...pair, sign: (digest) => deviceSign(digest, pair.secretKey) },
    incarnation: random(16),
    certificate: certificate.id,
    identity: {
      author: { entity: genesis.id, key: genesis.id, network, sign },
      blocks: [genesis, certificate].map(stored),
    },
  }
}

export function stored(record: SignedRecord): StoredBlock {
  const bytes = formBlock(record)
  const { id, kind, timeMs } = record
  return { id, locator: locatorOf(record), kind, timeMs, length: bytes.byteLength, bytes }
}

export interface WorldNode {
  name: string
  actor: Actor
  service: Service
  store: Store
  events: { type: string; [field: string]: unknown }[]
  run<T extends Command['type']>(
    command: Extract<Command, { type: T }>,
    progress?: (value: unknown) => void,
  ): Promise<Answers[T]>
}

/** What happens to a message under way: changed, dropped, or left as it is. */
export type Tamper = (
  from: string,
  to: string,
  name: MessageName,
  message: Uint8Array,
) => Uint8Array | undefined

export class World {
  readonly network = networkOf('test', 4)
  readonly nodes = new Map<string, WorldNode>()
  nowMs = START_MS
  tamper: Tamper = (_from, _to, _name, message) => message
  readonly #queue: (() => void)[] = []
  readonly #links = new Map<string, { to: string; number: number }>()
  #nextLink = 1
  #busy = 0
  #nextToken = 1

  add(
    name: string,
    options: { depth?: number; acceptsStores?: boolean; store?: Store; quotaBytes?: number } = {},
  ): WorldNode {
    const who = actor(name, this.network)
    const store = options.store ?? new MemoryStore()
    const standing = new FirstStanding()
    const quotaBytes = options.quotaBytes ?? 2 ** 30
    const service = new Service({
      network: this.network,
      identity: who.identity,
      device: who.device,
      incarnation: who.incarnation,
      certificate: who.certificate,
      verify: verifier.verify.bind(verifier),
      random: seededRandom(`${name} chance`),
      standing,
      evidence: standing,
      retention: quotaPolicy(quotaBytes, () => store.usage().bytes),
      depth: options.depth ?? 0,
      connectionsMax: 64,
      quotaBytes,
      acceptsStores: options.acceptsStores ?? true,
    })
    const answers = new Map<
      number,
      {
        resolve(value: unknown): void
        reject(error: unknown): void
        progress?: ((value: unknown) => void) | undefined
      }
    >()
    const node: WorldNode = {
      name,
      actor: who,
      service,
      store,
      events: [],
      run: (command, progress) =>
        new Promise((resolve, reject) => {
          const token = this.#nextToken++
          answers.set(token, { resolve: resolve as (value: unknown) => void, reject, progress })
          this.#input(name, { type: 'command', token, command })
          void this.settle()
        }),
    }
    this.#answers.set(name, answers)
    this.nodes.set(name, node)
    this.#input(name, { type: 'start' })
    return node
  }

  readonly #answers = new Map<
    string,
    Map<
      number,
      {
        resolve(value: unknown): void
        reject(error: unknown): void
        progress?: ((value: unknown) => void) | undefined
      }
    >
  >()

  /** Joins two nodes by a link. */
  connect(a: string, b: string): { a: number; b: number } {
    const handshakeHash = sha256(Buffer.from(`${a} ${b} ${this.#nextLink}`))
    const ends = { a: this.#nextLink++, b: this.#nextLink++ }
    this.#links.set(`${a} ${ends.a}`, { to: b, number: ends.b })
    this.#links.set(`${b} ${ends.b}`, { to: a, number: ends.a })
    this.#input(a, {
      type: 'connected',
      peer: ends.a,
      device: this.nodes.get(b)!.actor.device.publicKey,
      handshakeHash,
    })
    this.#input(b, {
      type: 'connected',
      peer: ends.b,
      device: this.nodes.get(a)!.actor.device.publicKey,
      handshakeHash,
    })
    return ends
  }

  disconnect(name: string, number: number): void {
    const link = this.#links.get(`${name} ${number}`)
    if (link === undefined) return
    this.#links.delete(`${name} ${number}`)
    this.#links.delete(`${link.to} ${link.number}`)
    this.#input(name, { type: 'disconnected', peer: number })
    this.#input(link.to, { type: 'disconnected', peer: link.number })
  }

  /** Sends a message as if node `from` had sent it on its end of a link. */
  inject(from: string, number: number, name: MessageName, message: Uint8Array): void {
    const link = this.#links.get(`${from} ${number}`)
    if (link !== undefined) this.#input(link.to, { type: 'received', peer: link.number, name, message })
  }

  /** Lets everything happen that happens without time passing. */
  async settle(): Promise<void> {
    for (;;) {
      const next = this.#queue.shift()
      if (next !== undefined) {
        next()
        continue
      }
      if (this.#busy === 0) return
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  /** Lets time pass, from one due moment to the next. */
  async advance(ms: number): Promise<void> {
    const until = this.nowMs + ms
    await this.settle()
    for (;;) {
      const due = [...this.nodes.values()].map(({ service }) => service.wakeAtMs ?? Number.POSITIVE_INFINITY)
      const next = Math.min(...due)
      if (next > until) break
      this.nowMs = Math.max(this.nowMs, next)
      for (const name of this.nodes.keys()) this.#input(name, { type: 'wake' })
      await this.settle()
    }
    this.nowMs = until
  }

  #input(name: string, input: Input): void {
    this.#queue.push(() => {
      const node = this.nodes.get(name)
      if (node === undefined) return
      for (const effect of node.service.step(input, this.nowMs)) this.#carryOut(node, effect)
    })
  }

  #carryOut(node: WorldNode, effect: Effect): void {
    const { name } = node
    switch (effect.type) {
      case 'send': {
        const link = this.#links.get(`${name} ${effect.peer}`)
        const message = link && this.tamper(name, link.to, effect.name, effect.message)
        if (link !== undefined && message !== undefined) {
          this.#input(link.to, { type: 'received', peer: link.number, name: effect.name, message })
        }
        return
      }
      case 'disconnect':
        return this.disconnect(name, effect.peer)
      case 'store':
        this.#busy += 1
        perform(node.store, effect.call).then(
          (value) => this.#done(name, effect.token, { value }),
          (error) => this.#done(name, effect.token, { error }),
        )
        return
      case 'solve':
        return this.#input(name, {
          type: 'done',
          token: effect.token,
          outcome: { value: new Search(effect.seed, effect.bid).run(Number.POSITIVE_INFINITY) },
        })
      case 'event':
        node.events.push(effect.event)
        return
      case 'progress':
        return this.#answers.get(name)?.get(effect.token)?.progress?.(effect.value)
      case 'answer': {
        const waiting = this.#answers.get(name)?.get(effect.token)
        if ('error' in effect.outcome) waiting?.reject(effect.outcome.error)
        else waiting?.resolve(effect.outcome.value)
        return
      }
      case 'connect':
      case 'join':
        return
    }
  }

  #done(name: string, token: number, outcome: { value: unknown } | { error: unknown }): void {
    this.#busy -= 1
    this.#input(name, { type: 'done', token, outcome })
  }
}

const verifier = new VerifiedSignatures(loadCrypto())
