/** The running hash over everything a session has said, one for each direction. */
import { sha256Concat } from '../base/hash.ts'

export interface Flow {
  messages: number
  bytes: number
  hash: Uint8Array
}

export const START: Flow = { messages: 0, bytes: 0, hash: new Uint8Array(32) }

/** The flow after one more message with this number on the wire. */
export function extended(flow: Flow, number: number, message: Uint8Array): Flow {
  return {
    messages: flow.messages + 1,
    bytes: flow.bytes + message.byteLength,
    hash: sha256Concat(flow.hash, Uint8Array.of(number), message),
  }
}
