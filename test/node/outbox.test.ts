import test from 'brittle'
import { decode, encode } from '../../src/base/codec.ts'
import { SheafError } from '../../src/base/errors.ts'
import { HOLDING, holding } from '../../src/content/statement.ts'
import type { HeldProgress, Published } from '../../src/node/commands.ts'
import { MemoryStore } from '../../src/node/memory-store.ts'
import { verifyStatement } from '../../src/node/peer.ts'
import { rootOfIds } from '../../src/node/shards.ts'
import type { Answer } from '../../src/node/wire.ts'
import { statementOf, verifyDevice } from '../helpers/actor.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { HandServer } from '../helpers/hand-server.ts'
import { actor, type NodeOptions, onAnotherDevice, World, type WorldNode } from '../helpers/world.ts'

const publish = (node: WorldNode, path = 'bees', index = false): Promise<Published> =>
  node.run({ type: 'publish', pages: [{ path, text: utf8(path) }], summary: '', index })

/** A publisher and so many keepers, each joined with it alone. */
async function star(
  keepers: number,
  options: NodeOptions = {},
): Promise<{ world: World; ada: WorldNode; store: MemoryStore }> {
  const world = new World()
  const store = new MemoryStore()
  const ada = world.add('ada', { store })
  for (let i = 0; i < keepers; i++) {
    world.add(`keeper ${i}`, options)
    world.connect('ada', `keeper ${i}`)
  }
  await world.settle()
  return { world, ada, store }
}

async function notes(store: MemoryStore, table: 'pending' | 'holding'): Promise<number> {
  let count = 0
  for await (const _ of store.notes(table)) count += 1
  return count
}

test('outbox - a batch goes to five of those who keep, and to no more', async (t) => {
  const { world, ada, store } = await star(8)
  const published = await publish(ada)
  await world.settle()
  const keepers = [...world.nodes.values()].filter((node) => node !== ada && node.store.usage().blocks > 0)
  t.is(keepers.length, 5)
  const progress = await ada.run({ type: 'held', batches: published.batches, patienceMs: 1 })
  t.alike([progress.held, progress.target, progress.isHeld], [5, 5, true])
  t.is(await notes(store, 'pending'), 0)
  t.is(await notes(store, 'holding'), 1, 'the promises are kept')
})

test('outbox - who waits is told of each promise, and of the end of its patience', async (t) => {
  const { world, ada } = await star(0)
  const published = await publish(ada)
  const told: HeldProgress[] = []
  const waiting = ada.run({ type: 'held', batches: published.batches, patienceMs: 5_000 }, (one) =>
    told.push(one as HeldProgress),
  )
  for (const name of ['bo', 'cy']) {
    await world.advance(4_000)
    world.add(name, { acceptsStores: name === 'bo' })
    world.connect('ada', name)
    await world.settle()
  }
  const ended = await waiting
  t.is(ended.isHeld, true)
  t.is(ended.held, 1, 'who does not keep for others is not counted')
  t.is(ended.target, 1)
  t.ok(told.every(({ held, peers }) => held <= peers))
})

test('outbox - what every keeper signed is over exactly what it was given', async (t) => {
  const { world, ada, store } = await star(2)
  const published = await publish(ada)
  await world.settle()
  const [batch] = published.batches
  const where = await ada.run({ type: 'where', target: { id: published.pages[0]!.id }, untilMs: world.nowMs })
  t.is(where.holders.length, 2)
  for (const { device, untilMs } of where.holders) {
    t.ok(untilMs! > world.nowMs + 24 * 3600_000)
    t.ok([...world.nodes.values()].some(({ actor }) => hex(actor.device.publicKey) === hex(device)))
  }
  const bytes = world.log.find(({ from, name }) => from === 'keeper 0' && name === 'result')
  t.ok(bytes)
  for await (const { key } of store.notes('pending')) t.is(hex(key), hex(batch!))
  t.is(await notes(store, 'pending'), 1, 'two of five: it goes on')
})

test('outbox - of two publishes each is held by itself', async (t) => {
  const { world, ada } = await star(5)
  const [one, two] = [await publish(ada, 'one'), await publish(ada, 'two')]
  await world.settle()
  const progress = await ada.run({ type: 'held', batches: [...one.batches, ...two.batches], patienceMs: 1 })
  t.alike([progress.batches, progress.batchesHeld, progress.held], [2, 2, 5])
  const whole = ada.events.filter(({ type, holders }) => type === 'held' && holders === 5)
  const roots = new Set(whole.map(({ root }) => hex(root as Uint8Array)))
  t.alike([...roots].sort(), [...one.batches, ...two.batches].map(hex).sort())
})

test('outbox - a promise is a statement of its keeper that anybody can check', async (t) => {
  const { world, ada, store } = await star(5)
  const published = await publish(ada)
  await world.settle()
  let seen = 0
  for await (const { key, value } of store.notes('holding')) {
    t.is(hex(key), hex(published.batches[0]!))
    // Each promise stands in the note behind its length; the note's form is the outbox's own.
    for (const node of world.nodes.values()) {
      const at = Buffer.from(value).indexOf(
        Buffer.concat([Uint8Array.of(1, 128), node.actor.device.publicKey]),
      )
      if (at < 0) continue
      const record = verifyStatement(value.subarray(at, at + value[at - 1]!), {
        network: world.network,
        verifyDevice,
      })
      const promise = decode(holding, record.body)
      t.is(hex(promise.root), hex(published.batches[0]!))
      t.is(promise.count, 3, 'key, certificate and version')
      seen += 1
    }
  }
  t.is(seen, 5)
})

test('outbox - what a crash left without its blocks is not offered, and the rest of the batch goes on', async (t) => {
  const { ada, store } = await star(0)
  const published = await ada.run({
    type: 'publish',
    pages: [
      { path: 'bees', text: utf8('bees') },
      { path: 'hives', text: utf8('hives') },
    ],
    summary: '',
    index: true,
  })
  const [lost, kept] = published.pages
  const { world, ada: again } = await restarted(store, lost!.id)
  world.add('keeper')
  world.connect('ada', 'keeper')
  await world.settle()
  t.is((await again.run({ type: 'status' })).pendingBatches, 1)
  const roots: string[] = []
  for await (const { key } of store.notes('pending')) roots.push(hex(key))
  t.unlike(roots, published.batches.map(hex), 'under another root')
  const where = await again.run({ type: 'where', target: { id: kept!.id }, untilMs: world.nowMs + 1 })
  t.is(where.holders.length, 1)
})

/** A node on the same store without one of its blocks. */
async function restarted(store: MemoryStore, without: Uint8Array): Promise<{ world: World; ada: WorldNode }> {
  store.damage(without)
  await store.get([without])
  const world = new World()
  const ada = world.add('ada', { store })
  await world.settle()
  return { world, ada }
}

test('outbox - of a person with several devices one is asked, and counts', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  const bo = actor('bo', world.network)
  world.add('bo', { actor: bo })
  for (const name of ['bo 2', 'bo 3']) world.add(name, { actor: onAnotherDevice(bo, name) })
  world.add('cy')
  for (const name of ['bo', 'bo 2', 'bo 3', 'cy']) world.connect('ada', name)
  await world.settle()
  const { batches, pages } = await publish(ada)
  await world.settle()
  const progress = await ada.run({ type: 'held', batches, patienceMs: 1 })
  t.alike([progress.held, progress.target, progress.peers, progress.isHeld], [2, 2, 2, true])
  const where = await ada.run({ type: 'where', target: { id: pages[0]!.id }, untilMs: world.nowMs + 1_000 })
  t.is(where.target, 2)
  t.alike(
    new Set(where.holders.map(({ entity }) => hex(entity!))),
    new Set([bo.entity, world.nodes.get('cy')!.actor.entity].map(hex)),
  )
})

test('outbox - who keeps a part is counted for that part, also after a restart', async (t) => {
  const { world, ada } = await star(4)
  const refused: string[] = []
  world.add('picky', {
    retention: { admit: ({ id }) => (refused.includes(hex(id)) ? 'policy' : 'keep') },
  })
  const text = (path: string) => ({ path, text: utf8(path) })
  const { batches, pages } = await ada.run({
    type: 'publish',
    pages: ['bees', 'hives'].map(text),
    summary: '',
    index: false,
  })
  refused.push(hex(pages[1]!.id))
  world.connect('ada', 'picky')
  await world.settle()
  const holders = async (i: number): Promise<number> => {
    const where = await world.nodes.get('ada')!.run({
      type: 'where',
      target: { id: pages[i]!.id },
      untilMs: world.nowMs + 1_000,
    })
    return where.holders.filter(({ untilMs }) => untilMs !== undefined).length
  }
  t.alike([await holders(0), await holders(1)], [5, 4])
  const waiting = ada.run({ type: 'held', batches, patienceMs: 1_000 })
  await world.advance(2_000)
  const progress = await waiting
  t.alike([progress.held, progress.target, progress.isHeld], [4, 5, false])
  world.restart('ada')
  await world.settle()
  t.alike([await holders(0), await holders(1)], [5, 4])
  world.add('eager')
  world.connect('ada', 'eager')
  await world.settle()
  const after = await world.nodes.get('ada')!.run({ type: 'held', batches, patienceMs: 1 })
  t.alike([after.held, after.isHeld], [5, true], 'the fifth holder of that page is enough')
})

const MINUTE_MS = 60_000
const DAY_MS = 24 * 3600_000

test('outbox - a root that nobody wrote is held by nobody', async (t) => {
  const { world, ada } = await star(5)
  const published = await publish(ada)
  await world.settle()
  const unknown = new Uint8Array(32).fill(7)
  const waiting = ada.run({ type: 'held', batches: [unknown, ...published.batches], patienceMs: 1_000 })
  await world.advance(2_000)
  const progress = await waiting
  t.alike([progress.held, progress.batchesHeld, progress.batches, progress.isHeld], [0, 1, 2, false])
  const known = await ada.run({ type: 'held', batches: published.batches, patienceMs: 1_000 })
  t.ok(known.isHeld, 'and one that has left the pending ones is held')
})

test('outbox - a block that does not read back is told, and holds up neither its batch nor another', async (t) => {
  const { world, ada, store } = await star(0)
  const published = await ada.run({
    type: 'publish',
    pages: [
      { path: 'bees', text: utf8('bees') },
      { path: 'hives', text: utf8('hives') },
    ],
    summary: '',
    index: false,
  })
  const other = await publish(ada, 'other')
  const [lost, kept] = published.pages
  store.damage(lost!.id)
  const waiting = ada.run({
    type: 'held',
    batches: [...published.batches, ...other.batches],
    patienceMs: 30 * MINUTE_MS,
  })
  const begunMs = world.nowMs
  for (let i = 0; i < 5; i++) {
    world.add(`keeper ${i}`)
    world.connect('ada', `keeper ${i}`)
  }
  await world.advance(5_000)
  const progress = await waiting
  t.ok(progress.isHeld, 'what waits for the batch is told of what went on in its place')
  t.ok(world.nowMs - begunMs < MINUTE_MS, 'without waiting for a deadline')
  t.ok(
    ada.events.some(({ type, what, code }) => type === 'failed' && what === 'outbox' && code === 'BAD_STORE'),
  )
  const where = await ada.run({ type: 'where', target: { id: kept!.id }, untilMs: world.nowMs + 1 })
  t.is(where.holders.length, 5)
  t.is((await ada.run({ type: 'status' })).pendingBatches, 0)
  t.is(await notes(store, 'pending'), 0)
})

test('outbox - our own key is written anew where it does not read back', async (t) => {
  const { world, ada, store } = await star(0)
  const published = await publish(ada)
  const [key] = ada.actor.identity.blocks
  store.damage(key!.id)
  world.add('keeper')
  world.connect('ada', 'keeper')
  await world.advance(2 * MINUTE_MS)
  const where = await ada.run({
    type: 'where',
    target: { id: published.pages[0]!.id },
    untilMs: world.nowMs + 1,
  })
  t.is(where.holders.length, 1)
})

test('outbox - a keeper without room is asked ever more seldom', async (t) => {
  const { world, ada } = await star(1, { quotaBytes: 1 })
  await publish(ada, 'one')
  await publish(ada, 'two')
  const refusals = () =>
    ada.events.filter(({ type, code }) => type === 'push failed' && code === 'QUOTA_FULL').length
  await world.settle()
  const first = refusals()
  t.ok(first >= 1)
  const counts: number[] = []
  for (let hour = 0; hour < 6; hour++) {
    const before = refusals()
    await world.advance(60 * MINUTE_MS)
    counts.push(refusals() - before)
  }
  t.ok(counts[0]! > 0 && counts[0]! <= 20, `${counts}`)
  t.ok(
    counts.slice(2).every((count) => count > 0 && count <= 4),
    `once an hour for the whole keeper: ${counts}`,
  )
})

test('outbox - a keeper that lets a push run out of time is asked ever more seldom, whatever the batch', async (t) => {
  const { world, ada } = await star(0)
  for (let i = 0; i < 10; i++) await publish(ada, `page ${i}`)
  const silent = new HandServer(world.addStranger('silent'), { answer: () => undefined })
  world.connect('ada', 'silent')
  await world.advance(6 * 60 * MINUTE_MS)
  const stores = silent.asked.filter(({ asked }) => asked.type === 'store').length
  t.ok(stores > 2 && stores < 40, `${stores} in six hours`)
})

test('outbox - a promise that ends in a few days is none', async (t) => {
  for (const [days, held] of [
    [4, 0],
    [30, 1],
  ] as const) {
    const { world, ada } = await star(0)
    const published = await publish(ada)
    const server = new HandServer(world.addStranger('keeper'), {
      answer: (own, told) => {
        if (told.asked.type !== 'store') return own.serve(told)
        const { offers } = told.asked
        const body = encode(holding, {
          incarnation: own.end.actor.incarnation,
          sequence: 1,
          root: rootOfIds(offers.map(({ id }) => id)),
          count: offers.length,
          until: world.nowMs + days * DAY_MS,
        })
        const { bytes } = statementOf(own.end.actor, world.network, {
          kind: HOLDING,
          body,
          timeMs: world.nowMs,
        })
        const answers = offers.map((_, index): { index: number; answer: Answer } => {
          return { index, answer: { type: 'held' } }
        })
        own.answer(told, [...answers, { index: 0, answer: { type: 'holding', record: bytes } }])
      },
    })
    world.connect('ada', 'keeper')
    await world.advance(10_000)
    t.ok(server.asked.some(({ asked }) => asked.type === 'store'))
    const waiting = ada.run({ type: 'held', batches: published.batches, patienceMs: 1_000 })
    await world.advance(1_000)
    t.is((await waiting).held, held, `${days} days`)
  }
})

test('outbox - who comes and goes does not keep a publisher waiting', async (t) => {
  const { world, ada } = await star(0)
  const published = await publish(ada)
  world.add('fickle', { quotaBytes: 1 })
  let hasEnded = false
  const waiting = ada
    .run({ type: 'held', batches: published.batches, patienceMs: 3_000 })
    .then((progress) => {
      hasEnded = true
      return progress
    })
  for (let i = 0; i < 10 && !hasEnded; i++) {
    const { a } = world.connect('ada', 'fickle')
    await world.advance(1_000)
    world.disconnect('ada', a)
    await world.advance(500)
  }
  t.ok(hasEnded)
  await world.advance(3_000)
  t.absent((await waiting).isHeld)
})

test('outbox - a block that is here and does not read back is not pushed again and again', async (t) => {
  const { world, ada, store } = await star(0)
  const published = await publish(ada)
  const unreadable = hex(published.pages[0]!.id)
  const get = store.get.bind(store)
  store.get = async (ids) => {
    const blocks = await get(ids)
    return blocks.map((bytes, i) => (hex(ids[i]!) === unreadable ? undefined : bytes))
  }
  const silent = new HandServer(world.addStranger('keeper'), {
    answer: (own, told) => {
      if (told.asked.type !== 'store') return own.serve(told)
      const answers = told.asked.offers.map((_, index): { index: number; answer: Answer } => {
        return { index, answer: { type: 'wanted' } }
      })
      own.answer(told, answers, { last: false })
    },
  })
  world.connect('ada', 'keeper')
  await world.advance(60 * MINUTE_MS)
  const stores = silent.asked.filter(({ asked }) => asked.type === 'store').length
  t.ok(stores > 1 && stores < 20, `${stores} in an hour`)
})

test('outbox - a disk that fails while promises are looked through does not end their renewal', async (t) => {
  const { world, ada, store } = await star(5)
  const published = await publish(ada)
  await world.settle()
  const notesOf = store.notes.bind(store)
  store.notes = () => {
    throw new SheafError('DISK_FULL', 'for a day')
  }
  await world.advance(DAY_MS)
  store.notes = notesOf
  await world.advance(33 * DAY_MS)
  const target = { id: published.pages[0]!.id }
  const { holders } = await ada.run({ type: 'where', target, untilMs: world.nowMs + 1 })
  t.ok(holders.filter(({ untilMs }) => untilMs! > world.nowMs).length >= 5)
})

test('outbox - promises are renewed before they end', async (t) => {
  const { world, ada, store } = await star(6)
  const published = await publish(ada)
  const [page] = published.pages
  await world.settle()
  const holdersOf = async () =>
    (await ada.run({ type: 'where', target: { id: page!.id }, untilMs: world.nowMs + 1 })).holders
  const [first] = await holdersOf()
  for (let day = 0; day < 40; day++) {
    await world.advance(DAY_MS)
    const holders = await holdersOf()
    const good = holders.filter(({ untilMs }) => untilMs! > world.nowMs)
    if (good.length < 5) t.fail(`day ${day}: ${good.length} promises`)
    const { pendingBatches } = await ada.run({ type: 'status' })
    if (pendingBatches > 0) t.fail(`day ${day}: a renewal is not waited for`)
  }
  const [last] = await holdersOf()
  t.ok(last!.untilMs! > first!.untilMs! + 20 * DAY_MS)
  t.alike([await notes(store, 'pending'), await notes(store, 'holding')], [0, 1])
})

test('outbox - a renewal goes on after a restart, and is still none that anybody waits for', async (t) => {
  const { world, ada, store } = await star(5)
  const published = await publish(ada, 'bees', true)
  await world.settle()
  const later = new World()
  later.nowMs = world.nowMs + 26 * DAY_MS
  const again = later.add('ada', { store })
  await later.settle()
  t.is(await notes(store, 'pending'), 1)
  t.is((await again.run({ type: 'status' })).pendingBatches, 0)
  const third = new World()
  third.nowMs = later.nowMs + MINUTE_MS
  const ada3 = third.add('ada', { store })
  for (let i = 0; i < 5; i++) {
    third.add(`keeper ${i}`)
    third.connect('ada', `keeper ${i}`)
  }
  await third.advance(MINUTE_MS)
  t.alike([await notes(store, 'pending'), await notes(store, 'holding')], [0, 1])
  const target = { id: published.pages[0]!.id }
  const { holders } = await ada3.run({ type: 'where', target, untilMs: third.nowMs + 1 })
  t.ok(holders.every(({ untilMs }) => untilMs! > third.nowMs + 25 * DAY_MS))
})

test('outbox - what was published page by page while nobody was there is handed on together', async (t) => {
  const { ada, store } = await star(0)
  const roots: Uint8Array[] = []
  for (let i = 0; i < 20; i++) roots.push(...(await publish(ada, `page ${i}`, true)).batches)
  t.is(await notes(store, 'pending'), 20)
  const world = new World()
  const again = world.add('ada', { store })
  await world.settle()
  t.is(await notes(store, 'pending'), 1)
  for (let i = 0; i < 5; i++) {
    world.add(`keeper ${i}`)
    world.connect('ada', `keeper ${i}`)
  }
  await world.settle()
  const progress = await again.run({ type: 'held', batches: roots, patienceMs: 1 })
  t.ok(progress.isHeld, 'the old roots stand for what they became')
  t.alike([await notes(store, 'pending'), await notes(store, 'holding')], [0, 1])
})
