import test from 'brittle'
import fc from 'fast-check'
import { Retries } from '../../src/node/retries.ts'
import { parameters } from '../helpers/seed.ts'

const id = (number: number): Uint8Array => new Uint8Array(32).fill(number)

test('retries - each failure doubles the wait, up to a cap, and a success forgets them', (t) => {
  const retries = new Retries({ firstMs: 10, capMs: 65 })
  t.ok(retries.mayAsk(id(1), 0), 'who never failed may be asked')
  const waits = Array.from({ length: 5 }, () => retries.failed(id(1), 100) - 100)
  t.alike(waits, [10, 20, 40, 65, 65])
  t.absent(retries.mayAsk(id(1), 164))
  t.ok(retries.mayAsk(id(1), 165))
  t.ok(retries.mayAsk(id(2), 100), 'nobody else has to wait')
  retries.succeeded(id(1))
  t.ok(retries.mayAsk(id(1), 100))
  t.is(retries.failed(id(1), 100), 110)
})

test('retries - the wait is never below the first nor above the cap, however often and whoever failed', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.boolean()), { maxLength: 3_000 }),
      (steps) => {
        const retries = new Retries({ firstMs: 30, capMs: 3_600 })
        return steps.every(([number, isFailure], nowMs) => {
          if (!isFailure) {
            retries.succeeded(id(number))
            return retries.mayAsk(id(number), nowMs)
          }
          const waitMs = retries.failed(id(number), nowMs) - nowMs
          return waitMs >= 30 && waitMs <= 3_600 && !retries.mayAsk(id(number), nowMs)
        })
      },
    ),
    parameters(),
  )
  t.pass()
})
