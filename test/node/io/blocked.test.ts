// timeout: 240s
/** Two nodes as they run, of which one will have nothing to do with the other for a while. */
import test from 'brittle'
import type { PageJson, PeerJson } from '../../../src/node/io/control/shapes.ts'
import { daemon, privateNetwork } from '../../helpers/daemon.ts'
import { publish } from './control/served.ts'

/** A look-up tries to reach others for as long. */
const TRIES_FOR_SECONDS = '5'

test('block - a device is cut off and refused at the door, gets no pages, and is let back', {
  timeout: 200_000,
}, async (t) => {
  const bootstrap = await privateNetwork(t)
  const ada = await daemon(t, { bootstrap, config: { publishPatienceMs: '100' } })
  const bob = await daemon(t, { bootstrap })
  await ada.meets(1)
  await bob.meets(1)

  const blocked = await ada.sheaf('block', bob.device, '--why', 'floods us')
  t.is(blocked.status, 0, blocked.err)
  const peersOf = async (node: typeof ada): Promise<string[]> =>
    (await node.client.ask<{ peers: PeerJson[] }>('/v1/peers')).peers.map(({ device }) => device)
  t.alike(await peersOf(ada), [], 'cut off before the command ended')

  await publish(ada.client, { path: 'bees', text: '# Bees\n' })
  const page = `@${ada.entity}/bees`
  await bob.restart()
  const refused = await bob.sheaf('get', page, '--timeout', TRIES_FOR_SECONDS, '--json')
  t.is(refused.status, 75)
  t.is((JSON.parse(refused.err) as { error: { code: string } }).error.code, 'NO_PEERS')
  t.alike(await peersOf(ada), [])
  t.alike(await peersOf(bob), [], 'it never gets to a session')

  await ada.restart()
  const still = await bob.sheaf('get', page, '--timeout', TRIES_FOR_SECONDS)
  t.is(still.status, 75, 'a restart forgets nothing')

  t.is((await ada.sheaf('unblock', bob.device)).status, 0)
  await bob.restart()
  await bob.meets(1)
  const { text } = await bob.client.ask<PageJson>('/v1/get', { query: { page } })
  t.is(text, '# Bees\n')
})
