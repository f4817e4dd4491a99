/** From a call that pushes values to an iteration that pulls them, with a bound on what waits between. */
import { SheafError } from '../../../base/errors.ts'

export interface Bound<T> {
  bytesMax: number
  bytesOf(value: T): number
}

/**
 * Yields what `start` pushes, as it comes, and returns what its promise resolves to. Where a slow
 * reader lets more than the bound pile up, it ends with BUSY; what is pushed later is dropped.
 */
export async function* pushed<T, R>(
  start: (push: (value: T) => void) => Promise<R>,
  { bytesMax, bytesOf }: Bound<T>,
): AsyncGenerator<T, R> {
  let waiting: T[] = []
  let bytes = 0
  let isOver = false
  let result: { value: R } | { error: unknown } | undefined
  let wake = () => {}
  const push = (value: T) => {
    if (isOver) return
    bytes += bytesOf(value)
    if (bytes > bytesMax) {
      isOver = true
      result = { error: new SheafError('BUSY', `more than ${bytesMax} bytes wait for a slow reader`) }
    } else waiting.push(value)
    wake()
  }
  start(push).then(
    (value) => {
      result ??= { value }
      wake()
    },
    (error: unknown) => {
      result ??= { error }
      wake()
    },
  )
  try {
    for (;;) {
      const ready = waiting
      waiting = []
      for (const value of ready) {
        bytes -= bytesOf(value)
        yield value
      }
      if (waiting.length > 0) continue
      if (result !== undefined) break
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  } finally {
    isOver = true
  }
  if ('error' in result) throw result.error
  return result.value
}
