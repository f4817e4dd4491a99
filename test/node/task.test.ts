import test from 'brittle'
import fc from 'fast-check'
import {
  begin,
  forEach,
  type Outcome,
  type Resume,
  run,
  settleAll,
  suspend,
  type Task,
} from '../../src/node/task.ts'
import { Timers } from '../../src/node/timers.ts'
import { parameters } from '../helpers/seed.ts'

/** Waits that a test ends by hand, in the order in which they began. */
function gates(): {
  wait: (name: string) => Task<string>
  open(name: string, outcome?: Outcome<string>): void
  waiting: string[]
} {
  const resumes = new Map<string, Resume<string>>()
  return {
    wait: (name) => suspend<string>((resume) => void resumes.set(name, resume)),
    open(name, outcome = { value: name }) {
      const resume = resumes.get(name)
      resumes.delete(name)
      resume?.(outcome)
    },
    get waiting() {
      return [...resumes.keys()]
    },
  }
}

function ended<T>(task: Task<T>): { outcome: Outcome<T> | undefined; times: number } {
  const seen: { outcome: Outcome<T> | undefined; times: number } = { outcome: undefined, times: 0 }
  run(task, (outcome) => {
    seen.outcome = outcome
    seen.times += 1
  })
  return seen
}

test('task - runs to its first wait at once, and on when that ends', (t) => {
  const { wait, open } = gates()
  const log: string[] = []
  const seen = ended(
    (function* (): Task<number> {
      log.push('begins')
      log.push(yield* wait('a'))
      log.push(yield* wait('b'))
      return log.length
    })(),
  )
  t.alike(log, ['begins'])
  open('a')
  t.alike(log, ['begins', 'a'])
  t.is(seen.outcome, undefined)
  open('b')
  t.alike(seen.outcome, { value: 3 })
  t.is(seen.times, 1)
})

test('task - an error goes up through what waits, and may be caught on the way', (t) => {
  const { wait, open } = gates()
  const failure = new Error('no')
  function* inner(): Task<string> {
    return yield* wait('a')
  }
  const caught = ended(
    (function* (): Task<string> {
      try {
        return yield* inner()
      } catch (error) {
        return `caught ${(error as Error).message}`
      }
    })(),
  )
  open('a', { error: failure })
  t.alike(caught.outcome, { value: 'caught no' })
  const thrown = ended(inner())
  open('a', { error: failure })
  t.is(thrown.outcome && 'error' in thrown.outcome && thrown.outcome.error, failure)
})

test('task - a hundred thousand waits that end at once need no stack', (t) => {
  const seen = ended(
    (function* (): Task<number> {
      let sum = 0
      for (let i = 0; i < 100_000; i++) sum += yield* suspend<number>((resume) => resume({ value: 1 }))
      return sum
    })(),
  )
  t.alike(seen.outcome, { value: 100_000 })
})

test('task - one that was begun may be waited for before it ends, after it, or never', (t) => {
  const { wait, open } = gates()
  const wanted = begin(wait('a'))
  const before = ended(wanted())
  t.is(before.outcome, undefined)
  open('a')
  t.alike(before.outcome, { value: 'a' })
  t.alike(ended(wanted()).outcome, { value: 'a' })
  begin(wait('b'))
  open('b', { error: new Error('nobody asks') })
})

test('task - settling all waits for every one and keeps their places', (t) => {
  const { wait, open } = gates()
  const seen = ended(settleAll([wait('a'), wait('b'), wait('c')]))
  open('c')
  open('a')
  t.is(seen.outcome, undefined)
  const error = new Error('no')
  open('b', { error })
  t.alike(seen.outcome, { value: [{ value: 'a' }, { error }, { value: 'c' }] })
  t.alike(ended(settleAll([])).outcome, { value: [] })
})

test('task - at most so many at a time, each item once, whatever order they end in', (t) => {
  const orders = fc.tuple(
    fc.integer({ min: 0, max: 12 }),
    fc.integer({ min: 1, max: 5 }),
    fc.infiniteStream(fc.nat()),
  )
  fc.assert(
    fc.property(orders, ([count, width, picks]) => {
      const gate = gates()
      const done: string[] = []
      const items = Array.from({ length: count }, (_, i) => `${i}`)
      const seen = ended(
        forEach(items, width, function* (item) {
          done.push(yield* gate.wait(item))
        }),
      )
      while (gate.waiting.length > 0) {
        if (gate.waiting.length > width) return false
        const pick = picks.next().value as number
        gate.open(gate.waiting[pick % gate.waiting.length]!)
      }
      return (
        seen.outcome !== undefined &&
        'value' in seen.outcome &&
        [...done].sort().join() === [...items].sort().join()
      )
    }),
    parameters(),
  )
  t.pass()
})

test('task - the first failure ends the taking of more, once what is under way has ended', (t) => {
  const gate = gates()
  const begun: string[] = []
  const seen = ended(
    forEach(['a', 'b', 'c', 'd'], 2, function* (item) {
      begun.push(item)
      yield* gate.wait(item)
    }),
  )
  const error = new Error('no')
  gate.open('a', { error })
  t.alike(begun, ['a', 'b'])
  t.is(seen.outcome, undefined)
  gate.open('b')
  t.alike(seen.outcome, { error })
  t.alike(begun, ['a', 'b'])
})

test('timers - fire in order of time, then of their making; one that was cancelled does not', (t) => {
  const timers = new Timers()
  const fired: string[] = []
  timers.at(20, () => fired.push('c'))
  timers.at(10, () => fired.push('a'))
  const no = timers.at(10, () => fired.push('no'))
  timers.at(10, () => {
    fired.push('b')
    timers.at(10, () => fired.push('set while firing'))
  })
  no.cancel()
  t.is(timers.nextMs, 10)
  timers.run(9)
  t.alike(fired, [])
  timers.run(10)
  t.alike(fired, ['a', 'b', 'set while firing'])
  timers.run(1_000)
  t.alike(fired, ['a', 'b', 'set while firing', 'c'])
  t.is(timers.nextMs, undefined)
})

test('task - one that is stopped goes on as if its wait had failed, and hears no more of that wait', (t) => {
  const gate = gates()
  const left: unknown[] = []
  const seen: string[] = []
  function* looks(): Task<string> {
    try {
      return yield* suspend<string>(
        (resume) => run(gate.wait('inner'), resume),
        (error) => left.push(error),
      )
    } finally {
      seen.push('tidied')
    }
  }
  const outcomes: Outcome<string>[] = []
  const stop = run(looks(), (outcome) => outcomes.push(outcome))
  t.alike(outcomes, [])
  stop('enough')
  t.alike([outcomes, left, seen], [[{ error: 'enough' }], ['enough'], ['tidied']])
  gate.open('inner')
  stop('again')
  t.alike([outcomes.length, left.length, seen.length], [1, 1, 1], 'it has ended once')
})

test('task - who is stopped stops what runs beside one another, but not what was begun for all', (t) => {
  const gate = gates()
  const done: string[] = []
  function* noted(name: string): Task<void> {
    try {
      yield* gate.wait(name)
      done.push(`${name} ended`)
    } catch (error) {
      done.push(`${name} ${String(error)}`)
      throw error
    }
  }
  const shared = begin(noted('shared'))
  function* all(): Task<void> {
    yield* forEach(['one', 'two', 'three'], 2, noted)
    yield* shared()
  }
  const outcomes: Outcome<void>[] = []
  const stop = run(all(), (outcome) => outcomes.push(outcome))
  stop('left')
  t.alike(done, ['one left', 'two left'], 'three is not begun')
  t.alike(outcomes, [{ error: 'left' }])
  gate.open('shared')
  t.is(done.at(-1), 'shared ended')
})
