/** The helpers that other tests trust. */
import { createSocket } from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import { existsSync } from 'node:fs'
import test from 'brittle'
import fc from 'fast-check'
import { tempHome } from './helpers/home.ts'
import { freePort } from './helpers/ports.ts'
import { parameters, seed } from './helpers/seed.ts'
import { until } from './helpers/until.ts'

test('until - the first event that satisfies', async (t) => {
  const emitter = new EventEmitter()
  const wanted = until<[number]>(emitter, 'tick', { where: (count) => count === 2 })
  for (const count of [1, 2, 3]) emitter.emit('tick', count)
  t.alike(await wanted, [2])
  t.is(emitter.listenerCount('tick') + emitter.listenerCount('error'), 0, 'and it listens no more')
})

test('until - an error, a condition that throws and silence reject', async (t) => {
  const emitter = new EventEmitter()
  const failing = until(emitter, 'tick')
  emitter.emit('error', new Error('broken'))
  await t.exception(failing, /broken/)

  const throwing = until(emitter, 'tick', {
    where: () => {
      throw new Error('no such field')
    },
  })
  emitter.emit('tick')
  await t.exception(throwing, /no such field/)

  await t.exception(until(emitter, 'tick', { timeoutMs: 1 }), /no 'tick'/)
  t.is(emitter.listenerCount('tick') + emitter.listenerCount('error'), 0)
})

test('tempHome - a directory of its own, gone after the test', async (t) => {
  const teardowns: (() => unknown)[] = []
  const keep = { teardown: (fn: () => unknown) => void teardowns.push(fn) }
  const [first, second] = [tempHome(keep), tempHome(keep)]
  t.not(first, second)
  t.ok(existsSync(first) && existsSync(second))
  for (const fn of teardowns) await fn()
  t.absent(existsSync(first) || existsSync(second))
})

test('freePort - a port that can be bound', async (t) => {
  const port = await freePort('udp')
  const socket = createSocket('udp4').bind(port, '127.0.0.1')
  await once(socket, 'listening')
  t.is(socket.address().port, port)
  socket.close()
  t.ok((await freePort('tcp')) > 0)
})

test('seed - one run, one seed, the same values', (t) => {
  t.ok(Number.isInteger(seed) && seed >= 0)
  const values = () => fc.sample(fc.integer(), parameters<number>({ numRuns: 5 }))
  t.alike(values(), values())
})
