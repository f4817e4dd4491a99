/** The tests' own traffic stays on this machine: what a network of theirs listens on is listed. */
import { fork } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import test from 'brittle'
import { listeningSockets, parseAddress } from './helpers/sockets.ts'
import { until } from './helpers/until.ts'

const CHILD = fileURLToPath(new URL('./helpers/loopback-child.ts', import.meta.url))
const onLinux = process.platform === 'linux'

test('loopback - a DHT and two swarms that met listen on 127.0.0.1 only', { skip: !onLinux }, async (t) => {
  const child = fork(CHILD, [], { execArgv: process.execArgv })
  t.teardown(() => child.kill('SIGKILL'))
  const exit = once(child, 'exit')
  const met = until(child, 'message', { where: (message) => message === 'met', timeoutMs: 60_000 })
  const early = exit.then(([code]) => Promise.reject(new Error(`the child ended with ${code}`)))
  await Promise.race([met, early])

  const sockets = listeningSockets(child.pid ?? 0)
  // Three seeds and two swarms, each with the two sockets of a DHT node.
  t.ok(sockets.filter(({ protocol }) => protocol === 'udp').length >= 10, 'all of them are seen')
  t.alike(
    sockets.filter(({ host }) => host !== '127.0.0.1'),
    [],
  )

  child.send('end')
  t.alike(await exit, [0, null], 'and it ends by itself')
})

test('loopback - a socket that is open to the world is seen', { skip: !onLinux }, async (t) => {
  const udp = createSocket('udp4').bind(0, '0.0.0.0')
  t.teardown(() => udp.close())
  const tcp = createServer().listen(0, '127.0.0.1')
  t.teardown(() => tcp.close())
  await Promise.all([once(udp, 'listening'), once(tcp, 'listening')])

  const sockets = listeningSockets(process.pid)
  const open = { protocol: 'udp' as const, host: '0.0.0.0', port: udp.address().port }
  t.alike(
    sockets.filter(({ port }) => port === open.port),
    [open],
  )
  const address = tcp.address()
  const port = typeof address === 'object' ? address?.port : undefined
  t.alike(
    sockets.filter((socket) => socket.port === port),
    [{ protocol: 'tcp', host: '127.0.0.1', port }],
  )
})

test('loopback - addresses are read as the kernel prints them', (t) => {
  t.alike(parseAddress('0100007F:1F90'), { host: '127.0.0.1', port: 8080 })
  t.alike(parseAddress('00000000000000000000000001000000:0035'), {
    host: '0000:0000:0000:0000:0000:0000:0000:0001',
    port: 53,
  })
})
