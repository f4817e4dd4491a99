/** What the solver and its worker say to each other. */

export type ToWorker =
  | { type: 'begin'; token: number; seed: Uint8Array; bid: number }
  | { type: 'cancel'; token: number }
export type FromWorker =
  | { type: 'found'; token: number; proofs: Uint8Array[] }
  /** Part of the proofs that is found, 0 to 1. */
  | { type: 'progress'; token: number; share: number }
