import test from 'brittle'
import fc from 'fast-check'
import { IDLE_AFTER_MS, idleAmong } from '../../src/node/idle.ts'
import type { Connection } from '../../src/node/node.ts'
import { parameters } from '../helpers/seed.ts'
import { World } from '../helpers/world.ts'

const connection = (usedMs: number, load = 0, isMeeting = false): Connection =>
  ({ usedMs, client: { load }, server: { load: 0 }, isMeeting }) as Connection

test('idle - where room is lacking the longest idle end, and nobody who is busy, new or needed', (t) => {
  const nowMs = IDLE_AFTER_MS
  const all = [connection(1), connection(0, 1), connection(0, 0, true), connection(0), connection(-5)]
  const needed = all[4]
  const ended = (max: number) =>
    idleAmong(all, max, nowMs, (one) => one === needed).map((one) => all.indexOf(one))
  t.alike(ended(64), [])
  t.alike(ended(6), [])
  t.alike(ended(5), [3])
  t.alike(
    idleAmong(all, 5, nowMs - 1, () => false).map((one) => all.indexOf(one)),
    [4],
  )
})

test('idle - whoever is there, only the idle end, and only as many as leave an eighth free', (t) => {
  const one = fc.record({ usedMs: fc.nat(2 * IDLE_AFTER_MS), load: fc.nat(1) })
  t.execution(() =>
    fc.assert(
      fc.property(fc.array(one, { maxLength: 100 }), fc.integer({ min: 1, max: 100 }), (those, max) => {
        const all = those.map(({ usedMs, load }) => connection(usedMs, load))
        const ended = idleAmong(all, max, 2 * IDLE_AFTER_MS, () => false)
        const free = max - all.length
        return (
          ended.every(({ usedMs, client }) => usedMs <= IDLE_AFTER_MS && client.load === 0) &&
          (ended.length === 0 || free + ended.length <= Math.ceil(max / 8))
        )
      }),
      parameters(),
    ),
  )
})

test('idle - a full node ends a silent stranger when another comes, not before a minute', async (t) => {
  const world = new World()
  world.add('bo')
  const strangers = Array.from({ length: 57 }, (_, i) => world.addStranger(`s${i}`))
  for (const { name } of strangers.slice(0, 56)) world.connect(name, 'bo')
  await world.settle()
  t.is(strangers.filter(({ isConnected }) => isConnected).length, 56)
  await world.advance(IDLE_AFTER_MS + 75_000) // between two attempts of ours to learn who they are
  world.connect('s56', 'bo')
  await world.settle()
  t.is(strangers.filter(({ isConnected }) => isConnected).length, 56)
  t.ok(strangers[56]!.isConnected)
})
