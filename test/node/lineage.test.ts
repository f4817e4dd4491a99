/** Histories that lie on several pages, and partly with others. */
import test from 'brittle'
import type { Space } from '../../src/content/space.ts'
import type { PageInput } from '../../src/node/commands.ts'
import type { LoggedVersion } from '../../src/node/version-answers.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { World, type WorldNode } from '../helpers/world.ts'

const spaceOf = (node: WorldNode): Space => ({ type: 'entity', id: node.actor.entity })

async function put(node: WorldNode, pages: PageInput[]): Promise<Uint8Array[]> {
  const published = await node.run({ type: 'publish', pages, summary: '', index: true })
  return published.pages.map(({ id }) => id)
}

function log(world: World, reader: WorldNode, author: WorldNode, path: string): Promise<LoggedVersion[]> {
  const page = { space: spaceOf(author), path }
  return reader.run({ type: 'log', page, untilMs: world.nowMs + 10_000 })
}

/** A page of eight versions that was then moved, and two nodes that keep it. */
async function moved(): Promise<{ world: World; ada: WorldNode; ids: string[] }> {
  const world = new World()
  const ada = world.add('ada')
  for (const name of ['bo', 'cy']) {
    world.add(name)
    world.connect('ada', name)
  }
  await world.settle()
  const ids: Uint8Array[] = []
  for (let i = 0; i < 8; i++) {
    await world.advance(1_000)
    ids.push(...(await put(ada, [{ path: 'bees', text: utf8(`${i}`) }])))
  }
  await world.advance(1_000)
  const [last] = ids.slice(-1)
  const space = spaceOf(ada)
  const [there, here] = await put(ada, [
    { path: 'garden/bees', text: utf8('7'), parents: [last!] },
    { path: 'bees', text: undefined, redirect: { space, path: 'garden/bees' }, parents: [last!] },
  ])
  await world.advance(1_000)
  return { world, ada, ids: [...ids, there!, here!].map(hex) }
}

test('lineage - a page that moved has the history of where it was', async (t) => {
  const { world, ada, ids } = await moved()
  const versions = await log(world, ada, ada, 'garden/bees')
  t.alike(
    versions.map(({ id }) => hex(id)),
    ids.slice(0, 9).reverse(),
  )
  t.alike([...new Set(versions.map(({ page }) => page.path))], ['garden/bees', 'bees'])
  t.alike(versions.map(({ isHead, isTip }) => isHead && isTip).indexOf(true), 0)
  const old = await log(world, ada, ada, 'bees')
  t.alike([old[0]?.content, old[0]?.redirect?.path, old.length], ['redirect', 'garden/bees', 9])
})

test('lineage - a stranger is given all of it, though peers tell only of tips', async (t) => {
  const { world, ada, ids } = await moved()
  const eve = world.add('eve', { isReader: true })
  world.connect('eve', 'cy')
  await world.settle()
  const versions = await log(world, eve, ada, 'garden/bees')
  t.alike(
    versions.map(({ id }) => hex(id)),
    ids.slice(0, 9).reverse(),
  )
})

test('lineage - what nobody has, or the operator denied, is left out, and the rest is told', async (t) => {
  const { world, ada, ids } = await moved()
  const denied = ids[4]
  const eve = world.add('eve', {
    isReader: true,
    retention: { serves: (id) => hex(id) !== denied, servesAll: () => false },
  })
  world.connect('eve', 'cy')
  await world.settle()
  const versions = await log(world, eve, ada, 'garden/bees')
  t.alike(
    versions.map(({ id }) => hex(id)),
    [ids[8], ids[7], ids[6], ids[5]],
  )

  const unknown = new Uint8Array(32).fill(7)
  await put(ada, [{ path: 'odd', text: utf8('x'), parents: [unknown] }])
  t.is((await log(world, ada, ada, 'odd')).length, 1)
})
