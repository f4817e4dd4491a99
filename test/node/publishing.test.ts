/** Publishing onto what others may have changed meanwhile. */
import test from 'brittle'
import { SheafError } from '../../src/base/errors.ts'
import { parseBlock } from '../../src/content/block.ts'
import { pageLocator, type Space, spaceLocator } from '../../src/content/space.ts'
import { decodeVersion, VERSION } from '../../src/content/version.ts'
import type { GotPage, PageInput, Published } from '../../src/node/commands.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { onAnotherDevice, World, type WorldNode } from '../helpers/world.ts'

const spaceOf = (node: WorldNode): Space => ({ type: 'entity', id: node.actor.entity })

type Says = Omit<PageInput, 'text'> & { text?: string }

function publish(node: WorldNode, says: Says | Says[], untilMs?: number): Promise<Published> {
  const pages = [says].flat().map((one): PageInput => {
    return { ...one, text: one.text === undefined ? undefined : utf8(one.text) }
  })
  const until = untilMs !== undefined && { untilMs }
  return node.run({ type: 'publish', pages, summary: '', index: true, ...until })
}

/** Publishes one page; its id and what became of it. */
async function put(node: WorldNode, says: Says, untilMs?: number) {
  const { pages } = await publish(node, says, untilMs)
  return pages[0]!
}

function get(world: World, reader: WorldNode, author: WorldNode, path: string): Promise<GotPage> {
  const target = { page: { space: spaceOf(author), path } }
  return reader.run({ type: 'get', target, untilMs: world.nowMs + 10_000 })
}

async function paths(world: World, node: WorldNode): Promise<string[]> {
  const list = await node.run({ type: 'list', space: spaceOf(node), untilMs: world.nowMs + 1_000 })
  return list.map(({ path }) => path)
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => (error instanceof SheafError ? error.code : `${error}`),
  )
}

async function versionsAt(node: WorldNode, path: string): Promise<number> {
  return (await node.store.at(pageLocator({ space: spaceOf(node), path }), 100, VERSION)).length
}

async function parentsOf(node: WorldNode, id: Uint8Array): Promise<string[]> {
  const [bytes] = await node.store.get([id])
  return decodeVersion(parseBlock(bytes!).record).parents.map(hex)
}

async function alone(): Promise<{ world: World; ada: WorldNode }> {
  const world = new World()
  const ada = world.add('ada')
  await world.settle()
  return { world, ada }
}

test('publishing - what was made from the head goes on top, what was made from something older is stale', async (t) => {
  const { ada } = await alone()
  const a = await put(ada, { path: 'bees', text: 'a' })
  const b = await put(ada, { path: 'bees', text: 'b', parents: [a.id] })
  t.is(b.status, 'stored')
  t.alike(await parentsOf(ada, b.id), [hex(a.id)])

  const late = await put(ada, { path: 'bees', text: 'late', parents: [a.id] })
  t.alike([late.status, hex(late.id)], ['stale', hex(b.id)], 'and it says what is newer')
  t.is(await versionsAt(ada, 'bees'), 2, 'nothing was stored')
  t.is((await put(ada, { path: 'bees', parents: [a.id] })).status, 'stale', 'nor is it deleted')
  const made = await put(ada, { path: 'bees', text: 'made from nothing', parents: [] })
  t.is(made.status, 'stale')
})

test('publishing - who insists makes a fork, and a version with both parents joins it', async (t) => {
  const { world, ada } = await alone()
  const a = await put(ada, { path: 'bees', text: 'a' })
  const b = await put(ada, { path: 'bees', text: 'b', parents: [a.id] })
  const c = await put(ada, { path: 'bees', text: 'c', parents: [a.id], isFork: true })
  t.is(c.status, 'stored')
  t.is((await get(world, ada, ada, 'bees')).otherTips.length, 1)

  const joined = await put(ada, { path: 'bees', text: 'b and c', parents: [b.id, c.id] })
  t.alike(await parentsOf(ada, joined.id), [hex(b.id), hex(c.id)])
  const got = await get(world, ada, ada, 'bees')
  t.alike([hex(got.id), got.otherTips.length], [hex(joined.id), 0])
  const again = await put(ada, { path: 'bees', text: 'b and c', parents: [b.id, c.id] })
  t.alike([again.status, hex(again.id)], ['unchanged', hex(joined.id)], 'a second time does nothing')
})

test('publishing - the text of the head again is no change, but a join of two tips is one', async (t) => {
  const { ada } = await alone()
  const a = await put(ada, { path: 'bees', text: 'a' })
  const b = await put(ada, { path: 'bees', text: 'b', parents: [a.id] })
  t.is((await put(ada, { path: 'bees', text: 'b', parents: [b.id] })).status, 'unchanged')
  t.is(
    (await put(ada, { path: 'bees', text: 'b', parents: [a.id] })).status,
    'unchanged',
    'whatever it was made from',
  )
  const c = await put(ada, { path: 'bees', text: 'c', parents: [a.id], isFork: true })
  t.is((await put(ada, { path: 'bees', text: 'c', parents: [b.id, c.id] })).status, 'stored')
})

test('publishing - of two at once that were made from one version the second is stale', async (t) => {
  const { ada } = await alone()
  const a = await put(ada, { path: 'bees', text: 'a' })
  const both = await Promise.all(['b', 'c'].map((text) => put(ada, { path: 'bees', text, parents: [a.id] })))
  t.alike(
    both.map(({ status }) => status),
    ['stored', 'stale'],
  )
  t.is(hex(both[1]!.id), hex(both[0]!.id))
})

test('publishing - one stale page keeps the others from nothing', async (t) => {
  const { world, ada } = await alone()
  const a = await put(ada, { path: 'bees', text: 'a' })
  await put(ada, { path: 'bees', text: 'b', parents: [a.id] })
  const { pages } = await publish(ada, [
    { path: 'bees', text: 'c', parents: [a.id] },
    { path: 'wasps', text: 'w' },
  ])
  t.alike(
    pages.map(({ path, status }) => [path, status]),
    [
      ['bees', 'stale'],
      ['wasps', 'stored'],
    ],
  )
  t.alike(await paths(world, ada), ['bees', 'wasps'])
})

test('publishing - what another device published is heard of where peers may be asked', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  world.add('bo')
  const twin = world.add('twin', { actor: onAnotherDevice(ada.actor, 'twin') })
  world.connect('ada', 'bo')
  await world.settle()
  const a = await put(ada, { path: 'bees', text: 'a' })
  world.connect('twin', 'bo')
  await world.settle()
  await get(world, twin, ada, 'bees')
  await world.advance(1_000)
  const b = await put(twin, { path: 'bees', text: 'b', parents: [a.id] })
  t.is(b.status, 'stored')
  await world.settle()

  const untilMs = world.nowMs + 10_000
  const heard = await put(ada, { path: 'bees', text: 'c', parents: [a.id] }, untilMs)
  t.alike([heard.status, hex(heard.id)], ['stale', hex(b.id)])
  const merged = await put(ada, { path: 'bees', text: 'b and c', parents: [a.id, b.id] }, untilMs)
  t.is(merged.status, 'stored')
  const got = await get(world, ada, ada, 'bees')
  t.is(hex(got.id), hex(merged.id))
})

test('publishing - nobody to be asked is no reason not to publish', async (t) => {
  const { world, ada } = await alone()
  const a = await put(ada, { path: 'bees', text: 'a' })
  const b = put(ada, { path: 'bees', text: 'b', parents: [a.id] }, world.nowMs + 1_000)
  await world.advance(2_000)
  t.is((await b).status, 'stored')
})

test('publishing - a crash between a fork and its merge leaves a fork that can be merged', async (t) => {
  const { world, ada } = await alone()
  const a = await put(ada, { path: 'bees', text: 'a' })
  const b = await put(ada, { path: 'bees', text: 'b', parents: [a.id] })
  const mine = await put(ada, { path: 'bees', text: 'mine', parents: [a.id], isFork: true })
  const again = world.restart('ada')
  await world.settle()
  const got = await get(world, again, ada, 'bees')
  t.alike([got.id, ...got.otherTips].map(hex).sort(), [b.id, mine.id].map(hex).sort())
  t.is((await put(again, { path: 'bees', text: 'late', parents: [a.id] })).status, 'stale')
  await put(again, { path: 'bees', text: 'both', parents: [b.id, mine.id] })
  t.is(Buffer.from((await get(world, again, ada, 'bees')).text).toString(), 'both')
})

test('publishing - a redirect leads on, leaves the list, and says the same only once', async (t) => {
  const { world, ada } = await alone()
  await put(ada, { path: 'bees', text: 'a' })
  const to = { space: spaceOf(ada), path: 'garden/bees' }
  await put(ada, { path: 'garden/bees', text: 'a' })
  t.is((await put(ada, { path: 'bees', redirect: to })).status, 'stored')
  t.is((await put(ada, { path: 'bees', redirect: to })).status, 'unchanged')
  const got = await get(world, ada, ada, 'bees')
  t.alike([got.page.path, got.redirectedFrom?.path], ['garden/bees', 'bees'])
  t.alike(await paths(world, ada), ['garden/bees'])
  const elsewhere = { ...to, path: 'bees/elsewhere' }
  t.is((await put(ada, { path: 'bees', redirect: elsewhere })).status, 'stored', 'another target is a change')
  t.is(await codeOf(put(ada, { path: 'bees', redirect: { ...to, path: '../up' } })), 'BAD_PATH')
})

test('publishing - a page that moves keeps its history', async (t) => {
  const { ada } = await alone()
  const a = await put(ada, { path: 'bees', text: 'a' })
  const { pages } = await publish(ada, [
    { path: 'garden/bees', text: 'a', parents: [a.id] },
    { path: 'bees', redirect: { space: spaceOf(ada), path: 'garden/bees' }, parents: [a.id] },
  ])
  t.alike(
    pages.map(({ status }) => status),
    ['stored', 'stored'],
  )
  for (const { id } of pages) t.alike(await parentsOf(ada, id), [hex(a.id)])
  const onto = await put(ada, { path: 'garden/bees', text: 'other', parents: [a.id] })
  t.is(onto.status, 'stale', 'a page that is there already is not written over')
})

test('publishing - a proposal stands beside what the owner says until the owner takes it up', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  const bo = world.add('bo')
  world.connect('ada', 'bo')
  await world.settle()
  const a = await put(ada, { path: 'bees', text: 'a' })
  await world.settle()
  const space = spaceOf(ada)
  t.is(await codeOf(put(bo, { path: 'bees', text: 'b', space })), 'BAD_ARGUMENT', 'made from nothing')
  const proposal = await put(bo, { path: 'bees', text: 'b', space, parents: [a.id] })
  t.is(proposal.status, 'stored')
  await world.advance(1_000)
  const got = await get(world, bo, ada, 'bees')
  t.alike(
    [hex(got.id), got.why, got.otherTips.map(hex)],
    [hex(a.id), 'owner of the space', [hex(proposal.id)]],
  )
  t.alike(await bo.store.at(spaceLocator(spaceOf(bo)), 10), [], 'it is in no list of his')

  const taken = await put(ada, { path: 'bees', text: 'b', parents: [a.id, proposal.id] })
  t.is(taken.status, 'stored')
  await world.settle()
  const after = await get(world, bo, ada, 'bees')
  t.alike([hex(after.id), after.otherTips], [hex(taken.id), []])
  const late = await put(bo, { path: 'bees', text: 'c', space, parents: [proposal.id] }, world.nowMs + 5_000)
  t.is(late.status, 'stale')
})

test('publishing - parents that no version can have are refused', async (t) => {
  const { ada } = await alone()
  const a = await put(ada, { path: 'bees', text: 'a' })
  const ids = Array.from({ length: 17 }, (_, i) => new Uint8Array(32).fill(i))
  for (const parents of [ids, [a.id, a.id]]) {
    t.is(await codeOf(put(ada, { path: 'bees', text: 'b', parents })), 'BAD_ARGUMENT')
  }
  const twice = publish(ada, [
    { path: 'bees', text: 'b' },
    { path: 'bees', text: 'c', space: spaceOf(ada) },
  ])
  t.is(await codeOf(twice), 'BAD_ARGUMENT', 'one page by two names')
  t.is(await versionsAt(ada, 'bees'), 1)
})

test('publishing - what says what its only parent said is no change where that is ours, and is one where it is a proposal', async (t) => {
  const { world, ada } = await alone()
  const bo = world.add('bo')
  world.connect('ada', 'bo')
  await world.settle()
  const one = await put(ada, { path: 'bees', text: 'one' })
  const two = await put(ada, { path: 'bees', text: 'two' })
  const again = await put(ada, { path: 'bees', text: 'one', parents: [one.id], isFork: true })
  t.alike([again.status, hex(again.id)], ['unchanged', hex(one.id)])
  await world.advance(1_000)
  const proposal = await put(
    bo,
    { space: spaceOf(ada), path: 'bees', text: 'three', parents: [two.id] },
    world.nowMs + 5_000,
  )
  t.is(proposal.status, 'stored')
  await world.advance(60_000)
  const taken = await put(ada, { path: 'bees', text: 'three', parents: [proposal.id] }, world.nowMs + 5_000)
  t.is(taken.status, 'stored', 'ada takes it up under her own key')
  t.is(Buffer.from((await get(world, bo, ada, 'bees')).text).toString(), 'three')
})

test('publishing - of two commands at once with the same new pages the second goes on top of the first', async (t) => {
  const { world, ada } = await alone()
  const pages = (text: string): Says[] => Array.from({ length: 20 }, (_, i) => ({ path: `p${i}`, text }))
  const [first, second] = await Promise.all([publish(ada, pages('one')), publish(ada, pages('two'))])
  for (const [i, { id }] of second.pages.entries()) {
    t.alike(await parentsOf(ada, id), [hex(first.pages[i]!.id)])
  }
  t.is(Buffer.from((await get(world, ada, ada, 'p7')).text).toString(), 'two')
  const third = await publish(ada, [...pages('two').slice(0, 10), ...pages('three').slice(10)])
  const unchanged = third.pages.filter(({ status }) => status === 'unchanged')
  t.alike(
    unchanged.map(({ id }) => hex(id)),
    second.pages.slice(0, 10).map(({ id }) => hex(id)),
  )
})
