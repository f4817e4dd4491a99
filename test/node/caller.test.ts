import test from 'brittle'
import fc from 'fast-check'
import { callerOf } from '../../src/node/caller.ts'
import { parameters } from '../helpers/seed.ts'

const device = new Uint8Array(32).fill(7)

test('caller - an address stands for its networks, however it is written', (t) => {
  const networks = (address?: string) => callerOf(device, address).networks
  t.alike(networks('203.0.113.9'), ['203.0.113.9', '203.0.113.'])
  t.alike(networks('::ffff:203.0.113.9'), networks('203.0.113.9'))
  t.alike(networks('2001:db8:1:2::7'), ['2001:db8:1::'])
  t.alike(networks('2001:0DB8:0001:ffff:1:2:3:4'), ['2001:db8:1::'])
  t.alike(networks('2001:db8::'), ['2001:db8:0::'])
  t.alike(networks('fe80::1%eth0'), ['fe80:0:0::'])
  for (const none of [
    undefined,
    '',
    'peer',
    '1.2.3',
    '1.2.3.256',
    '1::2::3',
    '::12345',
    '1:2:3',
    '1:2:3:4:5:6:7:8:9',
  ])
    t.alike(networks(none), [], String(none))
})

test('caller - loopback and private networks are local, the rest is not', (t) => {
  const isLocal = (address: string) => callerOf(device, address).isLocal
  const local = ['127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.9.9', '192.168.1.1', '169.254.0.1']
  for (const address of [...local, '::1', '0:0:0:0:0:0:0:1', 'fe80::1', 'fd00::1', '::ffff:127.0.0.1'])
    t.ok(isLocal(address), address)
  for (const address of ['8.8.8.8', '172.32.0.1', '192.169.0.1', '2001:db8::1', '::2', 'nonsense'])
    t.absent(isLocal(address), address)
})

test('caller - two addresses of one /24 or one /48 share their widest network, others do not', (t) => {
  const widest = (address: string) => callerOf(device, address).networks.at(-1)
  t.execution(() =>
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), (a, b) => {
        const same = a.split('.').slice(0, 3).join('.') === b.split('.').slice(0, 3).join('.')
        return (widest(a) === widest(b)) === same
      }),
      parameters(),
    ),
  )
  t.execution(() =>
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const { networks } = callerOf(device, address)
        return networks.length === 1 || address.includes('.')
      }),
      parameters(),
    ),
  )
  t.execution(() =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => callerOf(device, text).networks.length <= 2),
      parameters(),
    ),
  )
})
