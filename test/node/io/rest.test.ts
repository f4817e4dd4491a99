/** When a node rests, and when it does not. */
import test from 'brittle'
import { startResting } from '../../../src/node/io/rest.ts'

function watched() {
  const seen = { inputs: 0, rests: 0, collections: 0, isClosed: false }
  let look = (): void => {}
  const resting = startResting({
    inputs: () => seen.inputs,
    rest: async () => {
      seen.rests += 1
    },
    every: (_ms, take) => {
      look = take
      return {
        close: () => {
          seen.isClosed = true
        },
      }
    },
    collect: () => {
      seen.collections += 1
    },
  })
  return {
    seen,
    resting,
    async afterInputs(count: number) {
      seen.inputs += count
      look()
      await Promise.resolve()
    },
  }
}

test('rest - it comes once after each stretch of work', async (t) => {
  const { seen, afterInputs } = watched()
  await afterInputs(10_000)
  t.is(seen.rests, 0, 'work is under way')
  await afterInputs(3)
  t.alike([seen.rests, seen.collections], [1, 1])
  await afterInputs(0)
  await afterInputs(60)
  t.is(seen.rests, 1, 'what is at rest stays so')
  await afterInputs(61)
  await afterInputs(5)
  t.alike([seen.rests, seen.collections], [2, 2])
})

test('rest - nothing looks any more once it is closed', (t) => {
  const { seen, resting } = watched()
  resting.close()
  t.ok(seen.isClosed)
})

test('rest - garbage is collected when nobody else does it', async (t) => {
  let look = (): void => {}
  startResting({
    inputs: () => 0,
    rest: async () => {},
    every: (_ms, take) => {
      look = take
      return { close: () => {} }
    },
  })
  const garbage = new WeakRef({ nobody: 'holds this' })
  await turn()
  t.ok(garbage.deref(), 'it lies there')
  await turn()
  look()
  await turn()
  t.absent(garbage.deref())
})

/** A weak reference keeps its target until the turn is over in which it was looked at. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
