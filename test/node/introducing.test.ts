/** Whose device is at the other end: what a peer shows of itself, and what it cannot show. */
import test from 'brittle'
import { HandServer } from '../helpers/hand-server.ts'
import { actor, START_MS, World } from '../helpers/world.ts'

/** A node that met somebody who shows these blocks as its own; what it made of that. */
async function meeting(shows: (world: World) => Uint8Array[]): Promise<{
  entities: unknown[]
  faults: unknown[]
  asked: number
}> {
  const world = new World()
  const ada = world.add('ada')
  const server = new HandServer(world.addStranger('somebody'))
  const blocks = shows(world)
  server.serve = (told) =>
    server.answer(
      told,
      blocks.map((bytes, index) => ({ index, answer: { type: 'found', bytes } })),
    )
  world.connect('ada', 'somebody')
  await world.advance(10 * 60_000)
  return {
    entities: ada.events.filter(({ type }) => type === 'introduced').map(({ entity }) => entity),
    faults: ada.events.filter(({ type }) => type === 'fault').map(({ code }) => code),
    asked: server.asked.length,
  }
}

test('introducing - who shows the certificate of another device is nobody', async (t) => {
  const met = await meeting(({ network }) => actor('bo', network).identity.blocks.map(({ bytes }) => bytes))
  t.alike(met, { entities: [undefined], faults: [], asked: 1 })
})

test('introducing - who shows a certificate that does not verify is at fault, and is not asked again', async (t) => {
  const met = await meeting(({ network }) => {
    const [key, certificate] = actor('somebody', network).identity.blocks
    const spoiled = Uint8Array.from(certificate!.bytes)
    spoiled[spoiled.byteLength - 3]! ^= 1
    return [key!.bytes, spoiled]
  })
  t.is(met.entities.length, 0)
  t.is(met.faults.length, 1)
  t.is(met.asked, 1)
})

test('introducing - who may not show itself, by its own operator, is anonymous and not at fault', async (t) => {
  const world = new World()
  const bo = actor('bo', world.network)
  for (const id of [bo.entity, bo.identity.blocks[0]!.id, bo.identity.blocks[1]!.id]) {
    const here = new World()
    const ada = here.add('ada')
    here.add('bo', { rules: [{ type: 'deny', id, about: 'bo', why: '', sinceMs: START_MS }] })
    here.connect('ada', 'bo')
    await here.advance(60_000)
    t.alike(
      ada.events.filter(({ type }) => type === 'fault'),
      [],
    )
    const [met] = ada.events.filter(({ type }) => type === 'introduced')
    t.ok(met !== undefined && met.entity === undefined)
  }
})
