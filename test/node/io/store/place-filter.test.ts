import test from 'brittle'
import fc from 'fast-check'
import { seededRandom } from '../../../../src/base/seeded.ts'
import { openStore } from '../../../../src/node/io/store/level-store.ts'
import { PlaceFilter } from '../../../../src/node/io/store/place-filter.ts'
import { describeBlock, recordBlock } from '../../../contract/blocks.ts'
import { tempHome } from '../../../helpers/home.ts'
import { parameters } from '../../../helpers/seed.ts'

test('place filter - what was added may be there, whatever else was', (t) => {
  const locators = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 100 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), locators, (placesMax, added) => {
      const filter = new PlaceFilter(placesMax)
      for (const locator of added) filter.add(locator)
      return added.every((locator) => filter.mayHave(locator))
    }),
    parameters(),
  )
  t.absent(new PlaceFilter(1).mayHave(new Uint8Array(32)), 'in an empty one there is nothing')
})

test('place filter - as full as it is made for it says of few strangers that they may be there', (t) => {
  const random = seededRandom('places')
  const shard = random(12)
  const inShard = (): Uint8Array => Buffer.concat([shard, random(20)])
  const filter = new PlaceFilter(1_000)
  for (let i = 0; i < 1_024; i++) filter.add(inShard())
  t.absent(filter.isFull)
  const strangers = Array.from({ length: 4_000 }, inShard).filter((one) => filter.mayHave(one))
  t.ok(strangers.length < 40, `${strangers.length} of 4,000`)
  filter.add(inShard())
  t.ok(filter.isFull)
})

test('place filter - a store calls no place vacant that was written, while it grows and is asked at once', async (t) => {
  const random = seededRandom('vacant')
  const home = tempHome(t)
  const open = () => openStore({ home, incarnation: new Uint8Array(16).fill(1), describe: describeBlock })
  const store = await open()
  const written: Uint8Array[] = []
  for (let round = 0; round < 12; round++) {
    const blocks = Array.from({ length: 500 }, () => recordBlock(random))
    const others = Array.from({ length: 20 }, () => random(32))
    // before, beside and after the write: the filter is made, and made anew, in the middle of it
    const beside = [
      store.vacant(others),
      store.append('shelf', blocks, { sync: false }),
      store.vacant(written),
    ]
    const [foreign, , known] = await Promise.all(beside)
    t.ok((foreign as boolean[]).filter(Boolean).length >= 18, 'strangers are seen to be absent')
    t.absent((known as boolean[]).includes(true))
    written.push(...blocks.map(({ locator }) => locator))
    t.absent((await store.vacant(written)).includes(true), `${written.length} places`)
  }
  await store.close()

  const again = await open()
  const stranger = random(32)
  t.alike(await again.vacant([stranger]), [false], 'one look is not worth a walk through the index')
  const seen = await again.vacant([...written.slice(0, 500), stranger])
  t.alike(seen, [...Array(500).fill(false), true], 'many are')
  await again.close()
})
