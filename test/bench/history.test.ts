/** The conformance of histories on a small record of its own: all agrees, and a merge that came out otherwise is told. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import test from 'brittle'
import { Oracle } from '../../bench/conformance/history/oracle.ts'
import type { Row } from '../../bench/conformance/history/proposals.ts'
import { checkHistory } from '../../bench/conformance/history.ts'

const BASE = 'one\n\ntwo\n\nthree\n'

/*  a1 ── b2 ── d4 ── e5      d4 merges cleanly, f6 by hand; b2 says that it is older than a1
 *   └─── c3 ──┘                                                                               */
const ROWS: Row[] = [
  row('bees', 'a1', [], 1, BASE),
  row('bees', 'b2', ['a1'], 2, BASE.replace('one', 'ONE'), 900_000),
  row('bees', 'c3', ['a1'], 3, BASE.replace('three', 'THREE')),
  row('bees', 'd4', ['b2', 'c3'], 1, BASE.replace('one', 'ONE').replace('three', 'THREE')),
  row('bees', 'e5', ['d4'], 2, null),
  row('wasps', 'a1', [], 7, BASE),
  row('wasps', 'b2', ['a1'], 2, BASE.replace('two', 'zwei')),
  row('wasps', 'c3', ['a1'], 3, BASE.replace('two', 'deux')),
  row('wasps', 'd4', ['b2', 'c3'], 1, BASE.replace('two', '2')),
  row('wasps', 'e5', ['b2'], 9, `${BASE.replace('two', 'zwei')}four\n`),
]

function row(
  page: string,
  version: string,
  parents: string[],
  author: number,
  markdown: string | null,
  earlierMs = 0,
): Row {
  const number = Number(version.slice(1))
  return { page, version, parents, timeMs: 1_700_000_000_000 + number * 1_000 - earlierMs, author, markdown }
}

function folderOf(t: { teardown(fn: () => unknown): void }, rows: Row[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'history'))
  const lines = rows.map((one) => `${JSON.stringify(one)}\n`).join('')
  writeFileSync(join(folder, 'history', 'proposals.jsonl.gz'), gzipSync(lines))
  return folder
}

test('conformance of histories - heads, texts and merges of a record agree at five nodes in 20 orders', {
  timeout: 60_000,
}, async (t) => {
  const { checked, differences } = await checkHistory(folderOf(t, ROWS))
  t.alike(differences, [])
  t.is(checked['orders of arrival'], 40)
  t.is(checked['prefixes with the heads and the head of the oracle'], 200)
  t.is(checked['texts the same to the last byte as they arrived'], 200)
  t.is(checked['versions known to the five nodes, a fifth of them over earned sessions'], 200)
  t.is(checked['pages that a node says are deleted'], 20)
  t.is(checked['heads that a node shows, with their text'], 20)
  t.is(checked['merges reproduced byte for byte'], 1)
  t.is(checked['merges shown as conflicts'], 1)
})

test('conformance of histories - a merge that is recorded with another text than it comes out with differs', {
  timeout: 60_000,
}, async (t) => {
  const altered = ROWS.map((one) =>
    one.page === 'bees' && one.version === 'd4' ? { ...one, markdown: 'by hand\n' } : one,
  )
  const { differences } = await checkHistory(folderOf(t, altered))
  t.alike(differences, ['bees d4: merged cleanly into another text'])
  const lost = ROWS.filter(({ version }) => version !== 'a1')
  await t.exception(checkHistory(folderOf(t, lost)), /a parent that is not there/)
})

/*  a ── b ── d      e has the more trusted author
 *   └── c ── e                                    */
test('conformance of histories - the oracle knows the heads of what has arrived, and goes the way of the trusted', (t) => {
  const page = [
    { id: 'a', parents: [], trust: 0 },
    { id: 'b', parents: ['a'], trust: 0 },
    { id: 'c', parents: ['a'], trust: 0 },
    { id: 'd', parents: ['b'], trust: 0 },
    { id: 'e', parents: ['c'], trust: 1 },
  ]
  const oracle = new Oracle(page)
  for (const id of ['a', 'd', 'b']) oracle.add(page.find((one) => one.id === id)!)
  t.alike(oracle.heads(), ['d'])
  oracle.add(page[2]!)
  t.alike(oracle.heads(), ['c', 'd'])
  t.is(oracle.head(), 'd', 'by the smaller id of b and c')
  oracle.add(page[4]!)
  t.is(oracle.head(), 'e')
})
