import test from 'brittle'
import { MemoryStore } from '../../src/node/memory-store.ts'
import { Numbering } from '../../src/node/numbering.ts'
import { perform } from '../../src/node/perform.ts'
import { StoreTasks } from '../../src/node/store-tasks.ts'
import { run, suspend } from '../../src/node/task.ts'

/** Numbers over a store, as one life of a node has them. */
function life(store: MemoryStore): { next(): Promise<number>; writes: number } {
  const self = {
    writes: 0,
    next: () =>
      new Promise<number>((resolve, reject) =>
        run(numbering.next(), (outcome) =>
          'error' in outcome ? reject(outcome.error) : resolve(outcome.value),
        ),
      ),
  }
  const tasks = new StoreTasks(function* (call) {
    if (call.method === 'note') self.writes += 1
    return yield* suspend<unknown>((resume) => {
      perform(store, call).then(
        (value) => resume({ value }),
        (error) => resume({ error }),
      )
    })
  })
  const numbering = new Numbering(tasks)
  return self
}

test('numbering - no number is used twice, though the node dies between any two', async (t) => {
  const store = new MemoryStore()
  const seen = new Set<number>()
  for (let death = 0; death < 5; death++) {
    const node = life(store)
    for (let i = 0; i <= death * 300; i++) {
      const number = await node.next()
      if (seen.has(number)) t.fail(`${number} twice`)
      seen.add(number)
    }
  }
  t.is(seen.size, 1 + 301 + 601 + 901 + 1201)
})

test('numbering - numbers asked for at the same time differ, also the first ones', async (t) => {
  const node = life(new MemoryStore())
  const numbers = await Promise.all(Array.from({ length: 50 }, () => node.next()))
  t.is(new Set(numbers).size, 50)
})

test('numbering - a stretch of numbers costs one write', async (t) => {
  const node = life(new MemoryStore())
  for (let i = 0; i < 1_000; i++) await node.next()
  t.is(node.writes, 1)
})
