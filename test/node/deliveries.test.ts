import test from 'brittle'
import fc from 'fast-check'
import { type Caller, callerOf } from '../../src/node/caller.ts'
import { DELIVERIES_BYTES_MAX, Deliveries } from '../../src/node/deliveries.ts'
import { parameters } from '../helpers/seed.ts'

const at = (device: number, address: string): Caller => callerOf(Uint8Array.of(device), address)

test('deliveries - who asks for much leaves room for others, with however many devices', (t) => {
  const deliveries = new Deliveries()
  for (let i = 0; i < 200; i++) {
    const crowd = at(i, `192.0.2.${i}`)
    deliveries.reserve(crowd, Math.max(0, deliveries.roomFor(crowd)))
  }
  t.is(deliveries.bytes, DELIVERIES_BYTES_MAX / 2)
  t.is(deliveries.roomFor(at(201, '198.51.100.1')), DELIVERIES_BYTES_MAX / 4)
})

test('deliveries - devices of one machine or house do not take each other for a crowd', (t) => {
  const deliveries = new Deliveries()
  deliveries.reserve(at(1, '127.0.0.1'), deliveries.roomFor(at(1, '127.0.0.1')))
  t.is(deliveries.roomFor(at(1, '127.0.0.1')), 0)
  t.is(deliveries.roomFor(at(2, '127.0.0.1')), DELIVERIES_BYTES_MAX / 4)
})

test('deliveries - never more than there is, and all of it comes back', (t) => {
  const ask = fc.record({
    device: fc.nat(5),
    host: fc.nat(3),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(ask, { maxLength: 60 }), (asks) => {
      const deliveries = new Deliveries()
      const held = asks.map(({ device, host, share }) => {
        const caller = at(device, `198.51.${host}.1`)
        const bytes = Math.floor(Math.max(0, deliveries.roomFor(caller)) * share)
        return deliveries.reserve(caller, bytes)
      })
      const isBounded = deliveries.bytes < DELIVERIES_BYTES_MAX
      for (const letGo of held) letGo()
      return isBounded && deliveries.bytes === 0
    }),
    parameters(),
  )
  t.pass()
})
