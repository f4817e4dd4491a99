import { chmodSync, chownSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test from 'brittle'
import { ControlClient } from '../../../../src/node/io/control/client.ts'
import { codeOfAsync } from '../../../cli/fake-shell.ts'
import { type Teardown, tempHome } from '../../../helpers/home.ts'
import { collect, serve } from './served.ts'

test('control client - what happens to it has a code', async (t) => {
  const home = tempHome(t)
  const socketPath = join(home, 's')
  const ask = (options: object = {}) =>
    codeOfAsync(new ControlClient({ socketPath, ...options }).ask('/v1/status'))
  t.is(await ask(), 'NOT_RUNNING', 'no socket')
  writeFileSync(socketPath, '')
  t.is(await ask(), 'NOT_RUNNING', 'a file')

  const mute = join(home, 'mute')
  await listen(t, mute, () => {})
  t.is(await ask({ socketPath: mute, deadlineMs: 20 }), 'TIMEOUT', 'a daemon that hangs')
  t.is(await ask({ socketPath: mute, signal: AbortSignal.abort() }), 'CANCELLED')
  const stream = new ControlClient({ socketPath: mute, deadlineMs: 20 }).stream('/v1/events')
  t.is(await codeOfAsync(stream.next()), 'TIMEOUT', 'a stream that hangs')

  const cut = join(home, 'cut')
  await listen(t, cut, (write) => write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a"'))
  t.is(await ask({ socketPath: cut }), 'NOT_RUNNING', 'a daemon that ends in the middle')

  const odd = join(home, 'odd')
  await listen(t, odd, (write) => write('HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\n{}'))
  t.is(await ask({ socketPath: odd }), 'INTERNAL', 'a failure without a code')
})

test('control client - lines that fail end the request with their own error', async (t) => {
  const { client, node } = await serve(t)
  async function* failing(): AsyncGenerator<string> {
    yield `${JSON.stringify({ path: 'a', text: '' })}\n`
    throw new Error('the file is gone')
  }
  const lines = client.stream('/v1/publish', { method: 'POST', lines: failing() })
  t.is(await codeOfAsync(collect(lines)), 'Error: the file is gone')
  t.is(node.pages.size, 0, 'the last batch was never known to be the last')
})

test('control client - a socket of another user is not spoken to', {
  skip: process.getuid?.() !== 0,
}, async (t) => {
  const socketPath = join(tempHome(t), 's')
  await listen(t, socketPath, (write) => write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'))
  chmodSync(socketPath, 0o777)
  t.alike(await new ControlClient({ socketPath }).ask('/v1/status'), {})
  chownSync(socketPath, 12_345, 12_345)
  t.is(await codeOfAsync(new ControlClient({ socketPath }).ask('/v1/status')), 'REFUSED')
})

/** A server that is none: it takes a request and does as it is told, then cuts the connection. */
async function listen(
  t: Teardown,
  path: string,
  onRequest: (write: (text: string) => void) => void,
): Promise<void> {
  const sockets = new Set<{ destroy(): void }>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', () => onRequest((text) => socket.end(text)))
  })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
}
