/** Who gives a command may leave before it is answered. */
import test from 'brittle'
import { asSheafError } from '../../src/base/errors.ts'
import type { Command } from '../../src/node/commands.ts'
import { World } from '../helpers/world.ts'

const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'answered',
    (error) => asSheafError(error).code,
  )

test('errands - who leaves a look-up ends it at once, with the work that it paid with; no peer is held to be slow', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  const ben = world.add('ben')
  await world.settle()
  const before = ann.service.held.awaited
  world.isWorkDone = false
  world.connect('ann', 'ben')
  await world.advance(30_000)
  const { entity } = ben.actor
  const space = { type: 'entity' as const, id: entity }
  const untilMs = world.nowMs + 60_000
  const commands: Command[] = [
    { type: 'get', target: { page: { space, path: 'bees' } }, untilMs },
    { type: 'list', space, untilMs },
    { type: 'keys', entity, tellers: 3, untilMs },
  ]
  for (const command of commands) {
    const leaving = new AbortController()
    const asked = codeOf(ann.run(command, undefined, leaving.signal))
    await world.advance(1_000)
    t.ok(ann.service.held.awaited > before, `${command.type} waits for work to be done`)
    leaving.abort()
    t.is(await asked, 'CANCELLED')
    t.is(ann.service.held.awaited, before, 'which nobody waits for any more')
  }
})

test('errands - what writes goes on when nobody waits for it', async (t) => {
  const world = new World()
  const ann = world.add('ann')
  await world.settle()
  const leaving = new AbortController()
  const pages = [{ path: 'bees', text: Buffer.from('# Bees\n') }]
  const asked = codeOf(
    ann.run({ type: 'publish', pages, summary: '', index: true }, undefined, leaving.signal),
  )
  leaving.abort()
  t.is(await asked, 'answered')
  const page = { space: { type: 'entity' as const, id: ann.actor.entity }, path: 'bees' }
  const got = await ann.run({ type: 'get', target: { page }, untilMs: world.nowMs })
  t.is(Buffer.from(got.text).toString(), '# Bees\n')
})
