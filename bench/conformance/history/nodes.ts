/**
 * Five simulated nodes, each of which gets the versions of each page in an order of its own. Four fifths arrive in its
 * store, one after the other, and after each the heads are compared; the last fifth it has to get from the other
 * four over earned sessions.
 */
import { equalBytes } from '../../../src/base/hash.ts'
import { shuffled } from '../../../src/base/random.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import { type VerifiedVersion, verifyBlock } from '../../../src/content/block.ts'
import { ownHeads } from '../../../src/content/heads.ts'
import { tipsOf } from '../../../src/content/tips.ts'
import { settleAll, type Task } from '../../../src/node/task.ts'
import type { SimNode } from '../../../src/sim/node.ts'
import { stored } from '../../../src/sim/person.ts'
import type { World } from '../../../src/sim/world.ts'
import type { Findings } from '../history.ts'
import { Oracle, type Plain } from './oracle.ts'
import { hex, pageOf, type Sealed, type Sheaves } from './proposals.ts'

export const NODES = 5

/** Virtual time for one look-up. */
const LOOK_UP_MS = 60_000

/** What an author is trusted in the comparison of heads: some much, most little. */
const trustOf = (author: number): number => (author % 7 === 0 ? 1 : author % 3 === 0 ? 0.3 : 0)

/** One order of arrival of every page at each of five nodes. */
export function* replay(world: World, round: number, sheaves: Sheaves, findings: Findings): Task<void> {
  const nodes = Array.from({ length: NODES }, () => world.add())
  for (const node of nodes) node.start()
  const authors = [...sheaves.people.values()].map(({ genesis }) => stored(genesis))
  for (const [i, node] of nodes.entries()) {
    yield* world.wait(() => node.disk.store.append('shelf', authors, { sync: false }))
    for (const other of nodes.slice(0, i)) world.connect(node, other)
  }
  for (const [page, versions] of sheaves.pages) {
    for (const [i, node] of nodes.entries()) {
      const order = shuffled(versions, seededRandom(`${page} ${round} ${i}`))
      const own = order.filter((one) => versions.indexOf(one) % NODES !== i)
      const late = order.filter((one) => !own.includes(one))
      const arrived = yield* arrive(world, node, own, sheaves)
      compare(
        `${page} at ${node.name} in round ${round}`,
        versions,
        [...own, ...late],
        arrived,
        sheaves,
        findings,
      )
    }
    yield* settleAll(nodes.map((node) => told(node, page, versions, findings)))
  }
  for (const node of nodes) node.kill()
}

/** Puts versions into a node's store one by one; each as it reads back, verified. */
function* arrive(
  world: World,
  node: SimNode,
  order: readonly Sealed[],
  { context }: Sheaves,
): Task<Map<Sealed, VerifiedVersion>> {
  const arrived = new Map<Sealed, VerifiedVersion>()
  for (const one of order) {
    const [bytes] = yield* world.wait(async () => {
      await node.disk.store.append('shelf', [one.block], { sync: false })
      return node.disk.store.get([one.block.id])
    })
    const block = verifyBlock(bytes!, context)
    if (block.type === 'version') arrived.set(one, block)
  }
  return arrived
}

/** After every prefix of an order: the heads, the tips that a server sends, the choice of one. And every text. */
function compare(
  where: string,
  versions: readonly Sealed[],
  order: readonly Sealed[],
  arrived: ReadonlyMap<Sealed, VerifiedVersion>,
  { people }: Sheaves,
  findings: Findings,
): void {
  const authors = new Map([...people].map(([author, { entity }]) => [hex(entity), author]))
  const resolver = ownHeads({ trustOf: (entity) => trustOf(authors.get(hex(entity))!) })
  const oracle = new Oracle(versions.map(plain))
  const known: VerifiedVersion[] = []
  for (const one of order) {
    const version = arrived.get(one) ?? one.verified
    known.push(version)
    oracle.add(plain(one))
    const head = resolver.resolveVersion(pageOf(one.row.page), known)!
    const wanted = oracle.heads().join()
    const isSame =
      head.tips.map(({ id }) => hex(id)).join() === wanted &&
      tipsOf(known.map(({ record }) => record))
        .map(({ id }) => hex(id))
        .sort()
        .join() === wanted &&
      hex(head.version.id) === oracle.head()
    if (isSame) findings.count('prefixes with the heads and the head of the oracle')
    else findings.differ(`${where}: other heads after ${known.length} versions`)
    const { markdown } = one.row
    const isText =
      markdown === null ? version.text === undefined : equalBytes(version.text!, Buffer.from(markdown))
    if (isText) findings.count('texts the same to the last byte as they arrived')
    else findings.differ(`${where}: another text of ${one.row.version}`)
  }
  findings.count('orders of arrival')
}

/** What a node says of a page once it has heard the others: every version, and the head with its text. */
function* told(node: SimNode, page: string, versions: readonly Sealed[], findings: Findings): Task<void> {
  const where = `${page} at ${node.name}`
  const oracle = new Oracle(versions.map((one) => ({ ...plain(one), trust: 0 })))
  for (const one of versions) oracle.add(plain(one))
  const target = { page: pageOf(page) }
  const log = yield* node.run({ type: 'log', ...target, untilMs: node.steadyMs + LOOK_UP_MS, isFresh: true })
  const ids = log.map(({ id }) => hex(id)).sort()
  const heads = log.filter(({ isTip }) => isTip).map(({ id }) => hex(id))
  if (
    ids.join() !==
    versions
      .map(({ verified }) => hex(verified.id))
      .sort()
      .join()
  ) {
    return findings.differ(`${where}: ${ids.length} versions of ${versions.length}`)
  }
  findings.count('versions known to the five nodes, a fifth of them over earned sessions', ids.length)
  if (heads.sort().join() !== oracle.heads().join()) findings.differ(`${where}: other heads`)
  const wanted = versions.find(({ verified }) => hex(verified.id) === oracle.head())!
  if (wanted.row.markdown === null) return findings.count('pages that a node says are deleted')
  const got = yield* node.run({ type: 'get', target, untilMs: node.steadyMs + LOOK_UP_MS })
  if (hex(got.id) !== oracle.head()) findings.differ(`${where}: another head`)
  else if (!equalBytes(got.text, Buffer.from(wanted.row.markdown))) findings.differ(`${where}: another text`)
  else findings.count('heads that a node shows, with their text')
}

function plain({ verified, parents, row }: Sealed): Plain {
  return {
    id: hex(verified.id),
    parents: parents.map((parent) => hex(parent.verified.id)),
    trust: trustOf(row.author),
  }
}
