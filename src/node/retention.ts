/** What a node is willing to keep and to hand on, and for whom. The operator's own words always win (`rules.ts`). */

export type Verdict = 'keep' | 'policy' | 'full'

export interface RetentionPolicy {
  /** Whether to take a block of this many bytes at this locator. */
  admit(block: { id: Uint8Array; locator: Uint8Array | undefined; bytes: number }): Verdict
  /** Whether what goes by this id, a block, a place or an author, is served, routed, fetched and shown. */
  serves(id: Uint8Array): boolean
  /** Whether `serves` says yes to every id, so that nobody has to find out by which names a block goes. */
  servesAll(): boolean
  /** Whether to have a connection to a device, and to name it to others; `entity` where it is known whose it is. */
  talksTo(device: Uint8Array, entity?: Uint8Array): boolean
}

/** Takes everything until the shelf's logical bytes reach the quota; `bytes` of a block are logical ones too. */
export function quotaPolicy(quotaBytes: number, usedBytes: () => number): RetentionPolicy {
  return {
    admit: ({ bytes }) => (usedBytes() + bytes > quotaBytes ? 'full' : 'keep'),
    serves: () => true,
    servesAll: () => true,
    talksTo: () => true,
  }
}
