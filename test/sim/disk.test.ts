import test from 'brittle'
import { seededRandom } from '../../src/base/seeded.ts'
import type { StoreCall } from '../../src/node/store-tasks.ts'
import { Chance } from '../../src/sim/chance.ts'
import { BlockPool, Disk } from '../../src/sim/disk.ts'
import { someBlocks } from '../contract/blocks.ts'

const [first, second, third] = someBlocks(seededRandom('disk'), 3)

function newDisk(): Disk {
  return new Disk(new BlockPool(), new Chance('disk'))
}

const append = (block: NonNullable<typeof first>, sync: boolean): StoreCall => ({
  method: 'append',
  feed: 'shelf',
  blocks: [block],
  sync,
  notes: [],
})

async function has(disk: Disk): Promise<boolean[]> {
  const metas = await disk.store.meta([first!.id, second!.id, third!.id])
  return metas.map((meta) => meta !== undefined)
}

test('disk - what was written survives a kill, and what was not made yet does not', async (t) => {
  const disk = newDisk()
  disk.due(append(first!, false), 0)
  t.alike(await disk.make(append(first!, false)), { value: undefined })
  disk.due(append(second!, true), 0)
  disk.kill()
  t.alike(await has(disk), [true, false, false])
})

test('disk - a loss of power keeps what was synced and all before it', async (t) => {
  const outcomes = new Set<boolean>()
  for (let i = 0; i < 20; i++) {
    const disk = new Disk(new BlockPool(), new Chance(`power ${i}`))
    await disk.make(append(first!, false))
    await disk.make(append(second!, true))
    await disk.make(append(third!, false))
    await disk.losePower()
    const [one, two, three] = await has(disk)
    t.ok(one && two)
    outcomes.add(three!)
  }
  t.is(outcomes.size, 2, 'the rest is there or not')
})

test('disk - a backup is the store as it was', async (t) => {
  const disk = newDisk()
  await disk.make(append(first!, true))
  const { writes } = disk
  await disk.make(append(second!, true))
  await disk.goBack(writes)
  t.alike(await has(disk), [true, false, false])
})

test('disk - calls take time, one after the other, and a sync takes longer', (t) => {
  const disk = newDisk()
  const usual = disk.due(append(first!, false), 100)
  const next = disk.due(append(second!, false), 100)
  const synced = disk.due(append(third!, true), 100)
  t.ok(usual > 100 && next > usual)
  t.ok(synced - next > next - usual)
  t.is(disk.waitingMax, 3)
})
