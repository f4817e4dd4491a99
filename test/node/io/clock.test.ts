import test from 'brittle'
import { steadyClock } from '../../../src/node/io/clock.ts'
import { clockContract } from '../../contract/clock-random.ts'

clockContract('steady clock', () => steadyClock())

test('steady clock - goes on evenly when the wall clock is set', (t) => {
  let wallMs = 1_800_000_000_000.25
  let sinceStartMs = 12.5
  const clock = steadyClock(
    () => wallMs,
    () => sinceStartMs,
  )
  t.is(clock(), 1_800_000_000_000)
  wallMs -= 3 * 3_600_000
  sinceStartMs += 1_000
  t.is(clock(), 1_800_000_001_000)
})
