/** Clocks that are wrong, and clocks that are set while something waits. */
import test from 'brittle'
import { asSheafError } from '../../src/base/errors.ts'
import type { Page } from '../../src/content/space.ts'
import type { HeldProgress } from '../../src/node/commands.ts'
import { utf8 } from '../helpers/bytes.ts'
import { World, type WorldNode } from '../helpers/world.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** The outcome of what is under way, once it has one. */
function watched<T>(promise: Promise<T>): { outcome: T | string | undefined } {
  const seen: { outcome: T | string | undefined } = { outcome: undefined }
  promise.then(
    (value) => {
      seen.outcome = value
    },
    (error) => {
      seen.outcome = asSheafError(error).code
    },
  )
  return seen
}

/** Whoever was held to have broken a rule. */
const blamed = (world: World): unknown[] =>
  [...world.nodes.values()].flatMap(({ name, events, observed }) => [
    ...events.flatMap(({ type, code }) => (type === 'fault' ? [`${name}: ${code}`] : [])),
    ...observed.flatMap(({ observation: { type } }) =>
      type === 'misbehaved' || type === 'wrong bytes' ? [`${name}: ${type}`] : [],
    ),
  ])

const wallMs = (world: World, name: string): number => world.nowMs + (world.clocksAheadMs.get(name) ?? 0)

const publish = (node: WorldNode, path: string, text = path) =>
  node.run({ type: 'publish', pages: [{ path, text: utf8(text) }], summary: '', index: true })

function ownPage({ actor: { entity } }: WorldNode, path: string): Page {
  return { space: { type: 'entity', id: entity }, path }
}

for (const jumpMs of [-3 * HOUR_MS, 3 * HOUR_MS]) {
  const jump = jumpMs < 0 ? 'set back by three hours' : 'set forward by three hours'

  test(`clocks - ${jump}, a question that nobody answers ends when it would have ended`, async (t) => {
    const world = new World()
    const eve = world.add('eve', { isReader: true })
    const ada = world.add('ada')
    world.tamper = (from, _to, _name, message) => (from === 'ada' ? undefined : message)
    world.connect('eve', 'ada')
    await world.settle()
    const untilMs = wallMs(world, 'eve') + 5_000
    const asking = watched(eve.run({ type: 'get', target: { page: ownPage(ada, 'bees') }, untilMs }))
    await world.advance(1_000)
    world.clocksAheadMs.set('eve', jumpMs)
    await world.advance(3_900)
    t.is(asking.outcome, undefined, 'not before')
    await world.advance(200)
    t.is(asking.outcome, 'UNREACHABLE')
    const later = watched(
      eve.run({ type: 'get', target: { page: ownPage(ada, 'bees') }, untilMs: wallMs(world, 'eve') + 5_000 }),
    )
    await world.advance(4_900)
    t.is(later.outcome, undefined, 'a deadline that was given after it is on the new time')
    await world.advance(200)
    t.is(later.outcome, 'UNREACHABLE')
  })

  test(`clocks - ${jump} in the middle of a publish, it is held all the same, and what follows too`, async (t) => {
    const world = new World()
    const ada = world.add('ada')
    const { batches } = await publish(ada, 'bees')
    const told: HeldProgress[] = []
    const holding = watched(
      ada.run({ type: 'held', batches, patienceMs: 10_000 }, (one) => told.push(one as HeldProgress)),
    )
    await world.advance(1_000)
    for (const name of ['bo', 'cy', 'di']) {
      world.add(name)
      world.connect('ada', name)
      if (name === 'cy') world.clocksAheadMs.set('ada', jumpMs)
      await world.advance(500)
    }
    await world.advance(1_000)
    t.is((holding.outcome as HeldProgress).isHeld, true)
    t.is((holding.outcome as HeldProgress).held, (holding.outcome as HeldProgress).target)
    const again = await publish(ada, 'bees', 'more of bees')
    await world.advance(1_000)
    const bo = world.nodes.get('bo')!
    const got = await bo.run({
      type: 'get',
      target: { page: ownPage(ada, 'bees') },
      untilMs: wallMs(world, 'bo') + 5_000,
    })
    // Signed in the future of the others, it waits until they think it likely; before, it is simply the newest.
    t.alike(got.text, utf8(jumpMs > 0 ? 'bees' : 'more of bees'))
    await world.advance(Math.max(0, jumpMs) + 2 * HOUR_MS) // who failed is asked ever more seldom
    const held = await ada.run({ type: 'held', batches: again.batches, patienceMs: 1 })
    t.is(held.isHeld, true)
    t.alike(blamed(world), [])
  })
}

test('clocks - a keeper that is a day behind or ahead is blamed for nothing, and keeps what it can', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  for (const [name, aheadMs] of [
    ['late', -DAY_MS],
    ['early', DAY_MS],
    ['right', 0],
  ] as const) {
    world.clocksAheadMs.set(name, aheadMs)
    world.add(name)
    world.connect('ada', name)
  }
  await world.settle()
  const { batches, pages } = await publish(ada, 'bees')
  await world.advance(5_000)
  const target = { id: pages[0]!.id }
  const where = await ada.run({ type: 'where', target, untilMs: world.nowMs + 1_000 })
  t.is(where.holders.length, 2, 'for one of them the page is from the future')
  t.ok(where.holders.every(({ provenMs, untilMs }) => provenMs <= world.nowMs && untilMs! > world.nowMs))
  t.alike(blamed(world), [])
  world.clocksAheadMs.set('late', 0)
  await world.advance(60_000)
  const held = await ada.run({ type: 'held', batches, patienceMs: 1 })
  t.alike([held.held, held.target, held.isHeld], [3, 3, true], 'when its clock is right it takes it')
  const early = world.nodes.get('early')!
  const { pages: theirs } = await publish(early, 'tomorrow')
  await world.advance(60_000)
  const right = world.nodes.get('right')!
  const asking = right.run({ type: 'fetch', ids: [theirs[0]!.id], untilMs: world.nowMs + 5_000 })
  await world.advance(6_000)
  t.is((await asking).found, 0, 'what is signed tomorrow is not believed today')
  t.alike(blamed(world), [], 'and nobody is blamed for it')
})

test('clocks - a session goes on over a jump of either end: challenges and windows are on a clock of their own', async (t) => {
  const world = new World()
  const [ada, bo] = [world.add('ada'), world.add('bo', { acceptsStores: false })]
  const { pages } = await publish(ada, 'bees')
  world.connect('bo', 'ada')
  await world.settle()
  for (const [name, aheadMs] of [
    ['ada', -DAY_MS],
    ['bo', DAY_MS],
    ['ada', DAY_MS],
    ['bo', -DAY_MS],
  ] as const) {
    world.clocksAheadMs.set(name, aheadMs)
    for (let i = 0; i < 20; i++) {
      const ids = [pages[0]!.id]
      const where = bo.run({ type: 'where', target: { id: ids[0]! }, untilMs: wallMs(world, 'bo') + 5_000 })
      await world.advance(100)
      t.is((await where).holders.length, 1)
    }
    await world.advance(HOUR_MS)
  }
  t.alike(blamed(world), [])
})

test('clocks - a node tells by how much its own is off those of its peers, until it is set right', async (t) => {
  const world = new World()
  const eve = world.add('eve', { isReader: true })
  const status = async () => (await eve.run({ type: 'status' })).clock
  t.is(await status(), undefined, 'nobody has told')
  const peers = ['ada', 'bo', 'cy']
  for (const name of peers) {
    world.add(name)
    world.connect('eve', name)
  }
  await world.settle()
  const page = ownPage(world.nodes.get('ada')!, 'bees')
  await eve.run({ type: 'get', target: { page }, untilMs: wallMs(world, 'eve') + 5_000 }).catch(() => {})
  world.clocksAheadMs.set('eve', -3 * HOUR_MS)
  const { aheadMs, peers: told } = (await status())!
  t.is(told, peers.length)
  t.ok(Math.abs(aheadMs + 3 * HOUR_MS) < 1_000, `${aheadMs} ms`)
  world.clocksAheadMs.set('eve', 0)
  t.ok(Math.abs((await status())!.aheadMs) < 1_000, 'set right')
})

test('clocks - set back behind its own first days, a node starts and reads what it has', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  await publish(ada, 'bees')
  world.clocksAheadMs.set('ada', -DAY_MS)
  world.restart('ada')
  await world.settle()
  const again = world.nodes.get('ada')!
  const target = { page: ownPage(again, 'bees') }
  const got = await again.run({ type: 'get', target, untilMs: wallMs(world, 'ada') + 1_000 })
  t.alike(got.text, utf8('bees'))
  await publish(again, 'bees', 'more of bees')
  const { text } = await again.run({ type: 'get', target, untilMs: wallMs(world, 'ada') + 1_000 })
  t.alike(text, utf8('more of bees'), 'what came later is later, whatever the clock says')
  const log = await again.run({ type: 'log', page: target.page, untilMs: wallMs(world, 'ada') + 1_000 })
  t.is(log.find(({ isHead }) => isHead)?.summary, '')
  t.is(log.filter(({ isHead }) => isHead).length, 1)
})
