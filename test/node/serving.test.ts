/** What a server answers to queries that an honest client asks: lists, snapshots, the five answers. */
import test from 'brittle'
import fc from 'fast-check'
import { encode } from '../../src/base/codec.ts'
import { compareBytes, sha256 } from '../../src/base/hash.ts'
import { parseBlock } from '../../src/content/block.ts'
import { compressSignMarkdown, type PageDraft } from '../../src/content/page.ts'
import type { SignedRecord } from '../../src/content/record.ts'
import { pageLocator, type Space } from '../../src/content/space.ts'
import { VERSION } from '../../src/content/version.ts'
import { MemoryStore } from '../../src/node/memory-store.ts'
import { type QueryOf, query as queryCodec } from '../../src/node/queries.ts'
import type { Listing } from '../../src/node/wire.ts'
import { actor, onAnotherDevice, START_MS, stored } from '../helpers/actor.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { HandClient } from '../helpers/hand-client.ts'
import { parameters } from '../helpers/seed.ts'
import { World } from '../helpers/world.ts'

type Asked = QueryOf<'records'>

const GROUP: Space = { type: 'group', id: sha256(utf8('the bee keepers')) }
const LOCATOR = pageLocator({ space: GROUP, path: 'bees' })
const LIST: Asked = {
  type: 'records',
  locator: LOCATOR,
  kind: 0,
  field: { type: 'time' },
  order: { type: 'asc' },
  offset: 0,
  count: 256,
  snapshot: undefined,
  vouchedBy: undefined,
}

/** A node that keeps twelve versions of one page by three people, some of the same time. */
async function keeper(): Promise<{
  world: World
  client: HandClient
  records: SignedRecord[]
  store: MemoryStore
}> {
  const world = new World()
  const people = ['ada', 'bo', 'cy'].map((name) => actor(name, world.network))
  const store = new MemoryStore()
  const records: SignedRecord[] = []
  for (const [i, who] of people.entries()) {
    const drafts = [0, 1, 2, 3].map(
      (n): PageDraft => ({
        space: GROUP,
        path: 'bees',
        text: utf8(`${i} ${n}`),
        parents: [],
        summary: '',
        timeMs: START_MS - 1_000 * (n % 2) - n,
        nonce: Uint8Array.of(0, 0, 0, 0, 0, 0, i, n),
      }),
    )
    const pages = compressSignMarkdown(drafts, who.identity.author)
    const blocks = pages.map(({ id, locator, timeMs, block }) => {
      return { id, locator, kind: VERSION, timeMs, length: block.byteLength, bytes: block }
    })
    records.push(...blocks.map(({ bytes }) => parseBlock(bytes).record))
    await store.append('shelf', [...blocks, ...who.identity.blocks], { sync: false })
  }
  world.add('keeper', { store })
  const client = new HandClient(world.addStranger('hand'))
  world.connect('hand', 'keeper')
  await world.settle()
  await client.earn({ type: 'introduce' })
  await client.thank()
  return { world, client, records, store }
}

/** The ids that a list holds, and what is said of it. */
async function listed(client: HandClient, asked: Asked): Promise<{ ids: string[]; listing: Listing }> {
  const ask = await client.ask(asked)
  if (client.end.all('result').at(-1)!.last) await client.thank()
  const found = client
    .items(ask)
    .flatMap(({ index, answer }) => (answer.type === 'found' ? [{ index, bytes: answer.bytes }] : []))
    .sort((a, b) => a.index - b.index)
  const listing = client.end.all('result').find((one) => one.ask === ask && one.last)!.listing!
  return { ids: found.map(({ bytes }) => hex(parseBlock(bytes).record.id)), listing }
}

/** What the list must be, said plainly. */
function sorted(
  records: SignedRecord[],
  field: Asked['field']['type'],
  order: Asked['order']['type'],
): string[] {
  const compare = (a: SignedRecord, b: SignedRecord): number => {
    if (field === 'time' && a.timeMs !== b.timeMs) return a.timeMs - b.timeMs
    if (field === 'author' && hex(a.signer) !== hex(b.signer)) return compareBytes(a.signer, b.signer)
    return compareBytes(a.id, b.id)
  }
  const ids = [...records].sort(compare).map(({ id }) => hex(id))
  return order === 'asc' ? ids : ids.reverse()
}

test('serving - records are sorted by time, author or id, both ways, ties by id', async (t) => {
  const { client, records } = await keeper()
  t.ok(new Set(records.map(({ timeMs }) => timeMs)).size < records.length, 'some are of the same time')
  for (const field of ['time', 'author', 'id'] as const) {
    for (const order of ['asc', 'desc'] as const) {
      const { ids, listing } = await listed(client, {
        ...LIST,
        field: { type: field },
        order: { type: order },
      })
      t.alike(ids, sorted(records, field, order), `${field} ${order}`)
      t.is(listing.total, 12)
    }
  }
})

test('serving - pages of a list are cut from one snapshot, whatever comes meanwhile', async (t) => {
  const { world, client, records, store } = await keeper()
  const first = await listed(client, { ...LIST, count: 5 })
  const late = compressSignMarkdown(
    [
      {
        space: GROUP,
        path: 'bees',
        text: utf8('late'),
        parents: [],
        summary: '',
        timeMs: START_MS - 9_999,
        nonce: new Uint8Array(8),
      },
    ],
    actor('ada', world.network).identity.author,
  )[0]!
  const { id, locator, timeMs, block } = late
  await store.append(
    'shelf',
    [{ id, locator, kind: VERSION, timeMs, length: block.byteLength, bytes: block }],
    {
      sync: false,
    },
  )
  const { snapshot } = first.listing
  await world.advance(59_999)
  const rest = await listed(client, { ...LIST, offset: 5, snapshot })
  t.alike([...first.ids, ...rest.ids], sorted(records, 'time', 'asc'))
  t.is(rest.listing.total, 12)
  t.is(rest.listing.offset, 5)
  t.alike(hex(rest.listing.snapshot), hex(snapshot))
  t.alike(
    (await listed(client, { ...LIST, offset: 99, snapshot })).ids,
    [],
    'behind the end there is nothing',
  )

  await world.advance(2)
  await client.ask({ ...LIST, offset: 5, snapshot })
  t.is(client.refusal, 'SNAPSHOT_GONE')
  const fresh = await listed(client, LIST)
  t.is(fresh.listing.total, 13)
  t.is(fresh.ids[0], hex(late.id), 'a new list has what came')
})

test('serving - a list is kept for who asked for it, whatever others ask', async (t) => {
  const { world, client } = await keeper()
  const { listing } = await listed(client, { ...LIST, count: 5 })
  const other = new HandClient(world.addStranger('other'))
  world.connect('other', 'keeper')
  await world.settle()
  await other.earn({ type: 'introduce' })
  await other.thank()
  for (let i = 0; i < 5; i++) await listed(other, { ...LIST, count: 1 })
  const { snapshot } = listing
  t.is((await listed(client, { ...LIST, offset: 5, snapshot })).ids.length, 7, 'theirs do not put it out')
  await other.ask({ ...LIST, snapshot })
  t.is(other.refusal, 'SNAPSHOT_GONE', 'it is not theirs to read')

  for (let i = 0; i < 4; i++) await listed(client, { ...LIST, count: 1 })
  await client.ask({ ...LIST, offset: 5, snapshot })
  t.is(client.refusal, 'SNAPSHOT_GONE', 'its own do')
})

test('serving - for who does not read one load of blocks is in memory, whatever is asked', async (t) => {
  const { world, client, records, store } = await keeper()
  const ids = records.map(({ id }) => id)
  const load = store.get.bind(store)
  let loads = 0
  let underWay = 0
  let most = 0
  store.get = async (wanted) => {
    if (wanted.length === ids.length) loads += 1
    most = Math.max(most, ++underWay)
    const blocks = await load(wanted)
    underWay -= 1
    return blocks
  }
  const asked = encode(queryCodec, { type: 'blocks', ids, certify: false })
  const askEight = async (first: number): Promise<void> => {
    for (let i = 0; i < 8; i++) client.sayAsk(first + i, asked)
    await world.settle()
  }
  await askEight(100)
  t.is(loads, 8)
  t.is(most, 1, 'one after the other')

  world.press('hand', client.end.number, 'blocked')
  await askEight(200)
  t.is(loads, 8, 'who does not read has nothing loaded')
  world.press('hand', client.end.number, 'drained')
  await world.settle()
  t.is(loads, 16)
  t.is(client.items(207).filter(({ answer }) => answer.type === 'found').length, ids.length)
})

test('serving - who reads nothing for five minutes is parted with, whoever reads a little is not', async (t) => {
  const { world, client } = await keeper()
  const { end } = client
  const press = (how: 'blocked' | 'drained'): void => world.press('hand', end.number, how)
  for (let minute = 0; minute < 8; minute++) {
    press('blocked')
    await world.advance(60_000)
    press('drained')
    press('drained')
  }
  t.ok(end.isConnected, 'it had room again each time')
  press('blocked')
  await world.advance(4 * 60_000)
  press('blocked')
  t.ok(end.isConnected)
  await world.advance(60_000)
  t.absent(end.isConnected, 'that it was said again did not begin it anew')
})

test('serving - who greets while much is on its way to it is challenged when that has gone, once', async (t) => {
  const { world, client } = await keeper()
  const { end } = client
  const challenges = (): number => end.heard.filter(({ name }) => name === 'challenge').length
  const before = challenges()
  world.press('hand', end.number, 'blocked')
  for (let times = 0; times < 3; times++) end.say('hello', client.hello())
  await world.settle()
  t.is(challenges(), before, 'who does not read is sent nothing more')
  world.press('hand', end.number, 'drained')
  await world.settle()
  t.is(challenges(), before + 1)
  world.press('hand', end.number, 'blocked')
  world.press('hand', end.number, 'drained')
  await world.settle()
  t.is(challenges(), before + 1, 'and not again')
})

test('serving - a list may be asked for of one kind, and of what one entity signed', async (t) => {
  const { world, client, records } = await keeper()
  const ada = actor('ada', world.network)
  const vouched = await listed(client, { ...LIST, vouchedBy: ada.entity })
  const hers = records.filter(({ signer }) => hex(signer) === hex(ada.entity))
  t.alike(vouched.ids, sorted(hers, 'time', 'asc'))
  t.is(vouched.listing.total, 4)
  t.alike((await listed(client, { ...LIST, vouchedBy: sha256(utf8('nobody')) })).ids, [])
  t.is((await listed(client, { ...LIST, kind: VERSION })).ids.length, 12)
  t.is((await listed(client, { ...LIST, kind: 4 })).ids.length, 0)
  const atEntity = { ...LIST, locator: stored(ada.genesis).locator }
  t.is((await listed(client, atEntity)).ids.length, 2, 'key and certificate live at the entity')
})

test('serving - any cut of any list is what the whole list has there', async (t) => {
  const { client, records } = await keeper()
  const cuts = fc.record({
    field: fc.constantFrom('time' as const, 'author' as const, 'id' as const),
    order: fc.constantFrom('asc' as const, 'desc' as const),
    offset: fc.nat(14),
    count: fc.integer({ min: 1, max: 14 }),
  })
  await fc.assert(
    fc.asyncProperty(cuts, async ({ field, order, offset, count }) => {
      const asked = { ...LIST, field: { type: field }, order: { type: order }, offset, count }
      const { ids, listing } = await listed(client, asked)
      const expected = sorted(records, field, order).slice(offset, offset + count)
      return ids.join() === expected.join() && listing.total === 12
    }),
    parameters({ numRuns: 40 }),
  )
  t.pass()
})

test('serving - each thing asked for gets one of the answers, at its place', async (t) => {
  const { world, client, records, store } = await keeper()
  const lost = records[0]!.id
  store.damage(lost)
  const nothing = sha256(utf8('nothing'))
  const ids = [records[1]!.id, nothing, lost, records[2]!.id]
  const ask = await client.ask({ type: 'blocks', ids, certify: false })
  const answers = client.items(ask).filter(({ answer }) => (answer.type as string) !== 'key')
  t.alike(
    answers.map(({ index, answer }) => [index, answer.type]),
    [
      [0, 'found'],
      [1, 'unknown'],
      [2, 'lost'],
      [3, 'found'],
    ],
    'what was here and is damaged is lost: help wanted',
  )
  const strict = world.add('strict', {
    store,
    retention: { serves: (id) => hex(id) !== hex(records[1]!.id), servesAll: () => false },
  })
  const second = new HandClient(world.addStranger('second'))
  world.connect('second', strict.name)
  await world.settle()
  await second.earn({ type: 'blocks', ids: [records[1]!.id, records[2]!.id], certify: false })
  const said = second.items(0).filter(({ answer }) => (answer.type as string) !== 'key')
  t.alike(
    said.map(({ answer }) => answer),
    [{ type: 'refused', reason: { type: 'policy' } }, said[1]!.answer],
  )
  t.is(said[1]!.answer.type, 'found')
})

test('serving - an introduction shows the key and the certificate of the device that answers', async (t) => {
  const world = new World()
  const twin = onAnotherDevice(actor('bo', world.network), 'twin')
  world.add('bo')
  world.add('twin', { actor: twin })
  for (const [name, device] of [
    ['bo', actor('bo', world.network)],
    ['twin', twin],
  ] as const) {
    const client = new HandClient(world.addStranger(`asker of ${name}`))
    world.connect(client.end.name, name)
    await world.settle()
    await client.earn({ type: 'introduce' })
    const ids = client
      .items(0)
      .flatMap(({ answer }) => (answer.type === 'found' ? [hex(parseBlock(answer.bytes).record.id)] : []))
    t.alike(ids, [hex(device.entity), hex(device.certificate)])
  }
})
