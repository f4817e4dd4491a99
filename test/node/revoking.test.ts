import test from 'brittle'
import { encode } from '../../src/base/codec.ts'
import { IdSet } from '../../src/base/id-map.ts'
import { DEVICE_CERTIFICATE } from '../../src/content/device.ts'
import { DEVICE_REVOCATION, deviceRevocation } from '../../src/content/revocation.ts'
import { entityLocator, type Space } from '../../src/content/space.ts'
import { People } from '../../src/node/people.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { actor, onAnotherDevice, World, type WorldNode } from '../helpers/world.ts'

/** Ada at her desk and with a laptop, and Bo and Cy, each connected with each. */
async function worldOfTwoDevices(): Promise<{ world: World; node: (name: string) => WorldNode }> {
  const world = new World()
  const ada = actor('ada', world.network)
  world.add('desk', { actor: ada })
  world.add('laptop', { actor: onAnotherDevice(ada, 'laptop') })
  for (const name of ['bo', 'cy']) world.add(name)
  const names = ['desk', 'laptop', 'bo', 'cy']
  for (const [i, a] of names.entries()) for (const b of names.slice(i + 1)) world.connect(a, b)
  await world.settle()
  return { world, node: (name) => world.nodes.get(name)! }
}

const revoke = (node: WorldNode, device: Uint8Array) =>
  node.run({
    type: 'declare',
    records: [{ kind: DEVICE_REVOCATION, body: encode(deviceRevocation, { device }) }],
  })

const entityOf = async (node: WorldNode, device: Uint8Array): Promise<string> => {
  const peers = await node.run({ type: 'peers' })
  const found = peers.find((peer) => hex(peer.device) === hex(device))
  return found?.entity === undefined ? 'nobody' : hex(found.entity)
}

test('devices - two of one entity publish into one space, and a reader sees the pages of both', async (t) => {
  const { world, node } = await worldOfTwoDevices()
  const space: Space = { type: 'entity', id: node('desk').actor.entity }
  const publish = (name: string, path: string, text: string) =>
    node(name).run({ type: 'publish', pages: [{ path, text: utf8(text) }], summary: '', index: true })
  await publish('desk', 'bees', '# Bees\n')
  await world.advance(30_000)
  await publish('laptop', 'wasps', '# Wasps\n')
  await world.advance(30_000)
  const untilMs = world.nowMs + 10_000
  const list = await node('cy').run({ type: 'list', space, untilMs })
  t.alike(list.map(({ path }) => path).sort(), ['bees', 'wasps'])
  await publish('laptop', 'bees', '# Bees and bumblebees\n')
  await world.advance(30_000)
  const page = { space, path: 'bees' }
  const got = await node('cy').run({ type: 'get', target: { page }, untilMs: world.nowMs + 10_000 })
  t.is(Buffer.from(got.text).toString(), '# Bees and bumblebees\n')
  t.alike(got.otherTips, [], 'the second device wrote on top of the first')
})

test('devices - two that write the same page without having met make a fork, which the next one joins', async (t) => {
  const world = new World()
  const ada = actor('ada', world.network)
  world.add('desk', { actor: ada })
  world.add('laptop', { actor: onAnotherDevice(ada, 'laptop') })
  world.add('bo')
  const page = { space: { type: 'entity' as const, id: ada.entity }, path: 'bees' }
  const publish = (name: string, text: string) =>
    world.nodes
      .get(name)!
      .run({ type: 'publish', pages: [{ path: 'bees', text: utf8(text) }], summary: '', index: true })
  await publish('desk', 'from the desk\n')
  await publish('laptop', 'from the laptop\n')
  for (const name of ['desk', 'laptop']) world.connect(name, 'bo')
  await world.advance(60_000)
  const get = () =>
    world.nodes.get('bo')!.run({ type: 'get', target: { page }, untilMs: world.nowMs + 10_000 })
  t.is((await get()).otherTips.length, 1)
  world.connect('desk', 'laptop')
  const target = { page }
  await world.nodes.get('desk')!.run({ type: 'get', target, untilMs: world.nowMs + 10_000 })
  const both = await world.nodes.get('bo')!.run({ type: 'log', page, untilMs: world.nowMs + 10_000 })
  await world.nodes.get('desk')!.run({
    type: 'fetch',
    ids: both.map(({ id }) => id),
    untilMs: world.nowMs + 10_000,
  })
  await publish('desk', 'from both\n')
  await world.advance(60_000)
  const joined = await get()
  t.alike([joined.otherTips.length, joined.parents.length], [0, 2])
})

test('revoking - a device that its entity revoked is nobody to those who hear of it, at once and later', async (t) => {
  const { world, node } = await worldOfTwoDevices()
  const laptop = node('laptop').actor.device.publicKey
  const ada = hex(node('desk').actor.entity)
  t.is(await entityOf(node('bo'), laptop), ada)
  await revoke(node('desk'), laptop)
  await world.advance(30_000)
  t.is(await entityOf(node('bo'), laptop), 'nobody')
  t.is(await entityOf(node('bo'), node('desk').actor.device.publicKey), ada, 'the other one is still hers')
  world.restart('bo')
  for (const name of ['desk', 'laptop']) world.connect('bo', name)
  await world.advance(30_000)
  t.is(await entityOf(node('bo'), laptop), 'nobody', 'also after a start')
})

test('revoking - who meets another device of the entity hears of its lost ones from it', async (t) => {
  const { world, node } = await worldOfTwoDevices()
  const laptop = node('laptop').actor.device.publicKey
  await revoke(node('desk'), laptop)
  await world.advance(30_000)
  world.add('dee', { depth: 8 })
  world.connect('dee', 'desk')
  await world.advance(10_000)
  world.connect('dee', 'laptop')
  await world.advance(10_000)
  t.is(await entityOf(node('dee'), laptop), 'nobody')
})

test('revoking - nobody revokes the device of somebody else', async (t) => {
  const { world, node } = await worldOfTwoDevices()
  const desk = node('desk').actor.device.publicKey
  await revoke(node('cy'), desk)
  await world.advance(30_000)
  t.is(await entityOf(node('bo'), desk), hex(node('desk').actor.entity))
})

test('revoking - what a revoked device holds counts as what nobody in particular holds', (t) => {
  const people = new People()
  const [ada, bo] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const [desk, laptop] = [new Uint8Array(32).fill(3), new Uint8Array(32).fill(4)]
  const stranger = new Uint8Array(32).fill(5)
  people.learn(desk, ada)
  people.learn(laptop, bo)
  t.is(people.count([desk, laptop, stranger]), 3)
  const { version } = people
  t.is(people.setRevoked(bo, new IdSet([laptop])), true)
  t.ok(people.version > version)
  t.is(people.count([desk, laptop, stranger]), 2)
  people.learn(laptop, bo)
  t.is(people.entityOf(laptop), undefined, 'its certificate counts no more')
  t.is(people.setRevoked(bo, new IdSet([laptop])), false, 'which is no news')
  people.learn(laptop, ada)
  t.alike(people.entityOf(laptop), ada, 'another entity may certify it')
  t.is(people.setRevoked(bo, new IdSet()), true)
  people.learn(laptop, bo)
  t.alike(people.entityOf(laptop), bo, 'a revocation that counts no more is undone')
})

test('revoking - the certificates of an entity are found by their kind', async (t) => {
  const { world, node } = await worldOfTwoDevices()
  const publish = (name: string) =>
    node(name).run({
      type: 'publish',
      pages: [{ path: name, text: utf8(name) }],
      summary: '',
      index: true,
    })
  await publish('desk')
  await publish('laptop')
  await world.advance(30_000)
  const { records } = await node('cy').run({
    type: 'records',
    locator: entityLocator(node('desk').actor.entity),
    kind: DEVICE_CERTIFICATE,
    untilMs: world.nowMs + 10_000,
  })
  t.is(records.length, 2)
})
