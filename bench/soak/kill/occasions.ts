/** The occasions on which a run of `soak kill` strikes: dealt from a shuffled deck, so that no kind is left out for long. */
import { type Random, randomBelow } from '../../../src/base/random.ts'
import type { Strike, StrikeMoment } from '../nodes/strike.ts'

export type Role = 'publisher' | 'holder'

/** Kills a node while pages are published, while it starts, stops, has its index made anew, or moves to a newer format. */
export type Occasion =
  | WritingOccasion
  | { readonly type: 'reindexing' | 'migrating'; readonly role: Role; readonly strike: Strike }
  | { readonly type: 'starting'; readonly role: Role; readonly afterMs: number }

/** Both come while pages are published. */
export interface WritingOccasion {
  readonly type: 'writing' | 'stopping'
  readonly role: Role
  readonly strike: Strike
}

/** The way of a write, in its order. */
const WRITING: readonly StrikeMoment[] = [
  'noting',
  'noted',
  'appended',
  'indexing',
  'indexed',
  'syncing',
  'synced',
  'answering',
]
/** A keeper writes notes once in a thousand statements. */
const NOTES: ReadonlySet<StrikeMoment> = new Set(['noting', 'noted'])
const REINDEXING: readonly StrikeMoment[] = ['indexing', 'indexed']
const MIGRATING: readonly StrikeMoment[] = ['copied', 'migrating', 'migrated', 'indexed']

const NTH_MAX = 8
/** An index that is made anew takes one batch for each feed or more. */
const REINDEX_NTH_MAX = 2
/** Every third strike comes somewhat after its moment. */
const DELAYED_OF = 3
const DELAY_MS_MAX = 40
/** A start takes about so long: kills fall before, in and after the opening of the store. */
const START_MS_MAX = 1_500

/** Endless occasions; publisher and holder in turns. */
export function* occasions(random: Random): Generator<Occasion, never> {
  const publisher = decksOf('publisher', random)
  const holder = decksOf('holder', random)
  for (;;) {
    yield publisher.next().value
    yield holder.next().value
  }
}

function* decksOf(role: Role, random: Random): Generator<Occasion, never> {
  for (;;) yield* deckOf(role, random)
}

function deckOf(role: Role, random: Random): Occasion[] {
  const strike = (moment: StrikeMoment): Strike => ({
    moment,
    nth: 1 + randomBelow(random, NTH_MAX),
    delayMs: randomBelow(random, DELAYED_OF) === 0 ? 1 + randomBelow(random, DELAY_MS_MAX) : 0,
  })
  const now = (moment: StrikeMoment, nth: number): Strike => ({ moment, nth, delayMs: 0 })
  const reindexing = REINDEXING[randomBelow(random, REINDEXING.length)]!
  const deck: Occasion[] = [
    ...WRITING.filter((moment) => role === 'publisher' || !NOTES.has(moment)).map((moment) => ({
      type: 'writing' as const,
      role,
      strike: strike(moment),
    })),
    { type: 'starting', role, afterMs: randomBelow(random, START_MS_MAX) },
    { type: 'stopping', role, strike: now('syncing', 1 + randomBelow(random, 2)) },
    { type: 'reindexing', role, strike: now(reindexing, 1 + randomBelow(random, REINDEX_NTH_MAX)) },
    {
      type: 'migrating',
      role,
      strike: now(MIGRATING[randomBelow(random, MIGRATING.length)]!, 1),
    },
  ]
  // First before anything is written: what was acknowledged by then rests on nothing that comes after.
  const first = { type: 'writing' as const, role, strike: now('appending', 1 + randomBelow(random, NTH_MAX)) }
  return [first, ...shuffled(deck, random)]
}

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i--) {
    const j = randomBelow(random, i + 1)
    ;[out[i], out[j]] = [out[j]!, out[i]!]
  }
  return out
}

/** For a finding: which kill it was. */
export function occasionText(occasion: Occasion): string {
  if (occasion.type === 'starting') return `${occasion.role} killed ${occasion.afterMs} ms after its start`
  const { moment, nth, delayMs } = occasion.strike
  const late = delayMs === 0 ? '' : `, ${delayMs} ms later`
  return `${occasion.role} killed while ${occasion.type}, at "${moment}" number ${nth}${late}`
}
