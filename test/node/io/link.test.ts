/** A link over a real connection of two DHT nodes on loopback. */
import type NoiseSecretStream from '@hyperswarm/secret-stream'
import test from 'brittle'
import { networkOf } from '../../../src/base/network.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import { type Link, openLink } from '../../../src/node/io/link.ts'
import { MESSAGE_BYTES_MAX, MESSAGE_NAMES, type MessageName } from '../../../src/node/wire.ts'
import { hex } from '../../helpers/bytes.ts'
import type { Teardown } from '../../helpers/home.ts'
import { loopbackNode, network } from '../../helpers/network.ts'
import { seed } from '../../helpers/seed.ts'

const ONE = networkOf('one', 4)
const OTHER = networkOf('other', 4)

/** The two ends of one connection. */
async function connected(t: Teardown): Promise<[NoiseSecretStream, NoiseSecretStream]> {
  const { bootstrap, close } = await network()
  t.teardown(close, { order: 1_000 })
  const [listening, dialling] = [loopbackNode(bootstrap), loopbackNode(bootstrap)]
  for (const node of [listening, dialling]) t.teardown(() => node.destroy({ force: true }))
  let take: (stream: NoiseSecretStream) => void = () => {}
  const taken = new Promise<NoiseSecretStream>((resolve) => {
    take = resolve
  })
  const server = listening.createServer((stream) => take(stream))
  await server.listen()
  const dialled = dialling.connect(server.publicKey!)
  dialled.on('error', () => dialled.destroy())
  const ends: [NoiseSecretStream, NoiseSecretStream] = [dialled, await taken]
  ends[1].on('error', () => ends[1].destroy())
  await Promise.all(ends.map((stream) => stream.opened))
  return ends
}

interface End {
  link: Link
  received: [MessageName, string][]
  /** Waits for so many messages. */
  hears(count: number): Promise<void>
  drained: Promise<void>
  closed: Promise<void>
}

function endOf(stream: NoiseSecretStream, of = ONE, options = {}): End {
  const received: End['received'] = []
  let wake: () => void = () => {}
  let drain: () => void = () => {}
  let close: () => void = () => {}
  const drained = new Promise<void>((resolve) => {
    drain = resolve
  })
  const closed = new Promise<void>((resolve) => {
    close = resolve
  })
  const events = {
    received: (name: MessageName, message: Uint8Array) => {
      received.push([name, hex(message)])
      wake()
    },
    drained: () => drain(),
    closed: () => close(),
  }
  const link = openLink(stream, of, events, options)
  if (link === undefined) throw new Error('no link')
  return {
    link,
    received,
    drained,
    closed,
    async hears(count) {
      while (received.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

test('link - each message arrives as it was sent, in both directions and in order', async (t) => {
  const streams = await connected(t)
  const [one, other] = [endOf(streams[0]), endOf(streams[1])]
  t.alike(hex(one.link.handshakeHash), hex(other.link.handshakeHash), 'both name the session alike')
  t.alike(hex(one.link.device), hex(streams[0].remotePublicKey))
  const random = seededRandom(`link ${seed}`)
  const sent = MESSAGE_NAMES.flatMap((name) =>
    [0, 1, 300, 65_536].map((length) => [name, random(length)] as const),
  )
  const written = sent.map(([name, bytes]) => [name, hex(bytes)])
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    for (const [name, bytes] of sent) from.link.send(name, bytes)
    await to.hears(sent.length)
    t.alike(to.received, written)
  }
})

test('link - a full one says so, and says when it has room again', async (t) => {
  const streams = await connected(t)
  const [one, other] = [endOf(streams[0]), endOf(streams[1])]
  let count = 0
  for (let hasRoom = true; hasRoom; count++) hasRoom = one.link.send('result', new Uint8Array(65_536))
  await one.drained
  await other.hears(count)
  t.is(other.received.length, count, 'nothing of it is lost')
})

test('link - a frame that no message could fill ends the connection before it has come', async (t) => {
  const streams = await connected(t)
  const [one, other] = [endOf(streams[0]), endOf(streams[1])]
  t.is(one.link.address, '127.0.0.1')
  one.link.send('result', new Uint8Array(MESSAGE_BYTES_MAX))
  await other.hears(1)
  const before = streams[1].rawBytesRead
  streams[0].write(new Uint8Array(3 * MESSAGE_BYTES_MAX))
  await other.closed
  t.is(streams[1].rawBytesRead, before, 'it never came to be whole')
  t.is(other.received.length, 1)
})

test('link - closing ends the connection at both ends, after what was under way', async (t) => {
  const streams = await connected(t)
  const [one, other] = [endOf(streams[0]), endOf(streams[1])]
  const gone = streams.map((stream) => new Promise<void>((resolve) => stream.once('close', resolve)))
  one.link.send('hello', Uint8Array.of(1, 2))
  one.link.close()
  await Promise.all([one.closed, other.closed, ...gone])
  t.alike(other.received, [['hello', '0102']])
  t.ok(other.link.send('hello', Uint8Array.of(3)), 'what is sent into a closed link is let go')
  t.is(openLink(streams[0], ONE, NOTHING), undefined, 'and there is no second one on what is closed')
})

test('link - closing ends it also where the other end reads nothing', async (t) => {
  const streams = await connected(t)
  const [one, other] = [endOf(streams[0], ONE, { closeWithinMs: 100 }), endOf(streams[1])]
  one.link.send('hello', Uint8Array.of(1))
  await other.hears(1)
  streams[1].pause()
  for (let hasRoom = true; hasRoom; ) hasRoom = one.link.send('result', new Uint8Array(65_536))
  const gone = new Promise<void>((resolve) => streams[0].once('close', resolve))
  one.link.close()
  await gone
  t.pass()
})

test('link - networks do not mix: no message crosses, and both ends part', async (t) => {
  const streams = await connected(t)
  const [one, other] = [endOf(streams[0]), endOf(streams[1], OTHER)]
  one.link.send('hello', Uint8Array.of(1))
  other.link.send('hello', Uint8Array.of(2))
  await Promise.all([one.closed, other.closed])
  t.alike([...one.received, ...other.received], [])
})

test('link - one a connection', async (t) => {
  const [stream] = await connected(t)
  endOf(stream)
  t.is(openLink(stream, ONE, NOTHING), undefined)
})

const NOTHING = { received: () => {}, drained: () => {}, closed: () => {} }
