/** What goes into the service, and what it wants done. */
import type { CheckRequest } from './checking.ts'
import type { Command } from './commands.ts'
import type { NodeEvent } from './node.ts'
import type { SearchCall } from './search/engine.ts'
import type { StoreCall } from './store-tasks.ts'
import type { Outcome } from './task.ts'
import type { MessageName } from './wire.ts'

export type Input =
  /** The stores are open: take up what was left. */
  | { type: 'start' }
  | {
      type: 'connected'
      peer: number
      device: Uint8Array
      handshakeHash: Uint8Array
      /** Of the other end, as text; undefined where it is not known. */
      address?: string | undefined
    }
  | { type: 'received'; peer: number; name: MessageName; message: Uint8Array }
  /** The link took more than it can send now; or has room again. */
  | { type: 'blocked' | 'drained' | 'disconnected'; peer: number }
  /** What an effect with this token came to. */
  | { type: 'done'; token: number; outcome: Outcome<unknown> }
  | { type: 'command'; token: number; command: Command }
  /** Whoever gave the command with this token does not wait for its answer any more. */
  | { type: 'left'; token: number }
  | { type: 'wake' }
  /** The node is about to close its links: what came is certified. */
  | { type: 'stop' }

export type Effect =
  | { type: 'send'; peer: number; name: MessageName; message: Uint8Array }
  | { type: 'disconnect'; peer: number; code: string }
  | { type: 'connect'; device: Uint8Array }
  /** Announce a topic and look it up, for good. */
  | { type: 'join'; topic: Uint8Array }
  /** Look a topic up once more, joined or not, announcing nothing new; done once that is over and whom it found are connected or given up. */
  | { type: 'visit'; token: number; topic: Uint8Array }
  /** A visited topic is of no more interest; connections that stand stay. */
  | { type: 'leave'; topic: Uint8Array }
  | { type: 'store'; token: number; call: StoreCall }
  /** Check these with `checkItems`, here or in a worker. */
  | { type: 'check'; token: number; request: CheckRequest }
  /** Cut these with `cutText`, here or in a worker. */
  | { type: 'cut'; token: number; texts: readonly Uint8Array[] }
  /** Make this call on the search engine; done with its life and its answer. Only where the service was told that it is elsewhere. */
  | { type: 'search'; token: number; call: SearchCall }
  | { type: 'solve'; token: number; peer: number; seed: Uint8Array; bid: number }
  /** The search with this token is no longer wanted. */
  | { type: 'cancel'; token: number }
  | { type: 'progress'; token: number; value: unknown }
  | { type: 'answer'; token: number; outcome: Outcome<unknown> }
  | { type: 'event'; event: NodeEvent }
