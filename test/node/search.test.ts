import test from 'brittle'
import { decode, encode } from '../../src/base/codec.ts'
import { idKey } from '../../src/base/id-map.ts'
import { pageLocator, type Space } from '../../src/content/space.ts'
import { WIRE_CODES } from '../../src/node/peer.ts'
import type { FoundPage, SearchSummary } from '../../src/node/search/results.ts'
import { result as resultCodec } from '../../src/node/wire.ts'
import { HandServer } from '../helpers/hand-server.ts'
import { World, type WorldNode } from '../helpers/world.ts'

const spaceOf = (node: WorldNode): Space => ({ type: 'entity', id: node.actor.entity })

async function publish(node: WorldNode, pages: Record<string, string | undefined>): Promise<void> {
  await node.run({
    type: 'publish',
    pages: Object.entries(pages).map(([path, text]) => ({
      path,
      text: text === undefined ? text : Buffer.from(text),
    })),
    summary: '',
    index: true,
  })
}

async function find(
  world: World,
  node: WorldNode,
  words: string,
  options: { isLocal?: boolean; limit?: number; space?: Space; withinMs?: number } = {},
): Promise<{ found: FoundPage[]; summary: SearchSummary }> {
  const { isLocal = false, limit = 10, space, withinMs = 10_000 } = options
  const found: FoundPage[] = []
  const untilMs = world.nowMs + withinMs
  const running = node.run({ type: 'search', words, limit, space, isLocal, untilMs }, (one) =>
    found.push(one as FoundPage),
  )
  let isOver = false
  const ended = running.finally(() => {
    isOver = true
  })
  for (let ms = 0; ms <= withinMs && !isOver; ms += 250) {
    await world.settle()
    if (!isOver) await world.advance(250)
  }
  return { found, summary: await ended }
}

/** The last bytes but a few are the text's length: another one there is another text. */
function spoiled(bytes: Uint8Array): Uint8Array {
  const other = Uint8Array.from(bytes)
  other[other.byteLength - 12]! ^= 1
  return other
}

const paths = (found: readonly FoundPage[]): string[] => found.map(({ page }) => page.path)

test('search - finds what is published, changed and deleted, as it is at the time', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  await publish(ann, { 'garden/bees': '# Bees\n\nhoney and wax', 'garden/soil': '# Soil\n\nworms' })
  t.alike(paths((await find(world, ann, 'honey', { isLocal: true })).found), ['garden/bees'])
  await publish(ann, {
    'garden/bees': '# Bees\n\nnectar',
    'garden/soil': undefined,
    'garden/pond': 'honey water',
  })
  t.alike(paths((await find(world, ann, 'honey', { isLocal: true })).found), ['garden/pond'])
  t.alike(paths((await find(world, ann, 'nectar worms', { isLocal: true })).found), ['garden/bees'])
  const [one] = (await find(world, ann, 'nectar', { isLocal: true })).found
  t.alike(
    one!.snippet.marks.map(({ from, to }) => one!.snippet.text.slice(from, to)),
    ['nectar'],
  )
  t.is(idKey(one!.author), idKey(ann.actor.entity))
})

test('search - a page of several pieces is found by its first ones, here and by others', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  const ben = world.add('ben', { isReader: true })
  world.connect('ann', 'ben')
  const filler = `${'x'.repeat(40)} `.repeat(2_000)
  await publish(ann, { long: `# Long\n\n${filler}\n\nA platypus at last.\n` })
  t.alike(paths((await find(world, ann, 'platypus', { isLocal: true })).found), ['long'])
  t.alike(paths((await find(world, ben, 'platypus')).found), ['long'])
})

test('search - what the operator denies is not found from then on', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  await publish(ann, { a: 'a secret bee', b: 'another bee' })
  t.is((await find(world, ann, 'bee', { isLocal: true })).found.length, 2)
  const id = pageLocator({ space: spaceOf(ann), path: 'a' })
  await ann.run({ type: 'obey', rules: [{ type: 'deny', id, about: 'a', why: '', sinceMs: 0 }] })
  t.alike(paths((await find(world, ann, 'bee', { isLocal: true })).found), ['b'])
})

test('search - what is here comes first, then what others have, each with who signed and who answered', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  const ben = world.add('ben', { acceptsStores: false })
  await publish(ann, { 'garden/bees': '# Bees\n\nhoney in the hive', 'garden/soil': '# Soil\n\nworms' })
  await publish(ben, { mead: '# Mead\n\nhoney and water' })
  world.connect('ann', 'ben')
  const { found, summary } = await find(world, ben, 'honey')
  t.alike(paths(found), ['mead', 'garden/bees'])
  t.alike(found[0]!.isHere, true)
  t.is(idKey(found[1]!.author), idKey(ann.actor.entity))
  t.alike(found[1]!.answeredBy.map(idKey), [idKey(ann.actor.device.publicKey)])
  t.is(found[1]!.isHere, false)
  t.is(summary.share, 1)
  t.alike(
    summary.asked.map(({ device, answer }) => [idKey(device), answer]),
    [[idKey(ann.actor.device.publicKey), 'answered']],
  )
  t.alike(paths((await find(world, ben, 'honey', { space: spaceOf(ann) })).found), ['garden/bees'])
})

test('search - the same page from two is told once, with both; its newest version wins', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  const ben = world.add('ben')
  const cat = world.add('cat', { isReader: true })
  world.connect('ann', 'ben')
  await publish(ann, { bees: 'honey' })
  await world.advance(5_000)
  await ben.run({
    type: 'get',
    target: { page: { space: spaceOf(ann), path: 'bees' } },
    untilMs: world.nowMs + 5_000,
  })
  await world.advance(1_000)
  world.connect('cat', 'ann')
  world.connect('cat', 'ben')
  const both = await find(world, cat, 'honey')
  t.alike(paths(both.found), ['bees'])
  t.is(both.found[0]!.answeredBy.length, 2)
  await publish(ann, { bees: 'nothing of the kind' })
  await world.advance(5_000)
  t.alike((await find(world, cat, 'honey')).found.length, 0, 'what is no longer said is not found')
})

test('search - a liar shows nothing that its author did not sign, and is found out', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  const ben = world.add('ben', { isReader: true })
  await publish(ann, { bees: 'honey in the hive' })
  world.connect('ann', 'ben')
  world.tamper = (from, _to, name, message) => {
    if (from !== 'ann' || name !== 'result') return message
    const { items, ...rest } = decode(resultCodec, message)
    const changed = items.map(({ index, answer }) =>
      answer.type === 'found'
        ? { index, answer: { ...answer, bytes: spoiled(answer.bytes) } }
        : { index, answer },
    )
    return encode(resultCodec, { ...rest, items: changed })
  }
  const { found, summary } = await find(world, ben, 'honey')
  t.alike(found, [])
  t.alike(
    summary.asked.map(({ answer }) => answer),
    ['bad'],
  )
})

test('search - a page that was not asked for is not shown, however well it is signed', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  const ben = world.add('ben', { isReader: true, standing: { isVetted: () => true } })
  const published = await ann.run({
    type: 'publish',
    pages: [
      { path: 'spam', text: Buffer.from('buy this') },
      { path: 'bees', text: Buffer.from('honey') },
    ],
    summary: '',
    index: true,
  })
  const [spam] = await ann.store.get([published.pages.find(({ path }) => path === 'spam')!.id])
  world.connect('ann', 'ben')
  let lies = 0
  world.tamper = (from, _to, name, message) => {
    if (from !== 'ann' || name !== 'result') return message
    const { items, ...rest } = decode(resultCodec, message)
    const changed = items.map(({ index, answer }) => {
      if (answer.type !== 'found') return { index, answer }
      lies += 1
      return { index, answer: { ...answer, bytes: spam! } }
    })
    return encode(resultCodec, { ...rest, items: changed })
  }
  t.alike((await find(world, ben, 'honey')).found, [])
  t.ok(lies > 0)
  const elsewhere = await find(world, ben, 'buy', { space: { type: 'entity', id: new Uint8Array(32) } })
  t.alike(elsewhere.found, [])
})

test('search - ends at its deadline where nobody answers, with what is here', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  world.add('ben')
  await publish(ann, { bees: 'honey' })
  world.connect('ann', 'ben')
  await world.advance(2_000)
  world.tamper = (from, _to, name, message) => (from === 'ben' && name === 'result' ? undefined : message)
  const startMs = world.nowMs
  const { found, summary } = await find(world, ann, 'honey', { withinMs: 4_000 })
  t.alike(paths(found), ['bees'])
  t.ok(world.nowMs - startMs <= 4_000)
  t.alike(
    summary.asked.map(({ answer }) => answer),
    ['unreachable'],
  )
})

test('search - a node that does not know searching is told as such, and is no part of what was covered', async (t) => {
  const world = new World()
  const ann = world.add('ann', { isReader: true })
  let asked = 0
  const old = new HandServer(world.addStranger('old'), {
    answer: (server, { ask, asked: query }) => {
      if (query.type === 'search') asked += 1
      server.end.tell('refuse', { ask, code: WIRE_CODES.indexOf('UNSUPPORTED'), detail: '' })
    },
  })
  world.connect('ann', 'old')
  await world.settle()
  const { found, summary } = await find(world, ann, 'honey')
  t.alike(found, [])
  t.is(asked, 1)
  t.alike(
    summary.asked.map(({ device, answer }) => [idKey(device), answer]),
    [[idKey(old.end.actor.device.publicKey), 'unsupported']],
  )
  t.is(summary.shards.answered, 0)
})

test('search - where each keeps a part, keepers of the other parts are asked, and the shares add up', async (t) => {
  const world = new World()
  const names = ['ann', 'ben', 'cat', 'dee', 'eve']
  const nodes = names.map((name) => world.add(name, { depth: 1 }))
  const [ann] = nodes
  for (const name of names.slice(1)) world.connect('ann', name)
  await world.advance(5_000)
  const pages = Array.from({ length: 12 }, (_, i): [string, string] => [`page ${i}`, `honey from hive ${i}`])
  for (const [i, node] of nodes.slice(1).entries())
    await publish(node, Object.fromEntries(pages.slice(3 * i, 3 * i + 3)))
  await world.advance(30_000)
  const { found, summary } = await find(world, ann!, 'honey', { limit: 20 })
  t.alike(paths(found).sort(), pages.map(([path]) => path).sort())
  t.is(summary.shards.all, 2)
  t.is(summary.shards.answered, summary.shards.asked)
  t.is(summary.share, 1)
})

test('search - alone it says that it covered what is here', async (t) => {
  const world = new World()
  const ann = world.add('ann', { depth: 2 })
  await publish(ann, { bees: 'honey' })
  const { summary } = await find(world, ann, 'honey', { isLocal: true })
  t.is(summary.share, 0.25)
  t.alike(summary.shards, { all: 4, asked: 0, answered: 0 })
  await t.exception(find(world, ann, '...', { isLocal: true }), /no word/)
  await t.exception(find(world, ann, 'x'.repeat(300), { isLocal: true }), /bytes of words/)
})

test('links - where they lead, who links here, and which are broken; a redirect is followed once', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  const space = spaceOf(ann)
  const untilMs = world.nowMs + 10_000
  await publish(ann, {
    index: 'See [[bees]], [[old]], [[nowhere]] and [[bees#Winter]]. [[gone]]',
    bees: 'Back to [[index]].',
    gone: 'soon',
  })
  await publish(ann, { gone: undefined })
  await ann.run({
    type: 'publish',
    pages: [{ path: 'old', text: undefined, redirect: { space, path: 'bees' } }],
    summary: '',
    index: true,
  })
  const { links } = await ann.run({ type: 'links', page: { space, path: 'index' }, untilMs })
  t.alike(
    links.map(({ target, section, state }) => [target, section, state]),
    [
      ['bees', undefined, 'ok'],
      ['old', undefined, 'ok'],
      ['nowhere', undefined, 'broken'],
      ['bees', 'Winter', 'ok'],
      ['gone', undefined, 'broken'],
    ],
  )
  t.is(links[1]!.leadsTo!.path, 'bees')
  const back = await ann.run({ type: 'backlinks', page: { space, path: 'bees' }, untilMs })
  t.alike(
    back.links.map(({ page, via }) => [page.path, via?.path]),
    [
      ['index', undefined],
      ['index', 'old'],
    ],
  )
  const broken = await ann.run({ type: 'broken', space, limit: 100, untilMs })
  t.alike(
    broken.links.map(({ from, to, state }) => [from.path, to.path, state]),
    [
      ['index', 'gone', 'broken'],
      ['index', 'nowhere', 'broken'],
    ],
  )
  await publish(ann, { nowhere: 'here now' })
  const again = await ann.run({ type: 'broken', space: undefined, limit: 100, untilMs })
  t.alike(
    again.links.map(({ to }) => to.path),
    ['gone'],
  )
})
