// timeout: 120s
/** Shards on real links: nodes of depth 1 on a private network, who meet at the topics that they announce or visit. */
import test from 'brittle'
import { loadCrypto } from '../../../src/base/crypto.ts'
import { networkOf } from '../../../src/base/network.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import type { Author } from '../../../src/content/page.ts'
import type { ExportedPage } from '../../../src/node/commands.ts'
import { createIdentity } from '../../../src/node/io/identity/create.ts'
import { identityOf } from '../../../src/node/io/identity/identity.ts'
import { type NodeOptions, type RunningNode, runNode } from '../../../src/node/io/run-node.ts'
import { addressOf } from '../../../src/node/shards.ts'
import { utf8 } from '../../helpers/bytes.ts'
import { privateNetwork } from '../../helpers/daemon.ts'
import { type Teardown, tempHome } from '../../helpers/home.ts'

const NETWORK = networkOf('test', 4)
const PAGES = 24
const WITHIN_MS = 20_000
/** At this depth two shards share a topic, and nobody has one with all. */
const DEPTH = 2

type Person = NodeOptions['identity'] & { author: Author }

const shardOf = ({ device }: Person): number => addressOf(device.publicKey)[0]! >> (8 - DEPTH)

/** Somebody new whose device lies in a shard. */
async function personIn(shard: number, seed: string): Promise<Person> {
  const random = seededRandom(seed)
  for (;;) {
    const options = { network: NETWORK, crypto: loadCrypto(), random, nowMs: Date.now() }
    const { secrets } = await createIdentity(options)
    const person = identityOf(secrets, NETWORK, loadCrypto())
    if (shardOf(person as Person) === shard) return person as Person
  }
}

test('shards - pages of all shards are held there, and read from a shard that the reader is not in', {
  timeout: 100_000,
}, async (t) => {
  const bootstrap = await privateNetwork(t)
  const shards = [0, 0, 1, 2, 3]
  const people = await Promise.all(shards.map((shard, i) => personIn(shard, `keeper ${i}`)))
  const nodes = await Promise.all(people.map((who) => start(t, who, bootstrap, true)))
  const [ada] = nodes
  const author = people[0]!.author.entity
  const space = { type: 'entity' as const, id: author }
  const pages = Array.from({ length: PAGES }, (_, i) => ({ path: `p${i}`, text: utf8(`page ${i}`) }))
  const { batches } = await ada!.api.run({ type: 'publish', pages, summary: '', index: true })
  const held = await ada!.api.run({ type: 'held', batches, patienceMs: 15_000 })
  t.alike([held.held, held.target, held.isHeld], [1, 1, true], 'each shard has one who is not the author')

  const eve = await start(t, await personIn(3, 'eve'), bootstrap, false)
  const texts: string[] = []
  const take = (page: unknown): void => void texts.push(Buffer.from((page as ExportedPage).text).toString())
  const untilMs = Date.now() + WITHIN_MS
  const exported = await eve.api.run({ type: 'export', space, untilMs }, take)
  t.alike([exported.found, exported.missing.length], [PAGES, 0])
  t.alike(new Set(texts), new Set(pages.map((_, i) => `page ${i}`)))
})

async function start(
  t: Teardown,
  identity: Person,
  bootstrap: { host: string; port: number }[],
  acceptsStores: boolean,
): Promise<RunningNode> {
  const node = await runNode({
    home: tempHome(t),
    network: NETWORK,
    crypto: loadCrypto(),
    identity,
    swarm: { bootstrap, host: '127.0.0.1', port: 0, firewalled: false, connectionsMax: 32 },
    depth: DEPTH,
    quotaBytes: 2 ** 30,
    acceptsStores,
    rehearses: false,
    saysHad: false,
  })
  t.teardown(() => node.close())
  await node.ready
  return node
}
