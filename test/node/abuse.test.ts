import test from 'brittle'
import { SheafError } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'
import { WIRE_CODES } from '../../src/node/peer.ts'
import { run, suspend, type Task } from '../../src/node/task.ts'
import { utf8 } from '../helpers/bytes.ts'
import { HandClient } from '../helpers/hand-client.ts'
import { HandServer } from '../helpers/hand-server.ts'
import { World } from '../helpers/world.ts'

const INTRODUCE = { type: 'introduce' as const }

async function scene(options: Parameters<World['add']>[1] = {}) {
  const world = new World()
  const bo = world.add('bo', options)
  const client = new HandClient(world.addStranger('hand'))
  world.connect('hand', 'bo')
  await world.settle()
  return { world, bo, client }
}

test('abuse - thanks must cover something new: a repeated one renews no window', async (t) => {
  const { client } = await scene()
  await client.earn(INTRODUCE)
  const thank = client.checkpoint()
  t.ok(await client.thank(thank))
  t.absent(await client.thank(thank))
  t.absent(client.end.isConnected)
})

test('abuse - a few queries beyond the window are refused, many are a breach', async (t) => {
  const { client } = await scene()
  await client.earn(INTRODUCE)
  for (let i = 0; i < 64; i++) await client.ask(INTRODUCE)
  t.ok(client.end.isConnected)
  await client.ask(INTRODUCE)
  t.absent(client.end.isConnected)
})

test('abuse - a delivery that comes after its store request was given up is late, not a breach', async (t) => {
  const { world, client } = await scene()
  await client.earn(INTRODUCE)
  await client.thank()
  const id = sha256(utf8('x'))
  const ask = await client.ask({ type: 'store', offers: [{ id, locator: id, bytes: 1, owner: undefined }] })
  await world.advance(120_000)
  t.is(client.refusal, 'TIMEOUT')
  await client.deliver({ ask, last: true, items: [{ index: 0, bytes: new Uint8Array(1) }] })
  t.ok(client.end.isConnected)
})

test('abuse - a failure of ours with a long message in any script is refused without its words', async (t) => {
  const { client, bo } = await scene({
    retention: {
      servesAll: () => false,
      serves: () => {
        throw new SheafError('BAD_STORE', '磁'.repeat(300))
      },
    },
  })
  await client.earn({ type: 'blocks', ids: [bo.actor.entity], certify: false })
  t.ok(client.end.isConnected)
  t.is(client.end.all('refuse')[0]?.detail, '')
  await client.thank()
  await client.ask(INTRODUCE)
  t.ok(client.end.isConnected, 'and the node goes on')
})

test('abuse - a wait that fails while it is set up fails its task, and nothing else', (t) => {
  function* broken(): Task<void> {
    yield* suspend<void>(() => {
      throw new SheafError('INTERNAL', 'set up badly')
    })
  }
  let code: string | undefined
  run(broken(), (outcome) => {
    code = 'error' in outcome ? (outcome.error as SheafError).code : undefined
  })
  t.is(code, 'INTERNAL')
})

test('abuse - a search whose query was refused or given up is ended: nobody makes a client search for two', async (t) => {
  const world = new World()
  const ada = world.add('ada', { isReader: true })
  world.isWorkDone = false
  const server = new HandServer(world.addStranger('hand'))
  world.connect('ada', 'hand')
  await world.settle()
  const fetch = () =>
    ada.run({ type: 'fetch', ids: [sha256(utf8('x'))], untilMs: world.nowMs + 5_000 }).catch(() => undefined)
  const idle = ada.service.held.awaited
  for (let times = 0; times < 5; times++) {
    const fetched = fetch()
    await world.settle()
    t.is(ada.service.held.awaited, idle + 1, 'one search')
    server.end.tell('refuse', { ask: undefined, code: WIRE_CODES.indexOf('REFUSED'), detail: '' })
    await world.settle()
    t.is(ada.service.held.awaited, idle, 'refused')
    await world.advance(6_000)
    await fetched
  }
  const fetched = fetch()
  await world.settle()
  await world.advance(6_000)
  await fetched
  t.is(ada.service.held.awaited, idle, 'given up')
})
