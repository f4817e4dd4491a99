/** What people look at: where a page lives, who is connected and why it ranks so, how the node does. */
import { decode } from '../base/codec.ts'
import { equalBytes } from '../base/hash.ts'
import { pageLocator } from '../content/space.ts'
import { holding } from '../content/statement.ts'
import { HOLDERS_MIN } from './batch.ts'
import { localBundle } from './bundles.ts'
import { orderedPeers } from './choosing.ts'
import { clockSkew } from './clock-skew.ts'
import type { PeerStatus, Status, Target, Whereabouts } from './commands.ts'
import { deniedHere } from './denials.ts'
import type { Asked } from './fetching.ts'
import { headOf } from './head-finding.ts'
import type { Connection, Node } from './node.ts'
import type { Outbox } from './outbox.ts'
import { verifyStatement } from './peer.ts'
import { failure } from './pieces.ts'
import type { Reader } from './reading.ts'
import { logicalBytes } from './store.ts'
import { settleAll, type Task } from './task.ts'

/** What the node counts besides its parts. */
export interface Counters {
  startedMs: number
  queriesServed: number
  lastError: string | undefined
}

export class Inspector {
  readonly #node: Node
  readonly #outbox: Outbox
  readonly #reader: Reader
  readonly #counters: Counters
  readonly #address: Uint8Array

  constructor(parts: {
    node: Node
    outbox: Outbox
    reader: Reader
    counters: Counters
    address: Uint8Array
  }) {
    this.#node = parts.node
    this.#outbox = parts.outbox
    this.#reader = parts.reader
    this.#counters = parts.counters
    this.#address = parts.address
  }

  /** Who holds a version: by their signed promise where we have one, and by what connected peers answer now. */
  *where(target: Target, untilMs: number): Task<Whereabouts> {
    if (!this.#node.retention.serves('id' in target ? target.id : pageLocator(target.page))) {
      throw deniedHere('this')
    }
    const id = 'id' in target ? target.id : yield* this.#headId(target, untilMs)
    const [meta] = yield* this.#node.store.meta([id])
    const locator = 'page' in target ? pageLocator(target.page) : meta?.locator
    if (locator !== undefined) yield* this.#node.reach.reach(locator, HOLDERS_MIN, untilMs)
    const { holders: promises, isPending } = yield* this.#outbox.holdersOf(id)
    const peers = orderedPeers(this.#node)
    const answers = yield* settleAll(peers.map((peer) => this.#has(peer, id, untilMs)))
    const asked = peers.map(({ device }, i): Asked => {
      const outcome = answers[i]!
      return { device, answer: 'value' in outcome ? outcome.value : 'unreachable' }
    })
    const wallMs = this.#node.env.wallMs()
    const records = promises.map((bytes) => verifyStatement(bytes, this.#node.env))
    const trusted = records.filter(({ signer }) => this.#node.retention.talksTo(signer))
    const holders = trusted.map((record) => {
      const now = asked.find(({ device }) => equalBytes(device, record.signer))
      return this.#holder(record.signer, {
        provenMs: now?.answer === 'found' ? wallMs : Math.min(wallMs, record.timeMs),
        untilMs: decode(holding, record.body).until,
      })
    })
    for (const { device, answer } of asked) {
      if (answer !== 'found' || holders.some((one) => equalBytes(one.device, device))) continue
      holders.push(this.#holder(device, { provenMs: wallMs, untilMs: undefined }))
    }
    if (meta === undefined && holders.length === 0) throw failure(asked, 'nobody holds this')
    const keepers = peers.filter((peer) => locator === undefined || this.#node.reach.covers(peer, locator))
    const persons = this.#node.people.count(keepers.map(({ device }) => device))
    const target_ = Math.min(HOLDERS_MIN, Math.max(1, persons))
    return { id, isHere: meta !== undefined, holders, target: target_, isPending, asked }
  }

  peers(): PeerStatus[] {
    const nowMs = this.#node.env.nowMs()
    return orderedPeers(this.#node).map((peer) => {
      const { score, why } = this.#node.env.standing.explain(peer.device, nowMs)
      return {
        device: peer.device,
        entity: peer.entity,
        session: peer.client.isOpen ? ('open' as const) : ('none' as const),
        acceptsStores: peer.client.acceptsStores,
        score,
        why,
        connectedMs: nowMs - peer.connectedMs,
      }
    })
  }

  *status(): Task<Status> {
    const usage = yield* this.#node.store.usage()
    const { env, identity, depth } = this.#node
    const peers = this.#node.connections()
    const { batches, oldestMs } = this.#outbox.pending
    return {
      entity: identity.author?.entity,
      device: env.device.publicKey,
      incarnation: env.incarnation,
      network: env.network.name,
      startedMs: this.#counters.startedMs,
      nowMs: env.wallMs(),
      peers: peers.length,
      peersAcceptingStores: peers.filter(({ client }) => client.isOpen && client.acceptsStores).length,
      stored: { ...usage, usedBytes: logicalBytes(usage), quotaBytes: this.#node.quotaBytes },
      shard: { depth, address: this.#address },
      pendingBatches: batches,
      oldestPendingMs: oldestMs,
      queriesServed: this.#counters.queriesServed,
      queriesWaiting: peers.reduce((sum, { client }) => sum + client.load, 0),
      lastError: this.#counters.lastError,
      clock: clockSkew(
        peers.flatMap(({ toldTime }) => (toldTime === undefined ? [] : [toldTime])),
        { nowMs: env.nowMs(), wallMs: env.wallMs() },
      ),
    }
  }

  *#headId(target: Extract<Target, { page: unknown }>, untilMs: number): Task<Uint8Array> {
    const versions = (yield* localBundle(this.#node, pageLocator(target.page))).filter(
      (block) => block.type === 'version',
    )
    const head = yield* headOf(this.#node, target.page, versions, { untilMs, isLocal: true })
    return head?.version.id ?? (yield* this.#reader.get({ type: 'get', target, untilMs })).id
  }

  /** Whether a peer can show a block now. */
  *#has(peer: Connection, id: Uint8Array, untilMs: number): Task<Asked['answer']> {
    let answer: Asked['answer'] = 'unknown'
    yield* peer.client.ask(
      { type: 'blocks', ids: [id], certify: false },
      {
        items(items) {
          for (const { answer: said } of items) {
            if (said.type === 'found' || said.type === 'lost' || said.type === 'refused') answer = said.type
          }
        },
      },
      untilMs,
    )
    return answer
  }

  #holder(
    device: Uint8Array,
    proof: { provenMs: number; untilMs: number | undefined },
  ): Whereabouts['holders'][number] {
    const connection = this.#node.connections().find((one) => equalBytes(one.device, device))
    const entity = this.#node.people.entityOf(device)
    return { device, entity, ...proof, isConnected: connection !== undefined }
  }
}
