// timeout: 240s
/** Nodes as people run them: processes of their own on a private network of this machine. */
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { pino } from 'pino'
import { networkOf } from '../../../src/base/network.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import { idFromText } from '../../../src/base/text-id.ts'
import { readConfig } from '../../../src/node/io/config/config.ts'
import type { PageJson, PeerJson, StatusJson, WhereJson } from '../../../src/node/io/control/shapes.ts'
import { startDaemon } from '../../../src/node/io/daemon.ts'
import { pathsOf } from '../../../src/node/io/paths.ts'
import { WIRE_CODES } from '../../../src/node/peer.ts'
import { Service } from '../../../src/node/service.ts'
import { type Hello, MESSAGE_NAMES } from '../../../src/node/wire.ts'
import {
  type DaemonEvent,
  type DaemonProcess,
  daemon,
  privateNetwork,
  settledHome,
} from '../../helpers/daemon.ts'
import { handPeer } from '../../helpers/hand-peer.ts'
import { seed } from '../../helpers/seed.ts'
import { listeningSockets } from '../../helpers/sockets.ts'
import { publish } from './control/served.ts'

const NETWORK = networkOf('test', 4)
const BEES = '# Bees\n\nThey live here.\n'
const onLinux = process.platform === 'linux'

test('daemon - five nodes: published on one, held by four, read by a sixth after its author is gone', async (t) => {
  const bootstrap = await privateNetwork(t)
  const nodes = await Promise.all(Array.from({ length: 5 }, () => daemon(t, { bootstrap })))
  const [author, ...others] = nodes as [DaemonProcess, ...DaemonProcess[]]
  await author.meets(4)

  if (onLinux) {
    for (const { pid } of nodes) {
      const sockets = listeningSockets(pid)
      t.ok(sockets.some(({ protocol }) => protocol === 'udp'))
      t.alike(
        sockets.filter(({ host }) => host !== '127.0.0.1'),
        [],
        'nothing listens but on 127.0.0.1',
      )
    }
  }

  const lines = (await publish(author.client, { path: 'bees', text: BEES })) as Record<string, unknown>[]
  const done = lines.at(-1)
  t.alike([done?.type, done?.isHeld, done?.held, done?.target, done?.peers], ['done', true, 4, 4, 4])
  // `connected` is the link; `introduced` comes out of hello, challenge, earn and result; `opened` is a
  // welcome for the thanks: all six messages, towards each of the four.
  for (const { device } of others) {
    for (const type of ['connected', 'introduced', 'opened']) {
      t.ok(await author.heard((event) => event.type === type && event.device === device), type)
    }
  }
  const held = await author.heard(({ type, holders }) => type === 'held' && holders === 4)
  t.ok((held.blocks as number) >= 2)

  const { id } = lines[0] as { id: string }
  const where = await author.client.ask<WhereJson>('/v1/where', { query: { id } })
  t.alike(where.holders.map(({ device }) => device).sort(), others.map(({ device }) => device).sort())
  await author.stop()

  const reader = await daemon(t, { bootstrap })
  await reader.meets(1)
  const got = await reader.client.ask<PageJson>('/v1/get', { query: { page: `@${author.entity}/bees` } })
  t.alike([got.text, got.id, got.author], [BEES, id, author.entity])
  const answered = got.asked.filter(({ answer }) => answer === 'found').map(({ device }) => device)
  t.ok(answered.length >= 1)
  const { peers } = await reader.client.ask<{ peers: PeerJson[] }>('/v1/peers')
  for (const device of answered) {
    const peer = peers.find((one) => one.device === device)
    t.is(peer?.session, 'open')
    t.ok(peer!.score > 0 && peer!.why.some((why) => why.includes('welcomes')), 'whoever answered is ranked')
  }
})

test('daemon - one a home; it ends when asked, and starts after kill -9 with nothing deleted', async (t) => {
  const bootstrap = await privateNetwork(t)
  const node = await daemon(t, { bootstrap, config: { publishPatienceMs: '100' } })
  const { socket } = pathsOf(node.home, {}, node.home)
  t.is(statSync(socket).mode & 0o777, 0o600)

  const second = await node.sheaf('start')
  t.is(second.status, 1)
  t.ok(second.err.includes('(ALREADY_RUNNING)') && second.err.includes(`${node.pid}`), second.err)

  await publish(node.client, { path: 'bees', text: BEES })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    t.alike(await node.stop(signal), { status: 0, signal: null }, `${signal} ends it with 0`)
    t.absent(existsSync(socket))
    await node.start()
    t.is((await page(node, '@me/bees')).text, BEES, 'and its store opens again')
  }

  await node.kill()
  t.ok(existsSync(socket) && existsSync(join(node.home, 'lock')), 'kill -9 leaves both')
  await node.start()
  t.is((await page(node, '@me/bees')).text, BEES)
  t.is((await status(node)).stored.damaged, 0)
})

test('daemon - what nobody held goes out after a restart, when somebody comes', async (t) => {
  const bootstrap = await privateNetwork(t)
  const author = await daemon(t, { bootstrap })
  writeFileSync(join(author.home, 'bees.md'), BEES)
  const alone = await author.sheaf('publish', 'bees.md', '--wait', '0.1')
  t.is(alone.status, 75)
  t.ok(alone.err.includes('held 0/5'), alone.err)
  await author.restart()
  t.is((await status(author)).pendingBatches, 1)

  const holder = await daemon(t, { bootstrap })
  const held = await author.heard(({ type }) => type === 'held')
  t.is(held.holders, 1)
  const where = await author.client.ask<WhereJson>('/v1/where', { query: { page: '@me/bees' } })
  t.alike(
    where.holders.map(({ device }) => device),
    [holder.device],
  )
  await author.kill()
  const got = await holder.client.ask<PageJson>('/v1/get', { query: { id: where.id } })
  t.alike([got.text, got.asked], [BEES, []], 'it is on the shelf of whoever signed')
})

test('daemon - a node of another version and one of ours part cleanly, and both go on', async (t) => {
  const bootstrap = await privateNetwork(t)
  const node = await daemon(t, { bootstrap })
  const peer = await handPeer(t, node, { bootstrap, network: NETWORK, seed: 'version 2' })
  const hello = (versions: number[]) => (one: Hello) => ({ ...one, versions, certificate: undefined })
  peer.stranger.say('hello', peer.client.hello(hello([2])))
  await peer.hears('refuse')
  t.is(peer.client.refusal, 'NO_COMMON_VERSION')
  t.ok(peer.stranger.last('refuse')!.detail.includes('this node speaks 1'), 'it says what it speaks')
  peer.part()
  await node.heard((event) => event.type === 'disconnected' && sameDevice(event, peer.device))

  // The other way round: the node greets, and is told that its version is not known.
  const other = await handPeer(t, node, { bootstrap, network: NETWORK, seed: 'version 3' })
  await other.hears('hello')
  t.alike(other.stranger.last('hello')!.versions, [1])
  const code = WIRE_CODES.indexOf('NO_COMMON_VERSION')
  other.stranger.tell('refuse', { ask: undefined, code, detail: 'this node speaks 2' })
  await node.heard(({ type, code }) => type === 'failed' && code === 'NO_COMMON_VERSION')

  const both = await handPeer(t, node, { bootstrap, network: NETWORK, seed: 'versions 1 and 2' })
  both.stranger.say('hello', both.client.hello(hello([2, 1])))
  await both.hears('challenge')
  t.is(both.stranger.last('challenge')!.version, 1, 'who speaks both is answered in ours')
  const { peers } = await node.client.ask<{ peers: PeerJson[] }>('/v1/peers')
  t.absent(
    peers.some(({ why }) => why.some((reason) => reason.includes('breaches'))),
    'a version is no breach',
  )
})

test('daemon - networks on one DHT do not mix, even where one dials the other', async (t) => {
  const bootstrap = await privateNetwork(t)
  const [first, other, second] = (await Promise.all(
    ['test', 'other', 'test'].map((network) => daemon(t, { bootstrap, network })),
  )) as [DaemonProcess, DaemonProcess, DaemonProcess]
  const peer = await handPeer(t, first, { bootstrap, network: networkOf('other', 4), seed: 'dials' })
  await peer.closed
  t.alike(peer.stranger.heard, [], 'no message crosses')
  const isPeer = (event: DaemonEvent) => sameDevice(event, peer.device)
  await first.heard((event) => event.type === 'disconnected' && isPeer(event))

  await Promise.all([first.meets(1), second.meets(1)])
  const devices = async (node: DaemonProcess) =>
    (await node.client.ask<{ peers: PeerJson[] }>('/v1/peers')).peers.map(({ device }) => device)
  t.alike(await devices(first), [second.device])
  t.alike(await devices(second), [first.device])
  t.alike(await devices(other), [])
})

test('daemon - a peer that sends garbage is disconnected, and the node goes on', async (t) => {
  const bootstrap = await privateNetwork(t)
  const node = await daemon(t, { bootstrap })
  const random = seededRandom(`garbage ${seed}`)
  for (const name of MESSAGE_NAMES) {
    const peer = await handPeer(t, node, { bootstrap, network: NETWORK, seed: `garbage ${name}` })
    peer.stranger.say(name, random(200))
    await peer.closed
    const fault = await node.heard((event) => event.type === 'fault' && sameDevice(event, peer.device))
    t.ok(typeof fault.code === 'string' && fault.code !== 'INTERNAL', `${name}: ${fault.code}`)
  }
  const large = await handPeer(t, node, { bootstrap, network: NETWORK, seed: 'large' })
  large.stranger.say('hello', random(300_000))
  await large.closed
  const fault = await node.heard((event) => event.type === 'fault' && sameDevice(event, large.device))
  t.is(fault.code, 'TOO_LARGE')

  const raw = await handPeer(t, node, { bootstrap, network: NETWORK, seed: 'raw' })
  // Below our messages: Protomux is told that a channel opens, and the frame ends there.
  raw.writeRaw(Uint8Array.of(0, 1))
  await raw.closed
  await node.heard((event) => event.type === 'disconnected' && sameDevice(event, raw.device))

  const good = await daemon(t, { bootstrap })
  await node.meets(1)
  await publish(node.client, { path: 'bees', text: BEES })
  t.is((await page(good, `@${node.entity}/bees`)).text, BEES)
})

test('daemon - a bug in the service closes it, and the next start finds the home free', async (t) => {
  const bootstrap = await privateNetwork(t)
  const { home } = await settledHome(t, { bootstrap })
  const said: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void said.push(line) })
  const paths = pathsOf(home, {}, home)
  const config = readConfig({ file: paths.config })
  const node = await startDaemon({ config, paths, logger })
  await node.api.run({
    type: 'publish',
    pages: [{ path: 'bees', text: Buffer.from(BEES) }],
    summary: '',
    index: true,
  })
  const space = { type: 'entity' as const, id: (await node.api.run({ type: 'status' })).entity! }
  const { step } = Service.prototype
  t.teardown(() => {
    Service.prototype.step = step
  })
  Service.prototype.step = () => {
    throw new Error('a bug of ours')
  }
  const broken = node.api.run({ type: 'status' })
  await t.exception(broken, /a bug of ours|CANCELLED|stopping/)
  Service.prototype.step = step
  await t.exception(node.closed, /a bug of ours/)
  t.ok(
    said.some((line) => line.includes('a bug of ours') && line.includes('"level":60')),
    'the log says it',
  )

  const again = await startDaemon({ config, paths, logger })
  t.teardown(() => again.close())
  const { text } = await again.api.run({
    type: 'get',
    target: { page: { space, path: 'bees' } },
    untilMs: Date.now() + 60_000,
  })
  t.is(Buffer.from(text).toString(), BEES)
})

const page = (node: DaemonProcess, name: string) =>
  node.client.ask<PageJson>('/v1/get', { query: { page: name } })
const status = (node: DaemonProcess) => node.client.ask<StatusJson>('/v1/status')
const sameDevice = ({ device }: DaemonEvent, id: Uint8Array) =>
  typeof device === 'string' && Buffer.compare(idFromText(device), id) === 0
