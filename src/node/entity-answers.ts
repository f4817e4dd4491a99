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
