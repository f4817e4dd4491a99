/** Nodes at a depth above 0, in a world where topics bring them together. */
import test from 'brittle'
import { asSheafError } from '../../src/base/errors.ts'
import { networkOf } from '../../src/base/network.ts'
import { compressSignMarkdown } from '../../src/content/page.ts'
import { type Page, pageLocator } from '../../src/content/space.ts'
import { VERSION } from '../../src/content/version.ts'
import type { ExportedPage } from '../../src/node/commands.ts'
import { addressOf, sharesPrefix } from '../../src/node/shards.ts'
import { utf8 } from '../helpers/bytes.ts'
import { actor, type NodeOptions, START_MS, World, type WorldNode } from '../helpers/world.ts'

const WITHIN_MS = 20_000

/** A world of topics with this many nodes, each at this depth. */
function network(names: number, options: NodeOptions): { world: World; nodes: WorldNode[] } {
  const world = new World()
  world.hasTopics = true
  return { world, nodes: Array.from({ length: names }, (_, i) => world.add(`node ${i}`, options)) }
}

const keeps = ({ actor: { device } }: WorldNode, locator: Uint8Array, depth: number): boolean =>
  sharesPrefix(locator, addressOf(device.publicKey), depth)

/** Puts a page of Ada's onto the shelves of those who keep it, as if they had been asked to. */
async function shelve(
  nodes: readonly WorldNode[],
  depth: number,
  path: string,
): Promise<{ page: Page; keepers: WorldNode[] }> {
  const ada = actor('ada', networkOf('test', 4))
  const page: Page = { space: { type: 'entity', id: ada.entity }, path }
  const draft = {
    ...page,
    text: utf8(path),
    parents: [],
    summary: '',
    timeMs: START_MS,
    nonce: new Uint8Array(8),
  }
  const [sealed] = compressSignMarkdown([draft], ada.identity.author)
  const { id, locator, timeMs, block } = sealed!
  const keepers = nodes.filter((node) => keeps(node, locator, depth))
  const blocks = [
    ...ada.identity.blocks,
    { id, locator, kind: VERSION, timeMs, length: block.byteLength, bytes: block },
  ]
  for (const { store } of keepers) await store.append('shelf', blocks, { sync: true, notes: [] })
  return { page, keepers }
}

test('visiting - a reader in another shard finds the keepers of a page, whatever their depth, by one', async (t) => {
  for (const [depth, theirs] of [
    [2, 2],
    [2, 3],
    [2, 1],
    [0, 1],
    [0, 3],
    [3, 1],
  ] as const) {
    const { world, nodes } = network(16, { depth: theirs })
    const { page, keepers } = await shelve(nodes, theirs, 'bees')
    t.ok(keepers.length > 0)
    const eve = world.add('eve', { isReader: true, depth })
    await world.settle()
    const got = await eve.run({ type: 'get', target: { page }, untilMs: world.nowMs + WITHIN_MS })
    t.alike(got.text, utf8('bees'), `a reader at depth ${depth}, keepers at ${theirs}`)
  }
})

test('visiting - pages of all shards are held by five of each, or all where there are fewer, and a reader who knows the author gets all', async (t) => {
  for (const [depth, count] of [
    [1, 12],
    [2, 16],
    [3, 32],
  ] as const) {
    const { world, nodes } = network(count, { depth })
    const ada = nodes[0]!
    await world.settle()
    const pages = Array.from({ length: 40 }, (_, i) => ({ path: `p${i}`, text: utf8(`${i}`) }))
    const space = { type: 'entity' as const, id: ada.actor.entity }
    const publishing = ada.run({ type: 'publish', pages, summary: '', index: true })
    await world.advance(20_000)
    const { batches, pages: published } = await publishing
    t.ok(batches.length >= 2 ** depth, 'a batch for each shard')
    const held = await ada.run({ type: 'held', batches, patienceMs: 1_000 })
    t.ok(held.isHeld)
    t.is(held.batchesHeld, batches.length)
    const counts: number[] = []
    for (const { path, id } of published) {
      const locator = pageLocator({ space, path })
      let holders = 0
      for (const node of nodes.slice(1)) {
        const [block] = await node.store.get([id])
        if (block === undefined) continue
        holders += 1
        if (!keeps(node, locator, depth)) t.fail(`${node.name} keeps ${path}, which is not its own`)
      }
      const keepers = nodes.slice(1).filter((node) => keeps(node, locator, depth)).length
      if (holders !== Math.min(5, keepers)) t.fail(`${holders} of ${keepers} keepers have ${path}`)
      counts.push(holders)
    }
    t.is(held.held, Math.min(...counts), 'the publisher is told the truth')
    const eve = world.add('eve', { isReader: true, depth })
    await world.settle()
    const listed = await eve.run({ type: 'list', space, untilMs: world.nowMs + WITHIN_MS })
    t.is(listed.length, pages.length)
    const texts = new Map<string, string>()
    const take = (value: unknown): void => {
      const { path, text } = value as ExportedPage
      texts.set(path, Buffer.from(text).toString())
    }
    const exported = await eve.run({ type: 'export', space, untilMs: world.nowMs + WITHIN_MS }, take)
    t.alike([exported.found, exported.missing], [pages.length, []])
    t.alike(texts, new Map(pages.map(({ path, text }) => [path, Buffer.from(text).toString()])))
    const faults = nodes.flatMap(({ events }) => events.filter(({ type }) => type === 'fault'))
    t.alike(faults, [], 'nobody broke a rule')
  }
})

test('visiting - who says moved names keepers, also such whose clocks are wrong, and they are asked', async (t) => {
  const { world, nodes } = network(16, { depth: 2 })
  const { page, keepers } = await shelve(nodes, 2, 'bees')
  const [first] = keepers
  for (const [i, { name }] of keepers.entries()) {
    world.hidden.add(name)
    world.clocksAheadMs.set(name, i % 2 === 0 ? -86_400_000 : 86_400_000)
  }
  const elsewhere = nodes.find((node) => !keepers.includes(node))!
  world.connect(elsewhere.name, first!.name)
  await world.advance(700_000) // the claims are made again, on their clocks
  const eve = world.add('eve', { isReader: true, depth: 2 })
  world.connect('eve', elsewhere.name)
  await world.settle()
  const asking = eve.run({ type: 'get', target: { page }, untilMs: world.nowMs + WITHIN_MS })
  await world.advance(WITHIN_MS)
  t.alike((await asking).text, utf8('bees'))
})

test('visiting - where no keeper is to be reached the answer says so, and within its time', async (t) => {
  const { world, nodes } = network(16, { depth: 2 })
  const { page, keepers } = await shelve(nodes, 2, 'bees')
  for (const { name } of keepers) world.away.add(name)
  for (const connection of keepers) world.remove(connection.name)
  const eve = world.add('eve', { isReader: true, depth: 2 })
  await world.settle()
  for (const until of [1_000, WITHIN_MS]) {
    const seen: string[] = []
    const asking = eve.run({ type: 'get', target: { page }, untilMs: world.nowMs + until }).catch((error) => {
      seen.push(asSheafError(error).code)
    })
    await world.advance(until + 1)
    await asking
    t.alike(seen, ['UNREACHABLE'], 'not NOT_FOUND: nobody who keeps it was asked')
  }
  const nowhere = { ...page, path: 'nobody wrote this' }
  const known = nodes.filter((node) => keeps(node, pageLocator(nowhere), 2))
  if (known.length > 0 && !keepers.includes(known[0]!)) {
    const asking = eve.run({ type: 'get', target: { page: nowhere }, untilMs: world.nowMs + WITHIN_MS })
    await t.exception(asking, /unknown to the closest peers/)
  }
})

// npm run sim -- spread --nodes 300 --seed 1: all keepers of a shard were full for a moment, and a page had no holder for five minutes
test('visiting - keepers that are not to be reached when a page is published get it within a minute of their return', async (t) => {
  const { world, nodes } = network(16, { depth: 2 })
  const ada = nodes[0]!
  const space = { type: 'entity' as const, id: ada.actor.entity }
  const path = Array.from({ length: 64 }, (_, i) => `p${i}`).find(
    (one) => !keeps(ada, pageLocator({ space, path: one }), 1),
  )!
  const keepers = nodes.filter((node) => keeps(node, pageLocator({ space, path }), 2))
  t.ok(keepers.length > 0)
  for (const { name } of keepers) world.away.add(name)
  await world.settle()
  const { batches } = await ada.run({
    type: 'publish',
    pages: [{ path, text: utf8('bees') }],
    summary: '',
    index: false,
  })
  const held = async (): Promise<number> => {
    const waiting = ada.run({ type: 'held', batches, patienceMs: 1 })
    await world.advance(15_000)
    return (await waiting).held
  }
  t.is(await held(), 0)
  world.away.clear()
  await world.advance(45_000)
  t.is(await held(), Math.min(5, keepers.length))
})
