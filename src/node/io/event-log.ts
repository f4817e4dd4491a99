/** The node's events, numbered, with a bounded memory: `since=` picks up where a watcher left off. */
import type { NodeEvent } from '../node.ts'

/** Events that are kept for watchers that come late. */
const EVENTS_MAX = 2_000

export interface LoggedEvent {
  id: number
  timeMs: number
  type: string
  [field: string]: unknown
}

export class EventLog {
  readonly #events: LoggedEvent[] = []
  readonly #watchers = new Set<() => void>()
  #nextId = 1

  /** Id of the last event; 0 where there was none. */
  get lastId(): number {
    return this.#nextId - 1
  }

  add(event: NodeEvent, timeMs: number): LoggedEvent {
    const logged = { ...event, id: this.#nextId++, timeMs }
    this.#events.push(logged)
    if (this.#events.length > EVENTS_MAX) this.#events.shift()
    for (const wake of this.#watchers) wake()
    return logged
  }

  /** Kept events after `since`, then new ones, until `signal` aborts. A watcher that falls behind misses what is no longer kept; the ids tell. */
  async *watch(since: number, signal: AbortSignal): AsyncIterable<LoggedEvent> {
    let last = since
    while (!signal.aborted) {
      const fresh = this.#events.filter(({ id }) => id > last)
      for (const event of fresh) {
        last = event.id
        yield event
      }
      if (fresh.length === 0) await this.#next(signal)
    }
  }

  #next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#watchers.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#watchers.add(wake)
      signal.addEventListener('abort', wake)
      if (signal.aborted) wake()
    })
  }
}
