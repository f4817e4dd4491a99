// timeout: 180s
/** Everything in the index can be made again: whatever was stored, a store without its index comes back the same. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import fc from 'fast-check'
import { seededRandom } from '../../../../src/base/seeded.ts'
import { type LevelStore, openStore } from '../../../../src/node/io/store/level-store.ts'
import { NOTE_TABLES, type StoredBlock } from '../../../../src/node/store.ts'
import { describeBlock, someBlocks } from '../../../contract/blocks.ts'
import { all, hex } from '../../../contract/store.ts'
import { tempHome } from '../../../helpers/home.ts'
import { parameters } from '../../../helpers/seed.ts'

const open = (home: string, life: number, repair = false): Promise<LevelStore> =>
  openStore({ home, incarnation: new Uint8Array(16).fill(life), describe: describeBlock, repair })

/** All that a store answers, as text. */
async function answers(store: LevelStore, blocks: readonly StoredBlock[]): Promise<string> {
  const ids = blocks.map(({ id }) => id)
  const found: unknown[] = [store.usage(), (await store.get(ids)).map(hex), await store.meta(ids)]
  for (const { locator, kind } of blocks) {
    found.push(
      await store.at(locator, 3),
      await store.at(locator, 2, kind),
      await all(store.within(locator, 3)),
    )
  }
  found.push(await all(store.each()))
  for (const table of NOTE_TABLES) found.push(await all(store.notes(table)))
  return JSON.stringify(found, (_, value) => (value instanceof Uint8Array ? hex(value) : value))
}

test('reindex - a store without its index answers as before, over all its lives', {
  timeout: 150_000,
}, async (t) => {
  const lives = fc.array(
    fc.array(fc.record({ from: fc.nat(40), count: fc.integer({ min: 0, max: 12 }), isOwn: fc.boolean() }), {
      maxLength: 6,
    }),
    { minLength: 1, maxLength: 3 },
  )
  const property = fc.asyncProperty(lives, fc.boolean(), async (appends, repair) => {
    const home = tempHome(t)
    const random = seededRandom('reindex')
    const locators = [random(32), random(32)]
    const blocks = someBlocks(random, 50).map((block, i) =>
      block.kind === 0 ? { ...block, locator: locators[i % 2]! } : block,
    )
    for (const [life, some] of appends.entries()) {
      const store = await open(home, life)
      for (const { from, count, isOwn } of some) {
        const part = blocks.slice(from, from + count)
        const notes = part.map(({ id, bytes }) => ({ table: 'holding' as const, key: id, value: bytes }))
        await store.append(isOwn ? 'outbox' : 'shelf', part, { sync: false, notes })
      }
      await store.close()
    }
    const before = await open(home, appends.length - 1)
    const expected = await answers(before, blocks)
    await before.close()
    if (!repair) rmSync(join(home, 'index'), { recursive: true })
    const after = await open(home, appends.length - 1, repair)
    const found = await answers(after, blocks)
    await after.close()
    rmSync(home, { recursive: true })
    return found === expected
  })
  await fc.assert(property, parameters({ numRuns: 10 }))
  t.pass()
})
