/**
 * The raw end of a link in a World: says the messages that a test gives it, and keeps what it hears.
 * `HandClient` and `HandServer` teach it the protocol, so that a test breaks one rule at a time.
 */
import { type AnyCodec, decode } from '../../src/base/codec.ts'
import { sha256 } from '../../src/base/hash.ts'
import type { Network } from '../../src/base/network.ts'
import { encodeMessage } from '../../src/node/peer.ts'
import type { Input } from '../../src/node/service.ts'
import { MESSAGES, type MessageName, type MessageOf } from '../../src/node/wire.ts'
import type { Actor } from './actor.ts'

export interface Heard {
  name: MessageName
  message: Uint8Array
}

/** How a stranger's messages reach the other end. */
export interface Wire {
  readonly network: Network
  readonly nowMs: number
  inject(from: string, number: number, name: MessageName, message: Uint8Array): void
  settle(): Promise<void>
}

export class Stranger {
  readonly name: string
  readonly actor: Actor
  readonly wire: Wire
  readonly heard: Heard[] = []
  /** All that it said, on whichever link: what a replay is made of. */
  readonly said: Heard[] = []
  /** Called for each message, after it was kept. */
  onHeard: ((one: Heard) => void) | undefined
  isConnected = false
  #number = 0
  #session: Uint8Array = new Uint8Array(32)
  #other: Uint8Array = new Uint8Array(32)

  constructor(name: string, actor: Actor, wire: Wire) {
    this.name = name
    this.actor = actor
    this.wire = wire
  }

  /** Its own end of the link. */
  get number(): number {
    return this.#number
  }

  /** Hash of the handshake, as both ends name their session. */
  get session(): Uint8Array {
    return this.#session
  }

  /** Device at the other end. */
  get other(): Uint8Array {
    return this.#other
  }

  take(input: Input): void {
    if (input.type === 'connected') {
      this.#number = input.peer
      this.#session = sha256(input.handshakeHash)
      this.#other = input.device
      this.isConnected = true
    } else if (input.type === 'disconnected') this.isConnected = false
    else if (input.type === 'received') {
      const one = { name: input.name, message: input.message }
      this.heard.push(one)
      this.onHeard?.(one)
    }
  }

  /** Says a message as bytes, whatever they are. */
  say(name: MessageName, message: Uint8Array): void {
    this.said.push({ name, message })
    this.wire.inject(this.name, this.#number, name, message)
  }

  /** Says a well-formed message. */
  tell<N extends MessageName>(name: N, message: MessageOf<N>): Uint8Array {
    const bytes = encodeMessage(name, message)
    this.say(name, bytes)
    return bytes
  }

  /** The messages of one name, decoded, in the order of their coming. */
  all<N extends MessageName>(name: N): MessageOf<N>[] {
    return this.heard
      .filter((one) => one.name === name)
      .map(({ message }) => decode(MESSAGES[name] as AnyCodec, message) as MessageOf<N>)
  }

  last<N extends MessageName>(name: N): MessageOf<N> | undefined {
    return this.all(name).at(-1)
  }
}
