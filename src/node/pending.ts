/** A query of ours from the moment that it is asked: what is known of it, and what is to be told of it. */
import { encode } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import type { Observation } from '../ranking/evidence.ts'
import type { Backoff } from './backoff.ts'
import { type Query, query as queryCodec, weightOf } from './queries.ts'
import type { Timer } from './timers.ts'
import type { Header, Item, Listing } from './wire.ts'

/** What one query gets back. */
export interface Listener {
  /** Items as they arrive, before the last. Throwing a SheafError blames the server. */
  items(items: Item[], header: Header | undefined): void
  /** The number under which it went out, when it does. */
  sent?(ask: number): void
}

export interface Pending {
  ask: number
  readonly asked: Query
  readonly bytes: Uint8Array
  readonly weight: number
  readonly listener: Listener
  resume(outcome: { value: Listing | undefined } | { error: SheafError }): void
  deadline: Timer
  sentMs: number
  firstByteMs: number | undefined
  bytesIn: number
  results: number
  header: Header | undefined
  /** Set while the server is busy: what it failed with if it gets no further. */
  busy: SheafError | undefined
  /** Patience with a server that was too busy for it. */
  backoff: Backoff | undefined
}

export function newPending(
  asked: Query,
  { ask, listener, deadline }: Pick<Pending, 'ask' | 'listener' | 'deadline'>,
): Pending {
  // Each field by its name: V8 makes the object's shape anew each time where some are spread, 3 KB of it.
  return {
    ask,
    listener,
    // until somebody waits for it
    resume: () => {},
    deadline,
    asked,
    bytes: encode(queryCodec, asked),
    weight: weightOf(asked),
    sentMs: 0,
    firstByteMs: undefined,
    bytesIn: 0,
    results: 0,
    header: undefined,
    busy: undefined,
    backoff: undefined,
  }
}

export function servedObservation(pending: Pending, nowMs: number): Observation {
  const { asked, bytesIn, results, firstByteMs, sentMs } = pending
  // How long a subscription stays open, and what comes meanwhile, says nothing of a server's speed.
  if (asked.type === 'subscribe') return { type: 'served', bytes: 0, results, firstByteMs: 0, tookMs: 0 }
  return {
    type: 'served',
    bytes: bytesIn,
    results,
    firstByteMs: (firstByteMs ?? nowMs) - sentMs,
    tookMs: nowMs - sentMs,
  }
}

/** What queries end with where their connection does. */
export const goneError = (): SheafError => new SheafError('UNREACHABLE', 'the connection has ended')
