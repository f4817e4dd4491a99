/**
 * Tasks: work that waits for answers, written as if it did not.
 *
 * A task is a generator that suspends until somebody calls `resume`. Nothing here is
 * asynchronous: a step of the service runs every task as far as it gets, then returns, so
 * the same inputs at the same times always give the same effects.
 *
 * Generator functions stand at the top of a file or in a class, not within a function that is called
 * often: V8 gives each closure of one a hidden class of its own, in the old generation, where it keeps
 * all that the closure refers to until the next full collection.
 */

/** A piece of work that ends with a `T`. Run others inside it with `yield*`. */
export type Task<T> = Generator<Suspend, T, Outcome<unknown>>

export type Outcome<T> = { value: T } | { error: unknown }
export type Resume<T> = (outcome: Outcome<T>) => void

/** What a task yields: how to begin what it waits for, and what to do where it waits no more. */
interface Suspend {
  start(resume: Resume<unknown>): void
  giveUp?: ((error: unknown) => void) | undefined
}

/** Has a task go on as if what it waits for had failed with this. Nothing where it has ended. */
export type Stop = (error: unknown) => void

/** Runs a task to its end or its next wait; `done` is called once, perhaps before `run` returns. */
export function run<T>(task: Task<T>, done: Resume<T>): Stop {
  let waiting: Suspend | undefined
  const advance = (outcome: Outcome<unknown>): void => {
    let next = outcome
    for (;;) {
      let step: IteratorResult<Suspend, T>
      try {
        step = 'error' in next ? task.throw(next.error) : task.next(next)
      } catch (error) {
        done({ error })
        return
      }
      if (step.done) {
        done({ value: step.value })
        return
      }
      // A wait that ends while it is being set up goes round the loop; others come back through `advance`.
      const wait = step.value
      let ended: Outcome<unknown> | undefined
      let isSettingUp = true
      waiting = wait
      try {
        wait.start((result) => {
          // One that was given up may come to an end all the same.
          if (waiting !== wait) return
          waiting = undefined
          if (isSettingUp) ended = result
          else advance(result)
        })
      } catch (error) {
        waiting = undefined
        ended = { error }
      }
      isSettingUp = false
      if (ended === undefined) return
      next = ended
    }
  }
  advance({ value: undefined })
  return (error) => {
    const left = waiting
    if (left === undefined) return
    waiting = undefined
    left.giveUp?.(error)
    advance({ error })
  }
}

/** Waits until `start`'s resume is called. `giveUp` is called where the task is stopped before that. */
export function* suspend<T>(start: (resume: Resume<T>) => void, giveUp?: (error: unknown) => void): Task<T> {
  const outcome = yield { start: start as Suspend['start'], giveUp }
  if ('error' in outcome) throw outcome.error
  return outcome.value as T
}

/** Starts a task at once; what comes back waits for its end, whenever that is asked for. */
export function begin<T>(task: Task<T>): () => Task<T> {
  let outcome: Outcome<T> | undefined
  const waiting: Resume<T>[] = []
  run(task, (result) => {
    outcome = result
    for (const resume of waiting) resume(result)
  })
  return () =>
    suspend<T>((resume) => {
      if (outcome === undefined) waiting.push(resume)
      else resume(outcome)
    })
}

/** Runs all at once and waits for every one; each outcome at its place. Who is stopped stops them. */
export function* settleAll<T>(tasks: Task<T>[]): Task<Outcome<T>[]> {
  if (tasks.length === 0) return []
  const stops: Stop[] = []
  return yield* suspend<Outcome<T>[]>(
    (resume) => {
      const outcomes: Outcome<T>[] = new Array(tasks.length)
      let left = tasks.length
      for (const [i, task] of tasks.entries()) {
        const stop = run(task, (outcome) => {
          outcomes[i] = outcome
          left -= 1
          if (left === 0) resume({ value: outcomes })
        })
        stops.push(stop)
      }
    },
    (error) => {
      for (const stop of stops) stop(error)
    },
  )
}

/** Runs `work` on every item, at most `width` at a time; throws the first error once all have ended. */
export function* forEach<T>(items: Iterable<T>, width: number, work: (item: T) => Task<void>): Task<void> {
  const round: Round<T> = { left: items[Symbol.iterator](), work, failure: undefined }
  const workers: Task<void>[] = []
  while (workers.length < width) {
    const first = round.left.next()
    if (first.done) break
    workers.push(takeTurns(first, round))
  }
  if (workers.length === 1) yield* workers[0]!
  else yield* settleAll(workers)
  if (round.failure !== undefined) throw round.failure.error
}

interface Round<T> {
  left: Iterator<T>
  work: (item: T) => Task<void>
  failure: { error: unknown } | undefined
}

function* takeTurns<T>(first: IteratorResult<T>, round: Round<T>): Task<void> {
  for (let next = first; !next.done && round.failure === undefined; next = round.left.next()) {
    try {
      yield* round.work(next.value)
    } catch (error) {
      round.failure ??= { error }
    }
  }
}
