import test from 'brittle'
import { World } from '../helpers/world.ts'

const text = (words: string): Uint8Array => Buffer.from(words)

test('service - a page that one node publishes is held by the others and read by a newcomer', async (t) => {
  const world = new World()
  for (const name of ['ada', 'bo', 'cy', 'dee']) world.add(name)
  for (const other of ['bo', 'cy', 'dee']) world.connect('ada', other)
  await world.settle()
  const ada = world.nodes.get('ada')!
  const published = await ada.run({
    type: 'publish',
    pages: [{ path: 'bees', text: text('# Bees\n') }],
    summary: '',
    index: true,
  })
  t.is(published.pages[0]?.status, 'stored')
  const held = await ada.run({ type: 'held', batches: published.batches, patienceMs: 10_000 })
  t.is(held.isHeld, true)
  t.is(held.held, 3)

  world.add('eve')
  world.connect('eve', 'bo')
  await world.settle()
  const page = { space: { type: 'entity' as const, id: ada.actor.entity }, path: 'bees' }
  const eve = world.nodes.get('eve')!
  const got = await eve.run({ type: 'get', target: { page }, untilMs: world.nowMs + 10_000 })
  t.is(Buffer.from(got.text).toString(), '# Bees\n')
  t.alike(got.id, published.pages[0]?.id)
  const exported: string[] = []
  const summary = await eve.run({ type: 'export', space: page.space, untilMs: world.nowMs + 10_000 }, (one) =>
    exported.push((one as { path: string }).path),
  )
  t.is(summary.found, 1)
  t.alike(exported, ['bees'])
})
