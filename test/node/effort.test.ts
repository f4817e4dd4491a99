import test from 'brittle'
import fc from 'fast-check'
import { EFFORT_CAP, minimumEffort, quotedEffort } from '../../src/node/effort.ts'
import { EFFORT_FLOOR } from '../../src/ranking/standing.ts'
import { parameters } from '../helpers/seed.ts'

test('effort - the floor while few wait, the cap where all places are taken', (t) => {
  const at = (waiting: number) => minimumEffort({ waiting, places: 256 })
  t.alike([0, 1, 64].map(at), [EFFORT_FLOOR, EFFORT_FLOOR, EFFORT_FLOOR])
  t.is(at(256), EFFORT_CAP)
  t.is(at(10_000), EFFORT_CAP)
  const doubling = at(64 + 15) / EFFORT_FLOOR
  t.ok(doubling > 1.9 && doubling < 2.1, 'it doubles each 15 places')
})

test('effort - it never falls while the queue grows, and stays within its bounds', (t) => {
  t.execution(() =>
    fc.assert(
      fc.property(fc.nat(2_000), fc.nat(2_000), fc.integer({ min: 1, max: 1_000 }), (a, b, places) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((waiting) =>
          minimumEffort({ waiting, places }),
        )
        return less! <= more! && less! >= EFFORT_FLOOR && more! <= EFFORT_CAP && Number.isSafeInteger(more)
      }),
      parameters(),
    ),
  )
})

test('effort - what is quoted follows the standing: nothing for the known, more for who broke the rules', (t) => {
  const calm = { waiting: 0, places: 256 }
  const full = { waiting: 256, places: 256 }
  t.is(quotedEffort(0, full), 0)
  t.is(quotedEffort(EFFORT_FLOOR, calm), EFFORT_FLOOR)
  t.is(quotedEffort(EFFORT_FLOOR / 4, full), EFFORT_CAP / 4)
  t.is(quotedEffort(EFFORT_FLOOR * 2 ** 10, full), EFFORT_CAP * 2 ** 10)
  t.is(quotedEffort(2 ** 40, full), 2 ** 40, 'no more than fits a challenge')
})
