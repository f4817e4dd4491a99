/** How far our clock is from those of others: a challenge tells its server's time, and most servers are right. */

/** A peer's last word on what time it is. */
export interface ToldTime {
  timeMs: number
  /** When it came, by the clock that nobody sets. */
  atMs: number
}

export interface ClockSkew {
  /** The median of what we are ahead of a peer, negative where we are behind. */
  aheadMs: number
  /** Who told. */
  peers: number
}

/** Of so many at most; a median of more says no more. */
export const TOLD_MAX = 64

/**
 * Judged by what our clock says now, so one that is set right is right at once. The words are the newest
 * last; fewer than half of the peers cannot move the median beyond what an honest one said. Undefined where nobody told.
 */
export function clockSkew(
  told: readonly ToldTime[],
  { nowMs, wallMs }: { nowMs: number; wallMs: number },
): ClockSkew | undefined {
  const ahead = told
    .slice(-TOLD_MAX)
    .map(({ timeMs, atMs }) => wallMs - (timeMs + nowMs - atMs))
    .sort((a, b) => a - b)
  if (ahead.length === 0) return undefined
  return { aheadMs: ahead[Math.floor((ahead.length - 1) / 2)]!, peers: ahead.length }
}
