import test from 'brittle'
import fc from 'fast-check'
import { callerOf } from '../../src/node/caller.ts'
import { Gate } from '../../src/node/gate.ts'
import { parameters } from '../helpers/seed.ts'

const device = (number: number): Uint8Array => {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

/** How many of `count` get through at one moment, from devices and addresses by number. */
function passing(count: number, from: (i: number) => { device: number; address: string }): number {
  const gate = new Gate()
  let passed = 0
  for (let i = 0; i < count; i++) {
    const { device: number, address } = from(i)
    if (gate.passes(callerOf(device(number), address), 'hello', false, 0)) passed += 1
  }
  return passed
}

test('gate - a device, a host and a network may do so much, the wider the more', (t) => {
  const one = passing(5_000, () => ({ device: 1, address: '203.0.113.1' }))
  const host = passing(5_000, (i) => ({ device: i, address: '203.0.113.1' }))
  const net = passing(5_000, (i) => ({ device: i, address: `203.0.113.${i % 256}` }))
  const v6 = passing(5_000, (i) => ({ device: i, address: `2001:db8:1:${i.toString(16)}::1` }))
  const all = passing(5_000, (i) => ({ device: i, address: `203.${i >> 8}.${i % 256}.1` }))
  t.ok(0 < one && one < host && host < net && net < all, `${one} ${host} ${net} ${all}`)
  t.is(v6, net, 'an IPv6 /48 counts as a /24')
  t.is(all, 5_000)
})

test('gate - the nodes of one machine are not held up by each other', (t) => {
  t.is(
    passing(5_000, (i) => ({ device: i, address: '127.0.0.1' })),
    5_000,
  )
})

test('gate - faults close it for the device and its network, for a while, and not for who is known', (t) => {
  const gate = new Gate()
  const liar = callerOf(device(1), '203.0.113.1')
  for (let i = 0; i < 8; i++) gate.noteFault(liar, 0)
  t.absent(gate.passes(liar, 'hello', false, 0))
  t.absent(gate.passes(liar, 'connect', true, 0), 'not even where it was good before')
  t.ok(gate.passes(callerOf(device(2), '203.0.113.1'), 'hello', false, 0))
  for (let i = 0; i < 32; i++) gate.noteFault(callerOf(device(100 + i), '203.0.113.1'), 0)
  const neighbour = callerOf(device(2), '203.0.113.1')
  t.absent(gate.passes(neighbour, 'hello', false, 0), 'nor its neighbours')
  t.ok(gate.passes(neighbour, 'hello', true, 0), 'but those who are known')
  t.ok(gate.passes(liar, 'hello', false, 30_000))
})

test('gate - what is refused is not counted', (t) => {
  const gate = new Gate()
  const one = callerOf(device(1), '203.0.113.1')
  while (gate.passes(one, 'hello', false, 0));
  const size = gate.size
  for (let i = 0; i < 1_000; i++) gate.passes(one, 'hello', false, 0)
  t.is(gate.size, size)
  t.ok(gate.passes(one, 'hello', false, 300), 'and delays nothing')
})

test('gate - it is bounded, whoever comes', (t) => {
  const gate = new Gate()
  for (let i = 0; i < 20_000; i++)
    gate.passes(callerOf(device(i), `${i >> 8}.${i % 256}.1.1`), 'earn', false, 0)
  t.is(gate.size, 16_384)
  fc.assert(
    fc.property(fc.ipV4(), fc.nat(10), (address, number) => {
      gate.passes(callerOf(device(number), address), 'earn', false, 0)
      return gate.size === 16_384
    }),
    parameters(),
  )
})
