/** What every clock and every source of chance does, the machine's and a seed's. */
import test from 'brittle'
import { type Clock, type Random, randomBelow } from '../../src/base/random.ts'
import { hex } from '../helpers/bytes.ts'

export function randomContract(name: string, make: () => Random): void {
  test(`${name} - gives as many bytes as are asked for, each time others, which the caller may keep`, (t) => {
    const random = make()
    for (const length of [0, 1, 8, 32, 1_000]) t.is(random(length).byteLength, length)
    const first = random(32)
    const kept = hex(first)
    const seen = new Set(Array.from({ length: 1_000 }, () => hex(random(16))))
    t.is(seen.size, 1_000)
    t.is(hex(first), kept, 'a later draw does not write into an earlier one')
  })

  test(`${name} - every bit is as often one as zero`, (t) => {
    const bytes = make()(40_000)
    for (let bit = 0; bit < 8; bit++) {
      const ones = bytes.reduce((sum, byte) => sum + ((byte >> bit) & 1), 0)
      t.ok(Math.abs(ones - 20_000) < 800, `bit ${bit}: ${ones} of 40,000`) // eight standard deviations
    }
  })

  test(`${name} - serves for numbers below a bound`, (t) => {
    const random = make()
    const seen = new Set(Array.from({ length: 500 }, () => randomBelow(random, 10)))
    t.alike([...seen].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })
}

export function clockContract(name: string, make: () => Clock): void {
  test(`${name} - tells whole milliseconds since 1970 that do not go back`, (t) => {
    const clock = make()
    let last = 0
    for (let i = 0; i < 1_000; i++) {
      const now = clock()
      if (!Number.isSafeInteger(now) || now < last) t.fail(`${now} after ${last}`)
      last = now
    }
    t.ok(last > 1_577_836_800_000 && last < 2 ** 48, 'after 2020, and it fits a record')
  })
}
