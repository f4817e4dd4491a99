/** Ports of 127.0.0.1, and whether datagrams pass there at all. */
import { createSocket, type Socket } from 'node:dgram'
import { createServer } from 'node:net'

const LOOPBACK = '127.0.0.1'
/** Loopback takes microseconds; so long only a machine that stands still or a filter takes. */
const DATAGRAM_TIMEOUT_MS = 3_000

/** A port that nobody has at the moment. Another process may take it first: be ready to ask again. */
export async function freePort(protocol: 'udp' | 'tcp' = 'udp'): Promise<number> {
  if (protocol === 'udp') {
    const socket = await bind()
    const { port } = socket.address()
    await close(socket)
    return port
  }
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, LOOPBACK, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** Throws, with the reason, where a datagram does not get from one socket of 127.0.0.1 to another. */
export function requireLoopback(): Promise<void> {
  checked ??= sendOneDatagram().catch((error: Error) => {
    throw new Error(`these tests need UDP on ${LOOPBACK}, which does not work here: ${error.message}`)
  })
  return checked
}

let checked: Promise<void> | undefined

async function sendOneDatagram(): Promise<void> {
  const receiver = await bind()
  const sender = await bind()
  try {
    await new Promise<void>((resolve, reject) => {
      const reason = `a datagram did not arrive within ${DATAGRAM_TIMEOUT_MS} ms`
      const timer = setTimeout(() => reject(new Error(reason)), DATAGRAM_TIMEOUT_MS)
      const settle = (finish: () => void) => {
        clearTimeout(timer)
        finish()
      }
      receiver.once('message', () => settle(resolve))
      receiver.once('error', (error) => settle(() => reject(error)))
      sender.send('sheaf', receiver.address().port, LOOPBACK, (error) => {
        if (error) settle(() => reject(error))
      })
    })
  } finally {
    await Promise.all([close(receiver), close(sender)])
  }
}

function bind(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.once('error', reject)
    socket.bind(0, LOOPBACK, () => {
      socket.removeListener('error', reject)
      resolve(socket)
    })
  })
}

function close(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()))
}
