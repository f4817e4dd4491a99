/** The index of one's own space, where much lies beside it and where it does not read back whole. */
import test from 'brittle'
import { decode, encode } from '../../src/base/codec.ts'
import { formBlock, parseBlock } from '../../src/content/block.ts'
import { chunk } from '../../src/content/chunks.ts'
import { compressSignMarkdown } from '../../src/content/page.ts'
import { type SignedRecord, signRecord } from '../../src/content/record.ts'
import { type Space, spaceLocator } from '../../src/content/space.ts'
import { SPACE_INDEX, spaceIndex } from '../../src/content/space-index.ts'
import { tipsOf } from '../../src/content/tips.ts'
import { VERSION } from '../../src/content/version.ts'
import { MemoryStore } from '../../src/node/memory-store.ts'
import { isMarked } from '../../src/node/own-index.ts'
import { perform } from '../../src/node/perform.ts'
import { Publisher } from '../../src/node/publishing.ts'
import type { StoredBlock } from '../../src/node/store.ts'
import { StoreTasks } from '../../src/node/store-tasks.ts'
import { run, suspend, type Task } from '../../src/node/task.ts'
import { type Actor, actor, START_MS } from '../helpers/actor.ts'
import { utf8 } from '../helpers/bytes.ts'
import { onAnotherDevice, World, type WorldNode } from '../helpers/world.ts'

const spaceOf = ({ entity }: Actor): Space => ({ type: 'entity', id: entity })

const publish = (node: WorldNode, pages: Record<string, string | undefined>, index = true) =>
  node.run({
    type: 'publish',
    pages: Object.entries(pages).map(([path, text]) => ({
      path,
      text: text === undefined ? undefined : utf8(text),
    })),
    summary: '',
    index,
  })

async function pathsOf(world: World, who: WorldNode, author: Actor): Promise<string[]> {
  const entries = await who.run({ type: 'list', space: spaceOf(author), untilMs: world.nowMs + 10_000 })
  return entries.map(({ path }) => path).sort()
}

/** An index of these pages (path to version) as blocks. */
function indexOf(
  who: Actor,
  pages: Record<string, Uint8Array>,
  { replaces, timeMs, nonce = 0 }: { replaces: Uint8Array[]; timeMs: number; nonce?: number },
): { record: SignedRecord; blocks: StoredBlock[] } {
  const { entity, key, network, sign } = who.identity.author
  const chunks = chunk(Object.entries(pages).map(([path, version]) => ({ path, version })))
  const body = encode(spaceIndex, {
    space: { type: 'self' },
    replaces,
    pages: Object.keys(pages).length,
    chunks: chunks.map(({ hash, bytes, pages: count }) => ({ hash, bytes: bytes.byteLength, pages: count })),
  })
  const nonceBytes = Buffer.alloc(8)
  nonceBytes.writeUInt32LE(nonce)
  const draft = { kind: SPACE_INDEX, signer: entity, key, timeMs, nonce: nonceBytes, body }
  const record = signRecord(draft, network, sign)
  const block = formBlock(record)
  const locator = spaceLocator(spaceOf(who))
  const loose = chunks.map(({ hash, bytes }) => {
    return { id: hash, locator, kind: 0, timeMs: 0, length: bytes.byteLength, bytes }
  })
  const stored = { id: record.id, locator, kind: SPACE_INDEX, timeMs, length: block.byteLength, bytes: block }
  return { record, blocks: [stored, ...loose] }
}

/** Versions of pages as blocks, by path. */
function versions(who: Actor, paths: string[]): { id: Uint8Array; blocks: StoredBlock[] }[] {
  const drafts = paths.map((path, i) => ({
    space: spaceOf(who),
    path,
    text: utf8(path),
    parents: [],
    summary: '',
    timeMs: START_MS - 10_000,
    nonce: Buffer.alloc(8, i),
  }))
  return compressSignMarkdown(drafts, who.identity.author).map(({ id, locator, timeMs, block }) => ({
    id,
    blocks: [{ id, locator, kind: VERSION, timeMs, length: block.byteLength, bytes: block }],
  }))
}

test('own index - of 5,000 indices in one space the newest is shown, listed and built on after a restart', async (t) => {
  const world = new World()
  const ada = actor('ada', world.network)
  const store = new MemoryStore()
  const [ants, bees] = versions(ada, ['ants', 'bees'])
  const blocks = [...ada.identity.blocks, ...ants!.blocks, ...bees!.blocks]
  let last: Uint8Array[] = []
  for (let i = 0; i < 4_999; i++) {
    const { record, blocks: formed } = indexOf(
      ada,
      { ants: ants!.id },
      { replaces: last, timeMs: START_MS - 6_000 + i },
    )
    blocks.push(...formed)
    last = [record.id]
  }
  // In order of id it would stand behind all others, or nearly.
  let newest = indexOf(ada, {}, { replaces: [], timeMs: 0 })
  for (let nonce = 0; newest.record.id[0] !== 0xff; nonce++) {
    const pages = { ants: ants!.id, bees: bees!.id }
    newest = indexOf(ada, pages, { replaces: last, timeMs: START_MS - 1_000, nonce })
  }
  await store.append('outbox', [...blocks, ...newest.blocks], { sync: false })

  const node = world.add('ada', { store, actor: ada })
  const reader = world.add('bo', { isReader: true })
  world.connect('bo', 'ada')
  await world.settle()
  t.alike(await pathsOf(world, reader, ada), ['ants', 'bees'], 'from afar')
  t.alike(await pathsOf(world, node, ada), ['ants', 'bees'], 'at home')
  await publish(node, { cats: 'c' })
  world.restart('ada')
  world.connect('bo', 'ada')
  await world.settle()
  await publish(node, { dogs: 'd' })
  const all = ['ants', 'bees', 'cats', 'dogs']
  t.alike(await pathsOf(world, node, ada), all)
  t.alike(await pathsOf(world, reader, ada), all)
})

test('own index - pages of a chunk that does not read back are in the next index all the same', async (t) => {
  const store = new MemoryStore()
  const world = new World()
  const node = world.add('ada', { store })
  await publish(node, { ants: 'a', bees: 'b', wasps: 'w' })
  await publish(node, { wasps: undefined })
  const metas = await store.at(spaceLocator(spaceOf(node.actor)), 10, SPACE_INDEX)
  const bytes = (await store.get(metas.map(({ id }) => id))).map((block) => parseBlock(block!).record)
  for (const { body } of bytes) for (const { hash } of decode(spaceIndex, body).chunks) store.damage(hash)
  world.restart('ada')
  await publish(node, { cats: 'c' })
  t.alike(await pathsOf(world, node, node.actor), ['ants', 'bees', 'cats'], 'what was deleted stays so')
  world.restart('ada')
  const before = store.usage()
  await publish(node, {})
  t.alike(store.usage(), before, 'and nothing is left to mend')
})

test('own index - two indices side by side are joined, and neither brings back what was deleted nor loses a page', async (t) => {
  const store = new MemoryStore()
  const world = new World()
  const node = world.add('ada', { store })
  const { pages } = await publish(node, { ants: 'a', bees: 'b', wasps: 'w' })
  const id = (path: string): Uint8Array => pages.find((page) => page.path === path)!.id
  await publish(node, { wasps: undefined })
  const old = { bees: id('bees'), wasps: id('wasps') }
  const { blocks } = indexOf(node.actor, old, { replaces: [], timeMs: START_MS - 1_000 })
  await store.append('outbox', blocks, { sync: false })
  t.alike(await pathsOf(world, node, node.actor), ['ants', 'bees', 'wasps'], 'a fork shows both')
  world.restart('ada')
  await publish(node, {})
  t.alike(await pathsOf(world, node, node.actor), ['ants', 'bees'])
  world.restart('ada')
  t.alike(await pathsOf(world, node, node.actor), ['ants', 'bees'], 'every chunk of the new one is stored')
})

test('publishing - what a crash left unlisted is known, until an index lists it', async (t) => {
  const store = new MemoryStore()
  const world = new World()
  const node = world.add('ada', { store })
  const tasks = new StoreTasks((call) =>
    suspend<unknown>((resume) => {
      perform(store, call).then(
        (value) => resume({ value }),
        (error: unknown) => resume({ error }),
      )
    }),
  )
  const fake = { store: tasks, identity: node.actor.identity } as ConstructorParameters<typeof Publisher>[0]
  const publisher = new Publisher(fake, undefined as never, undefined as never)
  t.is(await ended(publisher.needsListing()), false)
  await publish(node, { bees: 'b' }, false)
  t.is(await ended(publisher.needsListing()), true)
  t.is(
    await ended(
      new Publisher(
        { ...fake, identity: { blocks: [] } } as never,
        undefined as never,
        undefined as never,
      ).needsListing(),
    ),
    false,
  )
  world.restart('ada')
  await publish(node, {})
  t.is(await ended(publisher.needsListing()), false)
  t.alike(await pathsOf(world, node, node.actor), ['bees'])

  await store.note([{ table: 'own', key: Buffer.from('unlisted'), value: Uint8Array.of(1) }], { sync: false })
  world.restart('ada')
  await publish(node, {})
  t.is(await ended(isMarked(fake)), false, 'a mark with nothing behind it goes too')
})

function ended<T>(task: Task<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    run(task, (outcome) => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value)))
  })
}

test('own index - a device that runs takes up what another device of its owner listed, and one index is left', async (t) => {
  const world = new World()
  const ada = actor('ada', world.network)
  const desk = world.add('desk', { actor: ada })
  const lap = world.add('lap', { actor: onAnotherDevice(ada, 'lap') })
  world.connect('desk', 'lap')
  await world.settle()
  await publish(desk, { bees: 'bees' })
  await world.settle()
  await publish(lap, { hives: 'hives', bees: 'more of bees' })
  await world.settle()
  await publish(desk, { honey: 'honey' })
  await world.settle()
  await publish(lap, { hives: undefined })
  await world.settle()
  const eve = world.add('eve', { isReader: true })
  world.connect('eve', 'desk')
  await world.settle()
  t.alike(await pathsOf(world, eve, ada), ['bees', 'honey'])
  const page = { space: spaceOf(ada), path: 'bees' }
  const got = await eve.run({ type: 'get', target: { page }, untilMs: world.nowMs + 10_000 })
  t.alike(got.text, utf8('more of bees'))
  for (const { store } of [desk, lap]) {
    const metas = await store.at(spaceLocator(spaceOf(ada)), 100, SPACE_INDEX)
    const records = await Promise.all(metas.map(async ({ id }) => (await store.get([id]))[0]!))
    const tips = tipsOf(
      records.map((bytes) => {
        const { record } = parseBlock(bytes)
        return record
      }),
    )
    t.is(tips.length, 1, 'each took the place of the one before')
  }
})
