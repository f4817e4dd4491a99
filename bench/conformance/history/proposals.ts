/** The recorded history: every version of some proposal pages by many authors, as it happened. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { sha256 } from '../../../src/base/hash.ts'
import type { Network } from '../../../src/base/network.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import { type VerifiedVersion, type VerifyContext, verifyBlock } from '../../../src/content/block.ts'
import { KeyBook } from '../../../src/content/key-book.ts'
import { compressSignMarkdown } from '../../../src/content/page.ts'
import type { Page, Space } from '../../../src/content/space.ts'
import type { StoredBlock } from '../../../src/node/store.ts'
import type { SimCrypto } from '../../../src/sim/crypto.ts'
import { type Person, personOf, START_MS, stored } from '../../../src/sim/person.ts'

/** One version as the file has it. `version` and `parents` are names within their page; null deletes it. */
export interface Row {
  readonly page: string
  readonly version: string
  readonly parents: readonly string[]
  readonly timeMs: number
  readonly author: number
  readonly markdown: string | null
}

/** A row as Sheaf has it: signed by a person made for its author. */
export interface Sealed {
  readonly row: Row
  readonly parents: readonly Sealed[]
  readonly verified: VerifiedVersion
  readonly block: StoredBlock
}

export interface Sheaves {
  /** By page, each in an order in which parents come first. */
  readonly pages: Map<string, Sealed[]>
  readonly people: Map<number, Person>
  readonly context: VerifyContext
}

/** Everybody writes here: in a group's space every version stands equally. */
export const SPACE: Space = { type: 'group', id: sha256(Buffer.from('the proposals')) }

export const pageOf = (path: string): Page => ({ space: SPACE, path })

export function readRows(path: string): Row[] {
  return gunzipSync(readFileSync(path))
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
}

/** Signs and verifies every version, parents first. Throws where a page names a parent that it does not have, or goes round. */
export function seal(rows: readonly Row[], network: Network, crypto: SimCrypto): Sheaves {
  const people = new Map<number, Person>()
  for (const { author } of rows) {
    if (!people.has(author)) people.set(author, personOf(`author ${author}`, network, crypto))
  }
  const keys = new KeyBook()
  const context: VerifyContext = {
    network,
    verify: crypto.verify,
    keyOf: (id) => keys.get(id),
    nowMs: Math.max(...rows.map(({ timeMs }) => timeMs), START_MS),
  }
  for (const { genesis } of people.values()) {
    const block = verifyBlock(stored(genesis).bytes, context)
    if (block.type === 'key') keys.add(block.key)
  }
  const pages = new Map<string, Sealed[]>()
  const byPage = new Map<string, Row[]>()
  for (const row of rows) byPage.set(row.page, [...(byPage.get(row.page) ?? []), row])
  for (const [page, all] of byPage) {
    const sealed = new Map<string, Sealed>()
    for (const row of parentsFirst(all)) {
      const parents = row.parents.map((name) => sealed.get(name)!)
      sealed.set(row.version, sealOne(row, parents, people.get(row.author)!, context))
    }
    pages.set(page, [...sealed.values()])
  }
  return { pages, people, context }
}

function sealOne(row: Row, parents: readonly Sealed[], person: Person, context: VerifyContext): Sealed {
  const [made] = compressSignMarkdown(
    [
      {
        ...pageOf(row.page),
        text: row.markdown === null ? undefined : Buffer.from(row.markdown),
        parents: parents.map(({ verified }) => verified.id),
        summary: '',
        timeMs: row.timeMs,
        nonce: seededRandom(`${row.page} ${row.version}`)(8),
      },
    ],
    person.identity.author,
  )
  const { id, locator, block: bytes, timeMs } = made!
  const verified = verifyBlock(bytes, context)
  if (verified.type !== 'version') throw new Error(`${row.page} ${row.version}: sealed as something else`)
  const { kind } = verified.record
  return { row, parents, verified, block: { id, locator, kind, timeMs, length: bytes.byteLength, bytes } }
}

/** Rows of one page in an order in which parents come first, whatever times they claim. */
function parentsFirst(rows: readonly Row[]): Row[] {
  const waiting = new Set(rows)
  const done = new Set<string>()
  const ordered: Row[] = []
  while (waiting.size > 0) {
    const ready = [...waiting].filter(({ parents }) => parents.every((name) => done.has(name)))
    if (ready.length === 0) throw new Error(`${rows[0]!.page}: a parent that is not there, or a circle`)
    for (const row of ready) {
      waiting.delete(row)
      done.add(row.version)
      ordered.push(row)
    }
  }
  return ordered
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
