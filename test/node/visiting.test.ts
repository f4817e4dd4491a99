/** Nodes at a depth above 0, in a world where topics bring them together. */
import test from 'brittle'
import { networkOf } from '../../src/base/network.ts'
import { compressSignMarkdown } from '../../src/content/page.ts'
import type { Page } from '../../src/content/space.ts'
import { VERSION } from '../../src/content/version.ts'
import { addressOf, sharesPrefix } from '../../src/node/shards.ts'
import { utf8 } from '../helpers/bytes.ts'
import { actor, type NodeOptions, START_MS, World, type WorldNode } from '../helpers/world.ts'

const WITHIN_MS = 20_000

/** A world of topics with this many nodes, each at this depth. */
function network(names: number, options: NodeOptions): { world: World; nodes: WorldNode[] } {
  const world = new World()
  world.hasTopics = true
  return { world, nodes: Array.from({ length: names }, (_, i) => world.add(`node ${i}`, options)) }
}

const keeps = ({ actor: { device } }: WorldNode, locator: Uint8Array, depth: number): boolean =>
  sharesPrefix(locator, addressOf(device.publicKey), depth)

/** Puts a page of Ada's onto the shelves of those who keep it, as if they had been asked to. */
async function shelve(
  nodes: readonly WorldNode[],
  depth: number,
  path: string,
): Promise<{ page: Page; keepers: WorldNode[] }> {
  const ada = actor('ada', networkOf('test', 4))
  const page: Page = { space: { type: 'entity', id: ada.entity }, path }
  const draft = {
    ...page,
    text: utf8(path),
    parents: [],
    summary: '',
    timeMs: START_MS,
    nonce: new Uint8Array(8),
  }
  const [sealed] = compressSignMarkdown([draft], ada.identity.author)
  const { id, locator, timeMs, block } = sealed!
  const keepers = nodes.filter((node) => keeps(node, locator, depth))
  const blocks = [
    ...ada.identity.blocks,
    { id, locator, kind: VERSION, timeMs, length: block.byteLength, bytes: block },
  ]
  for (const { store } of keepers) await store.append('shelf', blocks, { sync: true, notes: [] })
  return { page, keepers }
}

test('visiting - a reader in another shard finds the keepers of a page, whatever their depth, by one', async (t) => {
  for (const [depth, theirs] of [
    [2, 2],
    [2, 3],
    [2, 1],
    [0, 1],
    [0, 3],
    [3, 1],
  ] as const) {
    const { world, nodes } = network(16, { depth: theirs })
    const { page, keepers } = await shelve(nodes, theirs, 'bees')
    t.ok(keepers.length > 0)
    const eve = world.add('eve', { isReader: true, depth })
    await world.settle()
    const got = await eve.run({ type: 'get', target: { page }, untilMs: world.nowMs + WITHIN_MS })
    t.alike(got.text, utf8('bees'), `a reader at depth ${depth}, keepers at ${theirs}`)
  }
})
