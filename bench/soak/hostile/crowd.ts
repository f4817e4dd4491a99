/**
 * Devices that mean no good: they say bytes of chance, spoiled and replayed messages in every state of
 * a session, flood with hellos and with earns that show no work, open links and say nothing, do not
 * read, and come and go under ever new keys.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { deviceKeyPair, deviceSign } from '../../../src/base/crypto.ts'
import type { Random } from '../../../src/base/random.ts'
import { encodeMessage } from '../../../src/node/peer.ts'
import { MESSAGE_BYTES_MAX, MESSAGE_NAMES, type MessageName } from '../../../src/node/wire.ts'
import { type Actor, actor } from '../../../test/helpers/actor.ts'
import { HandClient } from '../../../test/helpers/hand-client.ts'
import { belowFrom, madeUp } from '../../../test/helpers/moves.ts'
import { type Below, mutant } from '../../../test/helpers/mutants.ts'
import { type Heard, Stranger } from '../../../test/helpers/stranger.ts'
import type { Links } from './wire.ts'

const ACTIVE = 12
/** So many messages under way, and no more are said until some were taken. */
const WINDOW = 8
/** They take links and say nothing. */
const SILENT = 16
/** Work that is worth while to get into a session and misbehave there. */
const EFFORT_MAX = 4_096
/** What one remembers, for replays; and of what it heard. */
const REMEMBERED = 40
/** Well-formed messages of each name. */
const MADE_UP = 50
/** Hellos in a row. */
const FLOOD = 4
/** What is said as chance is cut from these, so that the crowd is not kept by making it. */
const CHANCE_BYTES = 65_536

interface Member {
  end: Stranger
  client: HandClient
  /** It waits for the service, as one does who keeps to the rules for a while. */
  isWaiting: boolean
}

export class Crowd {
  readonly #target: Links
  readonly #random: Random
  readonly #below: Below
  readonly #base: Actor
  readonly #members: Member[] = []
  readonly #silent: Stranger[] = []
  /** Well-formed messages that have nothing to do with anything. */
  readonly #madeUp: Heard[]
  readonly #chance: Uint8Array
  #devices = 0
  #last: Uint8Array = new Uint8Array(60)
  /** Messages that were said. */
  said = 0
  /** Sessions that were opened by the rules, to be abused. */
  opened = 0

  constructor(target: Links, random: Random) {
    this.#target = target
    this.#random = random
    this.#below = belowFrom(random)
    this.#chance = random(CHANCE_BYTES)
    this.#base = actor('crowd', target.network)
    this.#madeUp = MESSAGE_NAMES.flatMap((name) =>
      Array.from({ length: MADE_UP }, () => ({ name, message: madeUp(name, this.#below) })),
    )
    for (let i = 0; i < ACTIVE; i++) this.#members.push(this.#newcomer())
    for (let i = 0; i < SILENT; i++) this.#silent.push(this.#newcomer().end)
  }

  /** They say things, `perSecond` at the most, until they have said so many; resolves when those were taken. */
  async attack(upTo: number, perSecond: number): Promise<void> {
    let earlier = Promise.resolve()
    const [saidBefore, begunMs] = [this.said, performance.now()]
    while (this.said < upTo) {
      const begun = this.said
      // A turn in which the one that was drawn waits says nothing: it goes on when it was answered.
      for (let acts = 0; acts < WINDOW && this.said < begun + WINDOW / 2; acts++) this.#act()
      const taken = this.#target.mark()
      await earlier
      earlier = taken
      const aheadMs = ((this.said - saidBefore) / perSecond) * 1_000 - (performance.now() - begunMs)
      if (aheadMs > 0) await sleep(aheadMs)
    }
    await this.#target.settle()
  }

  /** One of them does something. */
  #act(): void {
    const at = this.#below(this.#members.length)
    const member = this.#members[at]!
    if (member.isWaiting) return
    const kind = this.#below(1_000)
    if (!member.end.isConnected || kind < 15) {
      this.#target.part(member.end.number)
      this.#members[at] = this.#newcomer()
      return
    }
    if (kind < 720) return this.#sayAny(member)
    if (kind < 820) return this.#flood(member)
    if (kind < 920) return this.#earnWithoutWork(member)
    if (kind < 925)
      return this.#say(member, this.#anyName(), Buffer.alloc(MESSAGE_BYTES_MAX + this.#below(2), 0xfe))
    if (kind < 935) return this.#target.press(member.end.number, this.#below(2) === 0 ? 'blocked' : 'drained')
    if (kind < 945) return this.#replaceSilent()
    if (kind < 980) return void this.#open(member)
    this.#say(member, 'thank', member.client.checkpoint())
  }

  #sayAny(member: Member): void {
    const { name, message } = this.#anyMessage(member)
    this.#say(member, name, message)
  }

  /** Of chance, spoiled, made up, or said before. */
  #anyMessage(member: Member): Heard {
    const kind = this.#below(4)
    const name = this.#anyName()
    if (kind === 0) return { name, message: this.#bytes(this.#below(400)) }
    if (kind === 1) return { name, message: mutant(this.#last, this.#remembered(member), this.#below) }
    const from = kind === 2 ? this.#madeUp : member.end.said
    return from[this.#below(Math.max(1, from.length))] ?? { name, message: this.#last }
  }

  #say(member: Member, name: MessageName, message: Uint8Array): void {
    this.said += 1
    this.#last = message.byteLength > 0 && message.byteLength < 2_000 ? message : this.#last
    member.end.say(name, message)
    const { said, heard } = member.end
    for (const memory of [said, heard]) memory.splice(0, Math.max(0, memory.length - REMEMBERED))
  }

  #flood(member: Member): void {
    const hello = member.client.hello()
    for (let times = 0; times < FLOOD; times++) this.#say(member, 'hello', hello)
  }

  #earnWithoutWork(member: Member): void {
    const challenge = member.end.last('challenge')
    if (challenge === undefined) return this.#say(member, 'hello', member.client.hello())
    const parts = {
      hello: member.client.hello(),
      challenge,
      bid: challenge.effort,
      signature: this.#bytes(64),
    }
    const proofs = Array.from({ length: 8 }, () => this.#bytes(8))
    this.#say(member, 'earn', encodeMessage('earn', { ...parts, proofs, ask: 1, query: Uint8Array.of(0) }))
  }

  /** Earns and thanks by the rules, so that what follows meets an open session. */
  async #open(member: Member): Promise<void> {
    const { client, end } = member
    member.isWaiting = true
    this.#say(member, 'hello', client.hello())
    await this.#target.mark()
    const challenge = end.last('challenge')
    member.isWaiting = false
    if (challenge === undefined || challenge.effort > EFFORT_MAX || !end.isConnected) return
    member.isWaiting = true
    this.said += 1
    client.sayEarn(client.earnOf({ type: 'introduce' }, challenge))
    await this.#target.settle()
    if (end.isConnected) this.#say(member, 'thank', client.checkpoint())
    await this.#target.mark()
    if (end.last('welcome') !== undefined) this.opened += 1
    for (let times = this.#below(6); times > 0 && end.isConnected; times--) {
      this.said += 1
      await client.ask({ type: 'blocks', ids: [this.#bytes(32), this.#base.genesis.id], certify: true })
    }
    member.isWaiting = false
  }

  #replaceSilent(): void {
    const at = this.#below(this.#silent.length)
    this.#target.part(this.#silent[at]!.number)
    this.#silent[at] = this.#newcomer().end
  }

  #newcomer(): Member {
    const pair = deviceKeyPair(this.#random(32))
    const device = { ...pair, sign: (digest: Uint8Array) => deviceSign(digest, pair.secretKey) }
    const end = new Stranger(`hostile ${this.#devices++}`, { ...this.#base, device }, this.#target)
    const client = new HandClient(end)
    this.#target.join(end, `203.0.${this.#below(200)}.${this.#below(250)}`)
    return { end, client, isWaiting: false }
  }

  #remembered({ end }: Member): Uint8Array {
    return end.heard[this.#below(Math.max(1, end.heard.length))]?.message ?? this.#last
  }

  #anyName(): MessageName {
    return MESSAGE_NAMES[this.#below(MESSAGE_NAMES.length)]!
  }

  #bytes(length: number): Uint8Array {
    const at = this.#below(CHANCE_BYTES - length)
    return this.#chance.slice(at, at + length)
  }
}
