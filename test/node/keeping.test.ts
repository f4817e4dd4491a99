/** What a keeper takes in: nothing under an id that belongs to something else, no record without its key, and no room held for who does not deliver. */
import test from 'brittle'
import { sha256 } from '../../src/base/hash.ts'
import { BLOCK_BYTES_MAX } from '../../src/base/limits.ts'
import { formBlock, parseBlock } from '../../src/content/block.ts'
import { chunk } from '../../src/content/chunks.ts'
import { compressSignMarkdown, hashSignPiece, type PageDraft } from '../../src/content/page.ts'
import { cut, encodeTable, type Piece } from '../../src/content/piece.ts'
import { pageLocator } from '../../src/content/space.ts'
import { checkItems } from '../../src/node/checking.ts'
import type { QueryOf } from '../../src/node/queries.ts'
import { type Actor, actor, START_MS, stored, verify } from '../helpers/actor.ts'
import { utf8 } from '../helpers/bytes.ts'
import { HandClient } from '../helpers/hand-client.ts'
import { World, type WorldNode } from '../helpers/world.ts'

type Offer = QueryOf<'store'>['offers'][number]
interface Given {
  offer: Offer
  bytes: Uint8Array
}

function draftOf({ entity }: Actor, text: string): PageDraft {
  return {
    space: { type: 'entity', id: entity },
    path: 'bees',
    text: utf8(text),
    parents: [],
    summary: '',
    timeMs: START_MS,
    nonce: new Uint8Array(8),
  }
}

function versionOf(who: Actor): Given & { id: Uint8Array } {
  const { id, locator, block } = compressSignMarkdown([draftOf(who, '# Bees\n')], who.identity.author)[0]!
  return { id, offer: { id, locator, bytes: block.byteLength, owner: undefined }, bytes: block }
}

function keyOf({ genesis }: Actor): Given {
  const { id, locator, bytes } = stored(genesis)
  return { offer: { id, locator, bytes: bytes.byteLength, owner: undefined }, bytes }
}

/** A client by hand whose session with bo is open. */
async function handClient(world: World, name: string): Promise<{ client: HandClient; end: number }> {
  const client = new HandClient(world.addStranger(name))
  const { a: end } = world.connect(name, 'bo')
  await world.settle()
  await client.earn({ type: 'introduce' })
  await client.thank()
  return { client, end }
}

/** Offers and delivers; what was answered, of which kind. */
async function give(client: HandClient, given: Given[]): Promise<string[]> {
  const ask = await client.ask({ type: 'store', offers: given.map(({ offer }) => offer) })
  const answers = client.items(ask).map(({ answer }) => answer.type)
  if (answers.includes('wanted')) {
    await client.deliver({ ask, last: true, items: given.map(({ bytes }, index) => ({ index, bytes })) })
  }
  return answers
}

const faults = (node: WorldNode) => node.events.filter(({ type }) => type === 'fault').map(({ code }) => code)

test('keeping - the id of a record is not taken by a piece of the same hash', async (t) => {
  const world = new World()
  const bo = world.add('bo')
  const ada = actor('ada', world.network)
  const { client } = await handClient(world, 'mallory')
  const mallory = client.end.actor
  const victim = versionOf(ada)
  const { record } = parseBlock(victim.bytes)
  t.alike(Buffer.from(sha256(record.bytes)), Buffer.from(victim.id))

  const stolen: Piece = { hash: victim.id, bytes: record.bytes, textBytes: 10 }
  const pieces = [cut(utf8('a text'))[0]!, stolen]
  const draft = draftOf(mallory, 'a text')
  const signed = hashSignPiece([{ draft, pieces }], mallory.identity.author)[0]!
  const block = formBlock(signed, encodeTable(pieces))
  const locator = pageLocator(draft)
  await give(client, [
    keyOf(mallory),
    { offer: { id: signed.id, locator, bytes: block.byteLength, owner: undefined }, bytes: block },
    ...pieces.map(({ hash, bytes }) => ({
      offer: { id: hash, locator, bytes: bytes.byteLength, owner: signed.id },
      bytes,
    })),
  ])
  t.alike(faults(bo), ['BAD_GZIP'])
  t.is((await bo.store.meta([victim.id]))[0], undefined)

  const honest = await handClient(world, 'honest')
  t.alike(await give(honest.client, [keyOf(ada), victim]), ['wanted', 'wanted'])
  const eve = world.add('eve', { isReader: true })
  world.connect('eve', 'bo')
  const got = await eve.run({ type: 'get', target: { id: victim.id }, untilMs: world.nowMs + 10_000 })
  t.is(Buffer.from(got.text).toString(), '# Bees\n')
})

test('checking - a loose piece is a piece of a text or a chunk of an index, and nothing else of that hash', (t) => {
  const { network } = new World()
  const { record } = parseBlock(versionOf(actor('ada', network)).bytes)
  const piece = cut(utf8('a text'))[0]!
  const [part] = chunk([{ path: 'bees', version: record.id }])
  const items = [piece.bytes, part!.bytes, record.bytes].map((bytes) => ({
    id: sha256(bytes),
    bytes,
    pieceAt: new Uint8Array(32),
  }))
  const outcomes = checkItems({ items, keys: [], nowMs: START_MS, withTexts: false }, network, verify)
  t.alike(
    outcomes.map(({ ok }) => ok),
    [true, true, false],
  )
})

test('keeping - a record whose key is only in memory is kept together with it', async (t) => {
  const world = new World()
  const bo = world.add('bo')
  const ada = world.add('ada')
  world.connect('ada', 'bo')
  await world.settle()
  t.is((await bo.store.meta([ada.actor.genesis.id]))[0], undefined, 'known from the introduction alone')

  const { client } = await handClient(world, 'hand')
  const version = versionOf(ada.actor)
  t.alike(await give(client, [version]), ['wanted'])
  const eve = world.add('eve', { isReader: true })
  world.connect('eve', 'bo')
  const got = await eve.run({ type: 'get', target: { id: version.id }, untilMs: world.nowMs + 10_000 })
  t.is(Buffer.from(got.text).toString(), '# Bees\n')
  t.alike(faults(eve), [])
})

/** Nearly all that one caller may be about to deliver: half of what a keeper takes at a time. */
const LARGE: Offer[] = Array.from({ length: 240 }, (_, i) => ({
  id: sha256(utf8(`${i}`)),
  locator: new Uint8Array(32),
  bytes: BLOCK_BYTES_MAX,
  owner: undefined,
}))

test('keeping - the room of a delivery is free again when it breaks the rules, or its connection ends', async (t) => {
  const world = new World()
  const bo = world.add('bo')
  for (const [i, how] of ['wrong', 'gone', 'wrong', 'gone', 'wrong'].entries()) {
    const { client, end } = await handClient(world, `hand ${i}`)
    const ask = await client.ask({ type: 'store', offers: LARGE })
    const answers = new Set(client.items(ask).map(({ answer }) => answer.type))
    t.alike([...answers], ['wanted'], `${i}: there is room for all`)
    if (how === 'gone') world.disconnect(`hand ${i}`, end)
    else await client.deliver({ ask, last: false, items: [{ index: 0, bytes: new Uint8Array(9) }] })
    await world.settle()
  }
  t.alike(faults(bo), ['WRONG_QUERY', 'WRONG_QUERY', 'WRONG_QUERY'], 'who only left is not blamed')
})

test('keeping - what others are about to deliver takes its room of the quota', async (t) => {
  const world = new World()
  world.add('bo', { quotaBytes: 100_000 })
  const offers = (name: string): Offer[] => [{ ...LARGE[0]!, id: sha256(utf8(name)), bytes: 60_000 }]
  const one = await handClient(world, 'one')
  const two = await handClient(world, 'two')
  const first = await one.client.ask({ type: 'store', offers: offers('one') })
  t.is(one.client.items(first)[0]?.answer.type, 'wanted')
  const second = await two.client.ask({ type: 'store', offers: offers('two') })
  t.is(two.client.items(second)[0]?.answer.type, 'refused')
  world.disconnect('one', one.end)
  await world.settle()
  const third = await two.client.ask({ type: 'store', offers: offers('two') })
  t.is(two.client.items(third)[0]?.answer.type, 'wanted')
})

test('keeping - a delivery has one deadline, however many messages it comes in', async (t) => {
  const world = new World()
  const bo = world.add('bo')
  const { client } = await handClient(world, 'hand')
  const ada = actor('ada', world.network)
  const given = [keyOf(ada), versionOf(ada)]
  const ask = await client.ask({ type: 'store', offers: given.map(({ offer }) => offer) })
  await world.advance(50_000)
  await client.deliver({ ask, last: false, items: [{ index: 0, bytes: given[0]!.bytes }] })
  t.is(client.refusal, undefined)
  await world.advance(10_000)
  t.is(client.refusal, 'TIMEOUT')
  t.alike(faults(bo), [])
})
