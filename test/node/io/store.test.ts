import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { randomBelow } from '../../../src/base/random.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import { type LevelStore, openStore } from '../../../src/node/io/store/level-store.ts'
import { lockHome } from '../../../src/node/io/store/lock.ts'
import type { StoredBlock } from '../../../src/node/store.ts'
import { describeBlock, someBlocks } from '../../contract/blocks.ts'
import { all, codeOfCall, hex, storeContract } from '../../contract/store.ts'
import { tempHome } from '../../helpers/home.ts'

const FIRST_LIFE = new Uint8Array(16).fill(1)
const SECOND_LIFE = new Uint8Array(16).fill(2)
const EVERYTHING = new Uint8Array(0)

const open = (home: string, incarnation = FIRST_LIFE): Promise<LevelStore> =>
  openStore({ home, incarnation, describe: describeBlock })

storeContract('level store', async (t, { quotaBytes = Number.POSITIVE_INFINITY } = {}) => {
  const store = await openStore({
    home: tempHome(t),
    incarnation: FIRST_LIFE,
    describe: describeBlock,
    quotaBytes,
  })
  t.teardown(() => store.close())
  return {
    store,
    // what is given back is a view into the cached segment, which is why nobody else may write into it
    async damage({ id }) {
      const [bytes] = await store.get([id])
      bytes![0]! ^= 1
    },
  }
})

test('level store - everything is there when it is opened again, in the next life too', async (t) => {
  const home = tempHome(t)
  const random = seededRandom('again')
  const first = someBlocks(random, 60)
  const second = someBlocks(random, 40)

  const store = await open(home)
  await store.append('outbox', first, {
    sync: false,
    notes: [{ table: 'own', key: FIRST_LIFE, value: SECOND_LIFE }],
  })
  const keys = store.feedKeys()
  await store.close()

  const again = await open(home)
  t.alike(again.feedKeys(), keys, 'the same life goes on in the same feeds')
  await again.close()

  const next = await open(home, SECOND_LIFE)
  t.unlike(next.feedKeys(), keys, 'another life has its own feeds')
  await next.append('outbox', [...second, ...first], { sync: false })
  t.alike(next.usage(), { blocks: 100, bytes: total([...first, ...second]), damaged: 0 })
  await next.close()

  const last = await open(home, SECOND_LIFE)
  t.alike(
    await read(last, [...first, ...second]),
    [...first, ...second].map(({ bytes }) => hex(bytes)),
  )
  t.is(hex(await last.noted('own', FIRST_LIFE)), hex(SECOND_LIFE))
  t.alike(last.usage(), { blocks: 100, bytes: total([...first, ...second]), damaged: 0 })
  await last.close()
})

test('level store - what is at hand comes at once, and as it comes later; what is not, or is damaged, is left to `get`', async (t) => {
  const home = tempHome(t)
  const random = seededRandom('at hand')
  const [here, damaged, absent] = someBlocks(random, 3)
  const store = await open(home)
  t.teardown(() => store.close())
  const ids = [here!, absent!].map(({ id }) => id)
  await store.append('shelf', [here!, damaged!], { sync: false })
  t.alike(store.getNow(ids), await store.get(ids))
  t.alike(store.getNow([absent!.id]), [undefined])
  const [bytes] = await store.get([damaged!.id])
  bytes![0]! ^= 1
  t.is(store.getNow([here!.id, damaged!.id]), undefined)
  t.alike(store.usage().damaged, 0, 'and told of by nobody')
  bytes![0]! ^= 1
  store.rest()
  t.is(store.getNow([here!.id]), undefined, 'its segment is on the disk')
  await store.get([here!.id])
  t.alike(hex(store.getNow([here!.id])?.[0]), hex(here!.bytes))
  t.is(store.getNow(someBlocks(random, 9).map(({ id }) => id)), undefined, 'many are looked up elsewhere')
  await store.close()
  t.is(store.getNow(ids), undefined)
})

test('level store - what a crash left between feed and index is indexed when it opens', async (t) => {
  const home = tempHome(t)
  const random = seededRandom('behind')
  const before = someBlocks(random, 50)
  const after = someBlocks(random, 50)
  const store = await open(home)
  await store.append('outbox', before, { sync: false })
  await store.close()
  cpSync(join(home, 'index'), join(home, 'earlier'), { recursive: true })
  const ahead = await open(home)
  await ahead.append('outbox', [...after, ...before], { sync: false })
  await ahead.close()

  for (const replaceIndex of [
    () => cpSync(join(home, 'earlier'), join(home, 'index'), { recursive: true }),
    () => {},
  ]) {
    rmSync(join(home, 'index'), { recursive: true })
    replaceIndex()
    const mended = await open(home)
    t.alike(
      await read(mended, [...before, ...after]),
      [...before, ...after].map(({ bytes }) => hex(bytes)),
    )
    t.is((await all(mended.within(EVERYTHING, 0))).length, 100)
    t.alike(mended.usage(), { blocks: 100, bytes: total([...before, ...after]), damaged: 0 })
    await mended.close()
  }
})

test('level store - reindex makes the same index again and keeps the notes', async (t) => {
  const home = tempHome(t)
  const blocks = someBlocks(seededRandom('reindex'), 400)
  const store = await open(home)
  await store.append('outbox', blocks.slice(0, 200), { sync: false })
  await store.append('shelf', blocks.slice(200), {
    sync: false,
    notes: [{ table: 'own', key: FIRST_LIFE, value: FIRST_LIFE }],
  })
  const usage = store.usage()
  const listed = await all(store.within(EVERYTHING, 0))
  const [late, report] = await Promise.all([
    store.append('shelf', blocks, { sync: false }),
    store.reindex(),
    store.reindex(),
  ])
  t.is(late, undefined)
  t.alike(report, usage)
  t.alike(await all(store.within(EVERYTHING, 0)), listed)
  t.alike(
    await read(store, blocks),
    blocks.map(({ bytes }) => hex(bytes)),
  )
  t.is(hex(await store.noted('own', FIRST_LIFE)), hex(FIRST_LIFE))
  await store.close()
})

test('level store - an index that is gone is made again, and nothing was in it alone', async (t) => {
  const home = tempHome(t)
  const random = seededRandom('gone')
  const blocks = someBlocks(random, 60)
  const store = await open(home)
  await store.append('outbox', blocks, {
    sync: true,
    notes: [{ table: 'own', key: FIRST_LIFE, value: SECOND_LIFE }],
  })
  const usage = store.usage()
  const listed = await all(store.within(EVERYTHING, 0))
  await store.close()
  rmSync(join(home, 'index'), { recursive: true })

  const again = await open(home)
  t.alike(again.incarnation, FIRST_LIFE, 'the life goes on')
  t.alike(again.usage(), usage)
  t.alike(await all(again.within(EVERYTHING, 0)), listed)
  t.is(hex(await again.noted('own', FIRST_LIFE)), hex(SECOND_LIFE))
  await again.close()
})

test('level store - where the notes are gone, another life begins: the numbers of this one are not known', async (t) => {
  const home = tempHome(t)
  const blocks = someBlocks(seededRandom('notes'), 20)
  const store = await open(home)
  await store.append('outbox', blocks, { sync: true })
  await store.close()
  for (const also of ['feeds', 'index']) {
    rmSync(join(home, 'notes'), { recursive: true })
    if (also === 'index') rmSync(join(home, 'index'), { recursive: true })
    t.is(await codeOfCall(open(home)), 'BAD_STORE', 'nobody to draw another one')
    rmSync(join(home, 'notes'), { recursive: true })
    if (also === 'index') rmSync(join(home, 'index'), { recursive: true })
    const renewed = await openStore({
      home,
      incarnation: FIRST_LIFE,
      describe: describeBlock,
      renew: () => SECOND_LIFE,
    })
    t.alike(renewed.incarnation, SECOND_LIFE)
    t.alike(
      await read(renewed, blocks),
      blocks.map(({ bytes }) => hex(bytes)),
    )
    await renewed.close()
  }
})

test('level store - notes that are damaged are saved as far as they can be, in another life', async (t) => {
  const home = tempHome(t)
  const store = await open(home)
  await store.note([{ table: 'own', key: FIRST_LIFE, value: SECOND_LIFE }], { sync: true })
  await store.append('outbox', someBlocks(seededRandom('damaged notes'), 5), { sync: true })
  await store.close()
  const [manifest] = readdirSync(join(home, 'notes')).filter((name) => name.startsWith('MANIFEST'))
  rmSync(join(home, 'notes', manifest!))
  t.is(await codeOfCall(open(home)), 'BAD_STORE')
  const repaired = await openStore({
    home,
    incarnation: FIRST_LIFE,
    describe: describeBlock,
    renew: () => SECOND_LIFE,
    repair: true,
  })
  t.alike(repaired.incarnation, SECOND_LIFE)
  t.is(hex(await repaired.noted('own', FIRST_LIFE)), hex(SECOND_LIFE))
  t.is(repaired.usage().blocks, 5)
  await repaired.close()
})

test('level store - a rotten file costs the blocks in it, which can be stored anew', async (t) => {
  const home = tempHome(t)
  const blocks = someBlocks(seededRandom('rot'), 200)
  const store = await open(home)
  await store.append('shelf', blocks, { sync: true })
  await store.close()
  // RocksDB moves bodies from its log to a blob file when it opens
  await (await open(home)).close()
  const [blob] = readdirSync(join(home, 'feeds/db')).filter((name) => name.endsWith('.blob'))
  const path = join(home, 'feeds/db', blob!)
  const bytes = readFileSync(path)
  bytes[bytes.length >> 1]! ^= 1
  writeFileSync(path, bytes)

  const rotten = await open(home)
  const found = await read(rotten, blocks)
  const lost = blocks.filter((_, i) => found[i] === undefined)
  t.ok(lost.length > 0 && lost.length < blocks.length, `${lost.length} of ${blocks.length} blocks are lost`)
  t.alike(
    found.filter(Boolean),
    blocks.filter((block) => !lost.includes(block)).map((block) => hex(block.bytes)),
  )
  t.alike(rotten.usage().damaged, lost.length)
  t.is(rotten.usage().blocks, blocks.length - lost.length)

  await rotten.reindex()
  t.alike(
    (await rotten.meta(lost.map(({ id }) => id))).filter(Boolean),
    [],
    'reindex forgets what does not read back',
  )
  await rotten.append('shelf', blocks, { sync: false })
  t.alike(
    await read(rotten, blocks),
    blocks.map((block) => hex(block.bytes)),
  )
  t.is(rotten.usage().blocks, blocks.length)
  await rotten.close()
})

test('level store - a second one of the same home is ALREADY_RUNNING, and harms nothing', async (t) => {
  const home = tempHome(t)
  const blocks = someBlocks(seededRandom('second'), 10)
  const store = await open(home)
  await store.append('outbox', blocks, { sync: false })
  t.is(await codeOfCall(open(home)), 'ALREADY_RUNNING')
  t.is((await read(store, blocks)).filter(Boolean).length, 10)
  await store.close()

  const lock = lockHome(home)
  const lent = await openStore({ home, incarnation: FIRST_LIFE, describe: describeBlock, lock })
  await lent.close()
  t.is(await codeOfCall(open(home)), 'ALREADY_RUNNING', 'a lock that was lent is not released')
  lock.release()
  await (await open(home)).close()
})

test('level store - where it cannot open, it says why and holds nothing', async (t) => {
  const home = tempHome(t)
  writeFileSync(join(home, 'feeds'), 'not a directory')
  t.is(await codeOfCall(open(home)), 'BAD_STORE')
  rmSync(join(home, 'feeds'))
  t.is(await codeOfCall(open(home, FIRST_LIFE.subarray(1))), 'BAD_ARGUMENT')
  await (await open(home)).close()
  rmSync(join(home, 'index', 'CURRENT'))
  writeFileSync(join(home, 'index', 'CURRENT'), 'MANIFEST-999999\n')
  t.is(await codeOfCall(open(home)), 'BAD_STORE')
  lockHome(home).release()
  t.ok(existsSync(join(home, 'lock')))
})

test('level store - an index that is damaged can be repaired, notes included', async (t) => {
  const home = tempHome(t)
  const blocks = someBlocks(seededRandom('repair'), 50)
  const store = await open(home)
  await store.append('outbox', blocks, { sync: false })
  await store.note([{ table: 'own', key: FIRST_LIFE, value: SECOND_LIFE }], { sync: true })
  await store.close()
  const [manifest] = readdirSync(join(home, 'index')).filter((name) => name.startsWith('MANIFEST'))
  rmSync(join(home, 'index', manifest!))
  t.is(await codeOfCall(open(home)), 'BAD_STORE')

  const repaired = await openStore({ home, incarnation: FIRST_LIFE, describe: describeBlock, repair: true })
  t.is(hex(await repaired.noted('own', FIRST_LIFE)), hex(SECOND_LIFE))
  t.alike(
    await read(repaired, blocks),
    blocks.map(({ bytes }) => hex(bytes)),
  )
  t.alike(repaired.usage(), { blocks: 50, bytes: total(blocks), damaged: 0 })
  await repaired.close()
  await (await open(home)).close()
})

test('level store - reads more than the cache holds, in any order', async (t) => {
  const random = seededRandom('cache')
  const store = await openStore({
    home: tempHome(t),
    incarnation: FIRST_LIFE,
    describe: describeBlock,
    cacheBytesMax: 40_000,
  })
  t.teardown(() => store.close())
  const blocks = someBlocks(random, 400, { bodyBytes: 2000 })
  for (let i = 0; i < 400; i += 40) await store.append('shelf', blocks.slice(i, i + 40), { sync: false })
  for (let round = 0; round < 10; round++) {
    const asked = Array.from({ length: 64 }, () => blocks[randomBelow(random, blocks.length)]!)
    t.alike(
      await read(store, asked),
      asked.map(({ bytes }) => hex(bytes)),
    )
  }
})

async function read(store: LevelStore, blocks: readonly StoredBlock[]): Promise<(string | undefined)[]> {
  return (await store.get(blocks.map(({ id }) => id))).map(hex)
}

function total(blocks: readonly StoredBlock[]): number {
  return blocks.reduce((sum, { length }) => sum + length, 0)
}
