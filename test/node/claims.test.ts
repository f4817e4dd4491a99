import test from 'brittle'
import { networkOf } from '../../src/base/network.ts'
import { SHELF_CLAIM } from '../../src/content/statement.ts'
import { callerOf } from '../../src/node/caller.ts'
import { Claims } from '../../src/node/claims.ts'
import type { Node } from '../../src/node/node.ts'
import type { Peer } from '../../src/node/peer.ts'
import { addressOf, CLAIM_LIFE_MS, encodeClaim, prefixOf } from '../../src/node/shards.ts'
import { statementOf, verifyDevice } from '../helpers/actor.ts'
import { actor, onAnotherDevice, START_MS } from '../helpers/world.ts'

const NETWORK = networkOf('test', 4)
const ada = actor('ada', NETWORK)
const OWN_DEPTH = 3

/** Our claims at depth 3, and a way to hear that a device at an address claims another. */
function hearing(): {
  claims: Claims
  pass(ms: number): void
  hear(name: string, address: string, depth: number): Uint8Array
} {
  let nowMs = START_MS
  const env = { network: NETWORK, verifyDevice, nowMs: () => nowMs }
  const node = { env, depth: OWN_DEPTH, retention: { talksTo: () => true } } as unknown as Node
  const claims = new Claims(node, new Uint8Array(32))
  return {
    claims,
    pass(ms) {
      nowMs += ms
    },
    hear(name, address, depth) {
      const who = onAnotherDevice(ada, name)
      const device = who.device.publicKey
      const body = encodeClaim({
        incarnation: new Uint8Array(16),
        sequence: 1,
        shard: { depth, prefix: prefixOf(addressOf(device), depth) },
        count: 0,
        root: new Uint8Array(32),
        until: START_MS + CLAIM_LIFE_MS,
      })
      const { bytes } = statementOf(who, NETWORK, { kind: SHELF_CLAIM, body, timeMs: START_MS })
      claims.learn({ device, caller: callerOf(device, address) } as Peer, bytes)
      return device
    },
  }
}

test('claims - the usual depth is the median of what hosts say, and a crowd on one machine is one of them', (t) => {
  const { claims, hear } = hearing()
  t.is(claims.usualDepth(), OWN_DEPTH)
  hear('a', '198.51.100.1', 4)
  hear('b', '203.0.113.7', 4)
  t.is(claims.usualDepth(), 4)
  const honest = hear('c', '2001:db8:1::1', 4)
  for (let i = 0; i < 100; i++) hear(`crowd ${i}`, '192.0.2.66', 60)
  t.is(claims.usualDepth(), 4)
  t.is(claims.depthOf(honest), 4)
  t.is(claims.devices().length, 3 + 64, 'a crowd pushes out itself')
})

test('claims - on a local network each device speaks for itself', (t) => {
  const { claims, hear } = hearing()
  for (const name of ['a', 'b', 'c']) hear(name, '127.0.0.1', 5)
  t.is(claims.usualDepth(), 5)
})

test('claims - a claim that has ended counts no more', (t) => {
  const { claims, hear, pass } = hearing()
  for (const name of ['a', 'b', 'c']) hear(name, `198.51.100.${name.charCodeAt(0)}`, 7)
  t.is(claims.usualDepth(), 7)
  pass(CLAIM_LIFE_MS)
  t.is(claims.usualDepth(), OWN_DEPTH)
  hear('a', '198.51.100.97', 2)
  t.is(claims.usualDepth(), OWN_DEPTH, 'of two the deeper')
})
