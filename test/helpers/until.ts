/** Waiting for what is said to happen, never for a time to pass. */

import type { EventEmitter } from 'node:events'

interface UntilOptions<Values extends unknown[]> {
  /** How long to wait before the test fails; the wait ends with the event. */
  timeoutMs?: number
  /** Events that do not satisfy it are passed over. */
  where?: (...values: Values) => boolean
}

const TIMEOUT_MS = 20_000

/**
 * The values of the next `event` that satisfies `where`. Rejects with the error of an 'error'
 * event (unless that is the awaited one), and after `timeoutMs` with the name of the event.
 */
export function until<Values extends unknown[] = unknown[]>(
  emitter: EventEmitter,
  event: string,
  { timeoutMs = TIMEOUT_MS, where = () => true }: UntilOptions<Values> = {},
): Promise<Values> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      clearTimeout(timer)
      emitter.removeListener(event, onevent)
      if (event !== 'error') emitter.removeListener('error', onerror)
      finish()
    }
    const onevent = (...values: Values) => {
      let wanted = false
      try {
        wanted = where(...values)
      } catch (error) {
        settle(() => reject(error))
        return
      }
      if (wanted) settle(() => resolve(values))
    }
    const onerror = (error: Error) => settle(() => reject(error))
    const timer = setTimeout(() => {
      settle(() => reject(new Error(`no '${event}' as wanted within ${timeoutMs} ms`)))
    }, timeoutMs)
    emitter.on(event, onevent)
    if (event !== 'error') emitter.on('error', onerror)
  })
}
