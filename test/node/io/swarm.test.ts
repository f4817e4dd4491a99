/** Swarms that meet on a private network of this machine. */
import type NoiseSecretStream from '@hyperswarm/secret-stream'
import test from 'brittle'
import { deviceKeyPair } from '../../../src/base/crypto.ts'
import { seededRandom } from '../../../src/base/seeded.ts'
import { openSwarm, type Swarm } from '../../../src/node/io/swarm.ts'
import { hex } from '../../helpers/bytes.ts'
import type { Teardown } from '../../helpers/home.ts'
import { loopbackNode, type Network, network } from '../../helpers/network.ts'

const TOPIC = seededRandom('topic')(32)

interface Member {
  swarm: Swarm
  device: Uint8Array
  /** The next connection that nobody has waited for yet. */
  met(): Promise<NoiseSecretStream>
}

async function privateNetwork(t: Teardown): Promise<Network['bootstrap']> {
  const { bootstrap, close } = await network()
  t.teardown(close, { order: 1_000 })
  return bootstrap
}

function member(t: Teardown, name: string, bootstrap: Network['bootstrap'], connectionsMax = 8): Member {
  const keyPair = deviceKeyPair(seededRandom(name)(32))
  const options = { keyPair, bootstrap, host: '127.0.0.1', port: 0, firewalled: false, connectionsMax }
  const swarm = openSwarm(options)
  t.teardown(() => swarm.close())
  const arrived: NoiseSecretStream[] = []
  const waiting: ((stream: NoiseSecretStream) => void)[] = []
  swarm.onConnection((stream) => {
    const next = waiting.shift()
    if (next === undefined) arrived.push(stream)
    else next(stream)
  })
  const met = (): Promise<NoiseSecretStream> => {
    const stream = arrived.shift()
    return stream === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(stream)
  }
  return { swarm, device: keyPair.publicKey, met }
}

test('swarm - two that join a topic at the same moment meet, each by its device key', async (t) => {
  const bootstrap = await privateNetwork(t)
  const [ann, ben] = [member(t, 'ann', bootstrap), member(t, 'ben', bootstrap)]
  ann.swarm.join(TOPIC)
  ben.swarm.join(TOPIC)
  const [toBen, toAnn] = await Promise.all([ann.met(), ben.met()])
  t.is(hex(toBen.remotePublicKey), hex(ben.device))
  t.is(hex(toAnn.remotePublicKey), hex(ann.device))
  for (const { swarm } of [ann, ben]) t.is(swarm.address()?.host, '127.0.0.1')
})

test('swarm - a device is reached by its key alone', async (t) => {
  const bootstrap = await privateNetwork(t)
  const [ann, cleo] = [member(t, 'ann', bootstrap), member(t, 'cleo', bootstrap)]
  for (const { swarm } of [ann, cleo]) swarm.join(TOPIC)
  await cleo.met() // so Ann can be reached now
  const ben = member(t, 'ben', bootstrap)
  ben.swarm.connect(ann.device)
  t.is(hex((await ben.met()).remotePublicKey), hex(ann.device))
})

test('swarm - a device that was reached stays connected when it is no longer tried', async (t) => {
  const bootstrap = await privateNetwork(t)
  const [ann, cleo] = [member(t, 'ann', bootstrap), member(t, 'cleo', bootstrap)]
  for (const { swarm } of [ann, cleo]) swarm.join(TOPIC)
  await cleo.met()
  const ben = member(t, 'ben', bootstrap)
  for (let n = 0; n < 63; n++) ben.swarm.connect(seededRandom(`nobody ${n}`)(32))
  ben.swarm.connect(ann.device)
  const stream = await ben.met()
  t.is(hex(stream.remotePublicKey), hex(ann.device))
  ben.swarm.connect(cleo.device)
  const second = await ben.met()
  t.is(hex(second.remotePublicKey), hex(cleo.device), 'the place of the first is free again')
  t.absent(stream.destroying)
})

test('swarm - connections are capped, also those that others dial', async (t) => {
  const bootstrap = await privateNetwork(t)
  const full = member(t, 'full', bootstrap, 1)
  const first = member(t, 'first', bootstrap)
  for (const { swarm } of [full, first]) swarm.join(TOPIC)
  const [kept] = await Promise.all([full.met(), first.met()])

  const late = loopbackNode(bootstrap)
  t.teardown(() => late.destroy({ force: true }))
  const stream = late.connect(full.device)
  stream.on('error', () => stream.destroy())
  await new Promise<void>((resolve) => stream.once('close', resolve))
  t.absent(kept.destroying, 'the second is turned away, and the first stays')
})

test('swarm - closing leaves nothing that runs: a look-up under way, a timer, a listener', async (t) => {
  const bootstrap = await privateNetwork(t)
  const [ann, ben] = [member(t, 'ann', bootstrap), member(t, 'ben', bootstrap)]
  ann.swarm.join(TOPIC)
  ben.swarm.join(TOPIC)
  const [toBen] = await Promise.all([ann.met(), ben.met()])
  const parted = new Promise<void>((resolve) => toBen.once('close', resolve))
  await ben.swarm.close()
  await parted
  ann.swarm.join(seededRandom('another topic')(32))
  await ann.swarm.close()
  t.pass('closed in the middle of a look-up')
})

test('swarm - a guest meets those who announce a topic, and is met there by nobody', async (t) => {
  const bootstrap = await privateNetwork(t)
  const [ann, ben, cleo] = ['ann', 'ben', 'cleo'].map((name) => member(t, name, bootstrap))
  ann!.swarm.join(TOPIC)
  await ann!.swarm.visit(TOPIC) // her announcement is out
  await ben!.swarm.visit(TOPIC)
  t.is(hex((await ben!.met()).remotePublicKey), hex(ann!.device))
  await cleo!.swarm.visit(TOPIC)
  t.is(hex((await cleo!.met()).remotePublicKey), hex(ann!.device))
  ben!.swarm.leave(TOPIC)
  ben!.swarm.leave(TOPIC)
  await ben!.swarm.visit(TOPIC) // again: the connection stands, and nobody else is there
  const met = new Set([await ann!.met(), await ann!.met()].map(({ remotePublicKey }) => hex(remotePublicKey)))
  t.alike(met, new Set([ben!, cleo!].map(({ device }) => hex(device))))
})
