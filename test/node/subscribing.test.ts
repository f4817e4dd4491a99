/** Subscriptions as a server keeps them: what is pushed, to whom, in which order, how much, and until when. */
import test from 'brittle'
import { sha256 } from '../../src/base/hash.ts'
import { parseBlock } from '../../src/content/block.ts'
import { entityLocator, pageLocator, spaceLocator } from '../../src/content/space.ts'
import { UNTHANKED_PUSHES_MAX } from '../../src/node/push-credit.ts'
import type { QueryOf } from '../../src/node/queries.ts'
import { PLACES_MAX, PUSHES_MAX, SUBSCRIPTIONS_MAX } from '../../src/node/subscribing.ts'
import { WAITING_MAX } from '../../src/node/subscription.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { HandClient } from '../helpers/hand-client.ts'
import { type NodeOptions, World, type WorldNode } from '../helpers/world.ts'

type Asked = QueryOf<'subscribe'>

/** A node with an open session to a client by hand. */
async function served(
  options: NodeOptions = {},
): Promise<{ world: World; ada: WorldNode; client: HandClient }> {
  const world = new World()
  const ada = world.add('ada', options)
  const client = new HandClient(world.addStranger('hand'))
  world.connect('hand', 'ada')
  await world.settle()
  await client.earn({ type: 'introduce' })
  await client.thank()
  return { world, ada, client }
}

const to = (...locators: Uint8Array[]): Asked => ({
  type: 'subscribe',
  locators,
  seconds: 600,
  certify: false,
  replaces: undefined,
})

const at = ({ actor }: WorldNode, path: string): Uint8Array =>
  pageLocator({ space: { type: 'entity', id: actor.entity }, path })

async function publish(
  world: World,
  { run }: WorldNode,
  path: string,
  text: string,
  index = false,
): Promise<string> {
  const { pages } = await run({ type: 'publish', pages: [{ path, text: utf8(text) }], summary: '', index })
  await world.settle()
  return hex(pages[0]!.id)
}

/** What came for a query: which locator, and which record. */
function pushed(client: HandClient, ask: number): [number, string][] {
  return client
    .items(ask)
    .flatMap(({ index, answer }) =>
      answer.type === 'found' ? [[index, hex(parseBlock(answer.bytes).record.id)] as [number, string]] : [],
    )
}

const hasEnded = (client: HandClient, ask: number): boolean =>
  client.end.all('result').some((one) => one.ask === ask && one.last)

test('subscribing - what is stored at a locator from then on is pushed, in the order of storing, and nothing else', async (t) => {
  const { world, ada, client } = await served()
  await publish(world, ada, 'bees', 'before')
  const ask = await client.ask(to(at(ada, 'bees'), at(ada, 'wasps')))
  t.alike(client.items(ask), [], 'what was there before is not told')
  t.is(client.end.all('result').filter((one) => one.ask === ask).length, 1, 'but that it is open')
  const first = await publish(world, ada, 'bees', 'one')
  await publish(world, ada, 'ants', 'of no interest')
  const second = await publish(world, ada, 'wasps', 'two')
  const third = await publish(world, ada, 'bees', 'three')
  t.alike(pushed(client, ask), [
    [0, first],
    [1, second],
    [0, third],
  ])
  t.absent(hasEnded(client, ask))
  t.is(
    client.items(ask).filter(({ answer }) => answer.type === 'key').length,
    1,
    'the key of their author came once',
  )
})

test('subscribing - the records of an entity come: its new index', async (t) => {
  const { world, ada, client } = await served()
  await publish(world, ada, 'bees', 'before', true)
  const space = { type: 'entity' as const, id: ada.actor.entity }
  const ask = await client.ask(to(entityLocator(ada.actor.entity), spaceLocator(space)))
  await publish(world, ada, 'wasps', 'new', true)
  t.alike(
    client
      .items(ask)
      .filter(({ answer }) => answer.type === 'found')
      .map(({ index }) => index),
    [1],
    'the index, and none of its chunks',
  )
})

test('subscribing - it ends with its time, and with the connection it is forgotten', async (t) => {
  const { world, ada, client } = await served()
  const ask = await client.ask({ ...to(at(ada, 'bees')), seconds: 60 })
  await world.advance(59_000)
  t.absent(hasEnded(client, ask))
  await world.advance(1_001)
  t.ok(hasEnded(client, ask))
  await publish(world, ada, 'bees', 'too late')
  t.alike(pushed(client, ask), [])
  await client.thank()
  const next = await client.ask(to(at(ada, 'bees')))
  world.disconnect('hand', client.end.number)
  await world.settle()
  await publish(world, ada, 'bees', 'after the end')
  t.alike(pushed(client, next), [])
  t.is(ada.service.held.connections, 0)
  t.is(ada.service.held.subscribed, 0, 'nothing is watched for nobody')
})

test('subscribing - one that replaces another misses nothing and is told nothing twice', async (t) => {
  const { world, ada, client } = await served()
  const bees = at(ada, 'bees')
  const first = await client.ask(to(bees))
  world.press('hand', client.end.number, 'blocked')
  const ids = [await publish(world, ada, 'bees', 'one'), await publish(world, ada, 'bees', 'two')]
  t.alike(pushed(client, first), [], 'nothing is read for a link that takes nothing')
  const second = await client.ask({ ...to(at(ada, 'ants'), bees), replaces: first })
  ids.push(await publish(world, ada, 'bees', 'three'))
  world.press('hand', client.end.number, 'drained')
  await world.settle()
  t.alike(
    [...pushed(client, first), ...pushed(client, second)].map(([, id]) => id),
    ids,
  )
  t.ok(hasEnded(client, first))
  t.absent(hasEnded(client, second))
})

test('subscribing - named with no locators it is cancelled', async (t) => {
  const { world, ada, client } = await served()
  const ask = await client.ask(to(at(ada, 'bees')))
  const cancel = await client.ask({ ...to(), replaces: ask })
  t.ok(hasEnded(client, ask))
  t.ok(hasEnded(client, cancel))
  await publish(world, ada, 'bees', 'unheard')
  t.alike(pushed(client, ask), [])
  t.ok(hasEnded(client, await client.ask({ ...to(), replaces: 4_000 })), 'also one that never was')
})

test('subscribing - many of them take no place: other queries are served as ever, up to the bound', async (t) => {
  const { ada, client } = await served({ standing: { window: () => 1_000_000 } })
  const asks: number[] = []
  for (let i = 0; i < SUBSCRIPTIONS_MAX; i++) asks.push(await client.ask(to(at(ada, `page ${i}`))))
  const other = await client.ask({ type: 'introduce' })
  t.ok(hasEnded(client, other))
  const tooMany = await client.ask(to(at(ada, 'bees')))
  t.is(client.refusal, 'QUOTA_FULL')
  t.absent(hasEnded(client, tooMany))
  const renewed = await client.ask({ ...to(at(ada, 'bees')), replaces: asks[0] })
  t.ok(hasEnded(client, asks[0]!), 'one may take the place of another')
  t.absent(hasEnded(client, renewed))
})

test('subscribing - the locators of a connection are bounded, whatever the number of its subscriptions', async (t) => {
  const { ada, client } = await served({ standing: { window: () => 1_000_000 } })
  const locators = (of: number): Uint8Array[] =>
    Array.from({ length: 128 }, (_, i) => sha256(utf8(`${of} ${i}`)))
  for (let i = 0; i < PLACES_MAX / 128; i++) await client.ask(to(...locators(i)))
  t.is(client.end.all('refuse').length, 0)
  await client.ask(to(at(ada, 'bees')))
  t.is(client.refusal, 'QUOTA_FULL')
})

test('subscribing - nobody is sent more than it thanks for; what is too much is said to be missed', async (t) => {
  const { world, ada, client } = await served({ standing: { window: () => 1_000_000 } })
  const ask = await client.ask(to(at(ada, 'bees'), at(ada, 'wasps')))
  const ids: string[] = []
  for (let i = 0; i < UNTHANKED_PUSHES_MAX + 10; i++) ids.push(await publish(world, ada, 'bees', `${i}`))
  t.alike(
    pushed(client, ask).map(([, id]) => id),
    ids.slice(0, UNTHANKED_PUSHES_MAX),
  )
  await client.thank()
  await world.settle()
  t.is(pushed(client, ask).length, UNTHANKED_PUSHES_MAX + 10, 'the rest comes with the thanks')

  const flood = await client.ask(to(at(ada, 'bees'), at(ada, 'wasps')))
  world.press('hand', client.end.number, 'blocked')
  for (let i = 0; i < WAITING_MAX; i++) await publish(world, ada, 'bees', `flood ${i}`)
  await publish(world, ada, 'wasps', 'one too many')
  world.press('hand', client.end.number, 'drained')
  await world.settle()
  const missed = client.items(flood).filter(({ answer }) => answer.type === 'missed')
  t.alike(
    missed.map(({ index }) => index),
    [1],
    'the locator of what had no place any more',
  )
  t.is(pushed(client, flood).length, WAITING_MAX)
  t.absent(hasEnded(client, flood), 'and it goes on')
})

test('subscribing - it ends when as much was sent as it paid for', async (t) => {
  const { world, ada, client } = await served({ standing: { window: () => 1_000_000 } })
  const ask = await client.ask(to(at(ada, 'bees')))
  for (let i = 0; i <= PUSHES_MAX; i++) {
    t.is(hasEnded(client, ask), i >= PUSHES_MAX)
    await publish(world, ada, 'bees', `${i}`)
    if (i % 100 === 99) await client.thank()
  }
  t.is(pushed(client, ask).length, PUSHES_MAX)
})

test('subscribing - what this node does not keep is moved, what its operator denied is refused', async (t) => {
  const world = new World()
  const ada = world.add('ada', { depth: 4 })
  const client = new HandClient(world.addStranger('hand'))
  world.connect('hand', 'ada')
  await world.settle()
  await client.earn({ type: 'introduce' })
  await client.thank()
  const paths = Array.from({ length: 64 }, (_, i) => `page ${i}`)
  const ask = await client.ask(to(...paths.map((path) => at(ada, path))))
  const moved = client.items(ask).filter(({ answer }) => answer.type === 'moved')
  t.ok(moved.length > 32 && moved.length < 64, `${moved.length} of 64 are not its own`)
  await publish(world, ada, 'page 1', 'hers, wherever it lies')
  const again = await client.ask(to(at(ada, 'page 1')))
  t.alike(client.items(again), [], 'what is here is watched too')
  const denied = at(ada, 'page 2')
  const rule = { type: 'deny' as const, id: denied, about: 'page 2', why: '', sinceMs: 0 }
  await ada.run({ type: 'obey', rules: [rule] })
  await client.thank()
  const refused = await client.ask(to(denied))
  t.is(client.items(refused)[0]?.answer.type, 'refused')
})

test('subscribing - what is denied while it is open is not pushed', async (t) => {
  const { world, ada, client } = await served()
  const bees = at(ada, 'bees')
  const ask = await client.ask(to(bees))
  const rule = { type: 'deny' as const, id: bees, about: 'bees', why: '', sinceMs: 0 }
  await ada.run({ type: 'obey', rules: [rule] })
  await publish(world, ada, 'bees', 'not for others').catch(() => undefined)
  t.alike(pushed(client, ask), [])
})
