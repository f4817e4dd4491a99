/** What a stolen key is worth, and what its owner keeps: the whole story in virtual time. */
import test from 'brittle'
import { decode } from '../../src/base/codec.ts'
import { nextKeyCommitment } from '../../src/base/keys.ts'
import { parseBlock } from '../../src/content/block.ts'
import { deviceCertificate } from '../../src/content/device.ts'
import { compressSignMarkdown, type SealedPage } from '../../src/content/page.ts'
import { pageLocator } from '../../src/content/space.ts'
import { VERSION } from '../../src/content/version.ts'
import type { Answers } from '../../src/node/commands.ts'
import type { NextKey } from '../../src/node/key-commands.ts'
import type { StoredBlock } from '../../src/node/store.ts'
import { hex } from '../helpers/bytes.ts'
import { keyAt, rotate } from '../helpers/rotating.ts'
import {
  type Actor,
  actor,
  onAnotherDevice,
  START_MS,
  stored,
  World,
  type WorldNode,
} from '../helpers/world.ts'

const DAY_MS = 24 * 3600_000

/** The key of a person at a position, as `sheaf id rotate` hands it over. */
function nextKey(seed: string, position: number): NextKey {
  const { publicKey, sign } = keyAt(seed, position)
  return { publicKey, sign, next: nextKeyCommitment(keyAt(seed, position + 1).publicKey) }
}

const text = (words: string): Uint8Array => Buffer.from(`# ${words}\n`)

async function publish(node: WorldNode, path: string, words: string): Promise<Uint8Array> {
  const { pages } = await node.run({
    type: 'publish',
    pages: [{ path, text: text(words) }],
    summary: '',
    index: true,
  })
  return pages[0]!.id
}

async function get(
  world: World,
  node: WorldNode,
  entity: Uint8Array,
  path: string,
): Promise<Answers['get'] | string> {
  const page = { space: { type: 'entity' as const, id: entity }, path }
  return node
    .run({ type: 'get', target: { page }, untilMs: world.nowMs + 1_000 })
    .catch((error) => error.code)
}

const textOf = (got: Answers['get'] | string): string =>
  typeof got === 'string' ? got : Buffer.from(got.text).toString()

/** A version as the thief signs it, with whatever time: over the page's own tip. */
function forged(
  owner: Actor,
  path: string,
  words: string,
  parents: Uint8Array[],
  timeMs: number,
): SealedPage {
  const space = { type: 'entity' as const, id: owner.entity }
  const drafts = [{ space, path, text: text(words), parents, summary: '', timeMs, nonce: Buffer.alloc(8, 7) }]
  return compressSignMarkdown(drafts, owner.identity.author)[0]!
}

function storedPage({ id, locator, timeMs, block }: SealedPage): StoredBlock {
  return { id, locator, kind: VERSION, timeMs, length: block.byteLength, bytes: block }
}

/** Ann with two keepers; the pages are held. */
async function village(
  names = ['ben', 'cat'],
): Promise<{ world: World; ann: WorldNode; keepers: WorldNode[]; page: Uint8Array }> {
  const world = new World()
  const ann = world.add('ann')
  const keepers = names.map((name) => world.add(name))
  for (const { name } of keepers) world.connect('ann', name)
  await world.settle()
  const page = await publish(ann, 'bees', 'Bees')
  await publish(ann, 'hives', 'Hives')
  await world.advance(1_000)
  return { world, ann, keepers, page }
}

test('rotating - the old pages stay readable, new ones are signed under the new key, and the name is the same', async (t) => {
  const { world, ann, page } = await village()
  const done = await ann.run({ type: 'rotate', key: nextKey('ann', 1), leaveOut: [], isRehearsal: false })
  t.alike([done.position, done.isCurrent, done.leftOut], [1, false, 0])
  t.ok(done.standsBy >= 4, 'two pages, the index, the certificate')
  await world.advance(60_000)
  await publish(ann, 'honey', 'Honey')
  await world.advance(60_000)
  // Dan meets nobody but a keeper, and Ann for the first time.
  const dan = world.add('dan')
  world.connect('dan', 'ben')
  await world.settle()
  const { entity } = ann.actor
  const old = await get(world, dan, entity, 'bees')
  t.is(textOf(old), '# Bees\n')
  t.is(typeof old === 'string' ? old : hex(old.id), hex(page))
  t.is(textOf(await get(world, dan, entity, 'honey')), '# Honey\n')
  const keys = await dan.run({ type: 'keys', entity })
  t.alike(
    keys.chain.map(({ position }) => position),
    [0, 1],
  )
  const pages = await dan.run({
    type: 'list',
    space: { type: 'entity', id: entity },
    untilMs: world.nowMs + 1_000,
  })
  t.alike(
    pages.map(({ path }) => path),
    ['bees', 'hives', 'honey'],
  )
  t.alike(
    dan.events.filter(({ type }) => type === 'fault'),
    [],
    'nobody was at fault',
  )
})

test('rotating - what a thief signs under the old key, back-dated or not, is neither shown nor kept nor served', async (t) => {
  const { world, ann, keepers, page } = await village()
  const { entity } = ann.actor
  // Before the rotation the thief's words pass for Ann's: Ben and Cat have them.
  const early = forged(ann.actor, 'bees', 'Stolen', [page], START_MS - DAY_MS)
  for (const { store } of keepers) await store.append('shelf', [storedPage(early)], { sync: false })
  await ann.run({ type: 'rotate', key: nextKey('ann', 1), leaveOut: [], isRehearsal: false })
  await world.advance(60_000)
  const dan = world.add('dan')
  for (const { name } of keepers) world.connect('dan', name)
  await world.settle()
  t.is(textOf(await get(world, dan, entity, 'bees')), '# Bees\n')
  t.is(textOf(await get(world, keepers[0]!, entity, 'bees')), '# Bees\n', 'nor at who has them')
  const code = await dan.run({ type: 'get', target: { id: early.id }, untilMs: world.nowMs + 1_000 }).then(
    () => 'shown',
    (error) => error.code,
  )
  t.is(code, 'NOT_FOUND', 'those who have it say that there is none')
  // A machine with Ann's old key tries to publish.
  const thief = world.add('thief', { actor: onAnotherDevice(actor('ann', world.network), 'thief') })
  for (const { name } of keepers) world.connect('thief', name)
  await world.settle()
  await publish(thief, 'bees', 'Mine')
  await world.advance(120_000)
  for (const { store } of keepers) {
    const metas = await store.at(
      pageLocator({ space: { type: 'entity', id: entity }, path: 'bees' }),
      10,
      VERSION,
    )
    t.is(metas.length, 2, 'of the thief nothing more was kept')
  }
  t.is(textOf(await get(world, dan, entity, 'bees')), '# Bees\n')
})

test('rotating - who has only the current key can neither rotate nor retire it', async (t) => {
  const { world, ann } = await village()
  const thief = world.add('thief', { actor: onAnotherDevice(actor('ann', world.network), 'thief') })
  const own = nextKey('thief', 0)
  const stolen = { ...nextKey('ann', 1), sign: keyAt('ann', 0).sign, publicKey: keyAt('ann', 0).publicKey }
  for (const key of [own, stolen]) {
    const code = await thief.run({ type: 'rotate', key, leaveOut: [], isRehearsal: false }).then(
      () => 'rotated',
      (error) => error.code,
    )
    t.is(code, 'BAD_KEY')
  }
  // And a rotation that it makes without asking its node is no key record to anybody.
  const forgedRotation = rotate(
    'ann',
    {
      id: ann.actor.entity,
      entity: ann.actor.entity,
      position: 0,
      next: nextKeyCommitment(keyAt('ann', 1).publicKey),
    },
    { network: world.network, by: keyAt('thief', 0) },
  )
  const block = stored(forgedRotation.record)
  const ben = world.nodes.get('ben')!
  await ben.store.append('shelf', [block], { sync: false })
  world.restart('ben')
  const keys = await ben.run({ type: 'keys', entity: ann.actor.entity }).catch((error) => error.code)
  t.ok(typeof keys === 'string' || keys.chain.length === 1)
})

test('rotating - it is rehearsed, left out what is named, and taken over once', async (t) => {
  const { world, ann, page } = await village()
  const key = nextKey('ann', 1)
  const rehearsed = await ann.run({ type: 'rotate', key, leaveOut: [page], isRehearsal: true })
  t.alike([rehearsed.leftOut, rehearsed.batches.length, rehearsed.chain.length], [1, 0, 0])
  t.is((await ann.run({ type: 'keys' })).chain.length, 1, 'nothing was done')
  const done = await ann.run({ type: 'rotate', key, leaveOut: [page], isRehearsal: false })
  t.is(done.standsBy, rehearsed.standsBy)
  t.is(textOf(await get(world, ann, ann.actor.entity, 'bees')), 'NOT_FOUND', 'what is left out is gone')
  t.is(textOf(await get(world, ann, ann.actor.entity, 'hives')), '# Hives\n')
  const again = await ann.run({ type: 'rotate', key, leaveOut: [], isRehearsal: false })
  t.ok(again.isCurrent, 'the key is taken as it is; a second record would freeze the identity')
  t.is((await ann.run({ type: 'keys' })).rivals.length, 0)
  const second = await ann.run({ type: 'rotate', key: nextKey('ann', 2), leaveOut: [], isRehearsal: false })
  t.is(second.position, 2)
  t.is(textOf(await get(world, ann, ann.actor.entity, 'hives')), '# Hives\n', 'through two rotations')
})

test('rotating - a lost machine is no lost identity: words, a peer and an id bring back the name, the pages and the standing', async (t) => {
  const { world, ann, keepers } = await village()
  const { entity } = ann.actor
  world.remove('ann')
  const nobody = onAnotherDevice(actor('ann', world.network), 'new machine')
  const fresh = world.add('fresh', { actor: nobody, isReader: true, acceptsStores: true })
  for (const { name } of keepers) world.connect('fresh', name)
  await world.settle()
  const known = await fresh.run({ type: 'keys', entity, untilMs: world.nowMs + 1_000 })
  t.is(known.chain.length, 1)
  const space = { type: 'entity' as const, id: entity }
  const listed = await fresh.run({ type: 'list', space, untilMs: world.nowMs + 1_000 })
  await fresh.run({ type: 'fetch', ids: listed.map(({ version }) => version), untilMs: world.nowMs + 1_000 })
  await world.advance(1_000)
  const puzzle = puzzleOf(nobody)
  const done = await fresh.run({
    type: 'rotate',
    entity,
    puzzle,
    key: nextKey('ann', 1),
    leaveOut: [],
    isRehearsal: false,
  })
  t.is(done.position, 1)
  t.ok(done.standsBy >= 3, `${done.standsBy} records`)
  await world.advance(60_000)
  const dan = world.add('dan')
  world.connect('dan', 'cat')
  await world.settle()
  t.is(textOf(await get(world, dan, entity, 'bees')), '# Bees\n')
  await publish(fresh, 'bees', 'Bees again')
  await world.advance(60_000)
  const read = await get(world, dan, entity, 'bees')
  t.is(textOf(read), '# Bees again\n', 'under the same name')
})

test('rotating - an identity that forked stands still until somebody chooses', async (t) => {
  const { world, ann, keepers } = await village()
  const { entity } = ann.actor
  await ann.run({ type: 'rotate', key: nextKey('ann', 1), leaveOut: [], isRehearsal: false })
  await world.advance(60_000)
  const { id: first } = (await ann.run({ type: 'keys' })).chain[1]!
  const rival = rotate(
    'ann',
    { id: entity, entity, position: 0, next: nextKeyCommitment(keyAt('ann', 1).publicKey) },
    { network: world.network, nonce: 9 },
  )
  const ben = keepers[0]!
  await ben.store.append('shelf', [stored(rival.record, rival.table)], { sync: false })
  world.restart('ben')
  await world.settle()
  const frozen = await ben.run({ type: 'keys', entity })
  t.is(frozen.rivals.length, 2)
  t.is(textOf(await get(world, ben, entity, 'bees')), 'NO_PEERS', 'what not both stand by counts for nothing')
  const mended = await ben.run({ type: 'readmit', entity, key: first })
  t.is(mended.rivals.length, 0)
  t.is(textOf(await get(world, ben, entity, 'bees')), '# Bees\n')
  world.restart('ben')
  await world.settle()
  t.is((await ben.run({ type: 'keys', entity })).rivals.length, 0, 'the choice is kept')
  const code = await ben.run({ type: 'readmit', entity, key: entity }).catch((error) => error.code)
  t.is(code, 'BAD_ARGUMENT')
})

function puzzleOf({ identity }: Actor): Uint8Array {
  const { bytes } = identity.blocks.at(-1)!
  return decode(deviceCertificate, parseBlock(bytes).record.body).puzzle
}
