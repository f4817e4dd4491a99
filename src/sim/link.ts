/**
 * A connection between two nodes: a stream in each direction, and an end. It ends when one side closes it,
 * when nothing gets through for as long as UDX waits, or when a node learns that the other's process is gone.
 */
import type { MessageName } from '../node/wire.ts'
import type { Chance } from './chance.ts'
import type { Uplink, Weather } from './path.ts'
import { Stream } from './stream.ts'

/** The link's own bytes for each message: length and number of Protomux, and the frame and seal of Noise. */
const FRAME_BYTES = 24
const CLOSING_BYTES = 16

/** How long nothing may come back before a connection counts as broken. */
export const SILENCE_MS = 15_000

/** One message under way. */
export interface Letter {
  name: MessageName
  message: Uint8Array
}

export interface LinkEnd {
  uplink: Uplink
  received(letter: Letter): void
  drained(): void
  closed(): void
}

export interface LinkParts {
  weather: Weather
  chance: Chance
  nowMs(): number
  at(timeMs: number, happen: () => void): void
  isCut(): boolean
}

export type Side = 0 | 1

export class Link {
  readonly #ends: readonly [LinkEnd, LinkEnd]
  readonly #streams: readonly [Stream<Letter | undefined>, Stream<Letter | undefined>]
  readonly #isOpen: [boolean, boolean] = [true, true]
  readonly #parts: LinkParts
  /** Raised whenever the way is cut or joined again. */
  #cuts = 0
  #isAbandoned = false

  constructor(ends: readonly [LinkEnd, LinkEnd], parts: LinkParts) {
    this.#ends = ends
    this.#parts = parts
    this.#streams = [this.#stream(0, 1), this.#stream(1, 0)]
    if (parts.isCut()) this.cut()
  }

  /** False where the link has taken more than it can send now. */
  send(from: Side, letter: Letter): boolean {
    if (!this.#isOpen[from]) return true
    return this.#streams[from].send(letter, letter.message.byteLength + FRAME_BYTES)
  }

  /** Sends what is under way, then closes: the other side hears of it when it has all of that. */
  close(side: Side): void {
    if (!this.#isOpen[side]) return
    this.#shut(side)
    this.#streams[side].send(undefined, CLOSING_BYTES)
  }

  /** A process that has ended says nothing more, and hears nothing. */
  abandon(side: Side): void {
    if (this.#isOpen[0] && this.#isOpen[1]) this.cut()
    this.#isOpen[side] = false
    this.#isAbandoned = true
    for (const stream of this.#streams) stream.end()
  }

  /** One end's process is gone, and the other has not noticed. */
  get isAbandoned(): boolean {
    return this.#isAbandoned
  }

  /** Packets do not get through from now on; keep-alives notice that on both sides unless it is `joined` in time. */
  cut(): void {
    const cuts = ++this.#cuts
    const { nowMs, at } = this.#parts
    at(nowMs() + SILENCE_MS, () => {
      if (cuts === this.#cuts) this.#die()
    })
  }

  joined(): void {
    if (!this.#isAbandoned) this.#cuts += 1
  }

  get isOver(): boolean {
    return !this.#isOpen[0] && !this.#isOpen[1]
  }

  /** Bytes that this side was given and that are not acknowledged. */
  buffered(side: Side): number {
    return this.#streams[side].buffered
  }

  #stream(from: Side, to: Side): Stream<Letter | undefined> {
    const { weather, chance, nowMs, at, isCut } = this.#parts
    return new Stream({
      weather,
      uplink: this.#ends[from].uplink,
      chance,
      silenceMs: SILENCE_MS,
      nowMs,
      at,
      isCut,
      deliver: (letter) => {
        if (!this.#isOpen[to]) return
        if (letter === undefined) this.#hearClosing(to)
        else this.#ends[to].received(letter)
      },
      drained: () => {
        if (this.#isOpen[from]) this.#ends[from].drained()
      },
      died: () => this.#die(),
    })
  }

  #hearClosing(side: Side): void {
    for (const stream of this.#streams) stream.end()
    this.#shut(side)
  }

  /** Breaks the link for whoever still holds it. */
  fail(): void {
    this.#die()
  }

  #die(): void {
    for (const stream of this.#streams) stream.end()
    this.#shut(0)
    this.#shut(1)
  }

  #shut(side: Side): void {
    if (!this.#isOpen[side]) return
    this.#isOpen[side] = false
    this.#ends[side].closed()
  }
}
