/** Chance and time as arguments: the daemon passes the machine's, the simulator a seed's. */

/** `length` bytes of chance. */
export type Random = (length: number) => Uint8Array

/** Whole milliseconds since 1970. A *steady* clock never goes back and is for deadlines; a *wall* clock is what people set, and for what is signed. */
export type Clock = () => number

/** A whole number from 0 to `below` − 1, evenly (rejection, so without bias). */
export function randomBelow(random: Random, below: number): number {
  const limit = Math.floor(2 ** 32 / below) * below
  for (;;) {
    const b = random(4)
    const value = (b[0]! | (b[1]! << 8) | (b[2]! << 16) | (b[3]! << 24)) >>> 0
    if (value < limit) return value % below
  }
}

/** `items` in an even random order; a new array (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i--) {
    const j = randomBelow(random, i + 1)
    ;[out[i], out[j]] = [out[j]!, out[i]!]
  }
  return out
}
