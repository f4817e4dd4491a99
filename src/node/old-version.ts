/** What a history that was made elsewhere is given as: see `replaying.ts`. */
import type { FileDraft } from '../content/file.ts'

/** A version that was made elsewhere; `parents` by id, or by number among those of the same command, earlier ones only. */
export interface OldVersion {
  path: string
  text: Uint8Array | undefined
  file?: FileDraft
  parents: readonly (Uint8Array | number)[]
  summary: string
  timeMs: number
  /** 8 bytes that are the same each time it is given. */
  nonce: Uint8Array
}
