/**
 * The way through a history from its beginning to one of its ends. At each fork that parts the ends, one side:
 *
 *     a ── b ── d •         • a bookmark: it stands for d, b and a
 *      └── c ── e           at a the side of b is taken
 *           └── f
 *
 * A side is everything that came from it, also by merges, so one bookmark may stand on several sides and then
 * tells nothing between them. What stands where is kept as sets of bits, handed down from children to parents once.
 */
import { compareBytes } from '../base/hash.ts'
import { IdMap } from '../base/id-map.ts'
import type { History, HistoryEntry } from './history.ts'

/** One person's say: on the side of every version from which one of these came. */
export interface Voter {
  trust: number
  versions: readonly Uint8Array[]
}

export interface ForkChoice {
  rule: 'more bookmarks' | 'most trusted author' | 'smallest id'
  at: Uint8Array | undefined
  chosen: Uint8Array
  among: { id: Uint8Array; bookmarks: number; trust: number }[]
}

/** The one of `ends`, none of which came from another, that the choices at the forks lead to; the choices that left some aside, in their order. */
export function descend<E extends HistoryEntry>(
  history: History<E>,
  ends: readonly E[],
  voters: readonly Voter[],
  trustOf: (entry: E) => number,
): { head: E; forks: ForkChoice[] } {
  const forks: ForkChoice[] = []
  if (ends.length === 1) return { head: ends[0]!, forks }
  const sides = sidesOf(history, ends, voters, trustOf)
  let left = new Bits(ends.length).fill()
  let at: E | undefined
  let next = history.roots
  while (left.count > 1) {
    const open = next.filter(({ id }) => sides.get(id)!.ends.meets(left))
    const weighed = open.map((entry) => weigh(entry, sides.get(entry.id)!, voters))
    const best = weighed.reduce((a, b) => (isBefore(b, a) ? b : a))
    const kept = left.and(sides.get(best.entry.id)!.ends)
    if (kept.count < left.count) forks.push(choiceOf(at, best, weighed))
    left = kept
    at = best.entry
    next = history.children(at.id)
  }
  return { head: ends[left.first]!, forks }
}

/** What came from a version: which ends, whose bookmarks, and the trust of the most trusted who wrote there. */
interface Side {
  ends: Bits
  voters: Bits
  trust: number
}

function sidesOf<E extends HistoryEntry>(
  history: History<E>,
  ends: readonly E[],
  voters: readonly Voter[],
  trustOf: (entry: E) => number,
): IdMap<Side> {
  const sides = new IdMap<Side>()
  const order = history.inOrder
  for (const entry of order) {
    sides.set(entry.id, {
      ends: new Bits(ends.length),
      voters: new Bits(voters.length),
      trust: trustOf(entry),
    })
  }
  for (const [i, { id }] of ends.entries()) sides.get(id)!.ends.add(i)
  for (const [i, { versions }] of voters.entries()) {
    for (const version of versions) sides.get(version)?.voters.add(i)
  }
  for (const { id } of order.reverse()) {
    const side = sides.get(id)!
    for (const parent of history.parents(id)) {
      const above = sides.get(parent.id)!
      above.ends.addAll(side.ends)
      above.voters.addAll(side.voters)
      above.trust = Math.max(above.trust, side.trust)
    }
  }
  return sides
}

interface Weighed<E> {
  entry: E
  bookmarks: number
  trust: number
}

function weigh<E>(entry: E, side: Side, voters: readonly Voter[]): Weighed<E> {
  let bookmarks = 0
  for (const [i, { trust }] of voters.entries()) if (side.voters.has(i)) bookmarks += trust
  return { entry, bookmarks, trust: side.trust }
}

function isBefore<E extends HistoryEntry>(a: Weighed<E>, b: Weighed<E>): boolean {
  if (a.bookmarks !== b.bookmarks) return a.bookmarks > b.bookmarks
  if (a.trust !== b.trust) return a.trust > b.trust
  return compareBytes(a.entry.id, b.entry.id) < 0
}

function choiceOf<E extends HistoryEntry>(
  at: E | undefined,
  best: Weighed<E>,
  weighed: readonly Weighed<E>[],
): ForkChoice {
  const equals = weighed.filter(({ bookmarks }) => bookmarks === best.bookmarks)
  const rule =
    equals.length === 1
      ? 'more bookmarks'
      : equals.filter(({ trust }) => trust === best.trust).length === 1
        ? 'most trusted author'
        : 'smallest id'
  const among = weighed.map(({ entry, bookmarks, trust }) => ({ id: entry.id, bookmarks, trust }))
  return { rule, at: at?.id, chosen: best.entry.id, among }
}

/** A set of small numbers. */
class Bits {
  readonly #words: Uint32Array
  readonly #size: number

  constructor(size: number) {
    this.#size = size
    this.#words = new Uint32Array(Math.ceil(size / 32))
  }

  add(bit: number): void {
    this.#words[bit >> 5]! |= 1 << (bit & 31)
  }

  has(bit: number): boolean {
    return (this.#words[bit >> 5]! & (1 << (bit & 31))) !== 0
  }

  fill(): this {
    for (let bit = 0; bit < this.#size; bit++) this.add(bit)
    return this
  }

  addAll(other: Bits): void {
    for (let i = 0; i < this.#words.length; i++) this.#words[i]! |= other.#words[i]!
  }

  and(other: Bits): Bits {
    const both = new Bits(this.#size)
    for (let i = 0; i < this.#words.length; i++) both.#words[i] = this.#words[i]! & other.#words[i]!
    return both
  }

  meets(other: Bits): boolean {
    return this.#words.some((word, i) => (word & other.#words[i]!) !== 0)
  }

  get count(): number {
    let count = 0
    for (let bit = 0; bit < this.#size; bit++) if (this.has(bit)) count += 1
    return count
  }

  /** The smallest number in it. */
  get first(): number {
    let bit = 0
    while (bit < this.#size && !this.has(bit)) bit += 1
    return bit
  }
}
