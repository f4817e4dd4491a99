/** Shelf claims: what this device says it keeps, and what others said of theirs. */
import { decode } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import { SHELF_CLAIM, type ShelfClaim, shelfClaim } from '../content/statement.ts'
import type { Node } from './node.ts'
import { type Peer, signStatement, verifyStatement } from './peer.ts'
import { CLAIM_EVERY_MS, CLAIM_LIFE_MS, encodeClaim, prefixOf, rootOfIds, sharesPrefix } from './shards.ts'
import { run, type Task } from './task.ts'

/** Claims of others that are remembered; the oldest goes first. About 400 bytes each. */
const CLAIMS_MAX = 4_096

export class Claims {
  readonly #node: Node
  readonly #address: Uint8Array
  readonly #others = new IdMap<ShelfClaim>(CLAIMS_MAX)
  own: Uint8Array | undefined

  constructor(node: Node, address: Uint8Array) {
    this.#node = node
    this.#address = address
  }

  /** Makes our claim now and again before it ends. */
  renew(): void {
    const { timers, nowMs } = this.#node.env
    run(this.#make(), (outcome) => {
      if ('error' in outcome)
        this.#node.emit({ type: 'failed', what: 'claim', message: String(outcome.error) })
    })
    timers.at(nowMs() + CLAIM_EVERY_MS, () => this.renew())
  }

  /** Takes in the claim that a peer sent of itself. Throws where it is not its own or does not verify. */
  learn(peer: Peer, bytes: Uint8Array): void {
    const record = verifyStatement(Uint8Array.from(bytes), this.#node.env.network)
    if (record.kind !== SHELF_CLAIM || !equalBytes(record.signer, peer.device)) {
      throw new SheafError('BAD_SIGNATURE', "a claim that is not the peer's own")
    }
    const claim = decode(shelfClaim, record.body)
    const known = this.#others.get(peer.device)
    const isOlder =
      known !== undefined &&
      equalBytes(known.incarnation, claim.incarnation) &&
      known.sequence > claim.sequence
    if (isOlder) return
    this.#others.delete(peer.device)
    this.#others.set(peer.device, claim)
  }

  /** Devices that claim to keep a locator. */
  covering(locator: Uint8Array): Uint8Array[] {
    const nowMs = this.#node.env.nowMs()
    return [...this.#others].flatMap(([device, { shard, until }]) =>
      until > nowMs && sharesPrefix(locator, shard.prefix, shard.depth) ? [device] : [],
    )
  }

  devices(): Uint8Array[] {
    return [...this.#others.keys()].reverse()
  }

  *#make(): Task<void> {
    const { env, store, depth } = this.#node
    const prefix = prefixOf(this.#address, depth)
    const ids = yield* store.within(prefix, depth)
    const claim: ShelfClaim = {
      incarnation: env.incarnation,
      sequence: yield* this.#node.nextSequence(),
      shard: { depth, prefix },
      count: ids.length,
      root: rootOfIds(ids),
      until: env.nowMs() + CLAIM_LIFE_MS,
    }
    this.own = signStatement(env, SHELF_CLAIM, encodeClaim(claim)).bytes
  }
}
