/** What a server keeps, and computes, of strangers who pay nothing. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'brittle'
import { decode } from '../../src/base/codec.ts'
import { encodeMessage } from '../../src/node/peer.ts'
import { type Challenge, MESSAGES, PROOFS } from '../../src/node/wire.ts'
import { utf8 } from '../helpers/bytes.ts'
import { Halves } from '../helpers/halves.ts'

const INTRODUCE = { type: 'introduce' as const }
const signature = new Uint8Array(64)

function hello(timeMs: number): Uint8Array {
  return encodeMessage('hello', {
    versions: [1],
    algorithms: [1],
    time: timeMs,
    certificate: undefined,
    signature,
  })
}

/** Earns that show no work, for the challenges that a server gave. */
function bogus(challenge: Challenge, ask: number, mac = challenge.mac): Uint8Array {
  return encodeMessage('earn', {
    hello: hello(0),
    challenge: { ...challenge, mac },
    bid: challenge.effort,
    proofs: Array.from({ length: PROOFS }, (_, i) => Uint8Array.of(ask, i, 1, 2, 3, 4, 5, 6)),
    signature,
    ask,
    query: Uint8Array.of(0),
  })
}

test('flood - of 100,000 hellos nothing is kept: no bytes, no timer, no place, no bucket', (t) => {
  const halves = new Halves(1)
  const { server } = halves.add('one', '203.0.113.9')
  const flood = (count: number): void => {
    for (let i = 0; i < count; i++) {
      halves.nowMs += 1_000 // as often as the buckets allow
      server.receive('hello', hello(halves.nowMs))
      halves.said.length = 0
      halves.forget()
    }
  }
  flood(10_000)
  const size = halves.env.gate.size
  const before = usedBytes()
  flood(100_000)
  const grown = usedBytes() - before
  t.ok(grown < 500_000, `${grown} bytes more, less than five for each: the noise of the engine`)
  t.is(halves.env.gate.size, size)
  t.is(halves.timers.nextMs, undefined)
  t.is(server.load, 0)
  t.alike(halves.faults, [])
})

test('flood - no public-key operation before the work was checked, whatever is sent', (t) => {
  const halves = new Halves(1)
  const { server } = halves.add('one', '203.0.113.9')
  for (let i = 0; i < 100; i++) {
    halves.nowMs += 100_000 // the buckets of three faults fill up again
    server.receive('hello', hello(i))
    const challenge = decode(MESSAGES.challenge, halves.said.at(-1)!.message)
    server.receive('earn', bogus(challenge, i))
    server.receive('earn', bogus(challenge, i, utf8('0123456789abcdef0123456789abcdef')))
    server.receive('earn', bogus(challenge, i).subarray(0, 150 + i))
  }
  t.is(halves.faults.length, 300)
  t.alike([...new Set(halves.faults.map(({ code }) => code))].sort(), [
    'BAD_WORK',
    'TRUNCATED',
    'WRONG_SESSION',
  ])
  t.is(halves.verified, 0)
  halves.add('honest').ask(INTRODUCE)
  t.is(halves.verified, 2, 'hello and earn, of the one that had worked')
})

test('flood - bogus proofs close the gate: what follows is not even looked at, and others get in', (t) => {
  const halves = new Halves(1)
  const { server } = halves.add('liar', '203.0.113.9')
  server.receive('hello', hello(0))
  const challenge = decode(MESSAGES.challenge, halves.said.at(-1)!.message)
  for (let i = 0; i < 20; i++) server.receive('earn', bogus(challenge, i))
  t.is(halves.faults.length, 8)
  t.is(halves.said.filter(({ name }) => name === 'refuse').length, 20)
  const other = halves.add('other', '203.0.113.10').ask(INTRODUCE)
  halves.end()
  t.is(other.outcome, 'found')
})

function usedBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
