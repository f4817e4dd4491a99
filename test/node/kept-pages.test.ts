/** Pages that something lies here of, on a list or not. */
import test from 'brittle'
import { pageLocator } from '../../src/content/space.ts'
import { utf8 } from '../helpers/bytes.ts'
import { World } from '../helpers/world.ts'

test('kept pages - deleted ones too, of this space alone, without what the operator denied', async (t) => {
  const world = new World()
  const [ada, bo] = [world.add('ada'), world.add('bo')]
  world.connect('ada', 'bo')
  await world.settle()
  const publish = (who: typeof ada, path: string, text: string) =>
    who.run({ type: 'publish', pages: [{ path, text: utf8(text) }], summary: '', index: true })
  for (const path of ['here', 'gone', 'denied']) await publish(ada, path, path)
  await publish(bo, 'theirs', 'theirs')
  const space = { type: 'entity' as const, id: ada.actor.entity }
  const untilMs = world.nowMs + 1_000
  const [gone] = await ada.run({ type: 'log', page: { space, path: 'gone' }, untilMs })
  const parents = [gone!.id]
  const nonce = new Uint8Array(8)
  const version = { path: 'gone', text: undefined, parents, summary: '', timeMs: world.nowMs, nonce }
  await ada.run({ type: 'replay', versions: [version], index: true })
  const listed = await ada.run({ type: 'list', space, untilMs })
  t.alike(listed.map(({ path }) => path).sort(), ['denied', 'here'])
  t.alike(await ada.run({ type: 'kept', space }), ['denied', 'gone', 'here'])
  t.alike(await ada.run({ type: 'kept', space: { type: 'group', id: space.id } }), [])
  const id = pageLocator({ space, path: 'denied' })
  await ada.run({ type: 'obey', rules: [{ type: 'deny', id, about: 'denied', why: '', sinceMs: 0 }] })
  t.alike(await ada.run({ type: 'kept', space }), ['gone', 'here'])
})
