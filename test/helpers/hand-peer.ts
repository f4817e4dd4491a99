/** A peer by hand that is connected to a real node: what a test says goes out over Hyperswarm's streams and Protomux. */

import type { Network as SheafNetwork } from '../../src/base/network.ts'
import { idFromText } from '../../src/base/text-id.ts'
import { openLink } from '../../src/node/io/link.ts'
import type { MESSAGE_NAMES } from '../../src/node/wire.ts'
import { actor } from './actor.ts'
import type { DaemonProcess } from './daemon.ts'
import { HandClient } from './hand-client.ts'
import type { Teardown } from './home.ts'
import { loopbackNode, type Network } from './network.ts'
import { Stranger, type Wire } from './stranger.ts'

export interface HandPeer {
  client: HandClient
  stranger: Stranger
  device: Uint8Array
  /** Settles when the connection has ended, whoever ended it. */
  closed: Promise<void>
  /** Ends the connection from this side. */
  part(): void
  /** Sends bytes that no Protomux would. */
  writeRaw(bytes: Uint8Array): void
  /** Waits for a message by this name. */
  hears(name: (typeof MESSAGE_NAMES)[number]): Promise<void>
}

const DIALS_MAX = 8

/** Dials a node by its device key; `seed` makes this peer's own key. */
export async function handPeer(
  t: Teardown,
  node: DaemonProcess,
  { bootstrap, network, seed }: { bootstrap: Network['bootstrap']; network: SheafNetwork; seed: string },
): Promise<HandPeer> {
  const person = actor(seed, network)
  const dht = loopbackNode(bootstrap)
  t.teardown(() => dht.destroy({ force: true }))
  // A node that has only just started may not have announced itself yet: it is dialled again.
  let stream = dial()
  for (let tries = 1; !(await stream.opened); tries++) {
    if (tries === DIALS_MAX) throw new Error('the node did not take the connection')
    stream = dial()
  }
  function dial() {
    const dialled = dht.connect(idFromText(node.device), { keyPair: person.device })
    dialled.on('error', () => dialled.destroy())
    return dialled
  }

  let wake: () => void = () => {}
  let news = new Promise<void>((resolve) => {
    wake = resolve
  })
  const tell = (): void => {
    const told = wake
    news = new Promise<void>((resolve) => {
      wake = resolve
    })
    told()
  }
  const closed = new Promise<void>((resolve) => stream.once('close', resolve))
  void closed.then(tell)
  const link = openLink(stream, network, {
    received: (name, message) => {
      stranger.take({ type: 'received', peer: 1, name, message })
      tell()
    },
    drained: () => {},
    closed: () => {
      stranger.take({ type: 'disconnected', peer: 1 })
      tell()
    },
  })
  if (link === undefined) throw new Error('the connection is closing already')
  const wire: Wire = {
    network,
    get nowMs() {
      return Date.now()
    },
    inject: (_from, _number, name, message) => void link.send(name, message),
    settle: () => news,
  }
  const stranger: Stranger = new Stranger(seed, person, wire)
  stranger.take({ type: 'connected', peer: 1, device: link.device, handshakeHash: link.handshakeHash })
  const client = new HandClient(stranger)
  return {
    client,
    stranger,
    device: person.device.publicKey,
    closed,
    part: () => link.close(),
    writeRaw: (bytes) => void stream.write(bytes),
    async hears(name) {
      while (stranger.all(name).length === 0) {
        if (!stranger.isConnected) throw new Error(`the connection ended before ${name} came`)
        await news
      }
    },
  }
}
