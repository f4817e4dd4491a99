/** What the parts of the service share: the session's surroundings, the store, the keys at hand, the peers. */
import type { VerifyContext } from '../content/block.ts'
import type { HeadResolver } from '../content/heads.ts'
import type { Judged, KeyBook } from '../content/key-book.ts'
import type { Author } from '../content/page.ts'
import type { CutText } from '../content/piece.ts'
import type { Checked, CheckRequest } from './checking.ts'
import type { ClientSession } from './client-session.ts'
import type { Deliveries } from './deliveries.ts'
import type { Peer, SessionEnv } from './peer.ts'
import type { People } from './people.ts'
import type { RetentionPolicy } from './retention.ts'
import type { Rule } from './rules.ts'
import type { Finder } from './search/finder.ts'
import type { ServerSession } from './server-session.ts'
import type { StoredBlock } from './store.ts'
import type { StoreTasks } from './store-tasks.ts'
import type { Task } from './task.ts'
import type { Timer } from './timers.ts'
import type { Watchers } from './watchers.ts'

/** A connection with its two halves of a session, and whose device it is once that is known. */
export interface Connection extends Peer {
  client: ClientSession
  server: ServerSession
  entity: Uint8Array | undefined
  connectedMs: number
  /** Whether we still have to hear who it is, and whether it keeps pages. */
  isMeeting: boolean
  /** Asks who it is now rather than later. */
  meet(): void
  /** It has ended: nothing is to be asked any more. */
  part(): void
  /** Set while its link takes nothing more. */
  stall?: Timer
}

/** Who this node is. A throw-away reader has no author and no blocks. */
export interface Identity {
  author: Author | undefined
  /** The chain of key records and, last, the device certificate, as blocks to show and to hand on. */
  blocks: StoredBlock[]
}

/** Something that happened, for people and programs that watch. */
export interface NodeEvent {
  type: string
  [field: string]: unknown
}

/** Finding keepers beyond our own shard; see `Visiting`. */
export interface Reach {
  covers(peer: Connection, locator: Uint8Array): boolean
  /** How far a peer's address is from a locator: see `distanceOf`. */
  distance(peer: Connection, locator: Uint8Array): number
  /** The depth of a peer's shard: as it claims, else the usual one. */
  depthOf(peer: Connection): number
  /** The life of its store that a device is in by its last claim, and when it said so by its own clock. */
  lifeOf(device: Uint8Array): { incarnation: Uint8Array; saidMs: number } | undefined
  /** The depth that is usual around here. */
  usualDepth(): number
  seek(locator: Uint8Array, wanted: number): void
  reach(locator: Uint8Array, wanted: number, untilMs: number): Task<void>
  meet(devices: readonly Uint8Array[], untilMs: number): Task<void>
}

export interface Node {
  env: SessionEnv
  store: StoreTasks
  /** Who hears of what is stored where. */
  watchers: Watchers
  keys: KeyBook
  /** Where what was fetched is kept: at once, or a little later together with more. */
  shelving: {
    keep(blocks: readonly StoredBlock[]): Task<void>
    keepLater(blocks: readonly StoredBlock[]): void
  }
  /** Where pages are found by their words and links. */
  catalog: Finder
  identity: Identity
  retention: RetentionPolicy
  /** Logical bytes that this node may store. */
  quotaBytes: number
  heads: HeadResolver
  /** What publishers were told to deliver and that is not written yet. */
  deliveries: Deliveries
  /** Bits of the address that locators must share to be this node's to keep. */
  depth: number
  connections(): Connection[]
  /** For what has arrived; what is *stored* was admitted once, and is not from the future because our clock was set back since. */
  verifyContext(of?: 'arrived' | 'stored'): VerifyContext
  /** Whether a locator is this node's to keep. */
  keeps(locator: Uint8Array): boolean
  /** Devices whose claims cover a locator. */
  claimants(locator: Uint8Array): Uint8Array[]
  people: People
  /** Who keeps which part of the keyspace, and how to reach them. */
  reach: Reach
  /** The next number of this device's statements; never one that was used in this incarnation. */
  nextSequence(): Task<number>
  /** Gets what proves that records under retired keys count, from here or from peers; under other keys it does nothing. */
  prove(records: readonly Judged[], untilMs: number): Task<void>
  /** Checks many blocks, perhaps beside everything else. */
  check(request: CheckRequest): Task<Checked[]>
  /** Cuts texts that are in normal form, many of them perhaps beside everything else. */
  cut(texts: readonly Uint8Array[]): Task<CutText[]>
  emit(event: NodeEvent): void
  /** Puts the operator's rules into force; how many connections that ended. Throws TOO_LARGE. */
  obey(rules: readonly Rule[]): number
}
