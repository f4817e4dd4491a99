// timeout: 300s
/** Files that were cut or changed at any place: what is served is right to the last byte, and the rest is told. */
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { SheafError } from '../../../../src/base/errors.ts'
import { type Random, randomBelow } from '../../../../src/base/random.ts'
import { seededRandom } from '../../../../src/base/seeded.ts'
import { type LevelStore, openStore } from '../../../../src/node/io/store/level-store.ts'
import type { StoredBlock } from '../../../../src/node/store.ts'
import { describeBlock, someBlocks } from '../../../contract/blocks.ts'
import { codeOfCall, hex } from '../../../contract/store.ts'
import { type Teardown, tempHome } from '../../../helpers/home.ts'
import { DATABASES } from './power.ts'

const LIFE = new Uint8Array(16)
/** Of each file so many copies are spoiled. */
const SPOILED = 3

const open = (home: string, repair = false): Promise<LevelStore> =>
  openStore({
    home,
    incarnation: LIFE,
    describe: describeBlock,
    repair,
    renew: () => new Uint8Array(16).fill(1),
  })

/** A home with logs and tables in each of its databases. */
async function usedHome(t: Teardown): Promise<{ home: string; blocks: StoredBlock[] }> {
  const home = tempHome(t)
  const random = seededRandom('damage')
  const blocks: StoredBlock[] = []
  for (let life = 0; life < 3; life++) {
    const store = await open(home)
    for (let i = 0; i < 3; i++) {
      const some = someBlocks(random, 20, { bodyBytes: 100 + 2_000 * i })
      const notes = some.map(({ id }) => ({ table: 'pending' as const, key: id, value: id }))
      await store.append(i === 1 ? 'shelf' : 'outbox', some, { sync: true, notes })
      blocks.push(...some)
    }
    await store.close()
  }
  return { home, blocks }
}

function spoil(path: string, random: Random): string {
  const { size } = statSync(path)
  const at = randomBelow(random, size)
  if (randomBelow(random, 3) === 0) {
    truncateSync(path, at)
    return `cut at ${at} of ${size}`
  }
  const bytes = readFileSync(path)
  bytes[at]! ^= 1 << randomBelow(random, 8)
  writeFileSync(path, bytes)
  return `a bit of byte ${at} of ${size}`
}

/** How many of these read back; throws where one comes back wrong. */
async function served(store: LevelStore, blocks: readonly StoredBlock[]): Promise<number> {
  const found = await store.get(blocks.map(({ id }) => id))
  let count = 0
  for (const [i, bytes] of found.entries()) {
    if (bytes === undefined) continue
    if (hex(bytes) !== hex(blocks[i]!.bytes)) throw new Error('another block than was asked for')
    count++
  }
  return count
}

test('damage - a spoiled file costs what was in it, and is told', { timeout: 280_000 }, async (t) => {
  const { home, blocks } = await usedHome(t)
  const files = DATABASES.flatMap((directory) =>
    readdirSync(join(home, directory)).map((name) => join(directory, name)),
  ).filter((file) => statSync(join(home, file)).size > 0)
  t.ok(files.length > 10, files.join(' '))
  const random = seededRandom('spoil')
  const outcomes: Record<string, number> = {}
  for (const file of files) {
    for (let i = 0; i < SPOILED; i++) {
      const copy = tempHome(t)
      cpSync(home, copy, { recursive: true })
      const what = `${file}, ${spoil(join(copy, file), random)}`
      const outcome = await outcomeOf(copy, what)
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      rmSync(copy, { recursive: true })
    }
  }
  t.comment(JSON.stringify(outcomes))
  t.ok(outcomes.works! > outcomes['needs a backup']!, 'most damage is borne')

  async function outcomeOf(copy: string, what: string): Promise<string> {
    for (const repair of [false, true]) {
      let store: LevelStore | undefined
      try {
        store = await open(copy, repair)
        await use(store, `${what}${repair ? ', made again' : ''}`)
        await store.close()
        const last = await open(copy)
        t.is(await served(last, blocks), blocks.length, `${what}: for good`)
        await last.close()
        return repair ? 'works after reindex' : 'works'
      } catch (error) {
        await codeOfCall(store?.close() ?? Promise.resolve())
        t.ok(error instanceof SheafError && error.code === 'BAD_STORE', `${what}: ${error}`)
        const { hint = '' } = error as SheafError
        t.ok(/sheaf (reindex|restore)/.test(hint), `${what}: a remedy is named: ${error} ${hint}`)
        if (repair) t.ok(what.startsWith('feeds'), `${what}: only feeds cannot be made again`)
      }
    }
    return 'needs a backup'
  }

  /** All that is served is right, what is lost is told, and it can be stored anew. */
  async function use(store: LevelStore, what: string): Promise<void> {
    const before = await served(store, blocks)
    const report = await store.scrub()
    const isTold =
      before === blocks.length ||
      store.usage().damaged > 0 ||
      !report.isIndexWhole ||
      before === report.checked
    t.ok(isTold, `${what}: ${before} of ${blocks.length} are served, all of them right, and the rest is told`)
    await store.append('outbox', blocks, { sync: true })
    t.is(await served(store, blocks), blocks.length, `${what}: what was lost can be stored anew`)
  }
})
