import test from 'brittle'
import fc from 'fast-check'
import { pushed } from '../../../../src/node/io/control/pushed.ts'
import { codeOfAsync } from '../../../cli/fake-shell.ts'
import { parameters } from '../../../helpers/seed.ts'

const ROOMY = { bytesMax: 1_000, bytesOf: (value: number) => value }

test('pushed - what is pushed comes out in its order, then the result', async (t) => {
  const schedules = fc.array(fc.record({ value: fc.nat(9), isLater: fc.boolean() }), { maxLength: 50 })
  await fc.assert(
    fc.asyncProperty(schedules, async (schedule) => {
      const values = pushed<number, string>(async (push) => {
        for (const { value, isLater } of schedule) {
          if (isLater) await new Promise((resolve) => setImmediate(resolve))
          push(value)
        }
        return 'result'
      }, ROOMY)
      const seen: number[] = []
      let next = await values.next()
      for (; !next.done; next = await values.next()) seen.push(next.value)
      const expected = schedule.map(({ value }) => value)
      return next.value === 'result' && JSON.stringify(seen) === JSON.stringify(expected)
    }),
    parameters({ numRuns: 50 }),
  )
  t.pass()
})

test('pushed - a reader that is too slow gets what is there, then BUSY', async (t) => {
  const values = pushed<number, void>(async (push) => {
    for (let i = 0; i < 100; i++) push(100)
  }, ROOMY)
  for (let i = 0; i < 10; i++) t.is((await values.next()).value, 100)
  t.is(await codeOfAsync(values.next()), 'BUSY')
})

test('pushed - a failure comes after what was pushed before it', async (t) => {
  const values = pushed<number, void>(async (push) => {
    push(1)
    throw new Error('gone')
  }, ROOMY)
  t.is((await values.next()).value, 1)
  t.is(await codeOfAsync(values.next()), 'Error: gone')
})

test('pushed - a reader that leaves does not stop who pushes', async (t) => {
  let end = () => {}
  let pushLate: (value: number) => void = () => {}
  const values = pushed<number, void>(async (push) => {
    push(1)
    pushLate = push
    await new Promise<void>((resolve) => {
      end = resolve
    })
    throw new Error('nobody hears this')
  }, ROOMY)
  await values.next()
  await values.return(undefined as never)
  pushLate(2)
  end()
  t.alike(await values.next(), { done: true, value: undefined })
})
