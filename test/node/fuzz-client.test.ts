/**
 * The client's half of a session under everything that a server may say, in every state that it can be
 * in: nobody throws, what breaks the protocol ends the connection once, others are served meanwhile,
 * and the same device, honest again, is met as any other.
 */
import test from 'brittle'
import { decode, encode } from '../../src/base/codec.ts'
import { sha256 } from '../../src/base/hash.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { parseRecord } from '../../src/content/record.ts'
import { CHECKPOINT, checkpoint } from '../../src/content/statement.ts'
import { encodeMessage, headerDigest, WIRE_CODES } from '../../src/node/peer.ts'
import { headerEntries } from '../../src/node/reply.ts'
import { ask, earn, type MessageName, thank } from '../../src/node/wire.ts'
import { statementOf } from '../helpers/actor.ts'
import { utf8 } from '../helpers/bytes.ts'
import { HandClient } from '../helpers/hand-client.ts'
import { type Conduct, HandServer } from '../helpers/hand-server.ts'
import { belowFrom, MOVES, type Move, madeUp } from '../helpers/moves.ts'
import type { Below } from '../helpers/mutants.ts'
import { seed } from '../helpers/seed.ts'
import type { Stranger } from '../helpers/stranger.ts'
import { World, type WorldNode } from '../helpers/world.ts'

/** Between two servers; what one of them left open is over by then. */
const PAUSE_MS = 90_000
const AWAITED_MAX = 40
const TIMERS_MAX = 2_000
const ANSWER_WITHIN_MS = 3_000

interface Scene {
  world: World
  ada: WorldNode
  /** A server with this conduct, connected, that does not hear what `deaf` names. */
  serve(conduct?: Conduct, deaf?: MessageName): Promise<Stranger>
}

const silent: Conduct = { answer: () => {} }

/** How a server brings a node that is its client into each of its states. */
const STATES: Record<string, (scene: Scene) => Promise<Stranger>> = {
  greeting: ({ serve }) => serve({}, 'hello'),
  'greeting, given up': async ({ serve, world }) => {
    const end = await serve({}, 'hello')
    await world.advance(61_000)
    return end
  },
  solving: async ({ serve, world }) => {
    world.isWorkDone = false
    const end = await serve()
    world.isWorkDone = true
    return end
  },
  earned: ({ serve }) => serve({}, 'earn'),
  thanking: ({ serve }) => serve({}, 'thank'),
  'thanking, in vain': async ({ serve, world }) => {
    const end = await serve({}, 'thank')
    await world.advance(6_000)
    return end
  },
  open: ({ serve }) => serve(),
  'open, with queries under way': async (scene) => {
    const end = await scene.serve(silent)
    ask3(scene)
    await scene.world.settle()
    return end
  },
  'open, with queries given up': async (scene) => {
    const end = await scene.serve(silent)
    ask3(scene)
    await scene.world.advance(2 * ANSWER_WITHIN_MS)
    return end
  },
  'open, with a delivery under way': async ({ serve, world, ada }) => {
    const end = await serve({
      answer: (server, told) => {
        if (told.asked.type !== 'store') return
        const items = told.asked.offers.map((_, index) => ({ index, answer: { type: 'wanted' as const } }))
        server.answer(told, items, { last: false })
      },
    })
    await ada.run({
      type: 'publish',
      pages: [{ path: `bees/${world.nowMs}`, text: utf8(`# Bees\n\n${world.nowMs}\n`) }],
      summary: '',
      index: false,
    })
    await world.settle()
    return end
  },
}

for (const [state, enter] of Object.entries(STATES)) {
  test(`fuzz - a client, ${state}: whatever a server says has a lawful end`, async (t) => {
    await runAll(t, state, enter, MOVES)
  })
}

test('fuzz - a client takes a refusal with any code, of anything that it asked or did not', async (t) => {
  const codes = [...WIRE_CODES.keys(), WIRE_CODES.length, 255]
  const moves = codes.flatMap((code) =>
    (['the session', 'the query', 'another query'] as const).map((of): Move => {
      const name = 'refuse'
      return {
        what: `refuse of ${of} with ${code}`,
        name,
        messages: (end) => {
          const asked = of === 'the session' ? undefined : of === 'the query' ? lastAsk(end).ask : 4_000_000
          return [{ name, message: encodeMessage(name, { ask: asked, code, detail: 'no' }) }]
        },
      }
    }),
  )
  await runAll(t, 'earned', STATES.earned!, moves)
  await runAll(t, 'with queries under way', STATES['open, with queries under way']!, moves)
})

type Asserts = { pass(message: string): void; fail(message: string): void }

async function runAll(t: Asserts, state: string, enter: (typeof STATES)[string], moves: readonly Move[]) {
  const world = new World()
  const ada = world.add('ada')
  const carol = new HandClient(world.addStranger('carol'))
  world.connect('carol', 'ada')
  await world.settle()
  await carol.earn({ type: 'introduce' })
  await carol.thank()
  for (const [i, move] of moves.entries()) {
    const below = belowFrom(seededRandom(`${seed} ${state} ${move.what}`))
    const serve: Scene['serve'] = async (conduct, deaf) => {
      const end = world.addStranger('hand', `hand ${i}`)
      new HandServer(end, conduct)
      const hear = end.onHeard
      if (deaf !== undefined) end.onHeard = (one) => one.name !== deaf && hear?.(one)
      world.connect('ada', 'hand')
      await world.settle()
      return end
    }
    const end = await enter({ world, ada, serve })
    const faults = faultsOf(ada).length
    for (const { name, message } of move.messages(end, (name) => lawful(end, name, below), below))
      end.say(name, message)
    await world.settle()
    const news = faultsOf(ada).slice(faults)
    if (news.length > 1) t.fail(`${move.what}: noted twice, ${news}`)
    if (news.includes('INTERNAL')) t.fail(`${move.what}: a mistake of ours`)
    if (news.length > 0 === end.isConnected) t.fail(`${move.what}: ${news}, and connected`)
    await carol.ask({ type: 'introduce' })
    if ((await carol.thank()) === undefined) t.fail(`${move.what}: another client is not served`)

    world.disconnect('hand', end.number)
    await world.advance(PAUSE_MS)
    const opened = openedOf(ada, end)
    const again = await serve()
    await world.advance(PAUSE_MS)
    if (openedOf(ada, end) <= opened) t.fail(`${move.what}: the same device is not met again`)
    world.disconnect('hand', again.number)
    await world.advance(PAUSE_MS)
    const { connections, awaited, timers } = ada.service.held
    if (connections !== 1 || awaited > AWAITED_MAX || timers > TIMERS_MAX)
      t.fail(`${move.what}: ${connections} connections, ${awaited} effects, ${timers} timers`)
  }
  t.pass(`${moves.length} moves`)
}

/** Three queries at once that only this server could answer. */
function ask3({ ada, world }: Scene): void {
  for (const what of ['a', 'b', 'c']) {
    const untilMs = world.nowMs + ANSWER_WITHIN_MS
    const ids = [sha256(utf8(`${what} ${world.nowMs}`))]
    void ada.run({ type: 'fetch', ids, untilMs })
  }
}

/** What the moment asks for under this name; a client's messages are made up. */
function lawful(end: Stranger, name: MessageName, below: Below): Uint8Array {
  const { ask, query } = lastAsk(end)
  switch (name) {
    case 'challenge': {
      const fields = { version: 1, algorithm: 1, counter: 7, effort: 0, mac: new Uint8Array(32) }
      return encodeMessage(name, { ...fields, time: end.wire.nowMs, expires: end.wire.nowMs + 60_000 })
    }
    case 'header': {
      const entries = [{ index: 0, hash: sha256(utf8('x')), bytes: 1 }]
      const digest = headerDigest(end.session, end.wire.network, query, encode(headerEntries, entries))
      return encodeMessage(name, { ask, entries, signature: end.actor.device.sign(digest) })
    }
    case 'result': {
      const items = [{ index: 0, answer: { type: 'unknown' as const } }]
      return encodeMessage(name, { ask, last: true, listing: undefined, items })
    }
    case 'refuse':
      return encodeMessage(name, { ask, code: below(WIRE_CODES.length), detail: '' })
    case 'welcome': {
      const thanks = end.heard.findLast((one) => one.name === 'thank')
      if (thanks === undefined) return madeUp(name, below)
      const thanked = parseRecord(decode(thank, thanks.message).checkpoint)
      const said = decode(checkpoint, thanked.body)
      const body = encode(checkpoint, {
        ...said,
        incarnation: end.actor.incarnation,
        peer: end.other,
        over: thanked.id,
      })
      const over = statementOf(end.actor, end.wire.network, {
        kind: CHECKPOINT,
        body,
        timeMs: end.wire.nowMs,
      })
      return encodeMessage(name, {
        checkpoint: over.bytes,
        claim: undefined,
        allowance: 64,
        acceptsStores: true,
        peers: [],
      })
    }
    default:
      return madeUp(name, below)
  }
}

/** The last query that was asked here, earned or not. */
function lastAsk({ heard }: Stranger): { ask: number; query: Uint8Array } {
  const last = heard.findLast(({ name }) => name === 'ask' || name === 'earn')
  if (last === undefined) return { ask: 0, query: new Uint8Array(0) }
  return last.name === 'ask' ? decode(ask, last.message) : decode(earn, last.message)
}

function faultsOf({ events }: WorldNode): unknown[] {
  return events.filter(({ type }) => type === 'fault').map(({ code }) => code)
}

function openedOf({ events }: WorldNode, { actor }: Stranger): number {
  const { publicKey } = actor.device
  return events.filter(
    ({ type, device }) => type === 'opened' && Buffer.compare(device as Uint8Array, publicKey) === 0,
  ).length
}
