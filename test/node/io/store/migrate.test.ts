/** Indexes of other formats: `fixtures/index-format-0.json` is what the prototype left, as keys and values in hex. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { seededRandom } from '../../../../src/base/seeded.ts'
import { indexLevel } from '../../../../src/node/io/store/block-index.ts'
import { FORMAT_KEY, INDEX_FORMAT } from '../../../../src/node/io/store/index-keys.ts'
import { type LevelStore, openStore } from '../../../../src/node/io/store/level-store.ts'
import { NOTE_TABLES } from '../../../../src/node/store.ts'
import { describeBlock, someBlocks } from '../../../contract/blocks.ts'
import { all, codeOfCall, hex } from '../../../contract/store.ts'
import { tempHome } from '../../../helpers/home.ts'

interface Fixture {
  format: number
  entries: [string, string][]
}

/** An index as a program of its time wrote it. */
const fixture = (format: number): Fixture =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/index-format-${format}.json`, import.meta.url), 'utf8'))

const FIXTURE = fixture(0)

const open = (home: string): Promise<LevelStore> =>
  openStore({ home, incarnation: new Uint8Array(16), describe: describeBlock })

const id = (n: number): string => FIXTURE.entries.filter(([key]) => key.startsWith('62'))[n]![0].slice(2)

/** Tables that came later have no notes in an old index. */
const TABLES_OF_FORMAT_2 = 6

test('migrate - an index of format 0 keeps its notes, gets its blocks from the feeds, and is backed up', async (t) => {
  const home = tempHome(t)
  const blocks = someBlocks(seededRandom('migrate'), 40)
  const before = await open(home)
  await before.append('outbox', blocks, { sync: true })
  await before.close()
  await putIndex(home, FIXTURE.entries)

  const store = await open(home)
  const notes: Record<string, [string, string][]> = {}
  for (const table of NOTE_TABLES) {
    notes[table] = (await all(store.notes(table))).map(({ key, value }) => [hex(key)!, hex(value)!])
  }
  const text = (words: string): string => hex(Buffer.from(words))!
  t.alike(
    notes.own,
    [
      ['', text('empty key')],
      [text('identity'), text('genesis')],
    ],
    'own',
  )
  t.alike(notes.receipt, [['720001', '00']], 'a zero byte in a key')
  t.alike(notes.peer, [['ffff', text('rank')]])
  t.is(Object.values(notes).flat().length, FIXTURE.entries.filter(([key]) => key.startsWith('6e')).length)

  t.alike(
    (await store.get(blocks.map((block) => block.id))).map(hex),
    blocks.map(({ bytes }) => hex(bytes)),
  )
  t.alike(await store.meta([Buffer.from(id(0), 'hex')]), [undefined], 'what no feed has is forgotten')
  t.is(store.usage().blocks, 40)
  await store.close()

  t.alike(
    await entriesOf(join(home, 'index-format-0.backup')),
    FIXTURE.entries,
    'the backup is the old index',
  )
  const again = await open(home)
  t.is(again.usage().blocks, 40, 'and the new one opens')
  await again.close()
})

test('migrate - a step that was cut off starts over, and an earlier backup stays', async (t) => {
  const home = tempHome(t)
  await putIndex(home, FIXTURE.entries)
  mkdirSync(join(home, 'index-format-0.backup'))
  mkdirSync(join(home, 'index-format-0.backup.part'))
  const store = await open(home)
  t.is((await all(store.notes('own'))).length, 2)
  await store.close()
  t.absent(existsSync(join(home, 'index-format-0.backup', 'CURRENT')))
})

test('migrate - an index of format 1, whose places had no kind in their keys, lists every block anew', async (t) => {
  const home = tempHome(t)
  const blocks = someBlocks(seededRandom('places'), 20)
  const before = await open(home)
  await before.append('outbox', blocks, { sync: true })
  await before.close()
  const entries = await entriesOf(join(home, 'index'))
  const old = entries.map(([key, value]): [string, string] => {
    if (key === hex(FORMAT_KEY)) return [key, '01']
    if (!key.startsWith('6c')) return [key, value]
    return [key.slice(0, 66) + key.slice(80), `${key.slice(66, 80)}${value}`]
  })
  old.push([hex(Buffer.from('n\x01k'))!, hex(Buffer.from('v'))!])
  await putIndex(home, old)

  const store = await open(home)
  for (const { locator, id, kind } of blocks) {
    t.alike(
      (await store.at(locator, 9)).map((meta) => [hex(meta.id), meta.kind]),
      [[hex(id), kind]],
    )
  }
  t.is(hex(await store.noted('own', Buffer.from('k'))), hex(Buffer.from('v')))
  t.is(store.usage().blocks, 20)
  await store.close()
  t.alike(await entriesOf(join(home, 'index')), entries, 'the index is as if it had been written so')
  t.alike(await entriesOf(join(home, 'index-format-1.backup')), [...old].sort())
})

test('migrate - the notes of an index of format 2 move to a place of their own', async (t) => {
  const { entries } = fixture(2)
  const home = tempHome(t)
  const blocks = someBlocks(seededRandom('fixture'), 6)
  const before = await open(home)
  await before.append('outbox', blocks.slice(0, 4), { sync: true })
  await before.append('shelf', blocks.slice(4), { sync: true })
  const usage = before.usage()
  await before.close()
  await putIndex(home, entries)

  const store = await open(home)
  t.is(hex(store.incarnation), '00'.repeat(16), 'nothing is lost, so the life goes on')
  for (const table of NOTE_TABLES.slice(0, TABLES_OF_FORMAT_2)) {
    t.is(hex(await store.noted(table, Buffer.from(`${table} key`))), hex(Buffer.from(`${table} value`)))
    t.is(hex(await store.noted(table, Buffer.of(0xff, 0))), '01')
  }
  t.is(hex(await store.noted('own', new Uint8Array(0))), hex(Buffer.from('empty key')))
  t.is(hex(await store.noted('peer', Buffer.from('empty'))), '')
  t.alike(
    (await store.get(blocks.map((block) => block.id))).map(hex),
    blocks.map(({ bytes }) => hex(bytes)),
  )
  t.alike(store.usage(), usage)
  await store.close()
  const left = (await entriesOf(join(home, 'index'))).filter(([key]) => key !== hex(FORMAT_KEY))
  const derived = entries.filter(([key]) => key !== hex(FORMAT_KEY) && !key.startsWith('6e'))
  t.alike(left, derived, 'what can be derived is as it was')
  t.alike(await entriesOf(join(home, 'index-format-2.backup')), entries)

  // a step that was cut off before its batch is taken again
  await putIndex(home, entries, { keepNotes: true })
  const again = await open(home)
  t.is((await all(again.notes('own'))).length, 3)
  await again.close()
})

test('migrate - a format that is too new is refused and left as it is', async (t) => {
  const home = tempHome(t)
  const entries: [string, string][] = [[hex(FORMAT_KEY)!, hex(Buffer.of(INDEX_FORMAT + 1))!]]
  await putIndex(home, entries)
  t.is(await codeOfCall(open(home)), 'BAD_STORE')
  t.alike(await entriesOf(join(home, 'index')), entries)
})

test('migrate - entries without a format are refused', async (t) => {
  const home = tempHome(t)
  await putIndex(home, [['00', '00']])
  t.is(await codeOfCall(open(home)), 'BAD_STORE')
})

/** Puts an index with these entries into a home, instead of the one it has, and of its notes. */
async function putIndex(
  home: string,
  entries: readonly (readonly [string, string])[],
  { keepNotes = false } = {},
): Promise<void> {
  rmSync(join(home, 'index'), { recursive: true, force: true })
  if (!keepNotes) rmSync(join(home, 'notes'), { recursive: true, force: true })
  const level = indexLevel(join(home, 'index'))
  await level.batch(
    entries.map(([key, value]) => ({
      type: 'put' as const,
      key: Buffer.from(key, 'hex'),
      value: Buffer.from(value, 'hex'),
    })),
  )
  await level.close()
}

async function entriesOf(directory: string): Promise<[string, string][]> {
  const level = indexLevel(directory)
  const entries = await level.iterator().all()
  await level.close()
  return entries.map(([key, value]) => [hex(key)!, hex(value)!])
}
