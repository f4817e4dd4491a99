/**
 * Subscriptions, seen by who serves them: a query that stays open, takes no place meanwhile, and is sent
 * what is stored at its locators, as far as the client reads and thanks.
 *
 *     ask ──▶ result (open; what is not watched) … result, result … ──▶ result (last)
 *                                                 as blocks are stored   lease over, 256 sent, replaced
 */
import { SheafError } from '../base/errors.ts'
import { IdMap } from '../base/id-map.ts'
import type { Node } from './node.ts'
import type { Peer } from './peer.ts'
import type { QueryOf } from './queries.ts'
import type { Reply } from './reply.ts'
import { type Due, Subscription } from './subscription.ts'
import type { Task } from './task.ts'
import type { Answer } from './wire.ts'

/** Subscriptions of one connection, and locators in all of them. */
export const SUBSCRIPTIONS_MAX = 16
export const PLACES_MAX = 1_024
/** Locators that are watched for all clients together: about 16 MB. */
export const PLACES_OF_ALL_MAX = 65_536
/** Blocks that one subscription brings at most; its weight is that of a query for so many. */
export const PUSHES_MAX = 256
/** Blocks that are read at once. */
const LOAD_IDS = 64

/** Adds those blocks that are to be had and to be shown to the reply, each at its index, behind the keys that they need. */
export type SendFound = (peer: Peer, due: readonly Due[], reply: Reply) => Task<void>

export class Subscribing {
  readonly #node: Node
  readonly #send: SendFound
  /** By the number of their query. */
  readonly #of = new WeakMap<Peer, Map<number, { subscription: Subscription; places: number }>>()
  #places = 0

  constructor(node: Node, send: SendFound) {
    this.#node = node
    this.#send = send
  }

  *serve(peer: Peer, asked: QueryOf<'subscribe'>, reply: Reply): Task<void> {
    const { locators, replaces } = asked
    const mine = this.#of.get(peer) ?? new Map()
    this.#of.set(peer, mine)
    const earlier = replaces === undefined ? undefined : mine.get(replaces)
    if (locators.length === 0) {
      earlier?.subscription.end('now')
      return
    }
    const subscription = new Subscription()
    const refused = yield* this.#judge(locators)
    const others = [...mine.values()].filter((one) => one !== earlier)
    this.#refuseTooMany(others, locators.length)
    mine.set(reply.ask, { subscription, places: locators.length })
    this.#places += locators.length
    reply.certify = asked.certify
    for (const [index, answer] of refused) reply.add(index, answer)
    const places = placesOf(locators, refused)
    const leave = this.#node.watchers.watch([...places.keys()], ({ id, locator }) => {
      const index = places.get(locator)
      if (index !== undefined) subscription.add(id, index)
    })
    earlier?.subscription.end('soon')
    const { timers, nowMs } = this.#node.env
    const lease = timers.at(nowMs() + asked.seconds * 1_000, () => subscription.end('now'))
    reply.onTurn = () => subscription.wake()
    try {
      reply.open()
      yield* this.#push(peer, subscription, reply)
    } finally {
      lease.cancel()
      leave()
      mine.delete(reply.ask)
      this.#places -= locators.length
    }
  }

  *#push(peer: Peer, subscription: Subscription, reply: Reply): Task<void> {
    let left = PUSHES_MAX
    while (!peer.isGone && !subscription.isOver && left > 0) {
      const room = Math.min(left, reply.credit, LOAD_IDS)
      if (!subscription.hasWork || room <= 0) {
        yield* subscription.turn()
        continue
      }
      if (peer.isBlocked) {
        yield* reply.writable()
        continue
      }
      const due = subscription.take(room)
      left -= due.length
      yield* this.#send(peer, due, reply)
      for (const index of subscription.takeMissed()) reply.add(index, { type: 'missed' })
      if (peer.isGone) return
      peer.usedMs = this.#node.env.nowMs()
      reply.push()
    }
  }

  /** What is not watched, and why: denied by the operator, or not here and not ours to keep. */
  *#judge(locators: readonly Uint8Array[]): Task<Map<number, Answer>> {
    const { retention, store } = this.#node
    const answers = new Map<number, Answer>()
    for (const [index, locator] of locators.entries()) {
      if (!retention.serves(locator)) {
        answers.set(index, { type: 'refused', reason: { type: 'policy' } })
      } else if (!this.#node.keeps(locator) && (yield* store.at(locator, 1)).length === 0) {
        answers.set(index, { type: 'moved', to: this.#node.claimants(locator).slice(0, 8) })
      }
    }
    return answers
  }

  /** Throws QUOTA_FULL for what is too much for one client, BUSY for what is too much for this node. */
  #refuseTooMany(others: { places: number }[], added: number): void {
    const taken = others.reduce((sum, { places }) => sum + places, 0)
    if (others.length >= SUBSCRIPTIONS_MAX || taken + added > PLACES_MAX)
      throw new SheafError('QUOTA_FULL', 'so many subscriptions of yours are open')
    if (this.#places + added > PLACES_OF_ALL_MAX)
      throw new SheafError('BUSY', 'too many subscriptions are open')
  }
}

/** The watched locators, each once, with its first place in the query. */
function placesOf(locators: readonly Uint8Array[], refused: ReadonlyMap<number, Answer>): IdMap<number> {
  const places = new IdMap<number>()
  for (const [index, locator] of locators.entries())
    if (!refused.has(index) && !places.has(locator)) places.set(locator, index)
  return places
}
