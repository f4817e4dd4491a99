/** Bookmarks as a node makes them, and what they do to its view of a page. */
import test from 'brittle'
import { SheafError } from '../../src/base/errors.ts'
import type { Page } from '../../src/content/space.ts'
import type { GotPage, PageInput } from '../../src/node/commands.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { World, type WorldNode } from '../helpers/world.ts'

const pageOf = (node: WorldNode, path: string): Page => {
  return { space: { type: 'entity', id: node.actor.entity }, path }
}

async function put(node: WorldNode, page: Omit<PageInput, 'text'> & { text: string }) {
  const pages = [{ ...page, text: utf8(page.text) }]
  const published = await node.run({ type: 'publish', pages, summary: '', index: true })
  return published.pages[0]!
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => (error instanceof SheafError ? error.code : `${error}`),
  )
}

/** A page of ada's with a fork, which bo keeps; `left` is its head as far as nobody has a bookmark. */
async function forked() {
  const world = new World()
  const [ada, bo] = [world.add('ada'), world.add('bo')]
  world.connect('ada', 'bo')
  await world.settle()
  const base = await put(ada, { path: 'bees', text: 'base' })
  for (const text of ['one', 'two']) {
    await put(ada, { path: 'bees', text, parents: [base.id], isFork: true })
  }
  await world.advance(1_000)
  const page = pageOf(ada, 'bees')
  const get = (node: WorldNode): Promise<GotPage> =>
    node.run({ type: 'get', target: { page }, untilMs: world.nowMs + 10_000 })
  const bookmark = (node: WorldNode, version?: Uint8Array) => {
    const pointer = version !== undefined && { version }
    return node.run({ type: 'bookmark', page, ...pointer, untilMs: world.nowMs + 10_000 })
  }
  const { id: left, otherTips } = await get(ada)
  return { world, ada, bo, page, base: base.id, left, right: otherTips[0]!, get, bookmark }
}

test('bookmarking - what one has a bookmark on is the head for oneself, until it is moved or taken back', async (t) => {
  const { ada, bo, base, left, right, get, bookmark } = await forked()
  await bookmark(bo, right)
  const got = await get(bo)
  t.alike([hex(got.id), got.why], [hex(right), 'own bookmark'])
  t.is(hex((await get(ada)).id), hex(left), 'for others it is what it was')
  await bookmark(bo, base)
  t.is(hex((await get(bo)).id), hex(base), 'also something older')
  await bookmark(bo)
  t.is(hex((await get(bo)).id), hex(left))
  t.is(await codeOf(bookmark(bo)), 'NOT_FOUND', 'there is none to take back')
})

test('bookmarking - it survives a restart, and two at once leave one', async (t) => {
  const { world, bo, left, right, get, bookmark } = await forked()
  await Promise.all([bookmark(bo, left), bookmark(bo, right)])
  const again = world.restart('bo')
  world.connect('ada', 'bo')
  await world.settle()
  t.is(hex((await get(again)).id), hex(right))
})

test('bookmarking - a version of another page, and who has no name, are refused', async (t) => {
  const { world, ada, bo, left, bookmark } = await forked()
  const wasps = await put(ada, { path: 'wasps', text: 'w' })
  await world.advance(1_000)
  t.is(await codeOf(bookmark(bo, wasps.id)), 'BAD_ARGUMENT')
  t.is(await codeOf(bookmark(bo, new Uint8Array(32))), 'NOT_FOUND')
  const eve = world.add('eve', { isReader: true })
  world.connect('eve', 'bo')
  await world.settle()
  t.is(await codeOf(bookmark(eve, left)), 'NO_IDENTITY')
})

test('bookmarking - what one publishes is held against the head that one sees', async (t) => {
  const { ada, left, right, bookmark } = await forked()
  await bookmark(ada, right)
  const onLeft = await put(ada, { path: 'bees', text: 'three', parents: [left] })
  t.alike([onLeft.status, hex(onLeft.id)], ['stale', hex(right)])
  const onRight = await put(ada, { path: 'bees', text: 'three', parents: [right] })
  t.is(onRight.status, 'stored')
})

test('bookmarking - a bookmark on something older than the tips hides none of them from who publishes', async (t) => {
  const { ada, base, left, right, bookmark } = await forked()
  await bookmark(ada, base)
  const onBase = await put(ada, { path: 'bees', text: 'three', parents: [base] })
  t.is(onBase.status, 'stale')
  t.ok([left, right].some((tip) => hex(tip) === hex(onBase.id)))
})

test('bookmarking - what one writes on a page that has the own bookmark takes it along', async (t) => {
  const { world, ada, bo, page, base, left, right, get, bookmark } = await forked()
  await bookmark(ada, right)
  const three = await put(ada, { path: 'bees', text: 'three', parents: [right] })
  t.alike([hex((await get(ada)).id), (await get(ada)).why], [hex(three.id), 'own bookmark'])
  await put(ada, { path: 'bees', text: 'beside', parents: [left], isFork: true })
  t.is(hex((await get(ada)).id), hex(three.id), 'but not what was put beside on purpose')
  const four = await put(ada, { path: 'bees', text: 'four', parents: [three.id], isFork: true })
  t.is(hex((await get(ada)).id), hex(four.id))
  const onTop = await put(ada, { path: 'bees', text: 'on top of all' })
  t.is(hex((await get(ada)).id), hex(onTop.id))
  const again = world.restart('ada')
  world.connect('ada', 'bo')
  await world.settle()
  t.is(hex((await get(again)).id), hex(onTop.id), 'it was written with it')
  await again.run({
    type: 'publish',
    pages: [{ path: 'bees', text: undefined }],
    summary: '',
    index: true,
  })
  t.is(await codeOf(get(again)), 'NOT_FOUND', 'a deletion, too')

  await bookmark(bo, base)
  const proposal = await put(bo, { ...page, text: 'as bo sees it', parents: [base], isFork: true })
  t.is(hex((await get(bo)).id), hex(proposal.id))
  await put(bo, { ...page, text: 'another', parents: [left], isFork: true })
  t.is(hex((await get(bo)).id), hex(proposal.id), 'made from something else')
})

test('bookmarking - an old history that is taken in takes it along where it goes on from there', async (t) => {
  const { ada, left, right, get, bookmark } = await forked()
  await bookmark(ada, right)
  const old = (text: string, parents: (Uint8Array | number)[], timeMs: number) => {
    return { path: 'bees', text: utf8(text), parents, summary: '', timeMs, nonce: new Uint8Array(8) }
  }
  const versions = [old('x', [left], 1), old('y', [right], 2), old('z', [1], 3)]
  const { pages } = await ada.run({ type: 'replay', versions, index: true })
  t.is(hex((await get(ada)).id), hex(pages[2]!.id))
})
