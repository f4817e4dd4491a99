// timeout: 240s
/** Faults of the disk at every point of a write: what was acknowledged is there, the rest is or is not, and nothing is wrong. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import test from 'brittle'
import { seededRandom } from '../../../../src/base/seeded.ts'
import type { Disk, Moment } from '../../../../src/node/io/store/disk.ts'
import { realDisk } from '../../../../src/node/io/store/disk.ts'
import { type LevelStore, openStore } from '../../../../src/node/io/store/level-store.ts'
import type { Note, StoredBlock } from '../../../../src/node/store.ts'
import { describeBlock, someBlocks } from '../../../contract/blocks.ts'
import { all, codeOfCall, hex } from '../../../contract/store.ts'
import { settledHome } from '../../../helpers/daemon.ts'
import { type Teardown, tempHome } from '../../../helpers/home.ts'
import { MAIN } from '../../../helpers/program.ts'

const APPENDS = 5

/** Fails once, at the n-th thing that it is asked or told. */
class FaultyDisk implements Disk {
  #left: number
  readonly #code: string

  constructor(n: number, code: string) {
    this.#left = n
    this.#code = code
  }

  get hasFailed(): boolean {
    return this.#left <= 0
  }

  passes(_moment: Moment): void {
    this.#left--
    if (this.#left === 0) throw Object.assign(new Error(`${this.#code}: made up`), { code: this.#code })
  }

  async syncFile(path: string): Promise<boolean> {
    this.passes('noted')
    return realDisk.syncFile(path)
  }

  async syncDirectory(path: string): Promise<void> {
    await realDisk.syncDirectory(path)
  }

  list(path: string): Promise<string[]> {
    return realDisk.list(path)
  }

  async freeBytes(): Promise<number> {
    return 1e12
  }
}

const open = (home: string, disk: Disk = realDisk): Promise<LevelStore> =>
  openStore({ home, incarnation: new Uint8Array(16), describe: describeBlock, disk })

interface Outcome {
  codes: (string | undefined)[]
  acknowledged: StoredBlock[]
  isFaulted: boolean
}

/** Some appends, one of which meets the fault; reads go on after each. */
async function run(
  t: Teardown & { ok: (value: unknown, message: string) => void },
  n: number,
  code: string,
): Promise<Outcome> {
  const home = tempHome(t)
  const disk = new FaultyDisk(Number.POSITIVE_INFINITY, code)
  const random = seededRandom('faults')
  const store = await open(home, disk)
  const faulty = new FaultyDisk(n, code)
  disk.passes = (moment) => faulty.passes(moment)
  const acknowledged: StoredBlock[] = []
  const codes: (string | undefined)[] = []
  for (let i = 0; i < APPENDS; i++) {
    const blocks = someBlocks(random, 4)
    const notes = blocks.map(({ id }): Note => ({ table: 'pending', key: id, value: id }))
    const failed = await codeOfCall(
      store.append(i % 2 ? 'shelf' : 'outbox', blocks, { sync: i % 3 !== 1, notes }),
    )
    codes.push(failed)
    if (failed === undefined) acknowledged.push(...blocks)
    const read = await store.get(acknowledged.map(({ id }) => id))
    t.ok(
      read.every((bytes, at) => hex(bytes) === hex(acknowledged[at]!.bytes)),
      `${code} ${n}: what was acknowledged is read on`,
    )
  }
  // the last of it is written when it is closed
  codes.push(await codeOfCall(store.close()))

  const again = await open(home)
  const read = await again.get(acknowledged.map(({ id }) => id))
  const isThere = read.every((bytes, at) => hex(bytes) === hex(acknowledged[at]!.bytes))
  t.ok(isThere, `${code} ${n}: and is there when the store is opened again`)
  const noted = new Set((await all(again.notes('pending'))).map(({ key }) => hex(key)))
  t.ok(
    acknowledged.every(({ id }) => noted.has(hex(id))),
    `${code} ${n}: with its notes`,
  )
  const report = await again.scrub()
  t.ok(
    report.damaged === 0 && report.misplaced === 0 && report.isIndexWhole,
    `${code} ${n}: nothing is damaged`,
  )
  for (const { block } of await all(again.each())) {
    t.ok(noted.has(hex(block.id)), `${code} ${n}: no block without the note that was to come with it`)
  }
  await again.close()
  return { codes, acknowledged, isFaulted: faulty.hasFailed }
}

test('faults - a disk that is full for a moment costs one write, wherever it comes', {
  timeout: 120_000,
}, async (t) => {
  let n = 1
  for (; ; n++) {
    const { codes, isFaulted } = await run(t, n, n % 2 ? 'ENOSPC' : 'EDQUOT')
    if (!isFaulted) break
    t.alike(
      codes.filter((code) => code !== undefined),
      ['DISK_FULL'],
      `at step ${n}: one append is refused, the next is taken`,
    )
  }
  t.ok(n > 30, `${n} steps`)
})

test('faults - after any other failure nothing is taken until somebody opens the store again', {
  timeout: 120_000,
}, async (t) => {
  for (const [i, code] of ['EIO', 'EROFS', 'EACCES', 'EFBIG'].entries()) {
    for (let n = 1 + i; n < 32; n += 8) {
      const { codes, isFaulted } = await run(t, n, code)
      t.ok(isFaulted)
      const first = codes.indexOf('BAD_STORE')
      t.ok(
        first >= 0 && codes.slice(first, APPENDS).every((one) => one === 'BAD_STORE'),
        `${code} at step ${n}`,
      )
    }
  }
})

test('faults - the state of the disk is told while it lasts', async (t) => {
  const disk = new FaultyDisk(Number.POSITIVE_INFINITY, 'ENOSPC')
  const store = await open(tempHome(t), disk)
  t.teardown(() => store.close())
  const random = seededRandom('told')
  t.is(store.usage().trouble, undefined)
  disk.freeBytes = async () => 1_000
  t.is(await codeOfCall(store.append('shelf', someBlocks(random, 2), { sync: true })), 'DISK_FULL')
  t.ok(store.usage().trouble?.includes('1000 bytes are free'))
  disk.freeBytes = async () => 1e12
  await store.append('shelf', someBlocks(random, 2), { sync: true })
  t.is(store.usage().trouble, undefined)
})

test('faults - a home that cannot be written is told at the start, with a code', {
  timeout: 60_000,
}, async (t) => {
  const { home } = await settledHome(t, { bootstrap: [] })
  const readOnly = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
  if (spawnSync('unshare', ['-rm', 'sh', '-c', readOnly, home, 'true']).status !== 0) {
    t.comment('this machine lets nobody mount')
    return
  }
  const start = [process.execPath, MAIN, '--home', home, 'start']
  const { status, stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', readOnly, home, ...start])
  t.is(status, 1)
  t.ok(/file system is read-only \(BAD_STORE\)\nhint: mount it writable/.test(String(stderr)), String(stderr))
})

const SMALL_DISK = fileURLToPath(new URL('small-disk.ts', import.meta.url))
const MOUNT = 'mount -t tmpfs -o size=160m tmpfs "$0" && exec "$@"'

test('faults - a disk that is really full: reads go on, and writes as soon as there is room', {
  timeout: 120_000,
}, async (t) => {
  const home = tempHome(t)
  if (spawnSync('unshare', ['-rm', 'sh', '-c', MOUNT, home, 'true']).status !== 0) {
    t.comment('this machine lets nobody mount')
    return
  }
  const child = spawn(
    'unshare',
    [
      '-rm',
      'sh',
      '-c',
      MOUNT,
      home,
      process.execPath,
      '--import',
      'tsx',
      SMALL_DISK,
      `${home}/node`,
      `${home}/ballast`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  const [status] = await once(child, 'close')
  t.is(status, 0)
  const found = JSON.parse(out)
  t.is(found.code, 'DISK_FULL')
  t.ok(found.trouble, 'the trouble is told')
  t.ok(found.acknowledged > 10, `${found.acknowledged} blocks were acknowledged`)
  t.is(found.readWhileFull, found.acknowledged, 'and are read while the disk is full')
  t.is(found.codeStillFull, 'DISK_FULL')
  t.is(found.codeWithRoom, undefined, 'with room again it goes on without a restart')
  t.is(found.troubleWithRoom, undefined)
  t.is(found.readAgain, found.acknowledged + 1, 'and all of it is there when it is opened again')
  t.is(found.damaged, 0)
})
