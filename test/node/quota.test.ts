import test from 'brittle'
import { asSheafError } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import type { Space } from '../../src/content/space.ts'
import { logicalBytes } from '../../src/node/store.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { World, type WorldNode } from '../helpers/world.ts'

const spaceOf = (node: WorldNode): Space => ({ type: 'entity', id: node.actor.entity })

const publish = (node: WorldNode, pages: { path: string; text: Uint8Array }[]) =>
  node.run({ type: 'publish', pages, summary: '', index: true })

test('quota - a publish that does not fit says so before anything is written, and how to mend it', async (t) => {
  const random = seededRandom('quota')
  const ada = new World().add('ada', { quotaBytes: 100_000 })
  const before = ada.store.usage()
  const pages = Array.from({ length: 40 }, (_, i) => ({ path: `p${i}`, text: utf8(hex(random(4_000))) }))
  const error = asSheafError(await publish(ada, pages).catch((cause: unknown) => cause))
  t.is(error.code, 'QUOTA_FULL')
  t.ok(error.hint?.includes('quota_mb'))
  t.alike(ada.store.usage(), before, 'nothing of it')
  t.is((await ada.run({ type: 'status' })).pendingBatches, 0)
  await publish(ada, pages.slice(0, 3))
  const { stored } = await ada.run({ type: 'status' })
  t.ok(stored.usedBytes > stored.bytes && stored.usedBytes <= stored.quotaBytes)
})

test('quota - who has no room reads and exports all the same, and keeps what was there', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  const bo = world.add('bo', { quotaBytes: 2_000 })
  const pages = Array.from({ length: 6 }, (_, i) => ({ path: `p${i}`, text: utf8(`page ${i}`) }))
  await publish(ada, pages)
  await publish(bo, [{ path: 'own', text: utf8('own') }])
  world.connect('ada', 'bo')
  await world.settle()
  const untilMs = world.nowMs + 5_000
  const got = await bo.run({ type: 'get', target: { page: { space: spaceOf(ada), path: 'p3' } }, untilMs })
  t.is(hex(got.text), hex(pages[3]!.text))
  const exported: string[] = []
  const summary = await bo.run({ type: 'export', space: spaceOf(ada), untilMs }, (page) => {
    exported.push((page as { path: string }).path)
  })
  t.is(summary.found, 6)
  t.is(exported.length, 6)
  t.ok(logicalBytes(bo.store.usage()) <= 2_000)
  await bo.run({ type: 'get', target: { page: { space: spaceOf(bo), path: 'own' } }, untilMs })
})
