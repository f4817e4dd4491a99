/**
 * What the wire itself can do: a side that sends its pages packed into 64 KB messages over one protomux channel
 * and neither checks nor stores anything. Its rate is an upper limit of every side that uses the same connection.
 */

import type Connection from '@hyperswarm/secret-stream'
import Protomux from 'protomux'
import { connectTo, createSwarm, ignoreErrors, publicKeyHex } from './network.ts'
import type { Fetcher, Publisher, Side, SideOptions } from './side.ts'

const PROTOCOL = 'bench/wire'
const MESSAGE_BYTES = 64 * 1024
/** Long enough to pass the slow start of the congestion control, short enough for every run. */
const TOTAL_BYTES = 32 * 1024 * 1024

export const side: Side = {
  name: 'wire',
  about: 'messages of 64 KB over a protomux channel, nothing checked, nothing stored',
  concurrencies: [1],
  importModes: ['batch'],
  durability: { import: 'written', single: 'written' },
  missing: () => undefined,
  startPublisher,
  startFetcher,
}

async function startPublisher({ bootstrap }: SideOptions): Promise<Publisher> {
  const swarm = createSwarm(bootstrap)
  const message = Buffer.alloc(MESSAGE_BYTES)
  swarm.on('connection', (connection) => {
    ignoreErrors(connection)
    let leftBytes = 0
    const { channel, send } = openChannel(
      connection,
      () => {
        leftBytes = TOTAL_BYTES
        sendUntilFull()
      },
      sendUntilFull,
    )
    channel.open()

    function sendUntilFull(): void {
      while (leftBytes > 0) {
        leftBytes -= MESSAGE_BYTES
        if (!send(message)) return
      }
    }
  })

  return {
    importPages: async (pages) => pages.map(({ path }) => path),
    publish: async ({ path }) => path,
    async serve() {
      await swarm.listen()
      return { publicKey: publicKeyHex(swarm) }
    },
    close: () => swarm.destroy({ force: true }),
  }
}

async function startFetcher({ bootstrap }: SideOptions): Promise<Fetcher> {
  const swarm = createSwarm(bootstrap)
  let connection: Connection | undefined

  return {
    async connect(address) {
      connection = await connectTo(swarm, String(address.publicKey))
    },
    async fetch() {
      if (connection === undefined) throw new Error('connect comes first')
      const receivedBytes = await receiveAll(connection)
      return { verified: 0, decompressed: 0, receivedBytes }
    },
    query: async () => {
      throw new Error('the wire probe knows no pages')
    },
    read: async () => undefined,
    close: () => swarm.destroy({ force: true }),
  }
}

async function receiveAll(connection: Connection): Promise<number> {
  const { promise, resolve } = deferred<number>()
  let receivedBytes = 0
  const { channel, send } = openChannel(connection, (message) => {
    receivedBytes += message.length
    if (receivedBytes >= TOTAL_BYTES) resolve(receivedBytes)
  })
  channel.open()
  if (!(await channel.fullyOpened())) throw new Error('the other side refused the channel')
  send(Buffer.alloc(1))
  return await promise
}

function openChannel(
  connection: Connection,
  onmessage: (message: Uint8Array) => void,
  ondrain = (): void => undefined,
) {
  const channel = Protomux.from(connection).createChannel({ protocol: PROTOCOL, ondrain })
  if (channel === null) throw new Error('the channel is open already')
  const message = channel.addMessage({ onmessage })
  return { channel, send: (value: Buffer) => message.send(value) }
}

function deferred<Value>() {
  let settle: ((value: Value) => void) | undefined
  const promise = new Promise<Value>((resolve) => {
    settle = resolve
  })
  return { promise, resolve: (value: Value) => settle?.(value) }
}
