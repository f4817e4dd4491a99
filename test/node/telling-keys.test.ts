/** A new key reaches those who would go on believing the old one. */
import test from 'brittle'
import { nextKeyCommitment } from '../../src/base/keys.ts'
import type { NextKey } from '../../src/node/key-commands.ts'
import { HandClient } from '../helpers/hand-client.ts'
import { keyAt, rotate } from '../helpers/rotating.ts'
import { stored, World, type WorldNode } from '../helpers/world.ts'

const nextKey = (position: number): NextKey => ({
  ...keyAt('ann', position),
  next: nextKeyCommitment(keyAt('ann', position + 1).publicKey),
})

const takeKey = (ann: WorldNode) =>
  ann.run({ type: 'rotate', key: nextKey(1), leaveOut: [], isRehearsal: false })

async function publish(node: WorldNode): Promise<void> {
  const pages = [{ path: 'bees', text: Buffer.from('# Bees\n') }]
  await node.run({ type: 'publish', pages, summary: '', index: true })
}

/** Keys that a node knows of Ann without asking anybody. */
async function known(node: WorldNode, ann: WorldNode): Promise<number> {
  const state = await node.run({ type: 'keys', entity: ann.actor.entity }).catch(() => undefined)
  return state?.chain.length ?? 0
}

const toldIn = ({ events }: WorldNode): unknown => events.findLast(({ type }) => type === 'told keys')?.peers

test('telling - everybody who is connected hears of a new key at once, not only the five that hold it', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  const others = Array.from({ length: 9 }, (_, i) => world.add(`peer ${i}`))
  for (const { name } of others) world.connect('ann', name)
  await world.settle()
  await publish(ann)
  await world.advance(1_000)
  await takeKey(ann)
  await world.settle()
  t.alike(await Promise.all(others.map((one) => known(one, ann))), Array(9).fill(2))
  t.is(toldIn(ann), 9)
  for (const one of others) world.restart(one.name)
  await world.settle()
  t.alike(await Promise.all(others.map((one) => known(one, ann))), Array(9).fill(2), 'for good')
})

test('telling - who keeps something of hers hears of it where her place is not its to keep, and nobody else', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  const far = world.add('far', { depth: 16 })
  const stranger = world.add('stranger', { depth: 16 })
  await far.store.append('shelf', [ann.actor.identity.blocks[0]!], { sync: false })
  for (const name of ['far', 'stranger']) world.connect('ann', name)
  await world.settle()
  t.alike([await known(far, ann), await known(stranger, ann)], [1, 1])
  await takeKey(ann)
  await world.advance(1_000)
  t.is(await known(far, ann), 2)
  t.is(toldIn(ann), 1)
  world.restart('far')
  world.restart('stranger')
  await world.settle()
  t.alike([await known(far, ann), await known(stranger, ann)], [2, 0], 'a stranger keeps nothing of hers')
})

test('telling - who promised to keep her pages and is away is called', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  const ben = world.add('ben')
  world.connect('ann', 'ben')
  await world.settle()
  await publish(ann)
  await world.advance(1_000)
  world.restart('ben')
  // No topic brings them together again: only who names the other does.
  for (const { name } of [ann, ben]) world.hidden.add(name)
  world.hasTopics = true
  await world.settle()
  await takeKey(ann)
  await world.advance(30_000)
  t.alike([await known(ben, ann), toldIn(ann)], [2, 1])
})

test('telling - who was away hears of it by the next introduction, and keeps that', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  const ben = world.add('ben')
  world.connect('ann', 'ben')
  await world.settle()
  await publish(ann)
  await world.advance(1_000)
  world.restart('ben')
  await takeKey(ann)
  await world.advance(30_000)
  t.is(await known(ben, ann), 1)
  world.connect('ann', 'ben')
  await world.advance(1_000)
  t.is(await known(ben, ann), 2)
  world.restart('ben')
  await world.settle()
  t.is(await known(ben, ann), 2)
})

test('telling - by a genesis that is here nobody has more kept than a chain of keys', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  const bo = world.add('bo', { depth: 16 })
  await bo.store.append('shelf', [ann.actor.identity.blocks[0]!], { sync: false })
  const client = new HandClient(world.addStranger('somebody'))
  world.connect('somebody', 'bo')
  await world.settle()
  await client.earn({ type: 'introduce' })
  await client.thank()
  const { entity } = ann.actor
  const next = nextKeyCommitment(keyAt('ann', 1).publicKey)
  const one = rotate('ann', { id: entity, entity, position: 0, next }, { network: world.network })
  const genesis = ann.actor.identity.blocks[0]!
  const rotation = stored(one.record, one.table)
  const offerOf = (id: Uint8Array, locator: Uint8Array, bytes: number) => ({
    id,
    locator,
    bytes,
    owner: undefined,
  })
  const offers = [
    offerOf(genesis.id, genesis.locator, genesis.length),
    offerOf(rotation.id, rotation.locator, 40_961),
    ...Array.from({ length: 40 }, (_, i) => offerOf(new Uint8Array(32).fill(i + 1), rotation.locator, 300)),
  ]
  const ask = await client.ask({ type: 'store', offers })
  const answers = client.items(ask).map(({ answer }) => answer.type)
  t.alike([answers[0], answers[1]], ['held', 'moved'])
  t.is(answers.filter((type) => type === 'wanted').length, 32)
  const elsewhere = await client.ask({ type: 'store', offers: offers.slice(1) })
  t.ok(
    client.items(elsewhere).every(({ answer }) => answer.type === 'moved'),
    'nor without the genesis',
  )
})
