/**
 * A server driven by hand: challenges whoever greets, answers earned queries as a test says, and
 * welcomes whoever thanks. What it is told to do differently is the lie under test.
 */
import { decode, encode } from '../../src/base/codec.ts'
import { equalBytes, sha256 } from '../../src/base/hash.ts'
import { parseRecord } from '../../src/content/record.ts'
import { CHECKPOINT, checkpoint } from '../../src/content/statement.ts'
import { headerDigest } from '../../src/node/peer.ts'
import { type Query, query as queryCodec } from '../../src/node/queries.ts'
import { headerEntries } from '../../src/node/reply.ts'
import {
  type Answer,
  ask as askCodec,
  type Challenge,
  type Deliver,
  deliver as deliverCodec,
  earn as earnCodec,
  type MessageName,
  type MessageOf,
  thank as thankCodec,
} from '../../src/node/wire.ts'
import { statementOf } from './actor.ts'
import type { Stranger } from './stranger.ts'

export interface Told {
  ask: number
  asked: Query
  /** The query as it came. */
  bytes: Uint8Array
}

export interface Conduct {
  /** Changes the challenge; undefined: says nothing. */
  challenge?(challenge: Challenge): Challenge | undefined
  /** Answers a query. Undefined: by the rules, from `blocks`. */
  answer?(server: HandServer, told: Told): void
  deliver?(server: HandServer, delivery: Deliver): void
  /** Changes the welcome; undefined: says nothing. */
  welcome?(welcome: MessageOf<'welcome'>): MessageOf<'welcome'> | undefined
}

export class HandServer {
  readonly end: Stranger
  readonly asked: Told[] = []
  /** What it has, by id; and what it shows of itself. */
  readonly blocks: { id: Uint8Array; bytes: Uint8Array }[]
  readonly #conduct: Conduct
  #counter = 0

  constructor(end: Stranger, conduct: Conduct = {}) {
    this.end = end
    this.#conduct = conduct
    this.blocks = end.actor.identity.blocks.map(({ id, bytes }) => ({ id, bytes }))
    end.onHeard = ({ name, message }) => this.#hear(name, message)
  }

  /** Results in one message, behind a signed header where things were found. */
  answer(
    told: Told,
    answers: { index: number; answer: Answer }[],
    options: { last?: boolean; header?: 'none' | 'unsigned' } = {},
  ): void {
    const found = answers.flatMap(({ index, answer }) =>
      answer.type === 'found' ? [{ index, hash: sha256(answer.bytes), bytes: answer.bytes.byteLength }] : [],
    )
    if (found.length > 0 && options.header !== 'none') {
      const entries = encode(headerEntries, found)
      const digest = headerDigest(this.end.session, this.end.wire.network, told.bytes, entries)
      const signature =
        options.header === 'unsigned' ? new Uint8Array(64) : this.end.actor.device.sign(digest)
      this.end.tell('header', { ask: told.ask, entries: found, signature })
    }
    this.end.tell('result', { ask: told.ask, last: options.last ?? true, listing: undefined, items: answers })
  }

  /** Answers from what it has, as an honest server does. */
  serve(told: Told): void {
    const { asked } = told
    if (asked.type === 'introduce') {
      const own = this.end.actor.identity.blocks
      return this.answer(
        told,
        own.map(({ bytes }, index) => ({ index, answer: { type: 'found', bytes } })),
      )
    }
    const ids = asked.type === 'blocks' ? asked.ids : asked.type === 'tips' ? asked.locators : []
    this.answer(
      told,
      ids.map((id, index) => {
        const block = this.blocks.find((one) => equalBytes(one.id, id))
        return { index, answer: block ? { type: 'found', bytes: block.bytes } : { type: 'unknown' } }
      }),
    )
  }

  #hear(name: MessageName, message: Uint8Array): void {
    switch (name) {
      case 'hello':
        return this.#challenge()
      case 'earn': {
        const { ask, query } = decode(earnCodec, message)
        return this.#query({ ask, asked: decode(queryCodec, query), bytes: query })
      }
      case 'ask': {
        const { ask, query } = decode(askCodec, message)
        return this.#query({ ask, asked: decode(queryCodec, query), bytes: query })
      }
      case 'deliver':
        return this.#conduct.deliver?.(this, decode(deliverCodec, message))
      case 'thank':
        return this.#welcome(decode(thankCodec, message))
    }
  }

  #challenge(): void {
    const now = this.end.wire.nowMs
    const challenge: Challenge = {
      version: 1,
      algorithm: 1,
      counter: this.#counter++,
      time: now,
      effort: 0,
      expires: now + 60_000,
      mac: new Uint8Array(32),
    }
    const changed = this.#conduct.challenge ? this.#conduct.challenge(challenge) : challenge
    if (changed !== undefined) this.end.tell('challenge', changed)
  }

  #query(told: Told): void {
    this.asked.push(told)
    if (told.asked.type === 'introduce' || this.#conduct.answer === undefined) this.serve(told)
    else this.#conduct.answer(this, told)
  }

  /** Agrees with whatever it was thanked for: it is the client's transcript that counts here. */
  #welcome({ checkpoint: bytes }: MessageOf<'thank'>): void {
    const { actor, session, other, wire } = this.end
    const thank = parseRecord(bytes)
    const said = decode(checkpoint, thank.body)
    const body = encode(checkpoint, {
      ...said,
      incarnation: actor.incarnation,
      session,
      peer: other,
      over: thank.id,
    })
    const over = statementOf(actor, wire.network, { kind: CHECKPOINT, body, timeMs: wire.nowMs })
    const welcome = {
      checkpoint: over.bytes,
      claim: undefined,
      allowance: 1_000_000,
      acceptsStores: true,
      peers: [],
    }
    const changed = this.#conduct.welcome ? this.#conduct.welcome(welcome) : welcome
    if (changed !== undefined) this.end.tell('welcome', changed)
  }
}
