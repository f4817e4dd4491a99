/**
 * The checkers that look at the end: what was published can be read, what was promised is there, and
 * nodes that know the same agree.
 */

import { decode } from '../base/codec.ts'
import { equalBytes } from '../base/hash.ts'
import { idKey } from '../base/id-map.ts'
import { parseRecord } from '../content/record.ts'
import { pageToText } from '../content/space.ts'
import { holding } from '../content/statement.ts'
import { Batch } from '../node/batch.ts'
import type { Task } from '../node/task.ts'
import type { Finding } from './finding.ts'
import type { Known, Ledger, Published, Read } from './ledger.ts'
import { type SimNode, shortHex } from './node.ts'
import type { World } from './world.ts'

/**
 * Every page that was published is read by somebody else, and what is read is byte for byte a version that
 * was published. That it is the newest is not promised: see `isNewest`.
 */
export function unreadable(reads: readonly Read[], published: readonly Published[]): Finding[] {
  const texts = new Map<string, Uint8Array[]>()
  for (const { page, text } of published) {
    const name = pageToText(page)
    texts.set(name, [...(texts.get(name) ?? []), text])
  }
  return reads.flatMap(({ reader, published: one, text, failure }): Finding[] => {
    const where = `${nameOf(one)} at ${reader.name}`
    if (text === undefined) return [{ check: 'readable', message: `${where}: ${failure ?? 'nothing'}` }]
    if (texts.get(pageToText(one.page))?.some((known) => equalBytes(known, text))) return []
    return [{ check: 'readable', message: `${where}: other bytes than were ever published` }]
  })
}

/** Whether a reader got the version that was published last. */
export function isNewest({ text, published }: Read): boolean {
  return text !== undefined && equalBytes(text, published.text)
}

/** Of each page that was reported held there are so many copies; one that a restored node lost with its disk is excused. */
export function* missingCopies(world: World, ledger: Ledger): Task<Finding[]> {
  const findings: Finding[] = []
  for (const one of ledger.published) {
    if (one.copies === undefined) continue
    const found = (yield* holdersOf(world, one.id)).filter((node) => node !== one.author).length
    const excused = [...ledger.restored].filter((node) => node !== one.author).length
    if (found + excused >= one.copies) continue
    const message = `${nameOf(one)}: ${found} copies where ${one.copies} were reported`
    findings.push({ check: 'copies', message })
  }
  return findings
}

/** What a publisher was told is stored is on its disk, and what a keeper signed for is on the keeper's. */
export function* lostPromises(world: World, ledger: Ledger): Task<Finding[]> {
  const findings: Finding[] = []
  for (const one of ledger.published) {
    // A backup that was put back ends what was said since, and the new incarnation says so.
    if (!equalBytes(one.incarnation, one.author.incarnation)) continue
    const [meta] = yield* world.wait(() => one.author.disk.store.meta([one.id]))
    if (meta !== undefined) continue
    findings.push({
      check: 'acknowledged',
      message: `${one.author.name} lost ${nameOf(one)}, which it stored`,
    })
  }
  for (const publisher of world.nodes) {
    for (const [device, record, ids] of yield* holdingsAt(world, publisher)) {
      const keeper = world.nodeOf(device)
      if (keeper === undefined || ledger.dishonest.has(keeper)) continue
      const { incarnation } = decode(holding, parseRecord(record).body)
      if (!equalBytes(incarnation, keeper.incarnation)) continue
      const metas = yield* world.wait(() => keeper.disk.store.meta(ids))
      const lost = metas.filter((meta) => meta === undefined).length
      if (lost === 0) continue
      const message = `${keeper.name} signed for ${ids.length} blocks of ${publisher.name}, and lacks ${lost}`
      findings.push({ check: 'acknowledged', message })
    }
  }
  return findings
}

/** Who knows the same versions of a page has the same head. */
export function disagreements(known: readonly Known[]): Finding[] {
  const heads = new Map<string, Known>()
  return known.flatMap((one): Finding[] => {
    const { page, versions, head, node } = one
    const key = `${pageToText(page)} ${versions.map(idKey).sort().join('')}`
    const first = heads.get(key)
    if (first === undefined) heads.set(key, one)
    if (
      first === undefined ||
      (head !== undefined && first.head !== undefined && equalBytes(head, first.head))
    )
      return []
    const message = `${node.name} and ${first.node.name} know the same ${versions.length} versions of ${page.path}, and have other heads`
    return [{ check: 'heads', message }]
  })
}

/** The nodes that have a block on their disk, up or down. */
export function* holdersOf(world: World, id: Uint8Array): Task<SimNode[]> {
  return yield* world.wait(async () => {
    const found: SimNode[] = []
    for (const node of world.nodes) {
      const [meta] = await node.disk.store.meta([id])
      if (meta !== undefined) found.push(node)
    }
    return found
  })
}

/** Device, record and ids of every promise that a publisher has on its disk. */
function* holdingsAt(world: World, publisher: SimNode): Task<[Uint8Array, Uint8Array, Uint8Array[]][]> {
  const { network, crypto } = world
  const env = { network, verifyDevice: crypto.verifyDevice }
  return yield* world.wait(async () => {
    const found: [Uint8Array, Uint8Array, Uint8Array[]][] = []
    for (const table of ['pending', 'holding'] as const) {
      for await (const { key, value } of publisher.disk.store.notes(table)) {
        const { entries, holdings } = Batch.decode(key, value, env)
        for (const [device, { record, part }] of holdings) {
          const covered = entries.filter((_, i) => part === undefined || part.has(i))
          found.push([device, record, covered.map(({ id }) => id)])
        }
      }
    }
    return found
  })
}

/** The newest version of each page that was published, by its author's word. */
export function newest(published: readonly Published[]): Published[] {
  const pages = new Map<string, Published>()
  for (const one of published) pages.set(pageToText(one.page), one)
  return [...pages.values()]
}

function nameOf({ author, page, id }: Published): string {
  return `${author.name}/${page.path} (${shortHex(id)})`
}
