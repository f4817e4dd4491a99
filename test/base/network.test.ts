import { createHash } from 'node:crypto'
import test from 'brittle'
import { namespaceOf, networkOf } from '../../src/base/network.ts'
import { hex, utf8 } from '../helpers/bytes.ts'

/** length of the domain ‖ domain ‖ length and bytes of each part */
function domainHashByDefinition(domain: string, ...parts: Uint8Array[]): string {
  const hash = createHash('sha256').update(Uint8Array.of(domain.length)).update(domain)
  for (const part of parts) {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(part.byteLength)
    hash.update(length).update(part)
  }
  return hash.digest('hex')
}

test('network - its id comes from its name alone', (t) => {
  const bees = networkOf('bees', 4)
  t.is(hex(bees.id), domainHashByDefinition('sheaf/1 network', utf8('bees')))
  t.alike(networkOf('bees', 20).id, bees.id)
  t.unlike(networkOf('wasps', 4).id, bees.id)
})

test('network - a namespace for each network and kind, the same each time', (t) => {
  const bees = networkOf('bees', 4)
  const wasps = networkOf('wasps', 4)
  t.is(hex(namespaceOf(bees, 3)), domainHashByDefinition('sheaf/1 record', bees.id, Uint8Array.of(3)))
  const all = [bees, wasps].flatMap((network) =>
    Array.from({ length: 256 }, (_, kind) => hex(namespaceOf(network, kind))),
  )
  t.is(new Set(all).size, 512)
  t.is(namespaceOf(bees, 3), namespaceOf(bees, 3), 'remembered')
  t.alike(namespaceOf(networkOf('bees', 4), 3), namespaceOf(bees, 3), 'and not tied to one object')
})
