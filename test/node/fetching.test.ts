/** Getting blocks from peers: each that may have one is asked for it once, and who only lacks something is not blamed. */
import test from 'brittle'
import { decode } from '../../src/base/codec.ts'
import type { ErrorCode } from '../../src/base/errors.ts'
import { equalBytes, sha256 } from '../../src/base/hash.ts'
import { compressSignMarkdown, type SealedPage } from '../../src/content/page.ts'
import { cut } from '../../src/content/piece.ts'
import type { ExportSummary } from '../../src/node/commands.ts'
import type { Asked } from '../../src/node/fetching.ts'
import { MemoryStore } from '../../src/node/memory-store.ts'
import { WIRE_CODES } from '../../src/node/peer.ts'
import { type Query, query } from '../../src/node/queries.ts'
import { ask, earn } from '../../src/node/wire.ts'
import { type Actor, START_MS } from '../helpers/actor.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { type Conduct, HandServer } from '../helpers/hand-server.ts'
import { World, type WorldNode } from '../helpers/world.ts'

const PAGES = 128

/** What a node asked another, in order. */
function queriesTo(world: World, from: string, to: string): Query[] {
  return world.log.flatMap((said) => {
    if (said.from !== from || said.to !== to) return []
    if (said.name === 'ask') return [decode(query, decode(ask, said.message).query)]
    return said.name === 'earn' ? [decode(query, decode(earn, said.message).query)] : []
  })
}

test('fetching - what only one of two peers has is found there, and neither is asked twice', async (t) => {
  for (const first of ['bo', 'cy']) {
    const world = new World()
    const bo = world.add('bo')
    const cy = world.add('cy', { acceptsStores: false })
    const inputs = Array.from({ length: PAGES }, (_, i) => ({ path: `p${i}`, text: utf8(`${i}`) }))
    const { pages } = await bo.run({ type: 'publish', pages: inputs, summary: '', index: true })
    const device = (first === 'bo' ? bo : cy).actor.device.publicKey
    const order = (devices: readonly Uint8Array[]): Uint8Array[] =>
      [...devices].sort((a, b) => Number(equalBytes(b, device)) - Number(equalBytes(a, device)))
    const eve = world.add('eve', { isReader: true, standing: { order } })
    world.connect('eve', 'bo')
    world.connect('eve', 'cy')
    await world.settle()
    const ids = pages.map(({ id }) => id)
    const summary = await eve.run({ type: 'fetch', ids, untilMs: world.nowMs + 10_000 })
    t.is(summary.found, PAGES, `${first} first`)
    for (const name of ['bo', 'cy']) {
      const asked = queriesTo(world, 'eve', name).flatMap((one) =>
        one.type === 'blocks' ? one.ids.map(hex) : [],
      )
      t.ok(asked.length > 0)
      t.is(asked.length, new Set(asked).size, `${name} is asked for each at most once`)
    }
  }
})

function sealed(who: Actor, path: string, timeMs = START_MS): SealedPage {
  const draft = {
    space: { type: 'entity' as const, id: who.entity },
    path,
    text: utf8(`# ${path}\n`),
    parents: [],
    summary: '',
    timeMs,
    nonce: new Uint8Array(8),
  }
  return compressSignMarkdown([draft], who.identity.author)[0]!
}

/** A reader and a server by hand. */
async function handServer(
  conduct: Conduct = {},
): Promise<{ world: World; eve: WorldNode; server: HandServer }> {
  const world = new World()
  const eve = world.add('eve', { isReader: true })
  const server = new HandServer(world.addStranger('hand'), conduct)
  world.connect('eve', 'hand')
  await world.settle()
  return { world, eve, server }
}

const faults = (node: WorldNode) => node.events.filter(({ type }) => type === 'fault').map(({ code }) => code)

const answersOf = (missing: readonly { asked: Asked[] }[]) =>
  missing.map(({ asked }) => asked.map(({ answer }) => answer))

test('fetching - a version from the future is left, what came with it is taken, and its server is not blamed', async (t) => {
  const { world, eve, server } = await handServer()
  const pages = [sealed(server.end.actor, 'now'), sealed(server.end.actor, 'later', START_MS + 3600_000)]
  for (const { id, block } of pages) server.blocks.push({ id, bytes: block })
  const summary = await eve.run({
    type: 'fetch',
    ids: pages.map(({ id }) => id),
    untilMs: world.nowMs + 1_000,
  })
  t.is(summary.found, 1)
  t.alike(
    summary.missing.map(({ id }) => hex(id)),
    [hex(pages[1]!.id)],
  )
  t.alike(answersOf(summary.missing), [['unreachable']])
  t.alike(faults(eve), [])
  t.absent(eve.observed.some(({ observation }) => observation.type === 'wrong bytes'))
})

test('fetching - wrong bytes are noted once, by their own name', async (t) => {
  const { world, eve, server } = await handServer({
    answer: (hand, told) =>
      hand.answer(told, [{ index: 0, answer: { type: 'found', bytes: utf8('other') } }]),
  })
  const ids = [sealed(server.end.actor, 'bees').id]
  await eve.run({ type: 'fetch', ids, untilMs: world.nowMs + 1_000 })
  const noted = eve.observed.map(({ observation: { type } }) => type)
  t.alike(
    noted.filter((type) => type === 'wrong bytes' || type === 'misbehaved'),
    ['wrong bytes'],
  )
  t.is(faults(eve).length, 1)
})

test('fetching - a bundle without the key of its tips is not taken, and its server is not blamed', async (t) => {
  const { world, eve, server } = await handServer({
    answer: (hand, told) => {
      if (told.asked.type !== 'tips') return hand.answer(told, [{ index: 0, answer: { type: 'unknown' } }])
      const bytes = sealed(hand.end.actor, 'bees').block
      hand.answer(told, [{ index: 0, answer: { type: 'found', bytes } }])
    },
  })
  const page = { space: { type: 'entity' as const, id: server.end.actor.entity }, path: 'bees' }
  const failure = await eve
    .run({ type: 'get', target: { page }, untilMs: world.nowMs + 1_000 })
    .then(undefined, (error) => error)
  t.is(failure.code, 'UNREACHABLE')
  t.alike(answersOf([failure.details]), [['unreachable']])
  t.alike(faults(eve), [])
})

test('fetching - a peer asked for keys answers what was asked, or is at fault', async (t) => {
  const key = (server: HandServer) => ({ type: 'found' as const, bytes: server.blocks[0]!.bytes })
  const wrong = [
    (server: HandServer) => [{ index: 1, answer: key(server) }],
    (server: HandServer) => [0, 0].map((index) => ({ index, answer: key(server) })),
    (server: HandServer) => [{ index: 0, answer: { type: 'key' as const, bytes: key(server).bytes } }],
  ]
  for (const answers of wrong) {
    const { world, eve, server } = await handServer({
      answer: (hand, told) => {
        const isForKey = told.asked.type === 'blocks' && equalBytes(told.asked.ids[0]!, hand.blocks[0]!.id)
        if (isForKey) hand.answer(told, answers(hand))
        else hand.serve(told)
      },
    })
    const { id, block } = sealed(server.end.actor, 'bees')
    server.blocks.push({ id, bytes: block })
    const failure = await eve
      .run({ type: 'get', target: { id }, untilMs: world.nowMs + 1_000 })
      .then(undefined, (error) => error)
    t.is(failure.code, 'BAD_PROOF')
    t.alike(faults(eve), ['WRONG_QUERY'])
  }
})

test('fetching - a peer that says it cannot now is not one that sent wrong bytes', async (t) => {
  const codes: ErrorCode[] = ['INTERNAL', 'QUOTA_FULL', 'SNAPSHOT_GONE', 'NOT_FOUND', 'BAD_TIME']
  for (const code of codes) {
    const { world, eve } = await handServer({
      answer: (hand, told) =>
        void hand.end.tell('refuse', { ask: told.ask, code: WIRE_CODES.indexOf(code), detail: '' }),
    })
    const ids = [sha256(utf8('one'))]
    const summary = await eve.run({ type: 'fetch', ids, untilMs: world.nowMs + 1_000 })
    t.alike(answersOf(summary.missing), [['unreachable']], code)
    t.alike(faults(eve), [])
  }
})

test('reading - an export goes on past a page whose piece nobody has, and says who was asked for it', async (t) => {
  const world = new World()
  const store = new MemoryStore()
  const bo = world.add('bo', { store })
  const long = Array.from({ length: 8_000 }, (_, i) => `${hex(sha256(utf8(`${i}`))).slice(0, 16)}\n`).join('')
  const pages = ['ants', 'bees', 'cats'].map((path) => ({ path, text: utf8(`# ${path}\n${long}`) }))
  pages.push({ path: 'dogs', text: utf8('# Dogs\n') })
  const { pages: published } = await bo.run({ type: 'publish', pages, summary: '', index: true })
  const eve = world.add('eve', { isReader: true })
  const lost = cut(pages[1]!.text)[0]!.hash
  store.damage(lost)
  world.connect('eve', 'bo')
  const told: string[] = []
  const space = { type: 'entity' as const, id: bo.actor.entity }
  const summary: ExportSummary = await eve.run(
    { type: 'export', space, untilMs: world.nowMs + 10_000 },
    (one) => told.push((one as { path: string }).path),
  )
  t.alike(told.sort(), ['ants', 'cats', 'dogs'])
  t.is(summary.found, 3)
  t.alike(
    summary.missing.map(({ path }) => path),
    ['bees'],
  )
  t.is(hex(summary.missing[0]!.id), hex(published[1]!.id))
  t.alike(answersOf(summary.missing), [['lost']])
})
