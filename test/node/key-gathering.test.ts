/** Who asks for somebody's keys does not stand on the word of one peer. */
import test from 'brittle'
import { nextKeyCommitment } from '../../src/base/keys.ts'
import type { KeyState } from '../../src/node/key-commands.ts'
import { hex } from '../helpers/bytes.ts'
import { keyAt } from '../helpers/rotating.ts'
import { actor, onAnotherDevice, World, type WorldNode } from '../helpers/world.ts'

const text = Buffer.from('# Bees\n')

/** Ann with keepers that have heard of her second key, and a liar that has, or tells, only the first. */
async function village(): Promise<{ world: World; ann: WorldNode; fresh: WorldNode }> {
  const world = new World()
  const ann = world.add('ann')
  for (const name of ['ben', 'cat', 'dan']) {
    world.add(name)
    world.connect('ann', name)
  }
  await world.settle()
  await ann.run({ type: 'publish', pages: [{ path: 'bees', text }], summary: '', index: true })
  await world.advance(1_000)
  const liar = world.add('liar')
  const [genesis] = ann.actor.identity.blocks
  await liar.store.append('shelf', [genesis!], { sync: false })
  const { publicKey, sign } = keyAt('ann', 1)
  const key = { publicKey, sign, next: nextKeyCommitment(keyAt('ann', 2).publicKey) }
  await ann.run({ type: 'rotate', key, leaveOut: [], isRehearsal: false })
  await world.advance(1_000)
  world.remove('ann')
  const nobody = onAnotherDevice(actor('ann', world.network), 'new machine')
  const fresh = world.add('fresh', { actor: nobody, isReader: true, acceptsStores: true })
  return { world, ann, fresh }
}

const positions = ({ chain }: KeyState): number[] => chain.map(({ position }) => position)
const answers = ({ asked }: KeyState): string[] => asked.map(({ answer }) => answer)

test('keys - one that tells only the beginning of a chain is not believed alone while others may come', async (t) => {
  const { world, ann, fresh } = await village()
  world.connect('fresh', 'liar')
  await world.settle()
  const { entity } = ann.actor
  const untilMs = world.nowMs + 60_000
  t.alike(positions(await fresh.run({ type: 'keys', entity, untilMs })), [0], 'who asks once hears the liar')
  let state: KeyState | undefined
  const asked = fresh.run({ type: 'keys', entity, untilMs, tellers: 3 })
  void asked.then((one) => {
    state = one
  })
  await world.advance(5_000)
  t.absent(state, 'one has told, and others are waited for')
  world.connect('fresh', 'ben')
  await world.advance(6_000)
  t.alike(positions(state!), [0, 1], 'the longer chain stands')
  t.alike(answers(state!), ['found', 'found'])
})

test('keys - three that tell are enough, and where nobody does the time is used', async (t) => {
  const { world, ann, fresh } = await village()
  const { entity } = ann.actor
  for (const name of ['liar', 'ben', 'cat']) world.connect('fresh', name)
  await world.settle()
  const beganMs = world.nowMs
  const state = await fresh.run({ type: 'keys', entity, untilMs: beganMs + 60_000, tellers: 3 })
  t.alike([positions(state), answers(state).length, world.nowMs], [[0, 1], 3, beganMs], 'at once')
  const stranger = actor('stranger', world.network).entity
  const untilMs = world.nowMs + 20_000
  const none = fresh.run({ type: 'keys', entity: stranger, untilMs, tellers: 3 }).then(
    () => 'told',
    (error) => error.code,
  )
  await world.advance(21_000)
  t.is(await none, 'NOT_FOUND')
})

test('keys - a machine that has not heard of the key that another one took hears of it before it takes one', async (t) => {
  const { world, ann } = await village()
  const late = world.add('late', { actor: onAnotherDevice(actor('ann', world.network), 'late') })
  await world.settle()
  t.alike(positions(await late.run({ type: 'keys' })), [0])
  world.connect('late', 'cat')
  await world.settle()
  const state = await late.run({ type: 'keys', untilMs: world.nowMs + 5_000 })
  t.alike([positions(state), state.isRetired], [[0, 1], true])
  t.is(hex(state.entity), hex(ann.actor.entity))
})
