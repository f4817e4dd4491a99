/** Following pages and persons, in virtual time: what is told, over reconnects, restarts and partitions, and what liars come to. */
import test from 'brittle'
import { asSheafError, type ErrorCode } from '../../src/base/errors.ts'
import { idToText } from '../../src/base/text-id.ts'
import { parseBlock } from '../../src/content/block.ts'
import { compressSignMarkdown, type SealedPage } from '../../src/content/page.ts'
import { type Page, pageLocator, type Space } from '../../src/content/space.ts'
import { PLACES_FOLLOWED_MAX } from '../../src/node/following.ts'
import { WIRE_CODES } from '../../src/node/peer.ts'
import type { Answer } from '../../src/node/wire.ts'
import { utf8 } from '../helpers/bytes.ts'
import { HandServer, type Told } from '../helpers/hand-server.ts'
import { type Actor, World, type WorldNode } from '../helpers/world.ts'

const spaceOf = ({ actor }: WorldNode): Space => ({ type: 'entity', id: actor.entity })
const pageOf = (who: WorldNode, path: string): Page => ({ space: spaceOf(who), path })

async function publish(
  world: World,
  { run }: WorldNode,
  path: string,
  text: string | undefined,
  index = true,
): Promise<string> {
  const pages = [{ path, text: text === undefined ? undefined : utf8(text) }]
  const published = await run({ type: 'publish', pages, summary: '', index })
  await world.settle()
  return idToText(published.pages[0]!.id)
}

interface News {
  page: string
  id: string
  isHead: boolean
}

/** Versions that a node was told of, in the order of telling. */
function told({ events }: WorldNode): News[] {
  return events
    .filter(({ type }) => type === 'version')
    .map(({ page, version, isHead }) => ({
      page: String(page).replace(/^.*?\//, ''),
      id: idToText(version as Uint8Array),
      isHead: isHead as boolean,
    }))
}

const idsTold = (node: WorldNode): string[] => told(node).map(({ id }) => id)

async function follow(world: World, node: WorldNode, subject: { page: Page } | { space: Space }) {
  const following = node.run({ type: 'follow', subject, untilMs: world.nowMs + 5_000 })
  await world.advance(6_000)
  return following
}

/** An author, two keepers, and a reader who keeps nothing for others; who is connected with whom is the test's. */
function cast() {
  const world = new World()
  const [ada, bo, cy] = ['ada', 'bo', 'cy'].map((name) => world.add(name)) as [
    WorldNode,
    WorldNode,
    WorldNode,
  ]
  const dee = world.add('dee', { isReader: true })
  return { world, ada, bo, cy, dee }
}

test('following - new versions of a page are told as keepers get them, and what was there before is not', async (t) => {
  const { world, ada, bo, dee } = cast()
  world.connect('ada', 'bo')
  await publish(world, ada, 'bees', 'before')
  await world.advance(5_000)
  world.connect('dee', 'bo')
  await world.settle()
  const followed = await follow(world, dee, { page: pageOf(ada, 'bees') })
  t.ok(followed.isNew)
  t.alike(told(dee), [])
  const ids = [await publish(world, ada, 'bees', 'one'), await publish(world, ada, 'bees', 'two')]
  await world.advance(2_000)
  t.alike(
    told(dee).map(({ id }) => id),
    ids,
  )
  t.alike(told(dee).at(-1), { page: 'bees', id: ids[1]!, isHead: true })
  await publish(world, ada, 'wasps', 'of no interest')
  await world.advance(2_000)
  t.is(told(dee).length, 2)
  t.is((await dee.run({ type: 'following' }))[0]?.keepers, 1)
  world.disconnect('dee', 0)
  const got = await dee.run({ type: 'get', target: { page: pageOf(ada, 'bees') }, untilMs: world.nowMs })
  t.is(Buffer.from(got.text).toString(), 'two', 'and it is kept here')
  t.is(bo.events.filter(({ type }) => type === 'fault').length, 0)
})

const codeOf = (promise: Promise<unknown>): Promise<ErrorCode | undefined> =>
  promise.then(
    () => undefined,
    (error: unknown) => asSheafError(error).code,
  )

/** How often each version was told: once, or it shows. */
const areTwice = (node: WorldNode): string[] => idsTold(node).filter((id, i, all) => all.indexOf(id) !== i)

test('following - it goes on for hours, over the ends of leases, without a gap and without a word twice', async (t) => {
  const { world, ada, bo, dee } = cast()
  world.connect('ada', 'bo')
  world.connect('dee', 'bo')
  await publish(world, ada, 'bees', 'before')
  await follow(world, dee, { page: pageOf(ada, 'bees') })
  const ids: string[] = []
  for (let i = 0; i < 12; i++) {
    await world.advance(10 * 60_000 + 1_000 * i)
    ids.push(await publish(world, ada, 'bees', `${i}`, false))
    await world.advance(1_000)
    t.is(idsTold(dee).length, ids.length, 'told within a second')
  }
  t.alike(idsTold(dee), ids)
  t.is(bo.service.held.subscribed, 1)
  t.alike(
    [...bo.events, ...dee.events].filter(({ type }) => type === 'fault' || type === 'failed'),
    [],
  )
})

test('following - what was missed while nobody was connected is told in its order when somebody is', async (t) => {
  const { world, ada, dee } = cast()
  world.connect('ada', 'bo')
  const link = world.connect('dee', 'bo')
  await publish(world, ada, 'bees', 'before')
  await follow(world, dee, { page: pageOf(ada, 'bees') })
  world.disconnect('dee', link.a)
  const ids: string[] = []
  for (const text of ['one', 'two', 'three', 'four']) ids.push(await publish(world, ada, 'bees', text, false))
  await world.advance(60_000)
  t.alike(told(dee), [])
  world.connect('dee', 'bo')
  await world.advance(30_000)
  t.alike(idsTold(dee), ids, 'also those that others replaced since')
  t.alike(
    told(dee).map(({ isHead }) => isHead),
    [false, false, false, true],
  )
})

test('following - a follower and a keeper that start again go on where they were', async (t) => {
  const { world, ada, dee } = cast()
  world.connect('ada', 'bo')
  world.connect('dee', 'bo')
  const before = await publish(world, ada, 'bees', 'before')
  await follow(world, dee, { page: pageOf(ada, 'bees') })
  const ids = [await publish(world, ada, 'bees', 'one')]
  await world.advance(2_000)
  world.restart('dee')
  await world.advance(1_000)
  ids.push(await publish(world, ada, 'bees', 'two'))
  world.connect('dee', 'bo')
  await world.advance(30_000)
  t.alike(idsTold(dee), ids, 'neither again what was told nor too little')
  world.restart('bo')
  world.connect('ada', 'bo')
  await world.advance(1_000)
  ids.push(await publish(world, ada, 'bees', 'three'))
  world.connect('dee', 'bo')
  await world.advance(30_000)
  ids.push(await publish(world, ada, 'bees', 'four'))
  await world.advance(1_000)
  t.alike(idsTold(dee), ids)
  t.absent(idsTold(dee).includes(before))
  t.is((await dee.run({ type: 'following' })).length, 1)
})

test('following - with several keepers each version is told once, and one that goes is made up for', async (t) => {
  const { world, ada, dee } = cast()
  for (const keeper of ['bo', 'cy']) {
    world.connect('ada', keeper)
    world.connect('dee', keeper)
  }
  await publish(world, ada, 'bees', 'before')
  await follow(world, dee, { page: pageOf(ada, 'bees') })
  t.is((await dee.run({ type: 'following' }))[0]?.keepers, 2)
  const ids = [await publish(world, ada, 'bees', 'one')]
  await world.advance(1_000)
  world.remove('bo')
  await world.advance(1_000)
  ids.push(await publish(world, ada, 'bees', 'two'))
  await world.advance(1_000)
  t.alike(idsTold(dee), ids)
  world.add('eli')
  world.connect('ada', 'eli')
  world.connect('dee', 'eli')
  await world.advance(5_000)
  world.remove('cy')
  await world.advance(60_000)
  ids.push(await publish(world, ada, 'bees', 'three'))
  await world.advance(5_000)
  t.alike(idsTold(dee), ids)
})

test('following - a network that was cut in two and joined again tells of both sides', async (t) => {
  const { world, ada, bo, cy, dee } = cast()
  world.connect('ada', 'bo')
  world.connect('dee', 'bo')
  await publish(world, ada, 'bees', 'before')
  await follow(world, dee, { page: pageOf(ada, 'bees') })
  // cy proposes a version of ada's page on the other side of the cut, where nobody of this side hears of it.
  const proposal = { space: spaceOf(ada), path: 'bees', text: utf8('proposed'), parents: [] }
  const { pages } = await cy.run({ type: 'publish', pages: [proposal], summary: '', index: false })
  const proposed = idToText(pages[0]!.id)
  const own = await publish(world, ada, 'bees', 'one')
  await world.advance(60_000)
  t.alike(idsTold(dee), [own])
  world.connect('cy', 'bo')
  await world.advance(120_000)
  t.alike(idsTold(dee), [own, proposed])
  t.alike(
    told(dee).map(({ isHead }) => isHead),
    [true, false],
    'in her own space it stays beside what the owner says',
  )
  t.is(bo.events.filter(({ type }) => type === 'fault').length, 0)
})

test('following - of a person: pages that are new, changed and gone, and what lies at the person', async (t) => {
  const { world, ada, bo, dee } = cast()
  world.connect('ada', 'bo')
  world.connect('dee', 'bo')
  const old = await publish(world, ada, 'old', 'before')
  await publish(world, ada, 'bees', 'before')
  await world.advance(2_000)
  const followed = await follow(world, dee, { space: spaceOf(ada) })
  t.ok(followed.isNew)
  t.is((await dee.run({ type: 'following' }))[0]?.keepers, 1)
  t.alike(told(dee), [], 'a list that was there is no news')
  const ids = [await publish(world, ada, 'wasps', 'new'), await publish(world, ada, 'bees', 'changed')]
  await world.advance(3_000)
  t.alike(
    told(dee)
      .map(({ page }) => page)
      .sort(),
    ['bees', 'wasps'],
  )
  t.alike(idsTold(dee).sort(), [...ids].sort())
  ids.push(await publish(world, ada, 'old', undefined))
  await world.advance(3_000)
  t.is(told(dee).at(-1)?.page, 'old')
  t.is(dee.events.findLast(({ type }) => type === 'version')?.content, 'deleted')
  t.absent(idsTold(dee).includes(old))
  t.alike(areTwice(dee), [])
  t.is(dee.events.filter(({ type }) => type === 'entity').length, 0, 'her keys were there before')

  const genesis = ada.actor.identity.blocks[0]!
  t.ok((await bo.store.get([genesis.id]))[0] !== undefined)
  t.is((await dee.run({ type: 'following' })).length, 1, 'one line for the two places of a person')
})

test('following - a large page is whole here when it is told', async (t) => {
  const { world, ada, dee } = cast()
  world.connect('ada', 'bo')
  const link = world.connect('dee', 'bo')
  await publish(world, ada, 'bees', 'before')
  await follow(world, dee, { page: pageOf(ada, 'bees') })
  const text = Array.from({ length: 30_000 }, (_, i) => `line ${i * 7919}\n`).join('')
  await publish(world, ada, 'bees', text)
  await world.advance(5_000)
  t.is(told(dee).length, 1)
  world.disconnect('dee', link.a)
  const got = await dee.run({ type: 'get', target: { page: pageOf(ada, 'bees') }, untilMs: world.nowMs })
  t.is(Buffer.from(got.text).toString(), text)
})

test('following - ones own pages are told too, with nobody there', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  await publish(world, ada, 'bees', 'before')
  await follow(world, ada, { page: pageOf(ada, 'bees') })
  const id = await publish(world, ada, 'bees', 'one')
  await world.advance(1_000)
  t.alike(idsTold(ada), [id])
  const absent = await follow(world, ada, { page: pageOf(ada, 'not yet') })
  t.is(absent.told, 0)
  const first = await publish(world, ada, 'not yet', 'now')
  await world.advance(1_000)
  t.alike(idsTold(ada), [id, first])
})

test('following - what is followed no more is not told, not watched and not remembered', async (t) => {
  const { world, ada, bo, dee } = cast()
  world.connect('ada', 'bo')
  world.connect('dee', 'bo')
  const subject = { page: pageOf(ada, 'bees') }
  await follow(world, dee, subject)
  await follow(world, dee, { page: pageOf(ada, 'wasps') })
  t.absent((await follow(world, dee, subject)).isNew, 'twice is once')
  t.alike(await dee.run({ type: 'unfollow', subject }), { wasFollowed: true })
  t.alike(await dee.run({ type: 'unfollow', subject }), { wasFollowed: false })
  await publish(world, ada, 'bees', 'unheard')
  const wasps = await publish(world, ada, 'wasps', 'heard')
  await world.advance(2_000)
  t.alike(idsTold(dee), [wasps])
  await dee.run({ type: 'unfollow', subject: { page: pageOf(ada, 'wasps') } })
  await world.advance(2_000)
  t.is(bo.service.held.subscribed, 0, 'the last one ends the subscription')
  t.is(dee.service.held.subscribed, 0)
  world.restart('dee')
  await world.settle()
  t.alike(await dee.run({ type: 'following' }), [])
})

test('following - is bounded, and what the operator denied is not followed', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  for (let i = 0; i < PLACES_FOLLOWED_MAX; i++)
    await ada.run({ type: 'follow', subject: { page: pageOf(ada, `page ${i}`) }, untilMs: world.nowMs })
  const more = ada.run({ type: 'follow', subject: { page: pageOf(ada, 'bees') }, untilMs: world.nowMs })
  t.is(await codeOf(more), 'TOO_LARGE')
  const page = pageOf(ada, 'wasps')
  const rule = { type: 'deny' as const, id: pageLocator(page), about: 'wasps', why: '', sinceMs: 0 }
  await ada.run({ type: 'unfollow', subject: { page: pageOf(ada, 'page 0') } })
  await ada.run({ type: 'obey', rules: [rule] })
  t.is(await codeOf(ada.run({ type: 'follow', subject: { page }, untilMs: world.nowMs })), 'REFUSED')
})

test('following - many followers of one page, at one keeper', async (t) => {
  const { world, ada, bo } = cast()
  world.connect('ada', 'bo')
  await publish(world, ada, 'bees', 'before')
  const followers = Array.from({ length: 24 }, (_, i) => world.add(`reader ${i}`, { isReader: true }))
  for (const { name } of followers) world.connect(name, 'bo')
  await Promise.all(
    followers.map((one) =>
      one.run({ type: 'follow', subject: { page: pageOf(ada, 'bees') }, untilMs: world.nowMs + 5_000 }),
    ),
  )
  await world.advance(10_000)
  const ids = [await publish(world, ada, 'bees', 'one'), await publish(world, ada, 'bees', 'two')]
  await world.advance(5_000)
  for (const one of followers) t.alike(idsTold(one), ids)
  t.is(bo.service.held.subscribed, 1, 'one place, whoever watches it')
  for (const { name } of followers) world.remove(name)
  await world.settle()
  t.is(bo.service.held.subscribed, 0)
})

/** A follower of a page of a keeper by hand, who opens the subscription and then does what a test says. */
async function byHand(answer?: (hand: HandServer, told: Told) => void) {
  const world = new World()
  const dee = world.add('dee', { isReader: true })
  const asked: Told[] = []
  const hand = new HandServer(world.addStranger('hand'), {
    answer: (server, one) => {
      if (one.asked.type !== 'subscribe') return server.serve(one)
      asked.push(one)
      if (answer !== undefined) answer(server, one)
      else server.answer(one, [], { last: false })
    },
  })
  world.connect('dee', 'hand')
  await world.settle()
  const { actor } = hand.end
  const page: Page = { space: { type: 'entity', id: actor.entity }, path: 'bees' }
  await follow(world, dee, { page })
  const seal = (path: string, text: string): SealedPage => sealedBy(actor, world.nowMs, path, text)
  const push = async (answers: { index: number; answer: Answer }[]): Promise<void> => {
    hand.answer(asked.at(-1)!, answers, { last: false })
    await world.advance(5_000)
  }
  const key = keyOf(actor)
  const fault = (): unknown => dee.events.find(({ type }) => type === 'fault')?.code
  return { world, dee, hand, page, asked, seal, push, key, fault }
}

function sealedBy({ entity, identity }: Actor, timeMs: number, path: string, text: string): SealedPage {
  const space: Space = { type: 'entity', id: entity }
  const draft = { space, path, text: utf8(text), parents: [], summary: '', timeMs, nonce: new Uint8Array(8) }
  return compressSignMarkdown([draft], identity.author)[0]!
}

const keyOf = ({ identity }: Actor): { index: number; answer: Answer } => ({
  index: 0,
  answer: { type: 'key', bytes: identity.blocks[0]!.bytes },
})

const found = (bytes: Uint8Array, index = 0): { index: number; answer: Answer } => ({
  index,
  answer: { type: 'found', bytes },
})

test('following - a push by the rules is told, and the same again is not', async (t) => {
  const { dee, seal, push, key, fault } = await byHand()
  const page = seal('bees', 'one')
  await push([key, found(page.block)])
  await push([found(page.block)])
  t.alike(idsTold(dee), [idToText(page.id)])
  t.is(fault(), undefined)
})

const LIES: [
  string,
  string,
  (scene: Awaited<ReturnType<typeof byHand>>) => { index: number; answer: Answer }[],
][] = [
  ['what lives elsewhere', 'WRONG_QUERY', ({ seal, key }) => [key, found(seal('wasps', 'one').block)]],
  [
    'a place that was not asked for',
    'WRONG_QUERY',
    ({ seal, key }) => [key, found(seal('bees', 'one').block, 1)],
  ],
  ['a word of a store request', 'WRONG_QUERY', () => [{ index: 0, answer: { type: 'wanted' } }]],
  ['bytes that are no block', 'TRUNCATED', () => [found(utf8('x'))]],
  [
    'a signature that does not hold',
    'BAD_SIGNATURE',
    ({ seal, key }) => {
      const bytes = Uint8Array.from(seal('bees', 'one').block)
      const at = parseBlock(bytes).record.bytes.byteLength
      bytes[at]! ^= 1
      return [key, found(bytes)]
    },
  ],
  [
    'more than it was paid for',
    'TOO_LARGE',
    ({ seal, key }) => [key, ...Array.from({ length: 257 }, (_, i) => found(seal('bees', `${i}`).block))],
  ],
  ['words without end', 'TOO_LARGE', () => Array(5_000).fill({ index: 0, answer: { type: 'missed' } })],
]

for (const [what, code, answers] of LIES) {
  test(`following - ${what}, pushed: the keeper is named, and nothing of it is told`, async (t) => {
    const scene = await byHand()
    await scene.push(answers(scene))
    t.is(scene.fault(), code)
    t.alike(told(scene.dee), [])
    t.absent(scene.hand.end.isConnected)
  })
}

test('following - a push without its key is passed over, and asked for', async (t) => {
  const { dee, seal, push, hand, fault } = await byHand()
  hand.blocks.length = 0
  await push([found(seal('bees', 'one').block)])
  t.alike(told(dee), [])
  t.is(fault(), undefined, 'nobody knows whether it is wrong')
})

test('following - a flood of valid pushes is taken at a rate, whatever a keeper sends', async (t) => {
  let count = 0
  const { world, dee, fault } = await byHand((server, one) => {
    server.answer(one, [], { last: false })
    const { actor, wire } = server.end
    for (let i = 0; i < 4; i++) {
      const blocks = Array.from({ length: 64 }, () =>
        found(sealedBy(actor, wire.nowMs, 'bees', `${count++}`).block),
      )
      server.answer(one, i === 0 ? [keyOf(actor), ...blocks] : blocks, { last: i === 3 })
    }
  })
  await world.advance(60_000)
  t.is(fault(), undefined)
  t.ok(count > 256 + 5 * 70, `${count} were sent`)
  t.ok(told(dee).length > 0 && told(dee).length <= 256 + 5 * 70, `${told(dee).length} were taken`)
})

test('following - a subscription that ends at once is not begun anew at once', async (t) => {
  const { world, asked, fault } = await byHand((server, one) => server.answer(one, [], { last: true }))
  await world.advance(60_000)
  t.is(fault(), undefined)
  t.ok(asked.length > 1 && asked.length < 10, `${asked.length} in a minute`)
})

test('following - a node that does not know subscriptions is asked for tips now and again', async (t) => {
  const scene = await byHand((server, { ask }) =>
    server.end.tell('refuse', { ask, code: WIRE_CODES.indexOf('UNSUPPORTED'), detail: '' }),
  )
  const { world, dee, hand, page, asked, seal, fault } = scene
  const version = seal('bees', 'one')
  hand.blocks.push({ id: pageLocator(page), bytes: version.block })
  await world.advance(6 * 60_000)
  t.alike(idsTold(dee), [idToText(version.id)])
  t.is(asked.length, 1, 'and not for what it does not know')
  t.is(fault(), undefined)
})

test('following - a keeper that says nothing is given up, and no search or timer is left of it', async (t) => {
  const { world, dee, hand, asked } = await byHand(() => {})
  await world.advance(10 * 60_000)
  t.ok(asked.length > 1 && asked.length < 12, `${asked.length} in ten minutes`)
  t.is((await dee.run({ type: 'following' }))[0]?.keepers, 0)
  world.disconnect('hand', hand.end.number)
  await world.advance(60 * 60_000)
  t.ok(dee.service.held.awaited < 10 && dee.service.held.timers < 50)
})

test('following - what a keeper does not keep is asked of others', async (t) => {
  const { world, dee, asked, fault } = await byHand((server, one) =>
    server.answer(one, [{ index: 0, answer: { type: 'moved', to: [] } }], { last: false }),
  )
  await world.advance(60_000)
  t.is(asked.length, 1, 'it is not asked again while it is connected')
  t.is((await dee.run({ type: 'following' }))[0]?.keepers, 0)
  t.is(fault(), undefined)
})

test('following - things that were missed are gathered', async (t) => {
  const { world, dee, hand, page, seal, push } = await byHand()
  const version = seal('bees', 'one')
  hand.blocks.push({ id: pageLocator(page), bytes: version.block })
  await world.advance(20_000)
  const before = hand.asked.filter(({ asked }) => asked.type === 'tips').length
  await push([{ index: 0, answer: { type: 'missed' } }])
  await world.advance(20_000)
  t.ok(hand.asked.filter(({ asked }) => asked.type === 'tips').length > before)
  t.alike(idsTold(dee), [idToText(version.id)])
})
