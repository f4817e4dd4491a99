import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'brittle'
import { randomBelow } from '../../../src/base/random.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import { writeBackup } from '../../../src/node/io/backup/backup.ts'
import { formFrame, MAGIC } from '../../../src/node/io/backup/format.ts'
import { type RestoreSummary, restoreBackup } from '../../../src/node/io/backup/restore.ts'
import { currentIncarnation } from '../../../src/node/io/incarnation.ts'
import { namesPath, readNames } from '../../../src/node/io/names-file.ts'
import { pathsOf } from '../../../src/node/io/paths.ts'
import { readRules } from '../../../src/node/io/rules-file.ts'
import { type LevelStore, openStore } from '../../../src/node/io/store/level-store.ts'
import { lockHome } from '../../../src/node/io/store/lock.ts'
import type { LocalName } from '../../../src/node/names.ts'
import { SEQUENCE_KEY } from '../../../src/node/numbering.ts'
import type { Rule } from '../../../src/node/rules.ts'
import type { Note, StoredBlock } from '../../../src/node/store.ts'
import { describeBlock, recordBlock, someBlocks } from '../../contract/blocks.ts'
import { all, codeOfCall, hex } from '../../contract/store.ts'
import { type Teardown, tempHome } from '../../helpers/home.ts'

const INCARNATION = new Uint8Array(16).fill(7)
const random = seededRandom('restore')

const notes: Note[] = [
  { table: 'own', key: SEQUENCE_KEY, value: Buffer.of(9) },
  { table: 'own', key: Buffer.from('else'), value: Buffer.of(1) },
  { table: 'pending', key: Buffer.alloc(32, 1), value: Buffer.from('a batch') },
  { table: 'holding', key: Buffer.alloc(32, 2), value: Buffer.alloc(0) },
]

const rules: Rule[] = [
  {
    type: 'deny',
    id: Buffer.alloc(32, 3),
    about: '@me/bees',
    why: 'a letter from a court \u2014 \ud83d',
    sinceMs: 5,
  },
  { type: 'block', id: Buffer.alloc(32, 4), about: 'a device', why: '', sinceMs: 1_700_000_000_000 },
]

const names: LocalName[] = [
  { name: 'ann', entity: Buffer.alloc(32, 5), sinceMs: 7 },
  { name: 'ärzte', entity: Buffer.alloc(32, 6), sinceMs: 8 },
]

interface Backed {
  home: string
  file: string
  own: StoredBlock[]
  kept: StoredBlock[]
}

/** A home with blocks, notes and files, and a backup of it. */
async function backedUp(t: Teardown, { withKeys = true } = {}): Promise<Backed> {
  const home = tempHome(t)
  const blocks = seededRandom('backup')
  const own = someBlocks(blocks, 40)
  const kept = someBlocks(blocks, 40, { bodyBytes: 30_000 })
  const paths = pathsOf(home, {}, '/')
  writeFileSync(paths.identity, '{"an": "identity"}', { mode: 0o600 })
  writeFileSync(paths.config, 'quota_mb = 5\n')
  const store = await open(home)
  await store.append('outbox', own, { sync: true, notes })
  await store.append('shelf', kept, { sync: true })
  const file = join(tempHome(t), 'a.backup')
  const summary = await writeBackup(store, {
    path: file,
    incarnation: INCARNATION,
    files: { identity: withKeys ? paths.identity : undefined, config: paths.config },
    rules,
    names,
    nowMs: 1_700_000_000_000,
  })
  if (summary.bytes !== statSync(file).size) throw new Error('the summary has another number of bytes')
  await store.close()
  return { home, file, own, kept }
}

const open = (home: string, incarnation: Uint8Array = INCARNATION): Promise<LevelStore> =>
  openStore({ home, incarnation, describe: describeBlock })

const restore = (file: string, home: string): Promise<RestoreSummary> =>
  restoreBackup({ file, paths: pathsOf(home, {}, '/'), describe: describeBlock, random })

test('backup - comes back as it was, in another life', async (t) => {
  const { file, own, kept } = await backedUp(t)
  t.is(statSync(file).mode & 0o777, 0o600, 'it may hold keys')
  t.alike(readdirSync(dirname(file)), ['a.backup'], 'and nothing beside it')
  const home = join(tempHome(t), 'new', 'home')
  const summary = await restore(file, home)
  t.alike(
    { ...summary, incarnation: undefined },
    {
      home,
      madeMs: 1_700_000_000_000,
      oldIncarnation: Buffer.from(INCARNATION),
      incarnation: undefined,
      blocks: 80,
      notes: 3,
      hasKeys: true,
    },
  )
  t.alike(readdirSync(dirname(home)), ['home'])

  const paths = pathsOf(home, {}, '/')
  t.is(readFileSync(paths.identity, 'utf8'), '{"an": "identity"}')
  t.is(statSync(paths.identity).mode & 0o777, 0o600)
  t.is(readFileSync(paths.config, 'utf8'), 'quota_mb = 5\n')
  const [denied, blocked] = rules as [Rule, Rule]
  const asText = { ...denied, why: 'a letter from a court \u2014 \ufffd' }
  t.alike(
    readRules(home).map(({ id, ...rest }) => ({ id: hex(id), ...rest })),
    [asText, blocked].map(({ id, ...rest }) => ({ id: hex(id), ...rest })),
    'a node that is restored serves nothing that its operator denies',
  )
  t.alike(
    readNames(home).map(({ entity, ...rest }) => ({ entity: hex(entity), ...rest })),
    names.map(({ entity, ...rest }) => ({ entity: hex(entity), ...rest })),
    'others are called as before',
  )
  t.is(statSync(namesPath(home)).mode & 0o777, 0o600)
  const lock = lockHome(home)
  const current = currentIncarnation(lock, INCARNATION, random)
  lock.release()
  t.alike(Buffer.from(current.bytes), Buffer.from(summary.incarnation), 'the new life is that of the home')
  t.unlike(Buffer.from(current.bytes), Buffer.from(INCARNATION))

  const store = await open(home, current.bytes)
  const ofFeed = async (feed: string): Promise<unknown[]> =>
    (await all(store.each())).filter((one) => one.feed === feed).map(({ block }) => hex(block.bytes))
  t.alike(
    await ofFeed('outbox'),
    own.map(({ bytes }) => hex(bytes)),
    'own ones',
  )
  t.alike(
    await ofFeed('shelf'),
    kept.map(({ bytes }) => hex(bytes)),
    'kept ones',
  )
  t.is(await store.noted('own', SEQUENCE_KEY), undefined, 'numbers of the old life end with it')
  t.is(hex(await store.noted('own', Buffer.from('else'))), '01')
  t.is(hex(await store.noted('pending', Buffer.alloc(32, 1))), hex(Buffer.from('a batch')))
  t.is(hex(await store.noted('holding', Buffer.alloc(32, 2))), '')
  t.ok(await store.noted('own', Buffer.from('unlisted')), 'what was published meanwhile is looked for')
  await store.close()
})

test('backup - without keys has none in it', async (t) => {
  const { file } = await backedUp(t, { withKeys: false })
  t.absent(readFileSync(file).includes('identity'))
  const home = join(tempHome(t), 'home')
  t.is((await restore(file, home)).hasKeys, false)
  t.absent(existsSync(pathsOf(home, {}, '/').identity))
})

test('backup - another file is not overwritten, and another home is not touched', async (t) => {
  const { file, home } = await backedUp(t)
  const before = readFileSync(file)
  const store = await open(home)
  const again = writeBackup(store, {
    path: file,
    incarnation: INCARNATION,
    files: { identity: undefined, config: undefined },
    rules: [],
    names: [],
    nowMs: 1,
  })
  t.is(await codeOfCall(again), 'ALREADY_EXISTS')
  await store.close()
  t.ok(before.equals(readFileSync(file)))
  t.is(await codeOfCall(restore(file, home)), 'ALREADY_EXISTS')
  const empty = join(tempHome(t), 'empty')
  mkdirSync(empty)
  t.is((await restore(file, empty)).blocks, 80, 'an empty folder is as good as none')
  t.is(await codeOfCall(restore(join(home, 'nowhere'), join(empty, 'a'))), 'NOT_FOUND')
})

test('backup - whatever byte is changed, cut off or added, it is refused by name and nothing is left', async (t) => {
  const { file } = await backedUp(t)
  const whole = readFileSync(file)
  const folder = tempHome(t)
  const chance = seededRandom('changes')
  const refused = async (bytes: Buffer): Promise<string | undefined> => {
    const path = join(folder, 'changed')
    writeFileSync(path, bytes)
    const code = await codeOfCall(restore(path, join(folder, 'home')))
    if (readdirSync(folder).join() !== 'changed') return 'something is left'
    return code
  }
  const codes = new Set<string | undefined>()
  for (let i = 0; i < 40; i++) {
    const bytes = Buffer.from(whole)
    // the small things at both ends as well as the many blocks between
    const at = i < 10 ? i * 7 : i < 20 ? bytes.length - 1 - (i - 10) * 5 : randomBelow(chance, bytes.length)
    bytes[at]! ^= 1 << randomBelow(chance, 8)
    const code = await refused(bytes)
    codes.add(code)
    t.ok(REFUSALS.has(code ?? ''), `a bit of byte ${at}: ${code}`)
  }
  for (const length of [
    0,
    5,
    MAGIC.length,
    MAGIC.length + 3,
    whole.length - 1,
    randomBelow(chance, whole.length),
  ]) {
    t.is(await refused(whole.subarray(0, length)), 'TRUNCATED', `cut at ${length}`)
  }
  t.is(await refused(Buffer.concat([whole, Buffer.of(0)])), 'TRAILING_BYTES')
  t.is(await refused(Buffer.concat([Buffer.from('sheaf backup 2\n'), whole.subarray(15)])), 'BAD_FORMAT')
  t.ok(codes.has('BAD_HASH'))
})

const REFUSALS = new Set(['BAD_HASH', 'BAD_FORMAT', 'TOO_LARGE', 'TRUNCATED'])

test('backup - frames that were made to fit are held to what blocks say of themselves', async (t) => {
  const chance = seededRandom('forged')
  const block = recordBlock(chance)
  const { kind, id, locator, bytes } = block
  const head = formFrame({ type: 'head', madeMs: 1, incarnation: INCARNATION, hasKeys: false })
  const as = (changed: object) => formFrame({ type: 'block', feed: 0, kind, id, locator, bytes, ...changed })
  for (const [frames, code] of [
    [[head, as({ id: chance(32) })], 'BAD_HASH'],
    [[head, as({ locator: chance(32) })], 'BAD_HASH'],
    [[head, as({ kind: (kind % 255) + 1 })], 'BAD_HASH'],
    [[head, as({ bytes: chance(20) })], 'BAD_HASH'],
    [[as({})], 'BAD_FORMAT'],
    [[head, head], 'BAD_FORMAT'],
    [[head, formFrame({ type: 'file', name: '../lock', bytes })], 'BAD_FORMAT'],
    [[head, formFrame({ type: 'name', name: '../ann', entity: id, sinceMs: 1 })], 'BAD_FORMAT'],
    [[head, as({})], 'TRUNCATED'],
    [[head, as({}), formFrame({ type: 'end', blocks: 1, notes: 0, digest: chance(32) })], 'BAD_HASH'],
  ] as const) {
    const folder = tempHome(t)
    const file = join(folder, 'forged')
    writeFileSync(file, Buffer.concat([MAGIC, ...frames]))
    t.is(await codeOfCall(restore(file, join(folder, 'home'))), code)
    t.alike(readdirSync(folder), ['forged'])
  }
})
