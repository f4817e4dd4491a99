/** What a power loss leaves: everything that was acknowledged as synced, and a store that works. */
import { join } from 'node:path'
import test from 'brittle'
import { seededRandom } from '../../../../src/base/seeded.ts'
import { type LevelStore, openStore } from '../../../../src/node/io/store/level-store.ts'
import type { Note, StoredBlock } from '../../../../src/node/store.ts'
import { describeBlock, someBlocks } from '../../../contract/blocks.ts'
import { all, codeOfCall, hex } from '../../../contract/store.ts'
import { type Teardown, tempHome } from '../../../helpers/home.ts'
import { DATABASES, RecordingDisk } from './power.ts'

const open = (home: string, disk = new RecordingDisk()): Promise<LevelStore> =>
  openStore({ home, incarnation: new Uint8Array(16), describe: describeBlock, disk })

interface Written {
  synced: StoredBlock[]
  unsynced: StoredBlock[]
}

/** Some synced writes between unsynced ones, and unsynced ones last. */
async function write(store: LevelStore): Promise<Written> {
  const random = seededRandom('power')
  const written: Written = { synced: [], unsynced: [] }
  for (let i = 0; i < 12; i++) {
    const blocks = someBlocks(random, 1 + i)
    const sync = i % 4 === 2
    const notes = blocks.map(({ id }): Note => ({ table: 'pending', key: id, value: id }))
    await store.append(i % 2 ? 'shelf' : 'outbox', blocks, { sync, notes: sync ? notes : [] })
    written[sync ? 'synced' : 'unsynced'].push(...blocks)
  }
  return written
}

/** Blocks of `written` that read back, how many notes there are, and whether the store agrees with itself. */
async function readBack(store: LevelStore, written: Written) {
  const count = async (blocks: StoredBlock[]): Promise<number> => {
    const got = await store.get(blocks.map(({ id }) => id))
    return got.filter((bytes, i) => bytes !== undefined && hex(bytes) === hex(blocks[i]!.bytes)).length
  }
  const listed = await all(store.within(new Uint8Array(0), 0))
  const { blocks, damaged } = store.usage()
  return {
    synced: await count(written.synced),
    unsynced: await count(written.unsynced),
    notes: (await all(store.notes('pending'))).length,
    agrees: listed.length === blocks && damaged === 0,
  }
}

async function afterPowerLoss(
  t: Teardown,
  disk: RecordingDisk,
  { home, directories }: { home: string; directories?: readonly string[] },
): Promise<LevelStore> {
  const target = join(tempHome(t), 'after')
  disk.losePower(home, target, directories)
  const store = await open(target)
  t.teardown(() => store.close())
  return store
}

test('power loss - what was synced is there, and the store goes on', async (t) => {
  const home = tempHome(t)
  const disk = new RecordingDisk()
  const store = await open(home, disk)
  t.teardown(() => store.close())
  const written = await write(store)

  for (const directories of [DATABASES, ...DATABASES.map((one) => [one])]) {
    const left = directories.join(' and ')
    const after = await afterPowerLoss(t, disk, { home, directories })
    const found = await readBack(after, written)
    t.is(found.synced, written.synced.length, `only synced logs of ${left}: every synced block`)
    t.is(found.notes, written.synced.length, `only synced logs of ${left}: every synced note`)
    t.ok(found.agrees, `only synced logs of ${left}: index and feeds agree`)

    await after.append('outbox', written.unsynced, { sync: true })
    await after.append('shelf', someBlocks(seededRandom('more'), 5), { sync: true })
    t.alike(
      { ...(await readBack(after, written)), notes: 0 },
      { synced: written.synced.length, unsynced: written.unsynced.length, notes: 0, agrees: true },
      `only synced logs of ${left}: what was lost can be stored again`,
    )
    await after.close()
  }
})

test('power loss - this test sees it when a sync is missing', async (t) => {
  const home = tempHome(t)
  const disk = new RecordingDisk()
  disk.lies = true
  const store = await open(home, disk)
  t.teardown(() => store.close())
  const written = await write(store)
  for (const directory of DATABASES) disk.syncedDirectories.add(join(home, directory))
  const after = await afterPowerLoss(t, disk, { home })
  const found = await readBack(after, written)
  t.is(found.synced, 0)
  t.is(found.notes, 0)
  t.ok(found.agrees, 'the store works all the same')
})

test('power loss - a block that was stored unsynced and comes again with sync is synced', async (t) => {
  const home = tempHome(t)
  const disk = new RecordingDisk()
  const store = await open(home, disk)
  t.teardown(() => store.close())
  const blocks = someBlocks(seededRandom('again'), 10)
  await store.append('shelf', blocks, { sync: false })
  await store.append('shelf', blocks, { sync: true })
  const after = await afterPowerLoss(t, disk, { home })
  t.is((await readBack(after, { synced: blocks, unsynced: [] })).synced, 10)
})

test('sync - many at once share a few', async (t) => {
  const disk = new RecordingDisk()
  const store = await open(tempHome(t), disk)
  t.teardown(() => store.close())
  const blocks = someBlocks(seededRandom('group'), 200)
  const before = disk.fileSyncs
  await Promise.all(blocks.map((block) => store.append('outbox', [block], { sync: true })))
  const syncs = disk.fileSyncs - before
  t.ok(syncs >= 3 && syncs <= 30, `${syncs} syncs of a log for 200 synced appends`)
})

test('sync - once it failed, the store takes nothing more and still reads', async (t) => {
  const disk = new RecordingDisk()
  const store = await open(tempHome(t), disk)
  const random = seededRandom('fail')
  const blocks = someBlocks(random, 3)
  await store.append('outbox', blocks, { sync: true })
  disk.failWith = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
  t.is(await codeOfCall(store.append('outbox', someBlocks(random, 3), { sync: true })), 'BAD_STORE')
  disk.failWith = undefined
  t.is(await codeOfCall(store.append('outbox', someBlocks(random, 3), { sync: true })), 'BAD_STORE')
  t.is(await codeOfCall(store.append('outbox', someBlocks(random, 3), { sync: false })), 'BAD_STORE')
  t.is(await codeOfCall(store.note([], { sync: true })), 'BAD_STORE')
  t.is((await store.get(blocks.map(({ id }) => id))).filter(Boolean).length, 3)
  await store.close()
})

test('sync - a disk that fills up while it syncs is DISK_FULL', async (t) => {
  const disk = new RecordingDisk()
  const store = await open(tempHome(t), disk)
  disk.failWith = Object.assign(new Error('ENOSPC: no space left on device, fdatasync'), { code: 'ENOSPC' })
  t.is(
    await codeOfCall(store.append('outbox', someBlocks(seededRandom('f'), 3), { sync: true })),
    'DISK_FULL',
  )
  await store.close()
})

test('space - a write that does not fit is refused before it starts, and fits once there is space', async (t) => {
  const disk = new RecordingDisk()
  const store = await open(tempHome(t), disk)
  t.teardown(() => store.close())
  const blocks = someBlocks(seededRandom('space'), 3)
  disk.freeNow = 1_000_000
  t.is(await codeOfCall(store.append('outbox', blocks, { sync: false })), 'DISK_FULL')
  t.is(store.usage().blocks, 0)
  disk.freeNow = 1e12
  await store.append('outbox', blocks, { sync: true })
  t.is(store.usage().blocks, 3)
})
