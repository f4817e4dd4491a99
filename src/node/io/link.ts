/**
 * One connection as a link: a Protomux channel with a message for each entry of the wire
 * table, bytes in and bytes out. Nothing is decoded here.
 */
import type NoiseSecretStream from '@hyperswarm/secret-stream'
import Protomux, { type Message } from 'protomux'
import type { Network } from '../../base/network.ts'
import { MESSAGE_BYTES_MAX, MESSAGE_NAMES, type MessageName } from '../wire.ts'

/** A message with its frame, and with what was corked before it. */
const FRAME_BYTES_MAX = 2 * MESSAGE_BYTES_MAX

/** What was written before a link closes goes out in milliseconds where somebody reads it. */
const CLOSE_WITHIN_MS = 10_000

export interface LinkEvents {
  received(name: MessageName, message: Uint8Array): void
  drained(): void
  closed(): void
}

export interface Link {
  device: Uint8Array
  /** Of the other end, as text; undefined where the transport does not tell. */
  address: string | undefined
  handshakeHash: Uint8Array
  /** What is sent until `uncork` leaves together, in as few packets as it fits. */
  cork(): void
  uncork(): void
  /** False where the link has taken more than it can send now. */
  send(name: MessageName, message: Uint8Array): boolean
  /** Sends what is under way, for a few seconds at most, then closes. */
  close(): void
}

/** Opens our channel on a connection; undefined where the connection is closing already. Networks do not mix: the channel's name is the network's. */
export function openLink(
  stream: NoiseSecretStream,
  network: Network,
  events: LinkEvents,
  { closeWithinMs = CLOSE_WITHIN_MS } = {},
): Link | undefined {
  const { handshakeHash, remotePublicKey } = stream
  if (handshakeHash === null || stream.destroying) return undefined
  limitFrames(stream)
  const mux = Protomux.from(stream)
  let isClosed = false
  const channel = mux.createChannel({
    protocol: 'sheaf',
    id: network.id,
    onclose: () => {
      if (isClosed) return
      isClosed = true
      events.closed()
      stream.end()
      // A peer that reads nothing would keep what was written for it in memory for good.
      const timer = setTimeout(() => stream.destroy(), closeWithinMs)
      timer.unref()
      stream.once('close', () => clearTimeout(timer))
    },
    ondrain: () => events.drained(),
  })
  if (channel === null) return undefined
  const messages = new Map<MessageName, Message<Uint8Array>>()
  for (const name of MESSAGE_NAMES) {
    const onmessage = (message: Uint8Array): void => events.received(name, message)
    messages.set(name, channel.addMessage({ encoding: WHOLE, onmessage }))
  }
  channel.open()
  return {
    device: remotePublicKey,
    address: stream.rawStream?.remoteHost ?? undefined,
    handshakeHash,
    send: (name, message) => isClosed || messages.get(name)!.send(message) || channel.drained,
    cork: () => channel.cork(),
    uncork: () => channel.uncork(),
    close: () => channel.close(),
  }
}

/**
 * Ends the connection where a frame is announced that no message of ours could fill: the stream would take
 * memory for up to 16 MB before we see a byte of it. It keeps the announced length until the frame is whole.
 */
function limitFrames(stream: NoiseSecretStream): void {
  stream.rawStream?.on('data', () => {
    if (stream._len > FRAME_BYTES_MAX) stream.destroy()
  })
}

interface State {
  start: number
  end: number
  buffer: Uint8Array | null
}

/** The rest of the frame as it is: the wire table has its own codecs. */
const WHOLE = {
  preencode(state: State, message: Uint8Array): void {
    state.end += message.byteLength
  },
  encode(state: State, message: Uint8Array): void {
    state.buffer!.set(message, state.start)
    state.start += message.byteLength
  },
  decode(state: State): Uint8Array {
    const message = state.buffer!.subarray(state.start, state.end)
    state.start = state.end
    return message
  },
}
