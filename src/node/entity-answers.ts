/** What the faces say and hear of entities: records to declare, records gathered, profiles, machines. */
import type { VerifiedBlock } from '../content/block.ts'
import type { Profile } from '../content/profile.ts'
import type { Asked } from './fetching.ts'

/**
 * A record of ours: what it is to say, as the body of a registered kind, or the block of a record that was signed
 * elsewhere, as with a key that is kept offline.
 */
export type Declared = { kind: number; body: Uint8Array } | { block: Uint8Array }

export interface ShownProfile {
  id: Uint8Array
  entity: Uint8Array
  timeMs: number
  profile: Profile
  /** Others that stand beside it. */
  otherTips: Uint8Array[]
  asked: Asked[]
}

export interface Machine {
  device: Uint8Array
  /** When it was certified, as claimed; undefined where no certificate was found. */
  sinceMs: number | undefined
  revokedMs: number | undefined
  /** What it last said that it has; undefined where it said nothing, or is revoked. */
  had: Had | undefined
}

/** What a machine has, as its entity published it. */
export interface Had {
  /** Of the record. */
  id: Uint8Array
  timeMs: number
  count: number
  bytes: number
  root: Uint8Array
  incarnation: Uint8Array
  /** It is of an earlier life of the machine's store, before a copy or a backup took its place. */
  isStale: boolean
}

export interface SaidHad {
  ids: Uint8Array[]
  batches: Uint8Array[]
  count: number
  bytes: number
  /** False: it was said before, and is still so. */
  isNew: boolean
}

export interface Machines {
  entity: Uint8Array
  machines: Machine[]
  asked: Asked[]
}

export interface GatheredRecords {
  /** In the order of their ids. */
  records: VerifiedBlock[]
  /** Who was asked; empty where nobody was. */
  asked: Asked[]
}
