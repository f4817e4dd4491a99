/**
 * One direction of a link: messages go in, and come out whole, once and in order, whatever happens to the
 * packets under way, or the stream dies. That is what UDX gives to a daemon.
 *
 *     send ──▶ [ waiting | under way ] ──packets──▶ [ out of order ] ──▶ deliver
 *                  ▲ drained      ◀──acknowledgements──
 *
 * A packet that is not acknowledged goes again after a while, later each time. When nothing has been
 * acknowledged for `silenceMs` though something was to be, the stream is given up.
 */
import type { Chance } from './chance.ts'
import { arrivals, type Uplink, type Weather } from './path.ts'

/** What a packet carries over the Internet without being cut. */
const PACKET_BYTES = 1_200
/** Headers of IP, UDP and UDX. */
const HEADER_BYTES = 48
/** Bytes under way at a time. */
const WINDOW_BYTES = 256 * 1024
/** A sender is told to wait above the first, and to go on below the second. */
export const BLOCKED_ABOVE_BYTES = 64 * 1024
const DRAINED_BELOW_BYTES = 16 * 1024
const RESEND_MIN_MS = 200
const RESEND_MAX_MS = 2_000

export interface StreamParts<M> {
  weather: Weather
  uplink: Uplink
  chance: Chance
  silenceMs: number
  nowMs(): number
  at(timeMs: number, happen: () => void): void
  /** Whether packets between the two get through at this moment. */
  isCut(): boolean
  deliver(message: M): void
  drained(): void
  /** Nothing was acknowledged for too long. */
  died(): void
}

interface Packet<M> {
  number: number
  bytes: number
  /** Messages whose last byte is in this packet. */
  ends: M[]
  sentMs: number
}

export class Stream<M> {
  readonly #parts: StreamParts<M>
  readonly #resendMs: number
  /** Messages of which some bytes have not been put into a packet. */
  readonly #waiting: { message: M; left: number }[] = []
  #waitingBytes = 0
  readonly #underWay = new Map<number, Packet<M>>()
  #underWayBytes = 0
  #nextNumber = 0
  #isBlocked = false
  #isOver = false
  #tries = 0
  #hasTimer = false
  /** When something was last acknowledged, or began to wait for it. */
  #heardMs = 0
  // the receiver's side
  #expected = 0
  readonly #early = new Map<number, Packet<M>>()

  constructor(parts: StreamParts<M>) {
    this.#parts = parts
    const { latencyMs, jitterMs } = parts.weather
    this.#resendMs = Math.max(RESEND_MIN_MS, 3 * (latencyMs + jitterMs))
  }

  /** Bytes that were taken and are not acknowledged. */
  get buffered(): number {
    return this.#waitingBytes + this.#underWayBytes
  }

  /** Packets that came out of order and wait for those before them. */
  get early(): number {
    return this.#early.size
  }

  /** Takes a message of so many bytes; false where the sender should wait until it has drained. */
  send(message: M, bytes: number): boolean {
    this.#waiting.push({ message, left: bytes })
    this.#waitingBytes += bytes
    this.#pump()
    if (this.buffered > BLOCKED_ABOVE_BYTES) this.#isBlocked = true
    return !this.#isBlocked
  }

  /** Nothing is sent and nothing delivered any more. */
  end(): void {
    this.#isOver = true
    this.#waiting.length = 0
    this.#underWay.clear()
    this.#early.clear()
  }

  #pump(): void {
    while (!this.#isOver && this.#waiting.length > 0 && this.#underWayBytes < WINDOW_BYTES) {
      const packet = this.#nextPacket()
      if (this.#underWay.size === 0) this.#heardMs = this.#parts.nowMs()
      this.#underWay.set(packet.number, packet)
      this.#underWayBytes += packet.bytes
      this.#transmit(packet)
    }
    this.#setTimer()
  }

  #nextPacket(): Packet<M> {
    const packet: Packet<M> = { number: this.#nextNumber++, bytes: 0, ends: [], sentMs: 0 }
    while (packet.bytes < PACKET_BYTES) {
      const first = this.#waiting[0]
      if (first === undefined) break
      const taken = Math.min(first.left, PACKET_BYTES - packet.bytes)
      first.left -= taken
      packet.bytes += taken
      this.#waitingBytes -= taken
      if (first.left > 0) break
      packet.ends.push(first.message)
      this.#waiting.shift()
    }
    return packet
  }

  #transmit(packet: Packet<M>): void {
    const { weather, uplink, chance, nowMs, at, isCut } = this.#parts
    packet.sentMs = uplink.take(packet.bytes + HEADER_BYTES, nowMs())
    if (isCut()) return
    for (const timeMs of arrivals(weather, packet.sentMs, chance)) at(timeMs, () => this.#arrive(packet))
  }

  #arrive(packet: Packet<M>): void {
    const { weather, chance, nowMs, at, isCut, deliver } = this.#parts
    if (this.#isOver || isCut()) return
    if (packet.number >= this.#expected) this.#early.set(packet.number, packet)
    const complete: M[] = []
    for (
      let next = this.#early.get(this.#expected);
      next !== undefined;
      next = this.#early.get(this.#expected)
    ) {
      this.#early.delete(this.#expected)
      this.#expected += 1
      complete.push(...next.ends)
    }
    const upTo = this.#expected
    for (const timeMs of arrivals(weather, nowMs(), chance))
      at(timeMs, () => this.#acknowledged(packet.number, upTo))
    for (const message of complete) deliver(message)
  }

  #acknowledged(number: number, upTo: number): void {
    if (this.#isOver || this.#parts.isCut()) return
    this.#forget(number)
    // Numbers are handed out in order, so the oldest stand first.
    for (const older of this.#underWay.keys()) {
      if (older >= upTo) break
      this.#forget(older)
    }
    this.#tries = 0
    this.#heardMs = this.#parts.nowMs()
    this.#pump()
    if (!this.#isBlocked || this.buffered > DRAINED_BELOW_BYTES) return
    this.#isBlocked = false
    this.#parts.drained()
  }

  #forget(number: number): void {
    const packet = this.#underWay.get(number)
    if (packet === undefined) return
    this.#underWay.delete(number)
    this.#underWayBytes -= packet.bytes
  }

  #setTimer(): void {
    const [oldest] = this.#underWay.values()
    if (this.#hasTimer || this.#isOver || oldest === undefined) return
    this.#hasTimer = true
    const waitMs = Math.min(RESEND_MAX_MS, this.#resendMs * 2 ** Math.min(this.#tries, 10))
    this.#parts.at(Math.max(oldest.sentMs, this.#parts.nowMs()) + waitMs, () => {
      this.#hasTimer = false
      this.#resend(waitMs)
    })
  }

  #resend(waitMs: number): void {
    if (this.#isOver || this.#underWay.size === 0) return
    const nowMs = this.#parts.nowMs()
    if (nowMs - this.#heardMs >= this.#parts.silenceMs) return this.#parts.died()
    const late = [...this.#underWay.values()].filter(({ sentMs }) => sentMs + waitMs <= nowMs)
    if (late.length > 0) this.#tries += 1
    for (const packet of late) this.#transmit(packet)
    this.#setTimer()
  }
}
