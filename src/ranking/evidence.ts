/** Where observations of other devices go. The session tells; what is made of it is ranking's. */

export type Observation =
  /** A query was answered and all of it verified. */
  | { type: 'served'; bytes: number; results: number; firstByteMs: number; tookMs: number }
  /** It answered with bytes that do not verify; `certified` where it had signed them first. */
  | { type: 'wrong bytes'; code: string; certified: boolean }
  | { type: 'thanked' }
  | { type: 'welcomed' }
  /** It was thanked and did not answer in time. */
  | { type: 'not welcomed' }
  | { type: 'timed out' }
  /** It paid for a query of ours to answer. */
  | { type: 'earned'; bid: number }
  /** It sent work that does not check out, or broke the protocol. */
  | { type: 'misbehaved'; code: string }
  | { type: 'refused'; code: string }
  | { type: 'gave a holding'; count: number }

export interface EvidenceSink {
  observe(device: Uint8Array, observation: Observation, nowMs: number): void
}
