import test from 'brittle'
import { encode } from '../../src/base/codec.ts'
import { OBJECTS_HAD } from '../../src/content/objects-had.ts'
import { DEVICE_REVOCATION, deviceRevocation } from '../../src/content/revocation.ts'
import type { Machine } from '../../src/node/entity-answers.ts'
import { rootOfIds } from '../../src/node/shards.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { actor, onAnotherDevice, World, type WorldNode } from '../helpers/world.ts'

const DAY_MS = 24 * 3600_000

async function publish(node: WorldNode, path: string): Promise<void> {
  await node.run({ type: 'publish', pages: [{ path, text: utf8(`# ${path}\n`) }], summary: '', index: true })
}

async function machinesOf(world: World, reader: WorldNode, entity: Uint8Array): Promise<Machine[]> {
  return (await reader.run({ type: 'machines', entity, untilMs: world.nowMs + 10_000 })).machines
}

/** What a store has, counted from outside. */
async function counted({ store }: WorldNode): Promise<{ count: number; bytes: number; root: string }> {
  const ids: Uint8Array[] = []
  let bytes = 0
  for await (const { id, kind, length } of store.within(new Uint8Array(0), 0)) {
    if (kind === OBJECTS_HAD) continue
    ids.push(id)
    bytes += length
  }
  return { count: ids.length, bytes, root: hex(rootOfIds(ids)) }
}

async function recordsHad({ store }: WorldNode): Promise<number> {
  let records = 0
  for await (const { kind } of store.within(new Uint8Array(0), 0)) if (kind === OBJECTS_HAD) records += 1
  return records
}

test('having - what a machine has is read elsewhere, and the later word stands', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  const bo = world.add('bo')
  world.connect('ada', 'bo')
  await publish(ada, 'bees')
  await world.settle()
  t.is((await machinesOf(world, bo, ada.actor.entity))[0]?.had, undefined)
  for (const path of ['wasps', 'hornets']) {
    await publish(ada, path)
    t.is((await ada.run({ type: 'sayHad' })).isNew, true)
  }
  const [machine] = await machinesOf(world, bo, ada.actor.entity)
  const { count, bytes, root, timeMs, isStale } = machine!.had!
  t.alike({ count, bytes, root: hex(root) }, await counted(ada))
  t.alike([timeMs, isStale], [world.nowMs, false])
  const again = await ada.run({ type: 'sayHad' })
  t.alike(
    [again.isNew, again.batches, hex(again.ids[0]!)],
    [false, [], hex(machine!.had!.id)],
    'once is enough',
  )
})

test('having - each machine of an entity speaks for itself, and a revoked one no more', async (t) => {
  const world = new World()
  const ada = actor('ada', world.network)
  const desk = world.add('desk', { actor: ada })
  const laptop = world.add('laptop', { actor: onAnotherDevice(ada, 'laptop') })
  world.connect('desk', 'laptop')
  await publish(desk, 'bees')
  for (const one of [desk, laptop, laptop, desk]) {
    await one.run({ type: 'sayHad' })
    await world.advance(60_000)
  }
  const before = await machinesOf(world, desk, ada.entity)
  t.is(before.length, 2)
  for (const one of [desk, laptop]) {
    const { had } = before.find(({ device }) => hex(device) === hex(one.actor.device.publicKey))!
    t.alike([had?.count, hex(had!.root)], [(await counted(one)).count, (await counted(one)).root])
  }
  const device = laptop.actor.device.publicKey
  const body = encode(deviceRevocation, { device })
  await desk.run({ type: 'declare', records: [{ kind: DEVICE_REVOCATION, body }] })
  const after = await machinesOf(world, desk, ada.entity)
  t.alike(after.map(({ had, revokedMs }) => [had !== undefined, revokedMs !== undefined]).sort(), [
    [false, true],
    [true, false],
  ])
})

test('having - it is said by itself once a day where it changed, and not where it did not', async (t) => {
  const world = new World()
  const ada = world.add('ada', { hadEveryMs: DAY_MS })
  await publish(ada, 'bees')
  await world.advance(9 * 60_000)
  t.is(await recordsHad(ada), 0, 'a node that just began says nothing')
  await world.advance(3600_000)
  t.is(await recordsHad(ada), 1)
  await publish(ada, 'wasps')
  await world.advance(20 * 3600_000)
  world.restart('ada')
  await world.advance(2 * 3600_000)
  t.is(await recordsHad(ada), 1, 'at most once a day, also over a restart')
  await world.advance(3 * 3600_000)
  t.is(await recordsHad(ada), 2)
  await world.advance(5 * DAY_MS)
  t.is(await recordsHad(ada), 2, 'nothing changed, nothing is said')
})

test('having - a reader without an identity says nothing, and is told why', async (t) => {
  const world = new World()
  const reader = world.add('reader', { isReader: true, hadEveryMs: DAY_MS })
  await world.advance(2 * DAY_MS)
  t.is(await recordsHad(reader), 0)
  t.absent(reader.events.some(({ type }) => type === 'failed'))
  const refused = await reader.run({ type: 'sayHad' }).catch((error: { code: string }) => error.code)
  t.is(refused, 'NO_IDENTITY')
})

test('having - what the operator denies is not said to be had', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  const bo = world.add('bo')
  world.connect('ada', 'bo')
  await publish(ada, 'bees')
  await world.advance(60_000)
  const first = await bo.run({ type: 'sayHad' })
  const about = 'ada'
  await bo.run({
    type: 'obey',
    rules: [{ type: 'deny', id: ada.actor.entity, about, why: '', sinceMs: world.nowMs }],
  })
  const second = await bo.run({ type: 'sayHad' })
  t.ok(second.count < first.count, `${first.count} and then ${second.count}`)
})

test('having - of a machine that was restored, what it said before is of an earlier life', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  const bo = world.add('bo')
  world.connect('ada', 'bo')
  await publish(ada, 'bees')
  await ada.run({ type: 'sayHad' })
  await world.advance(60_000)
  ada.actor.incarnation = new Uint8Array(16).fill(9)
  world.restart('ada')
  world.connect('ada', 'bo')
  await world.advance(60_000)
  const stale = async () =>
    Promise.all(
      [ada, bo].map(async (one) => (await machinesOf(world, one, ada.actor.entity))[0]?.had?.isStale),
    )
  t.is((await stale())[0], true)
  await bo.run({
    type: 'get',
    target: { page: { space: { type: 'entity', id: ada.actor.entity }, path: 'bees' } },
    untilMs: world.nowMs + 10_000,
    isFresh: true,
  })
  await world.advance(600_000)
  t.alike(await stale(), [true, true], 'others hear of the new life with the thanks of a session')
  t.is((await ada.run({ type: 'sayHad' })).isNew, true, 'another life is another word')
  t.alike(await stale(), [false, false])
})

test('having - who follows an entity hears of it', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  const bo = world.add('bo')
  world.connect('ada', 'bo')
  await publish(ada, 'bees')
  await world.advance(60_000)
  const subject = { space: { type: 'entity' as const, id: ada.actor.entity } }
  await bo.run({ type: 'follow', subject, untilMs: world.nowMs + 10_000 })
  await world.advance(60_000)
  const { ids } = await ada.run({ type: 'sayHad' })
  await world.advance(60_000)
  const heard = bo.events.filter(({ type, kind }) => type === 'entity' && kind === 'objects had')
  t.alike(
    heard.map(({ record }) => hex(record as Uint8Array)),
    ids.map(hex),
  )
})
