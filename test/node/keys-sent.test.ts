import test from 'brittle'
import { World } from '../helpers/world.ts'

/** In an index chunk whose first path has this length the first version's id stands where a record names its key. */
const CONFUSING = 'a'.repeat(33)

test('serving - a chunk of an index is no record, whatever stands where a key would be named', async (t) => {
  const world = new World()
  const bo = world.add('bo')
  const pages = [CONFUSING, 'b', 'c'].map((path) => ({ path, text: Buffer.from(`# ${path}\n`) }))
  await bo.run({ type: 'publish', pages, summary: '', index: true })
  const eve = world.add('eve', { isReader: true })
  world.connect('eve', 'bo')
  const space = { type: 'entity' as const, id: bo.actor.entity }
  const exported = await eve.run({ type: 'export', space, untilMs: world.nowMs + 10_000 })
  t.is(exported.found, 3)
  t.alike(
    eve.events.filter(({ type }) => type === 'fault'),
    [],
  )
})

test('serving - the key of an author goes ahead of the first of its blocks, once a session', async (t) => {
  const world = new World()
  const bo = world.add('bo')
  const page = (path: string) => ({ path, text: Buffer.from(`# ${path}\n`) })
  const { pages } = await bo.run({ type: 'publish', pages: [page('a'), page('b')], summary: '', index: true })
  const eve = world.add('eve', { isReader: true })
  world.connect('eve', 'bo')
  for (const { id } of pages) {
    const got = await eve.run({ type: 'get', target: { id }, untilMs: world.nowMs + 10_000 })
    t.alike(Buffer.from(got.author), Buffer.from(bo.actor.entity))
  }
  t.is(world.log.filter(({ from, name }) => from === 'eve' && (name === 'earn' || name === 'ask')).length, 2)
})
