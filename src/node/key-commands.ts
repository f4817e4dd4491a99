/** What the faces can ask of an entity's keys. */
import type { Sign } from '../content/record.ts'
import type { Asked } from './fetching.ts'

export type KeyCommand =
  /** The keys of an entity, of our own where none is named. `untilMs`: others are asked, too; with `tellers` until so many have told something, or no more come. */
  | { type: 'keys'; entity?: Uint8Array; untilMs?: number; tellers?: number }
  /** Trusts one of several key records at one position, for this node alone. */
  | { type: 'readmit'; entity: Uint8Array; key: Uint8Array }
  /** Takes the next key of our entity, or of another one that becomes ours. */
  | {
      type: 'rotate'
      key: NextKey
      /** Where this node has no identity yet. */
      entity?: Uint8Array
      /** Answer to the puzzle of this device; that of its certificate where absent. */
      puzzle?: Uint8Array
      /** Records under the old key that are not stood by. */
      leaveOut: Uint8Array[]
      /** Only says what it would do. */
      isRehearsal: boolean
    }

export interface KeyAnswers {
  keys: KeyState
  readmit: KeyState
  rotate: Rotated
}

/** The key that the one in use is committed to, with the commitment to the one after it. */
export interface NextKey {
  publicKey: Uint8Array
  sign: Sign
  next: Uint8Array
}

/** A key record, as people look at it. */
export interface KeyShown {
  id: Uint8Array
  position: number
  timeMs: number
}

export interface KeyState {
  entity: Uint8Array
  device: Uint8Array
  network: string
  /** The key record that this node signs under, where the entity is its own. */
  signsWith: Uint8Array | undefined
  /** Whether that is a key which was retired, so that nothing can be signed here. */
  isRetired: boolean
  /** The current public key, and the commitment to the one after it. */
  publicKey: Uint8Array
  next: Uint8Array
  /** From the genesis to the current key, or to where the entity is frozen. */
  chain: KeyShown[]
  /** Key records side by side at one position: while there are any, the entity is frozen. */
  rivals: KeyShown[]
  /** Who was asked; empty where nobody was. */
  asked: Asked[]
}

export interface Rotated {
  position: number
  /** The key was the current one already: nothing was signed but the certificate of this device. */
  isCurrent: boolean
  /** Records under the old key that still count, and those that were left out. */
  standsBy: number
  leftOut: number
  /** Record of the genesis, blocks of the key records behind it, and the record of this device's certificate, as the identity file has them. */
  genesis: Uint8Array
  chain: Uint8Array[]
  certificate: Uint8Array | undefined
  batches: Uint8Array[]
}

/** The key that the words give, as a face hands it to its node, which keeps it. */
export interface Rotation {
  secret: Uint8Array
  /** Commitment to the key after it. */
  next: Uint8Array
  leaveOut: Uint8Array[]
  isRehearsal: boolean
}
