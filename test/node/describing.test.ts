import test from 'brittle'
import { SheafError } from '../../src/base/errors.ts'
import type { Profile } from '../../src/content/profile.ts'
import { hex } from '../helpers/bytes.ts'
import { actor, onAnotherDevice, World } from '../helpers/world.ts'

const said = (name: string): Omit<Profile, 'replaces'> => ({ name, about: '', avatar: { type: 'none' } })

test('describing - what an entity says of itself is read elsewhere, and the later word stands', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  const bo = world.add('bo')
  world.connect('ada', 'bo')
  await world.settle()
  const profile = () => bo.run({ type: 'profile', entity: ada.actor.entity, untilMs: world.nowMs + 10_000 })
  const none = await profile().catch((error: unknown) => error)
  t.is(none instanceof SheafError && none.code, 'NOT_FOUND')
  await ada.run({ type: 'describe', profile: said('Ada') })
  await ada.run({ type: 'describe', profile: said('Ada Lovelace') })
  const shown = await profile()
  t.alike([shown.profile.name, shown.otherTips.length], ['Ada Lovelace', 0])
})

test('describing - two devices that say something at once make a fork, which the next word joins', async (t) => {
  const world = new World()
  const ada = actor('ada', world.network)
  const desk = world.add('desk', { actor: ada })
  const laptop = world.add('laptop', { actor: onAnotherDevice(ada, 'laptop') })
  await desk.run({ type: 'describe', profile: said('Ada') })
  await laptop.run({ type: 'describe', profile: said('A. L.') })
  world.connect('desk', 'laptop')
  await world.advance(60_000)
  const profile = () => desk.run({ type: 'profile', entity: ada.entity, untilMs: world.nowMs + 10_000 })
  t.is((await profile()).otherTips.length, 1)
  await desk.run({ type: 'describe', profile: said('Ada Lovelace') })
  const shown = await profile()
  t.alike([shown.profile.name, shown.otherTips.length], ['Ada Lovelace', 0])
})

test('describing - the machines of an entity are listed with what it revoked', async (t) => {
  const world = new World()
  const ada = actor('ada', world.network)
  const desk = world.add('desk', { actor: ada })
  world.add('laptop', { actor: onAnotherDevice(ada, 'laptop') })
  world.connect('desk', 'laptop')
  for (const name of ['desk', 'laptop']) {
    await world.nodes.get(name)!.run({ type: 'describe', profile: said(name) })
  }
  await world.advance(60_000)
  const machines = async () =>
    (await desk.run({ type: 'machines', entity: ada.entity, untilMs: world.nowMs + 10_000 })).machines
  t.alike(
    (await machines()).map(({ revokedMs }) => revokedMs),
    [undefined, undefined],
  )
})

test('describing - a machine that has published nothing yet is listed by itself, and who was asked is listed once', async (t) => {
  const world = new World()
  const desk = world.add('desk')
  world.add('bo')
  world.connect('desk', 'bo')
  await world.settle()
  const { entity, device } = desk.actor
  const found = await desk.run({ type: 'machines', entity, untilMs: world.nowMs + 10_000 })
  t.alike(
    found.machines.map((one) => [hex(one.device), one.revokedMs]),
    [[hex(device.publicKey), undefined]],
  )
  t.alike(
    found.asked.map(({ answer }) => answer),
    ['unknown'],
  )
})

test('describing - a machine that was met is listed before it has published anything', async (t) => {
  const world = new World()
  const ada = actor('ada', world.network)
  const desk = world.add('desk', { actor: ada })
  const laptop = onAnotherDevice(ada, 'laptop')
  world.add('laptop', { actor: laptop })
  world.connect('desk', 'laptop')
  await world.advance(5_000)
  const { machines } = await desk.run({ type: 'machines', entity: ada.entity, untilMs: world.nowMs + 10_000 })
  t.alike(
    machines.map((one) => [hex(one.device), one.sinceMs === undefined]),
    [
      [hex(laptop.device.publicKey), true],
      [hex(ada.device.publicKey), false],
    ],
  )
})
