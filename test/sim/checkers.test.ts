/** Each checker, with a fault planted that it must find. */
import test from 'brittle'
import { idKey } from '../../src/base/id-map.ts'
import type { Task } from '../../src/node/task.ts'
import { simCrypto } from '../../src/sim/crypto.ts'
import type { Check, Finding } from '../../src/sim/finding.ts'
import { Stage, type StageOptions } from '../../src/sim/stage.ts'

/** A network of six with one page that is held and read, then `plant`; what the checkers find. */
async function findings(
  plant: (stage: Stage) => Task<void>,
  options: Partial<StageOptions> = {},
): Promise<Finding[]> {
  const stage = new Stage({ nodes: 6, seed: 'planted', crypto: simCrypto('cheap'), ...options })
  function* story(): Task<Finding[]> {
    yield* stage.start(stage.addNodes(), 1_000, 5_000)
    yield* stage.publishHeld(stage.nodes[0]!, 'bees')
    yield* stage.readAll()
    yield* plant(stage)
    return yield* stage.verify()
  }
  return stage.world.play(story())
}

const kinds = (found: readonly Finding[]): Check[] => [...new Set(found.map(({ check }) => check))]

/** Wipes a node's disk, and says nothing of it. */
function* wipe(stage: Stage, number: number): Task<void> {
  yield* stage.world.wait(() => stage.nodes[number]!.disk.goBack(0))
}

function* nothing(): Task<void> {}

test('checkers - an honest network passes them all', async (t) => {
  t.alike(await findings(nothing), [])
})

test('checkers - a page that nobody finds any more, or finds changed, is not readable', async (t) => {
  const gone = await findings(function* (stage) {
    for (const { number } of stage.nodes) yield* wipe(stage, number)
    yield* stage.readAll()
  })
  t.ok(kinds(gone).includes('readable'))
  const changed = await findings(function* (stage) {
    stage.ledger.published[0]!.text[0]! ^= 1
    stage.ledger.reads.push({ ...stage.ledger.reads[0]!, text: Buffer.from('# Wasps') })
    yield* nothing()
  })
  t.alike(kinds(changed), ['readable'])
})

test('checkers - a keeper that forgets breaks its promise, and the copies are missing', async (t) => {
  const found = await findings(function* (stage) {
    for (const number of [1, 2]) yield* wipe(stage, number)
  })
  t.alike(kinds(found).sort(), ['acknowledged', 'copies'])
})

test('checkers - a publisher that loses what it stored is found', async (t) => {
  t.alike(kinds(await findings((stage) => wipe(stage, 0))), ['acknowledged'])
})

test('checkers - a restored node that says it was, is excused', async (t) => {
  const found = await findings(function* (stage) {
    yield* stage.restore(stage.nodes[1]!, 0)
    yield* stage.world.sleep(10_000)
  })
  t.alike(found, [])
})

test('checkers - a restored node that hides it signs one number twice', async (t) => {
  const found = await findings(function* (stage) {
    const node = stage.nodes[1]!
    const { incarnation } = node
    yield* stage.restore(node, 0)
    node.kill()
    node.incarnation = incarnation
    node.start()
    yield* stage.world.sleep(10_000)
    yield* stage.publishHeld(stage.nodes[2]!, 'more')
  })
  t.ok(kinds(found).includes('statements'))
})

test('checkers - an honest node whose messages are changed under way is blamed, and that is found', async (t) => {
  const found = await findings(nothing, {
    tamper: (from, _to, name, message) => {
      if (from.number !== 1 || name !== 'welcome') return message
      const changed = Uint8Array.from(message)
      changed[40]! ^= 1
      return changed
    },
  })
  t.alike(kinds(found), ['honest'])
})

test('checkers - a node with more connections than it may have is found', async (t) => {
  const found = await findings(function* (stage) {
    Object.assign(stage.nodes[3]!.options, { connectionsMax: 2 })
    yield* nothing()
  })
  t.alike(kinds(found), ['bounds'])
})

test('checkers - a service that throws is found', async (t) => {
  const found = await findings(function* (stage) {
    stage.nodes[4]!.service.step = () => {
      throw new Error('planted')
    }
    yield* stage.publishHeld(stage.nodes[0]!, 'more')
  })
  t.ok(kinds(found).includes('crashes'))
})

test('checkers - nodes that know the same and have other heads are found', async (t) => {
  const found = await findings(function* (stage) {
    const [published] = stage.ledger.published
    yield* stage.compare(published!.page, stage.nodes)
    t.ok(stage.ledger.known.length > 2)
    const { versions } = stage.ledger.known[0]!
    t.alike(versions.map(idKey), [idKey(published!.id)])
    stage.ledger.known.push({ ...stage.ledger.known[0]!, head: stage.nodes[0]!.incarnation })
  })
  t.alike(kinds(found), ['heads'])
})
