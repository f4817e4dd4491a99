/**
 * Strangers in one process, the besieged service in another: what they say and hear crosses a socket as
 * frames, each for one link of many.
 *
 *     bytes of the rest (4) │ kind (1) │ link (4) │ name (1) │ body
 *
 * Towards the service: join (device, address), part, blocked, drained, say, mark. Back: heard, parted, and a
 * mark for each mark, once all that was said before it has been taken.
 */
import type { Socket } from 'node:net'
import { sha256 } from '../../../src/base/hash.ts'
import type { Network } from '../../../src/base/network.ts'
import { MESSAGE_NAMES, type MessageName } from '../../../src/node/wire.ts'
import type { Stranger, Wire } from '../../../test/helpers/stranger.ts'

export const KINDS = [
  'join',
  'part',
  'blocked',
  'drained',
  'say',
  'mark',
  'settle',
  'heard',
  'parted',
] as const
export type Kind = (typeof KINDS)[number]

const LENGTH_BYTES = 4
const HEAD_BYTES = 6

export interface Frame {
  kind: Kind
  link: number
  /** Of a message; 0 in other frames. */
  name: number
  body: Uint8Array
}

/** The hash of the handshake of a link, as both ends know it without one. */
export function handshakeOf(link: number): Uint8Array {
  return sha256(Buffer.from(`link ${link}`))
}

export function writeFrame(socket: Socket, kind: Kind, link: number, name = 0, body = NOTHING): void {
  const head = Buffer.allocUnsafe(LENGTH_BYTES + HEAD_BYTES)
  head.writeUInt32LE(HEAD_BYTES + body.byteLength)
  head[4] = KINDS.indexOf(kind)
  head.writeUInt32LE(link, 5)
  head[9] = name
  socket.write(body.byteLength === 0 ? head : Buffer.concat([head, body]))
}

/** Calls `take` for each frame that comes; its body is memory of its own, as a link hands it over. */
export function onFrames(socket: Socket, take: (frame: Frame) => void): void {
  let chunks: Buffer[] = []
  let bytes = 0
  let wanted = LENGTH_BYTES
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.byteLength
    if (bytes < wanted) return
    let rest = chunks.length === 1 ? chunk : Buffer.concat(chunks)
    socket.cork()
    for (;;) {
      wanted = LENGTH_BYTES + (rest.byteLength < LENGTH_BYTES ? 0 : rest.readUInt32LE())
      if (rest.byteLength < wanted || rest.byteLength < LENGTH_BYTES) break
      take({
        kind: KINDS[rest[4]!]!,
        link: rest.readUInt32LE(5),
        name: rest[9]!,
        body: Uint8Array.prototype.slice.call(rest, LENGTH_BYTES + HEAD_BYTES, wanted),
      })
      rest = rest.subarray(wanted)
    }
    socket.uncork()
    chunks = rest.byteLength === 0 ? [] : [rest]
    bytes = rest.byteLength
  })
}

/** The strangers' end: many links over one socket. */
export class Links implements Wire {
  readonly network: Network
  readonly nowMs: number
  readonly #socket: Socket
  readonly #device: Uint8Array
  readonly #ends = new Map<number, Stranger>()
  readonly #answers = new Map<number, () => void>()
  #nextLink: number
  #nextMark = 1

  /** `device` is the service's; `firstLink` sets these links apart from those of other sockets. */
  constructor(
    socket: Socket,
    settings: { network: Network; nowMs: number; device: Uint8Array; firstLink: number },
  ) {
    this.network = settings.network
    this.nowMs = settings.nowMs
    this.#socket = socket
    this.#device = settings.device
    this.#nextLink = settings.firstLink
    onFrames(socket, (frame) => this.#take(frame))
  }

  /** Joins a stranger to the service by a link of its own; `address` is where it says that it comes from. */
  join(end: Stranger, address: string): void {
    const link = this.#nextLink++
    this.#ends.set(link, end)
    end.take({ type: 'connected', peer: link, device: this.#device, handshakeHash: handshakeOf(link) })
    const body = Buffer.concat([end.actor.device.publicKey, Buffer.from(address)])
    writeFrame(this.#socket, 'join', link, 0, body)
  }

  part(link: number): void {
    if (!this.#ends.has(link)) return
    this.#lose(link)
    writeFrame(this.#socket, 'part', link)
  }

  press(link: number, how: 'blocked' | 'drained'): void {
    if (this.#ends.has(link)) writeFrame(this.#socket, how, link)
  }

  inject(_from: string, link: number, name: MessageName, message: Uint8Array): void {
    if (this.#ends.has(link)) writeFrame(this.#socket, 'say', link, MESSAGE_NAMES.indexOf(name), message)
  }

  /** Waits until all that was said has been taken. */
  mark(): Promise<void> {
    return this.#await('mark')
  }

  /** Waits until that is so and no call of the service's store is under way. */
  settle(): Promise<void> {
    return this.#await('settle')
  }

  #await(kind: 'mark' | 'settle'): Promise<void> {
    const mark = this.#nextMark++
    return new Promise((resolve) => {
      this.#answers.set(mark, resolve)
      writeFrame(this.#socket, kind, mark)
    })
  }

  #take({ kind, link, name, body }: Frame): void {
    if (kind === 'mark') {
      this.#answers.get(link)?.()
      this.#answers.delete(link)
    } else if (kind === 'parted') this.#lose(link)
    else
      this.#ends.get(link)?.take({ type: 'received', peer: link, name: MESSAGE_NAMES[name]!, message: body })
  }

  #lose(link: number): void {
    const end = this.#ends.get(link)
    this.#ends.delete(link)
    if (end?.number === link) end.take({ type: 'disconnected', peer: link })
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)
