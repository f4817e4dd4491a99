/** Shelf claims: what this device says it keeps, and what others said of theirs. */
import { decode } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { FairMap } from '../base/fair-map.ts'
import { equalBytes } from '../base/hash.ts'
import { SHELF_CLAIM, type ShelfClaim, shelfClaim } from '../content/statement.ts'
import { servedAmong } from './denials.ts'
import type { Node } from './node.ts'
import { type Peer, signStatement, verifyStatement } from './peer.ts'
import {
  addressOf,
  CLAIM_EVERY_MS,
  CLAIM_LIFE_MS,
  encodeClaim,
  prefixOf,
  rootOfIds,
  sharesPrefix,
} from './shards.ts'
import { run, type Task } from './task.ts'

/** Claims of others that are remembered; the oldest goes first. About 400 bytes each. */
const CLAIMS_MAX = 4_096
/** Of devices at one address: they cost nothing to make. */
const OF_HOST_MAX = 64

interface Known {
  claim: ShelfClaim
  /** On our own clock, from when it came: the claimant's may be wrong by days. */
  endsMs: number
}

export class Claims {
  readonly #node: Node
  readonly #address: Uint8Array
  /** In groups by host: see `hostOf`. */
  readonly #others = new FairMap<Known>({ max: CLAIMS_MAX, ofGroupMax: OF_HOST_MAX })
  /** What `usualDepth` found, until a claim changes that or ends. */
  #usual = { depth: 0, untilMs: Number.NEGATIVE_INFINITY }
  own: Uint8Array | undefined

  constructor(node: Node, address: Uint8Array) {
    this.#node = node
    this.#address = address
  }

  /** Makes our claim now and again before it ends. Who keeps nothing for others claims nothing. */
  renew(): void {
    if (!this.#node.env.acceptsStores()) return
    const { timers, nowMs } = this.#node.env
    run(this.#make(), (outcome) => {
      if ('error' in outcome)
        this.#node.emit({ type: 'failed', what: 'claim', message: String(outcome.error) })
    })
    timers.at(nowMs() + CLAIM_EVERY_MS, () => this.renew())
  }

  /** Takes in the claim that a peer sent of itself. Throws where it is not its own or does not verify. */
  learn(peer: Peer, bytes: Uint8Array): void {
    const record = verifyStatement(Uint8Array.from(bytes), this.#node.env)
    if (record.kind !== SHELF_CLAIM || !equalBytes(record.signer, peer.device)) {
      throw new SheafError('BAD_SIGNATURE', "a claim that is not the peer's own")
    }
    const claim = decode(shelfClaim, record.body)
    if (!equalBytes(prefixOf(addressOf(peer.device), claim.shard.depth), claim.shard.prefix)) {
      throw new SheafError('BAD_PROOF', "a claim of a shard that is not the device's")
    }
    const nowMs = this.#node.env.nowMs()
    const before = this.#others.get(peer.device)
    const known = before?.claim
    const isOlder =
      known !== undefined &&
      equalBytes(known.incarnation, claim.incarnation) &&
      known.sequence > claim.sequence
    if (isOlder) return
    const lifeMs = Math.min(CLAIM_LIFE_MS, claim.until - record.timeMs)
    this.#others.set(peer.device, { claim, endsMs: nowMs + lifeMs }, hostOf(peer))
    const isNews = before === undefined || before.endsMs <= nowMs || known?.shard.depth !== claim.shard.depth
    if (isNews) this.#usual.untilMs = Number.NEGATIVE_INFINITY
  }

  /** Devices that claim to keep a locator. */
  covering(locator: Uint8Array): Uint8Array[] {
    const nowMs = this.#node.env.nowMs()
    return [...this.#others].flatMap(([device, { claim, endsMs }]) =>
      endsMs > nowMs &&
      sharesPrefix(locator, claim.shard.prefix, claim.shard.depth) &&
      this.#node.retention.talksTo(device)
        ? [device]
        : [],
    )
  }

  /** How many bits of its address a device says that it keeps; undefined where it has not said so lately. */
  depthOf(device: Uint8Array): number | undefined {
    const known = this.#others.get(device)
    return known !== undefined && known.endsMs > this.#node.env.nowMs() ? known.claim.shard.depth : undefined
  }

  /** The life of its store that a device is in by its last claim, which it made at `saidMs` by its own clock. */
  lifeOf(device: Uint8Array): { incarnation: Uint8Array; saidMs: number } | undefined {
    const known = this.#others.get(device)
    return known && { incarnation: known.claim.incarnation, saidMs: known.claim.until - CLAIM_LIFE_MS }
  }

  /**
   * The depth that is usual around here: the median of what is claimed, ours among them; no minority moves it.
   * Each host has one voice, its latest claim: a crowd of devices on one machine is no majority.
   */
  usualDepth(): number {
    const nowMs = this.#node.env.nowMs()
    if (nowMs >= this.#usual.untilMs) this.#usual = this.#findUsual(nowMs)
    return this.#usual.depth
  }

  #findUsual(nowMs: number): { depth: number; untilMs: number } {
    const ofHosts = new Map<string, number>()
    const depths = [this.#node.depth]
    let untilMs = Number.POSITIVE_INFINITY
    for (const { value, group } of this.#others.values()) {
      const { claim, endsMs } = value
      if (endsMs <= nowMs) continue
      untilMs = Math.min(untilMs, endsMs)
      if (group === undefined) depths.push(claim.shard.depth)
      else ofHosts.set(group, claim.shard.depth)
    }
    depths.push(...ofHosts.values())
    depths.sort((a, b) => a - b)
    return { depth: depths[depths.length >> 1]!, untilMs }
  }

  devices(): Uint8Array[] {
    return [...this.#others.keys()].reverse().filter((device) => this.#node.retention.talksTo(device))
  }

  *#make(): Task<void> {
    const { env, store, depth } = this.#node
    const prefix = prefixOf(this.#address, depth)
    // What a claim would promise, and we would refuse, is not claimed.
    const ids = yield* servedAmong(this.#node, yield* store.within(prefix, depth), (id) => id)
    const claim: ShelfClaim = {
      incarnation: env.incarnation,
      sequence: yield* this.#node.nextSequence(),
      shard: { depth, prefix },
      count: ids.length,
      root: rootOfIds(ids),
      until: env.wallMs() + CLAIM_LIFE_MS,
    }
    this.own = signStatement(env, SHELF_CLAIM, encodeClaim(claim)).bytes
  }
}

/** The address that a device has, where that tells machines apart: many honest nodes share a local one. */
function hostOf({ caller: { networks, isLocal } }: Peer): string | undefined {
  return isLocal ? undefined : networks[0]
}
