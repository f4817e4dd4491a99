/**
 * The few calls of the networking packages that the benches make, typed here because the packages ship no types.
 * They are loaded through `require`, as an alternative loads its own packages from its own folder.
 */

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

export interface DhtOptions {
  readonly bootstrap: readonly { host: string; port: number }[]
  readonly host: string
  readonly port?: number
  readonly firewalled?: boolean
  readonly ephemeral?: boolean
}

export interface Dht {
  readonly defaultKeyPair: { publicKey: Buffer }
  fullyBootstrapped(): Promise<void>
  address(): { host: string; port: number }
  destroy(options?: { force?: boolean }): Promise<void>
}

interface DhtConstructor {
  new (options: DhtOptions): Dht
  bootstrapper(port: number, host: string, options: { host: string }): Dht
}

/** An encrypted connection; a duplex stream of frames. */
export interface Connection {
  readonly remotePublicKey: Buffer
  on(event: 'error' | 'close', listener: (error?: Error) => void): this
  destroy(): void
}

export interface Swarm {
  readonly keyPair: { publicKey: Buffer }
  listen(): Promise<void>
  joinPeer(publicKey: Buffer): void
  on(event: 'connection', listener: (connection: Connection) => void): this
  destroy(options?: { force?: boolean }): Promise<void>
}

/** A codec of compact-encoding; the benches only pass them on. */
export type Codec = object

export interface Channel {
  open(): void
  fullyOpened(): Promise<boolean>
  addMessage(options: { encoding: Codec; onmessage: (value: Buffer) => void }): {
    /** False asks the sender to wait for `ondrain`. */
    send(value: Buffer): boolean
  }
}

export interface Mux {
  createChannel(options: { protocol: string; ondrain?: () => void }): Channel | null
}

export const HyperDHT = require('hyperdht') as DhtConstructor
export const Hyperswarm = require('hyperswarm') as new (options: { dht: Dht }) => Swarm
export const Protomux = require('protomux') as { from(connection: Connection): Mux }
export const rawCodec = (require('compact-encoding') as { raw: Codec }).raw
