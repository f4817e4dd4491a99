/** What a thief of the current key did before it was rotated, and what is left of it afterwards. */
import test from 'brittle'
import { encode } from '../../src/base/codec.ts'
import { nextKeyCommitment } from '../../src/base/keys.ts'
import { DEVICE_REVOCATION, deviceRevocation } from '../../src/content/revocation.ts'
import type { FoundPage } from '../../src/node/search/results.ts'
import { keyAt } from '../helpers/rotating.ts'
import { actor, onAnotherDevice, World, type WorldNode } from '../helpers/world.ts'

/** Ann, two keepers that her thief met before she noticed, and the thief. */
async function burgled(): Promise<{
  world: World
  ann: WorldNode
  ben: WorldNode
  thief: WorldNode
  page: Uint8Array
}> {
  const world = new World()
  const ann = world.add('ann')
  const ben = world.add('ben')
  world.add('cat')
  const thief = world.add('thief', { actor: onAnotherDevice(actor('ann', world.network), 'thief') })
  for (const name of ['ben', 'cat']) {
    world.connect('ann', name)
    world.connect('thief', name)
  }
  await world.advance(10_000)
  const page = await publish(ann, 'bees', '# Bees\n\nhoney and wax\n')
  await world.advance(60_000)
  return { world, ann, ben, thief, page }
}

async function publish(node: WorldNode, path: string, words: string): Promise<Uint8Array> {
  const { pages } = await node.run({
    type: 'publish',
    pages: [{ path, text: Buffer.from(words) }],
    summary: '',
    index: true,
  })
  return pages[0]!.id
}

async function rotate(node: WorldNode): Promise<void> {
  const { publicKey, sign } = keyAt('ann', 1)
  const key = { publicKey, sign, next: nextKeyCommitment(keyAt('ann', 2).publicKey) }
  await node.run({ type: 'rotate', key, leaveOut: [], isRehearsal: false })
}

async function entityOf(node: WorldNode, device: Uint8Array): Promise<string> {
  const peers = await node.run({ type: 'peers' })
  const found = peers.find((peer) => Buffer.compare(peer.device, device) === 0)
  return found?.entity === undefined ? 'nobody' : Buffer.from(found.entity).toString('hex')
}

async function found(world: World, node: WorldNode, words: string): Promise<string[]> {
  const pages: FoundPage[] = []
  const untilMs = world.nowMs + 1_000
  await node.run({ type: 'search', words, limit: 10, isLocal: true, untilMs }, (one) =>
    pages.push(one as FoundPage),
  )
  return pages.map(({ page }) => page.path)
}

test("thieving - a machine that a thief revoked is its owner's again with the next key, though its own node heard of the revocation", async (t) => {
  const { world, ann, ben, thief } = await burgled()
  const { publicKey: device } = ann.actor.device
  const body = encode(deviceRevocation, { device })
  await thief.run({ type: 'declare', records: [{ kind: DEVICE_REVOCATION, body }] })
  await world.advance(60_000)
  t.is(await entityOf(ben, device), 'nobody', "until then the thief's word counts")
  await ann.run({ type: 'machines', entity: ann.actor.entity, untilMs: world.nowMs + 1_000 })
  await world.advance(10_000)
  await rotate(ann)
  await world.advance(60_000)
  world.restart('ben')
  for (const name of ['ann', 'thief']) world.connect('ben', name)
  await world.advance(30_000)
  t.is(await entityOf(world.nodes.get('ben')!, device), Buffer.from(ann.actor.entity).toString('hex'))
})

test("thieving - the thief's machine is nobody's once the next key is heard of", async (t) => {
  const { world, ann, ben, thief } = await burgled()
  const { publicKey: device } = thief.actor.device
  const owner = Buffer.from(ann.actor.entity).toString('hex')
  t.is(await entityOf(ben, device), owner)
  await rotate(ann)
  await world.advance(60_000)
  t.is(await entityOf(ben, device), 'nobody')
  t.is(await entityOf(ben, ann.actor.device.publicKey), owner)
})

test('thieving - what was found before the next key was heard of is not found afterwards, and what it hid is', async (t) => {
  const { world, ann, ben, thief, page } = await burgled()
  await thief.run({ type: 'fetch', ids: [page], untilMs: world.nowMs + 1_000 })
  await publish(thief, 'bees', '# Bees\n\nbuy poison, see [[hives]]\n')
  await publish(thief, 'wasps', '# Wasps\n\nbuy poison, see [[hives]]\n')
  await world.advance(60_000)
  t.alike((await found(world, ben, 'poison')).sort(), ['bees', 'wasps'])
  t.alike(await found(world, ben, 'honey'), [])
  await rotate(ann)
  await world.advance(60_000)
  t.alike(await found(world, ben, 'poison'), [])
  t.alike(await found(world, ben, 'honey'), ['bees'])
  const hives = { space: { type: 'entity' as const, id: ann.actor.entity }, path: 'hives' }
  const { links } = await ben.run({ type: 'backlinks', page: hives, untilMs: world.nowMs + 1_000 })
  t.alike(links, [])
})

test('rotating - what another machine published counts on where this one got it first, as an export does', async (t) => {
  const world = new World()
  const desk = world.add('desk', { actor: actor('ann', world.network), depth: 8 })
  const laptop = world.add('laptop', { actor: onAnotherDevice(actor('ann', world.network), 'laptop') })
  const ben = world.add('ben')
  world.connect('laptop', 'ben')
  await world.settle()
  await publish(laptop, 'bees', '# Bees\n')
  await world.advance(60_000)
  world.connect('desk', 'ben')
  await world.settle()
  const space = { type: 'entity' as const, id: desk.actor.entity }
  await desk.run({ type: 'export', space, untilMs: world.nowMs + 10_000 }, () => {})
  await world.advance(10_000)
  await rotate(desk)
  await world.advance(60_000)
  const target = { page: { space, path: 'bees' } }
  const got = await ben.run({ type: 'get', target, untilMs: world.nowMs + 1_000 })
  t.is(Buffer.from(got.text).toString(), '# Bees\n')
})
