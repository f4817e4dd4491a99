/** What the operator denies leaves by no way, and whom they block is met by no way; everybody else's is as before. */
import test from 'brittle'
import fc from 'fast-check'
import { decode } from '../../src/base/codec.ts'
import { codeOf } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'
import { IdSet } from '../../src/base/id-map.ts'
import { type Block, parseBlock } from '../../src/content/block.ts'
import { locatorOf } from '../../src/content/kinds.ts'
import { decodeTable } from '../../src/content/piece.ts'
import { pageLocator, type Space, spaceLocator } from '../../src/content/space.ts'
import { SPACE_INDEX, spaceIndex } from '../../src/content/space-index.ts'
import { VERSION } from '../../src/content/version.ts'
import type { ExportedPage } from '../../src/node/commands.ts'
import type { Query } from '../../src/node/queries.ts'
import { quotaPolicy } from '../../src/node/retention.ts'
import { changedRules, RULES_MAX, type Rule, Rules, ruledBy, WHY_LETTERS_MAX } from '../../src/node/rules.ts'
import type { Item } from '../../src/node/wire.ts'
import { retentionContract } from '../contract/retention.ts'
import { actor } from '../helpers/actor.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { HandClient } from '../helpers/hand-client.ts'
import { parameters } from '../helpers/seed.ts'
import { World, type WorldNode } from '../helpers/world.ts'

retentionContract('rules without a word', ({ quotaBytes, usedBytes }) =>
  ruledBy(new Rules(), quotaPolicy(quotaBytes, usedBytes)),
)

const rule = (type: Rule['type'], id: Uint8Array): Rule => ({ type, id, about: hex(id), why: '', sinceMs: 0 })
const deny = (id: Uint8Array): Rule => rule('deny', id)
const block = (id: Uint8Array): Rule => rule('block', id)
const some = (n: number): Uint8Array => sha256(Uint8Array.of(n & 255, n >> 8))
/** Bytes that hardly compress, so that a page takes several pieces. */
const LONG = Buffer.concat(
  Array.from({ length: 4_000 }, (_, i) => Buffer.from(`${hex(some(i))}\n`)),
).toString()

const spaceOf = (node: WorldNode): Space => ({ type: 'entity', id: node.actor.entity })
const at = (node: WorldNode, path: string): Uint8Array => pageLocator({ space: spaceOf(node), path })

/** Ada's three pages, held by a keeper: a short one, one of several pieces, another short one. */
async function kept(rules: readonly Rule[] = []): Promise<{
  world: World
  ada: WorldNode
  keeper: WorldNode
  ids: Map<string, Uint8Array>
}> {
  const world = new World()
  const ada = world.add('ada')
  const keeper = world.add('keeper', { rules })
  world.connect('ada', 'keeper')
  await world.settle()
  const pages = Object.entries({ bees: 'b', atlas: LONG, wasps: 'w' })
  const published = await ada.run({
    type: 'publish',
    pages: pages.map(([path, text]) => ({ path, text: utf8(text) })),
    summary: '',
    index: true,
  })
  await world.advance(100)
  return { world, ada, keeper, ids: new Map(published.pages.map(({ path, id }) => [path, id])) }
}

/** Everything that a node keeps, with all names that it goes by. */
async function everything(node: WorldNode): Promise<{ id: Uint8Array; names: IdSet }[]> {
  const found: { id: Uint8Array; names: IdSet }[] = []
  const owners: { names: Uint8Array[]; pieces: IdSet }[] = []
  const loose: { id: Uint8Array; locator: Uint8Array }[] = []
  for await (const { id, locator, kind } of node.store.within(new Uint8Array(32), 0)) {
    if (kind === 0) {
      loose.push({ id, locator })
      continue
    }
    const [bytes] = await node.store.get([id])
    const { record, attachment } = parseBlock(bytes!)
    const names = [id, record.signer, locatorOf(record)]
    if (attachment[0] === GZIP_FIRST_BYTE) names.push(sha256(attachment))
    found.push({ id, names: new IdSet(names) })
    owners.push({ names, pieces: new IdSet(piecesOf(parseBlock(bytes!))) })
  }
  for (const { id, locator } of loose) {
    const owner = owners.find(({ pieces }) => pieces.has(id))
    found.push({ id, names: new IdSet([id, locator, ...(owner?.names ?? [])]) })
  }
  return found
}

/** The loose pieces that a block names. */
function piecesOf({ record, attachment }: Block): Uint8Array[] {
  if (record.kind === SPACE_INDEX) return decode(spaceIndex, record.body).chunks.map(({ hash }) => hash)
  const isLong = record.kind === VERSION && attachment[0] !== GZIP_FIRST_BYTE
  return isLong ? decodeTable(attachment).map(({ hash }) => hash) : []
}

const GZIP_FIRST_BYTE = 0x1f

async function visitor(world: World, to: string): Promise<HandClient> {
  const client = new HandClient(world.addStranger(`visitor ${world.strangers.size}`))
  world.connect(client.end.name, to)
  await world.settle()
  await client.earn({ type: 'introduce' })
  await client.thank()
  return client
}

async function answered(client: HandClient, asked: Query): Promise<Item[]> {
  const ask = await client.ask(asked)
  const items = client.items(ask)
  await client.thank()
  return items
}

const failureOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: { code: string }) => error.code,
  )

test('rules - one word for each thing, the newest, and a lifted one is gone', (t) => {
  const first = changedRules([], { action: 'set', rule: deny(some(1)) })
  const second = changedRules(first.rules, { action: 'set', rule: { ...deny(some(1)), why: 'because' } })
  t.alike(second.rules, [{ ...deny(some(1)), why: 'because' }])
  const both = changedRules(second.rules, { action: 'set', rule: block(some(1)) })
  t.is(both.rules.length, 2, 'denied and blocked are two things')
  const lifted = changedRules(both.rules, { action: 'lift', type: 'deny', id: some(1) })
  t.alike([lifted.rules.length, lifted.isChanged], [1, true])
  t.is(changedRules(lifted.rules, { action: 'lift', type: 'deny', id: some(1) }).isChanged, false)
})

test('rules - they are bounded, and so are their words', (t) => {
  const full = Array.from({ length: RULES_MAX }, (_, i) => deny(some(i)))
  t.is(
    codeOf(() => changedRules(full, { action: 'set', rule: deny(some(60_000)) })),
    'TOO_LARGE',
  )
  t.is(
    codeOf(() => changedRules(full, { action: 'set', rule: { ...deny(some(3)), why: 'y' } })),
    undefined,
  )
  t.is(
    codeOf(() => new Rules([...full, deny(some(60_000))])),
    'TOO_LARGE',
  )
  const why = 'y'.repeat(WHY_LETTERS_MAX + 1)
  t.is(
    codeOf(() => changedRules([], { action: 'set', rule: { ...deny(some(1)), why } })),
    'BAD_ARGUMENT',
  )
})

test('rules - what is denied is refused by policy, and the rest answered as before', async (t) => {
  const { world, ada, keeper, ids } = await kept()
  const client = await visitor(world, 'keeper')
  const all = [...ids.values()]
  const types = async (asked: Query): Promise<string[]> =>
    (await answered(client, asked))
      .map(({ answer }) => answer.type)
      .filter((type) => (type as string) !== 'key')
  t.alike(await types({ type: 'blocks', ids: all, certify: false }), ['found', 'found', 'found'])
  t.alike(await keeper.run({ type: 'obey', rules: [deny(ids.get('bees')!), deny(at(ada, 'wasps'))] }), {
    ended: 0,
  })
  t.alike(await types({ type: 'blocks', ids: all, certify: false }), ['refused', 'found', 'refused'])
  const tips = { type: 'tips' as const, locators: [at(ada, 'bees'), at(ada, 'wasps')], certify: false }
  t.alike(await types(tips), ['found', 'refused', 'refused'], 'the key may be had, the pages not')
  await keeper.run({ type: 'obey', rules: [] })
  t.alike(await types({ type: 'blocks', ids: all, certify: false }), ['found', 'found', 'found'])
})

test('rules - an author is denied with all that they signed, loose pieces and keys included', async (t) => {
  const { world, ada, keeper } = await kept()
  await keeper.run({ type: 'obey', rules: [deny(ada.actor.entity)] })
  const client = await visitor(world, 'keeper')
  const own = new IdSet(keeper.actor.identity.blocks.map(({ id }) => id))
  const stored = (await everything(keeper)).map(({ id }) => id).filter((id) => !own.has(id))
  t.ok(stored.length > 8, 'pages, pieces, keys, an index and its chunks')
  const items = await answered(client, { type: 'blocks', ids: stored, certify: false })
  t.alike([...new Set(items.map(({ answer }) => answer.type))], ['refused'])
  t.is(items.length, stored.length)
})

test('rules - nothing denied ever leaves, whatever is denied and whatever is asked', async (t) => {
  const { world, ada, keeper } = await kept()
  const client = await visitor(world, 'keeper')
  const all = await everything(keeper)
  const names = [...new IdSet(all.flatMap((one) => [...one.names]))]
  const locators = ['bees', 'atlas', 'wasps'].map((path) => at(ada, path))
  locators.push(spaceLocator(spaceOf(ada)))
  const asked: fc.Arbitrary<Query> = fc.oneof(
    fc.record({
      type: fc.constant('blocks' as const),
      ids: fc.subarray(
        all.map(({ id }) => id),
        { minLength: 1 },
      ),
      certify: fc.boolean(),
    }),
    fc.record({
      type: fc.constant('tips' as const),
      locators: fc.subarray(locators, { minLength: 1 }),
      certify: fc.boolean(),
    }),
    fc.record({
      type: fc.constant('records' as const),
      locator: fc.constantFrom(...locators),
      kind: fc.constantFrom(0, VERSION),
      field: fc.constantFrom({ type: 'time' as const }, { type: 'author' as const }, { type: 'id' as const }),
      order: fc.constantFrom({ type: 'asc' as const }, { type: 'desc' as const }),
      offset: fc.nat(2),
      count: fc.integer({ min: 1, max: 8 }),
      snapshot: fc.constant(undefined),
      vouchedBy: fc.constant(undefined),
    }),
  )
  const denials = fc.subarray(names, { minLength: 0, maxLength: 3 })
  let refusals = 0
  let findings = 0
  await fc.assert(
    fc.asyncProperty(denials, asked, async (denied, query) => {
      await keeper.run({ type: 'obey', rules: denied.map(deny) })
      const forbidden = new IdSet(
        all.filter((one) => denied.some((name) => one.names.has(name))).map(({ id }) => id),
      )
      for (const { answer } of await answered(client, query)) {
        if (answer.type === 'refused') refusals += 1
        if (answer.type !== 'found' && answer.type !== 'key') continue
        findings += 1
        const id = idOf(answer.bytes, all)
        if (forbidden.has(id)) return false
      }
      return true
    }),
    parameters({ numRuns: 150 }),
  )
  t.ok(refusals > 20 && findings > 20, 'both happened')
})

/** A record block goes by its record's id, a loose piece by its hash. */
function idOf(bytes: Uint8Array, all: { id: Uint8Array }[]): Uint8Array {
  const hash = sha256(bytes)
  return all.some(({ id }) => hex(id) === hex(hash)) ? hash : parseBlock(bytes).record.id
}

test('rules - a keeper takes nothing that is denied, by whichever name', async (t) => {
  const world = new World()
  const ada = actor('ada', world.network)
  const space: Space = { type: 'entity', id: ada.entity }
  const bees = pageLocator({ space, path: 'bees' })
  for (const rules of [[deny(bees)], [deny(ada.entity)]]) {
    const { keeper, ids } = await kept(rules)
    const [bytes] = await keeper.store.get([ids.get('bees')!])
    t.is(bytes, undefined)
    t.is(keeper.events.filter(({ type }) => type === 'fault').length, 0, 'and blames nobody')
  }
  const { keeper, ids } = await kept()
  const [here] = await keeper.store.get([ids.get('bees')!])
  t.ok(here, 'without a rule it takes them')
})

test('rules - what is denied is not pointed to, and not claimed', async (t) => {
  const world = new World()
  const keeper = world.add('keeper', { depth: 3, isReader: false })
  const far = [...Array(64).keys()].map(some)
  world.add('peer')
  await world.settle()
  world.connect('peer', 'keeper')
  await world.advance(3_000)
  const client = await visitor(world, 'keeper')
  const locators = far.slice(0, 16)
  const before = await answered(client, { type: 'tips', locators, certify: false })
  const moved = before.filter(({ answer }) => answer.type === 'moved').map(({ index }) => index)
  t.ok(moved.length > 0, 'the peer, which keeps everything, is named')
  await keeper.run({ type: 'obey', rules: locators.map(deny) })
  const after = await answered(client, { type: 'tips', locators, certify: false })
  t.alike([...new Set(after.map(({ answer }) => answer.type))], ['refused'])
  await keeper.run({ type: 'obey', rules: [block(world.nodes.get('peer')!.actor.device.publicKey)] })
  const blocked = await answered(client, { type: 'tips', locators, certify: false })
  t.is(blocked.filter(({ answer }) => answer.type === 'moved').length, 0, 'nor is a blocked peer')
})

test('rules - a batch is offered without what its own node denies', async (t) => {
  const { world, ada, keeper, ids } = await kept([])
  await keeper.run({ type: 'obey', rules: [] })
  const late = world.add('late')
  await ada.run({ type: 'obey', rules: [deny(at(ada, 'atlas'))] })
  world.connect('ada', 'late')
  await world.advance(5_000)
  const [bees, atlas] = await late.store.get([ids.get('bees')!, ids.get('atlas')!])
  t.ok(bees)
  t.is(atlas, undefined)
  for await (const { locator } of late.store.within(new Uint8Array(32), 0)) {
    if (hex(locator) === hex(at(ada, 'atlas'))) t.fail('a piece of it left')
  }
})

test('rules - a reader is shown nothing denied, from here or from others, and told why', async (t) => {
  const { world, ada, keeper, ids } = await kept()
  const untilMs = (): number => world.nowMs + 5_000
  const space = spaceOf(ada)
  const page = { space, path: 'bees' }
  for (const node of [keeper, world.add('far')]) {
    if (node.name === 'far') world.connect('far', 'keeper')
    await world.settle()
    for (const name of [at(ada, 'bees'), ids.get('bees')!, ada.actor.entity]) {
      await node.run({ type: 'obey', rules: [deny(name)] })
      const by = `${node.name}, ${hex(name).slice(0, 4)}`
      t.is(await failureOf(node.run({ type: 'get', target: { page }, untilMs: untilMs() })), 'REFUSED', by)
      t.is(await failureOf(node.run({ type: 'log', page, untilMs: untilMs() })), 'REFUSED', by)
      const id = ids.get('bees')!
      t.is(await failureOf(node.run({ type: 'get', target: { id }, untilMs: untilMs() })), 'REFUSED', by)
    }
    await node.run({ type: 'obey', rules: [deny(at(ada, 'bees')), deny(ids.get('wasps')!)] })
    t.is(await failureOf(node.run({ type: 'where', target: { page }, untilMs: untilMs() })), 'REFUSED')
    const list = await node.run({ type: 'list', space, untilMs: untilMs() })
    t.alike(
      list.map(({ path }) => path),
      ['atlas'],
    )
    const paths: string[] = []
    await node.run({ type: 'export', space, untilMs: untilMs() }, (value) =>
      paths.push((value as ExportedPage).path),
    )
    t.alike(paths, ['atlas'])
    await node.run({ type: 'obey', rules: [] })
    const shown = await node.run({ type: 'get', target: { page }, untilMs: untilMs() })
    t.is(Buffer.from(shown.text).toString(), 'b')
  }
})

test('rules - what is denied is not fetched: nobody is asked for it, and what comes unasked is not kept', async (t) => {
  const { world, ada, ids } = await kept()
  const eve = world.add('eve', { rules: [deny(ids.get('bees')!)] })
  world.connect('eve', 'keeper')
  await world.settle()
  const before = world.log.length
  const summary = await eve.run({ type: 'fetch', ids: [ids.get('bees')!], untilMs: world.nowMs + 1_000 })
  t.alike([summary.found, summary.missing.length], [0, 1])
  t.is(world.log.slice(before).filter(({ from, name }) => from === 'eve' && name === 'ask').length, 0)
  await eve.run({ type: 'obey', rules: [deny(ada.actor.entity)] })
  const late = await eve.run({ type: 'fetch', ids: [ids.get('wasps')!], untilMs: world.nowMs + 1_000 })
  t.alike(
    late.missing[0]!.asked.map(({ answer }) => answer),
    ['denied'],
  )
  await world.advance(1_000)
  t.is((await eve.store.get([ids.get('wasps')!]))[0], undefined)
})

test('rules - publishing a page that is denied here fails, and says so', async (t) => {
  const { world, ada } = await kept()
  await ada.run({ type: 'obey', rules: [deny(at(ada, 'bees'))] })
  const again = ada.run({
    type: 'publish',
    pages: [{ path: 'bees', text: utf8('new') }],
    summary: '',
    index: true,
  })
  t.is(await failureOf(again), 'REFUSED')
  await world.settle()
})

test('rules - a blocked device is disconnected at once, and refused when it comes again', async (t) => {
  const { world, ada, keeper } = await kept()
  const device = ada.actor.device.publicKey
  t.alike(await keeper.run({ type: 'obey', rules: [block(device)] }), { ended: 1 })
  await world.settle()
  t.is((await keeper.run({ type: 'peers' })).length, 0)
  world.connect('ada', 'keeper')
  await world.settle()
  t.is((await keeper.run({ type: 'peers' })).length, 0)
  t.is(keeper.events.filter(({ type }) => type === 'refused').length, 2)
  t.is(keeper.events.filter(({ type }) => type === 'fault').length, 0, 'it did nothing wrong')
  await keeper.run({ type: 'obey', rules: [] })
  world.connect('ada', 'keeper')
  await world.settle()
  t.is((await keeper.run({ type: 'peers' })).length, 1)
})

test('rules - an entity is blocked on all its devices, once it has said who it is', async (t) => {
  const { world, ada, keeper } = await kept()
  t.alike(await keeper.run({ type: 'obey', rules: [block(ada.actor.entity)] }), { ended: 1 })
  await world.settle()
  world.connect('ada', 'keeper')
  await world.advance(5_000)
  t.is((await keeper.run({ type: 'peers' })).length, 0)
})

test('rules - who is blocked is not named to others, and its holdings do not count', async (t) => {
  const { world, ada, keeper, ids } = await kept()
  const device = keeper.actor.device.publicKey
  const target = { id: ids.get('bees')! }
  const where = await ada.run({ type: 'where', target, untilMs: world.nowMs + 1_000 })
  t.alike(
    where.holders.map((one) => hex(one.device)),
    [hex(device)],
  )
  const batches = [...(await pendingOf(ada))]
  t.ok(batches.length > 0, 'one of five holders: it still waits')
  await ada.run({ type: 'obey', rules: [block(device)] })
  await world.settle()
  const after = await ada.run({ type: 'where', target, untilMs: world.nowMs + 1_000 })
  t.alike(after.holders, [])
  const held = ada.run({ type: 'held', batches, patienceMs: 100 })
  await world.advance(200)
  t.is((await held).held, 0)
  const client = new HandClient(world.addStranger('asker'))
  world.connect('asker', 'ada')
  await world.settle()
  await client.earn({ type: 'introduce' })
  const welcome = await client.thank()
  t.is(welcome!.peers.filter((one) => hex(one) === hex(device)).length, 0)
})

async function pendingOf(node: WorldNode): Promise<Uint8Array[]> {
  const roots: Uint8Array[] = []
  for await (const { key } of node.store.notes('pending')) roots.push(key)
  return roots
}

test('rules - they hold from the first moment of a node that starts with them', async (t) => {
  const { keeper, world, ids } = await kept()
  const rules = [deny(ids.get('bees')!)]
  const again = world.add('again', { store: keeper.store, rules })
  const client = await visitor(world, again.name)
  const items = await answered(client, { type: 'blocks', ids: [ids.get('bees')!], certify: false })
  t.alike(
    items.map(({ answer }) => answer),
    [{ type: 'refused', reason: { type: 'policy' } }],
  )
})
