/** What a node is willing to keep for others. The operator's own words always win. */

export type Verdict = 'keep' | 'policy' | 'full'

export interface RetentionPolicy {
  /** Whether to take a block of this many bytes at this locator. */
  admit(block: { id: Uint8Array; locator: Uint8Array | undefined; bytes: number }): Verdict
  /** Whether to serve and route this block. */
  serves(id: Uint8Array): boolean
}

/** Takes everything until the shelf's logical bytes reach the quota; `bytes` of a block are logical ones too. */
export function quotaPolicy(quotaBytes: number, usedBytes: () => number): RetentionPolicy {
  return {
    admit: ({ bytes }) => (usedBytes() + bytes > quotaBytes ? 'full' : 'keep'),
    serves: () => true,
  }
}
