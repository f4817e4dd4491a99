/**
 * The server's half of a session under everything that a client may say, in every state that it can be
 * in. Whatever comes is taken lawfully, passed over, refused with a code, or ends the connection; nobody
 * throws, no public key is used before the work was done, others are served meanwhile, and the same
 * device comes back.
 */
import test from 'brittle'
import { decode, encode } from '../../src/base/codec.ts'
import { sha256 } from '../../src/base/hash.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { encodeMessage, WIRE_CODES } from '../../src/node/peer.ts'
import type { Query } from '../../src/node/queries.ts'
import { type Challenge, challenge as challengeCodec, earn, type MessageName } from '../../src/node/wire.ts'
import { judgeProofs, workSeed } from '../../src/node/work.ts'
import { verifyDevice } from '../helpers/actor.ts'
import { hex, utf8 } from '../helpers/bytes.ts'
import { HandClient } from '../helpers/hand-client.ts'
import { belowFrom, MOVES, madeUp } from '../helpers/moves.ts'
import { seed } from '../helpers/seed.ts'
import { World, type WorldNode } from '../helpers/world.ts'

const INTRODUCE: Query = { type: 'introduce' }
/** Between two strangers: nobody comes faster than this. */
const PAUSE_MS = 5_000
/** For one node with one honest client and one stranger: what waits for the store, for time, for work. */
const AWAITED_MAX = 40
const TIMERS_MAX = 2_000

interface Scene {
  world: World
  bo: WorldNode
  client: HandClient
}

const id = sha256(utf8('nobody has this'))
const SUBSCRIBE: Query = {
  type: 'subscribe',
  locators: [id],
  seconds: 60,
  certify: true,
  replaces: undefined,
}
const STORE: Query = { type: 'store', offers: [{ id, locator: id, bytes: 10, owner: undefined }] }

/** How a client brings the server into each of its states. */
const STATES: Record<string, (scene: Scene) => Promise<unknown>> = {
  connected: async () => {},
  greeted: ({ client }) => client.greet(),
  'greeted, long ago': async ({ client, world }) => {
    await client.greet()
    await world.advance(70_000)
  },
  'greeted in no common version': async ({ client, world }) => {
    client.end.say(
      'hello',
      client.hello((one) => ({ ...one, versions: [9] })),
    )
    await world.settle()
  },
  earned: ({ client }) => client.earn(INTRODUCE),
  'earned twice': async ({ client }) => {
    await client.earn(INTRODUCE)
    await client.earn(INTRODUCE)
  },
  open,
  'open and idle for long': async (scene) => {
    await open(scene)
    await scene.world.advance(50_000)
  },
  'open, with all of the window used': async (scene) => {
    const allowance = await open(scene)
    for (let used = 0; used < allowance; used++) await scene.client.ask(INTRODUCE)
  },
  'open, with subscriptions': async (scene) => {
    await open(scene)
    for (let i = 0; i < 3; i++) await scene.client.ask(SUBSCRIBE)
  },
  'open, a delivery awaited': async (scene) => {
    await open(scene)
    await scene.client.ask(STORE)
  },
  'open, a delivery given up': async (scene) => {
    await open(scene)
    await scene.client.ask(STORE)
    await scene.world.advance(61_000)
  },
  'open, more asked than is answered at once': async (scene) => {
    await open(scene)
    for (let i = 0; i < 8; i++) await scene.client.ask(STORE)
    for (let i = 0; i < 8; i++) await scene.client.ask(INTRODUCE)
  },
  'open, and the client does not read': async (scene) => {
    await open(scene)
    scene.world.press('hand', scene.client.end.number, 'blocked')
    for (let i = 0; i < 4; i++) await scene.client.ask({ type: 'blocks', ids: [id], certify: true })
  },
}

for (const [state, enter] of Object.entries(STATES)) {
  test(`fuzz - a server, ${state}: whatever a client says has a lawful end`, async (t) => {
    const world = new World()
    let checks = 0
    const bo = world.add('bo', {
      verifyDevice: (...given) => {
        checks += 1
        return verifyDevice(...given)
      },
    })
    const carol = new HandClient(world.addStranger('carol'))
    world.connect('carol', 'bo')
    await world.settle()
    await carol.earn(INTRODUCE)
    await carol.thank()
    const ends = { taken: 0, 'passed over': 0, refused: 0, fault: 0 }
    for (const [i, move] of MOVES.entries()) {
      const below = belowFrom(seededRandom(`${seed} ${state} ${move.what}`))
      const stranger = world.addStranger('hand', `hand ${i}`)
      let client = new HandClient(stranger)
      world.connect('hand', 'bo')
      await world.settle()
      await enter({ world, bo, client })

      const faults = faultsOf(bo).length
      const before = { heard: client.end.heard.length, checks }
      const said = move.messages(client.end, (name) => lawful(client, name, below), below)
      const isWorked = said.some((one) => one.name === 'earn' && showsWork(client, one.message))
      for (const { name, message } of said) client.end.say(name, message)
      await world.settle()

      const fault = faultsOf(bo)[faults]
      const refusals = client.end.all('refuse').map(({ code }) => WIRE_CODES[code])
      const isAnswered = client.end.heard.slice(before.heard).some(({ name }) => name !== 'refuse')
      const isRefused = client.end.heard.length > before.heard
      ends[fault !== undefined ? 'fault' : isAnswered ? 'taken' : isRefused ? 'refused' : 'passed over'] += 1
      if (faultsOf(bo).length - faults > 1) t.fail(`${move.what}: noted twice`)
      if (fault === 'INTERNAL' || refusals.includes('INTERNAL')) t.fail(`${move.what}: a mistake of ours`)
      if ((fault !== undefined) === client.end.isConnected) t.fail(`${move.what}: ${fault}, and connected`)
      const isStranger = !client.end.heard.slice(0, before.heard).some(({ name }) => name === 'result')
      if (isStranger && !isWorked && checks > before.checks)
        t.fail(`${move.what}: ${checks - before.checks} signatures were checked before any work`)

      await carol.ask(INTRODUCE)
      if ((await carol.thank()) === undefined) t.fail(`${move.what}: another client is not served`)
      world.disconnect('hand', client.end.number)
      await world.advance(PAUSE_MS)
      client = new HandClient(stranger)
      world.connect('hand', 'bo')
      await world.settle()
      await client.earn(INTRODUCE)
      if ((await client.thank()) === undefined) t.fail(`${move.what}: the same device does not come back`)
      world.disconnect('hand', client.end.number)
      await world.advance(PAUSE_MS)
      const { connections, awaited, timers, subscribed } = bo.service.held
      if (connections !== 1 || awaited > AWAITED_MAX || timers > TIMERS_MAX)
        t.fail(`${move.what}: ${connections} connections, ${awaited} effects, ${timers} timers`)
      if (subscribed > 0) t.fail(`${move.what}: it watches for nobody`)
    }
    t.comment(JSON.stringify(ends))
    t.ok(ends.taken > 0 && ends.fault > 0, `${MOVES.length} moves`)
  })
}

/** Opens a session and tells the window. */
async function open({ client }: Scene): Promise<number> {
  await client.earn(INTRODUCE)
  return (await client.thank())!.allowance
}

/** What the moment asks for under this name; a server's messages are made up, for nobody asked. */
function lawful(client: HandClient, name: MessageName, below: (end: number) => number): Uint8Array {
  switch (name) {
    case 'hello':
      return client.hello()
    case 'earn':
      return encodeMessage('earn', client.earnOf(INTRODUCE, client.end.last('challenge') ?? made(below)))
    case 'ask':
      return encodeMessage('ask', { ask: 1_000, query: Uint8Array.of(0) })
    case 'thank':
      return client.checkpoint()
    case 'deliver':
      return encodeMessage('deliver', {
        ask: client.end.said.filter((one) => one.name === 'ask').length,
        last: true,
        items: [{ index: 0, bytes: new Uint8Array(10) }],
      })
    default:
      return madeUp(name, below)
  }
}

function made(below: (end: number) => number): Challenge {
  return { ...decode(challengeCodec, madeUp('challenge', below)), effort: 16 }
}

function faultsOf({ events }: WorldNode): unknown[] {
  return events.filter(({ type }) => type === 'fault').map(({ code }) => code)
}

/** Whether an earn answers a challenge that this client was given, with all the work that it claims. */
function showsWork(client: HandClient, message: Uint8Array): boolean {
  try {
    const { challenge, query, bid, proofs } = decode(earn, message)
    const seed = workSeed(encode(challengeCodec, challenge), query, bid)
    if (judgeProofs(seed, bid, Buffer.concat(proofs)) !== undefined) return false
    return client.end.all('challenge').some(({ mac }) => hex(mac) === hex(challenge.mac))
  } catch {
    return false
  }
}
