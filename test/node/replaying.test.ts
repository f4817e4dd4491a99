/** Histories that were made elsewhere: stored as they were, once, however often they are given. */
import test from 'brittle'
import { asSheafError } from '../../src/base/errors.ts'
import type { OldVersion } from '../../src/node/old-version.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { START_MS, World } from '../helpers/world.ts'

const version = (
  number: number,
  path: string,
  text: string | undefined,
  parents: OldVersion['parents'],
): OldVersion => ({
  path,
  text: text === undefined ? undefined : utf8(text),
  parents,
  summary: `version ${number}`,
  timeMs: START_MS - 1_000_000 + 1_000 * number,
  nonce: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, number),
})

/** A fork, a rename, a merge and a deletion. */
const HISTORY = [
  version(0, 'a', 'one', []),
  version(1, 'a', 'left', [0]),
  version(2, 'a', 'right', [0]),
  version(3, 'b', 'left, moved', [1]),
  version(4, 'a', undefined, [1]),
  version(5, 'b', 'both', [3, 2]),
  version(6, 'a', undefined, [4, 2]),
]

test('replaying - a history keeps its parents and times, is listed by what it ends with, and comes once', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  await world.settle()
  const replay = { type: 'replay' as const, versions: HISTORY, index: true }
  const { pages } = await ada.run(replay)
  t.ok(pages.every(({ status }) => status === 'stored'))
  const space = { type: 'entity' as const, id: ada.actor.entity }
  const untilMs = world.nowMs + 1_000
  const log = await ada.run({ type: 'log', page: { space, path: 'b' }, untilMs })
  const merge = log.find(({ id }) => hex(id) === hex(pages[5]!.id))!
  t.alike(merge.parents.map(hex), [hex(pages[3]!.id), hex(pages[2]!.id)])
  t.is(merge.timeMs, HISTORY[5]!.timeMs)
  t.is(merge.summary, 'version 5')
  t.alike(
    (await ada.run({ type: 'list', space, untilMs })).map(({ path }) => path),
    ['b'],
  )
  const got = await ada.run({ type: 'get', target: { page: { space, path: 'b' } }, untilMs })
  t.is(Buffer.from(got.text).toString(), 'both')
  t.is(got.why, 'only tip')

  const again = await ada.run(replay)
  t.alike(
    again.pages.map(({ id, status }) => [hex(id), status]),
    pages.map(({ id }) => [hex(id), 'unchanged']),
  )
  world.restart('ada')
  await world.settle()
  const more = [...HISTORY, version(7, 'b', 'and on', [5])]
  const third = await world.nodes.get('ada')!.run({ ...replay, versions: more })
  t.alike(
    third.pages.map(({ status }) => status),
    [...HISTORY.map(() => 'unchanged'), 'stored'],
    'what is new is added',
  )
})

test('replaying - a part of a history goes on from the ids of the part before', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  await world.settle()
  const first = await ada.run({ type: 'replay', versions: HISTORY.slice(0, 2), index: false })
  const parents = [first.pages[1]!.id]
  const { pages } = await ada.run({
    type: 'replay',
    versions: [version(3, 'b', 'moved', parents)],
    index: true,
  })
  t.is(pages[0]!.status, 'stored')
})

test('replaying - a parent that does not come before is refused', async (t) => {
  const world = new World()
  const ada = world.add('ada')
  await world.settle()
  const codeOf = (one: OldVersion) =>
    ada.run({ type: 'replay', versions: [one], index: true }).then(
      () => 'none',
      (error: unknown) => asSheafError(error).code,
    )
  t.is(await codeOf(version(0, 'a', 'text', [0])), 'BAD_ARGUMENT')
  t.is(await codeOf(version(0, 'a', 'text', [7])), 'BAD_ARGUMENT')
  t.is((await ada.run({ type: 'status' })).pendingBatches, 0)
})

test("replaying - a time ahead of the clock becomes the clock's, and the version comes once, also when its time has come", async (t) => {
  const world = new World()
  const ada = world.add('ada')
  await world.settle()
  const aheadMs = world.nowMs + 3_600_000
  const versions = [
    { ...version(0, 'a', 'early', []), timeMs: aheadMs },
    { ...version(1, 'a', 'later', [0]), timeMs: aheadMs },
    version(2, 'a', 'in time', [1]),
  ]
  const replay = { type: 'replay' as const, versions, index: true }
  const { pages } = await ada.run(replay)
  const page = { space: { type: 'entity' as const, id: ada.actor.entity }, path: 'a' }
  const log = () => ada.run({ type: 'log', page, untilMs: world.nowMs + 1_000 })
  t.ok((await log()).every(({ timeMs }) => timeMs <= world.nowMs))
  for (const forMs of [0, 90_000, 7_200_000]) {
    await world.advance(forMs)
    const again = await ada.run(replay)
    t.alike(
      again.pages.map(({ id, status }) => [hex(id), status]),
      pages.map(({ id }) => [hex(id), 'unchanged']),
      `after ${forMs} ms`,
    )
  }
  t.is((await log()).length, 3)
})
