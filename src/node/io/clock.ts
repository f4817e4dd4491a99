/** The machine's two clocks. */
import type { Clock } from '../../base/random.ts'

/** Goes on evenly whatever the machine's time is set to; begins at what that is now. Whole milliseconds. */
export function steadyClock(
  wallClock: Clock = Date.now,
  sinceStartMs: Clock = () => performance.now(),
): Clock {
  const originMs = wallClock() - sinceStartMs()
  return () => Math.floor(originMs + sinceStartMs())
}
