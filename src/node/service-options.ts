/** What a service is made with. */
import type { Network } from '../base/network.ts'
import type { Random } from '../base/random.ts'
import type { HeadResolver, TrustOf } from '../content/heads.ts'
import type { Verify } from '../content/record.ts'
import type { EvidenceSink } from '../ranking/evidence.ts'
import type { Standing } from '../ranking/standing.ts'
import type { Identity } from './node.ts'
import type { SessionEnv } from './peer.ts'
import type { RetentionPolicy } from './retention.ts'
import type { Rule } from './rules.ts'

export interface ServiceOptions {
  network: Network
  identity: Identity
  device: SessionEnv['device']
  incarnation: Uint8Array
  certificate: Uint8Array | undefined
  verify: Verify
  /** Whether a device's signature holds for a message. */
  verifyDevice: Verify
  random: Random
  standing: Standing
  evidence: EvidenceSink
  retention: RetentionPolicy
  /** The operator's own words, which win over `retention`. */
  rules?: readonly Rule[]
  heads?: HeadResolver
  /** How much others are trusted where they differ about a page's head; nobody is where this is absent. */
  trustOf?: TrustOf
  depth: number
  connectionsMax: number
  quotaBytes: number
  /** How long a new connection has for its own questions before we ask who it is. */
  introduceAfterMs: number
  /** Whether the search engine is elsewhere, behind `search` effects; else it is in the service, which waits for it. */
  isSearchElsewhere?: boolean
  /** How often it publishes by itself what this machine has, at most; never where this is absent. */
  hadEveryMs?: number
  /** Whether others may store here. */
  acceptsStores: boolean
}
