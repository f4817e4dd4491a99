import test from 'brittle'
import { sha256 } from '../../src/base/hash.ts'
import { BOOKMARK, bookmarkBody } from '../../src/content/bookmark.ts'
import { ownHeads } from '../../src/content/heads.ts'
import type { Page } from '../../src/content/space.ts'
import { diffBody, VERSION_DIFF } from '../../src/content/version-diff.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { actor, type NodeOptions, World, type WorldNode } from '../helpers/world.ts'

const PAGE: Page = { space: { type: 'group', id: sha256(utf8('the gardeners')) }, path: 'bees' }

async function worldOf(names: string[], options: Record<string, NodeOptions> = {}): Promise<World> {
  const world = new World()
  for (const name of names) world.add(name, options[name])
  for (const [i, a] of names.entries()) for (const b of names.slice(i + 1)) world.connect(a, b)
  await world.settle()
  return world
}

const node = (world: World, name: string): WorldNode => world.nodes.get(name)!

/** Publishes beside whatever is there, and waits until others hold it. */
async function publish(
  world: World,
  name: string,
  text: string,
  parents: Uint8Array[] = [],
): Promise<Uint8Array> {
  const author = node(world, name)
  const { pages, batches } = await author.run({
    type: 'publish',
    pages: [{ ...PAGE, text: utf8(text), parents, isFork: true }],
    summary: '',
    index: false,
  })
  await author.run({ type: 'held', batches, patienceMs: 10_000 })
  return pages[0]!.id
}

async function mark(world: World, name: string, version: Uint8Array | undefined): Promise<void> {
  const who = node(world, name)
  const body = bookmarkBody(PAGE, version, { signer: who.actor.entity, replaces: [] })
  const { batches } = await who.run({ type: 'declare', records: [{ kind: BOOKMARK, body }] })
  await who.run({ type: 'held', batches, patienceMs: 10_000 })
}

const get = (world: World, name: string) =>
  node(world, name).run({ type: 'get', target: { page: PAGE }, untilMs: world.nowMs + 10_000 })

test("finding a head - the reader's own bookmark holds, also for a version that is no longer anybody's tip", async (t) => {
  const world = await worldOf(['ada', 'bo'])
  const first = await publish(world, 'ada', 'one\n')
  await publish(world, 'ada', 'two\n', [first])
  await mark(world, 'bo', first)
  const got = await get(world, 'bo')
  t.is(hex(got.id), hex(first))
  t.is(got.why, 'own bookmark')
  t.is(Buffer.from(got.text).toString(), 'one\n')
  t.is((await get(world, 'ada')).why, 'only tip', 'for others it decides nothing')
})

/*  one ── left ── leftmost        cy has a bookmark on `left`, which is no tip
 *    └─── right                                                             */
test('finding a head - at a fork the bookmarks of trusted people are asked for, and what they name', async (t) => {
  const trusted = actor('cy', new World().network).entity
  const trustOf = (entity: Uint8Array) => (hex(entity) === hex(trusted) ? 1 : 0)
  const world = await worldOf(['ada', 'bo', 'cy'])
  const one = await publish(world, 'ada', 'one\n')
  const left = await publish(world, 'ada', 'left\n', [one])
  const leftmost = await publish(world, 'ada', 'leftmost\n', [left])
  const right = await publish(world, 'bo', 'right\n', [one])
  const [smaller, larger] = [leftmost, right].sort(Buffer.compare) as [Uint8Array, Uint8Array]
  await mark(world, 'cy', hex(larger) === hex(leftmost) ? left : right)
  for (const [name, heads] of [
    ['eve', ownHeads({ trustOf })],
    ['fay', ownHeads()],
  ] as const) {
    world.add(name, { isReader: true, heads })
    for (const keeper of ['ada', 'bo', 'cy']) world.connect(name, keeper)
  }
  await world.settle()
  const trusting = await get(world, 'eve')
  t.is(hex(trusting.id), hex(larger))
  t.is(trusting.why, 'more bookmarks')
  t.is(trusting.choices.length, 1)
  t.is(hex(trusting.choices[0]!.at!), hex(one))
  const other = await get(world, 'fay')
  t.is(hex(other.id), hex(smaller), 'who trusts nobody takes the smaller id')
  t.is(other.otherTips.length, 1)
})

test('finding a head - hundreds of bookmarks and differences crowd out no version', async (t) => {
  const world = await worldOf(['ada', 'bo'])
  const one = await publish(world, 'ada', 'one\n')
  const two = await publish(world, 'ada', 'two\n', [one])
  const bo = node(world, 'bo')
  const diff = diffBody(PAGE, bo.actor.entity, { id: one, text: 'one\n' }, { id: two, text: 'two\n' })!
  const records = Array.from({ length: 100 }, () => [
    { kind: BOOKMARK, body: bookmarkBody(PAGE, one, { signer: bo.actor.entity, replaces: [] }) },
    { kind: VERSION_DIFF, body: diff },
  ]).flat()
  const { batches } = await bo.run({ type: 'declare', records })
  await bo.run({ type: 'held', batches, patienceMs: 10_000 })
  world.add('eve', { isReader: true })
  world.connect('eve', 'ada')
  world.connect('eve', 'bo')
  await world.settle()
  t.is(hex((await get(world, 'eve')).id), hex(two))
})

/*  one ── two ── … ── last        eve has read `one` long ago; what lies between is with others */
test('finding a head - a version that was read long ago is no fork beside the newest, however much lies between', async (t) => {
  const world = await worldOf(['ada', 'bo'])
  const one = await publish(world, 'ada', 'one\n')
  world.add('eve', { isReader: true })
  const { a } = world.connect('eve', 'ada')
  await world.settle()
  t.is(hex((await get(world, 'eve')).id), hex(one))
  world.disconnect('eve', a)
  let last = one
  for (let i = 0; i < 40; i++) last = await publish(world, 'ada', `version ${i}\n`, [last])
  world.connect('eve', 'bo')
  await world.settle()
  const got = await get(world, 'eve')
  t.is(hex(got.id), hex(last))
  t.is(got.why, 'only tip')
})
