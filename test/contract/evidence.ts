/** What every sink of evidence does: it takes whatever the session tells, at any time, and never throws into it. */
import test from 'brittle'
import fc from 'fast-check'
import type { EvidenceSink } from '../../src/ranking/evidence.ts'
import { observations } from '../helpers/observations.ts'
import { parameters } from '../helpers/seed.ts'

export function evidenceContract(name: string, make: () => EvidenceSink): void {
  test(`${name} - takes every observation of any device at any time, also out of order`, (t) => {
    const step = fc.tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), observations, fc.nat(2 ** 31 - 1))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const sink = make()
        for (const [device, observation, nowMs] of steps) sink.observe(device, observation, nowMs)
      }),
      parameters(),
    )
    t.pass()
  })

  test(`${name} - leaves what it is told as it is`, (t) => {
    const device = new Uint8Array(32).fill(7)
    const observation = Object.freeze({ type: 'earned' as const, bid: 5 })
    make().observe(device, observation, 0)
    t.alike(device, new Uint8Array(32).fill(7))
    t.alike(observation, { type: 'earned', bid: 5 })
  })
}
