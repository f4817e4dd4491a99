/** Devices under trial, over a swarm that only notes what it is told. */
import test from 'brittle'
import { sha256 } from '../../../src/base/hash.ts'
import { TRIALS_MAX, Trials } from '../../../src/node/io/trials.ts'
import { hex, utf8 } from '../../helpers/bytes.ts'

const device = (n: number): Uint8Array => sha256(utf8(`device ${n}`))

function noted(): { trials: Trials; explicit: Set<string>; left: string[] } {
  const explicit = new Set<string>()
  const left: string[] = []
  const trials = new Trials({
    joinPeer: (key) => explicit.add(hex(key)),
    leavePeer: (key) => {
      explicit.delete(hex(key))
      left.push(hex(key))
    },
  })
  return { trials, explicit, left }
}

test('trials - however many devices are named, few are tried, and each once', (t) => {
  const { trials, explicit } = noted()
  const taken = Array.from({ length: 10_000 }, (_, n) => trials.begin(device(n)))
  t.is(explicit.size, TRIALS_MAX)
  t.is(taken.filter(Boolean).length, TRIALS_MAX)
  t.absent(trials.begin(device(0)))
  trials.close()
})

test('trials - a device that is connected is left, which makes room for another', (t) => {
  const { trials, explicit, left } = noted()
  for (let n = 0; n < TRIALS_MAX; n++) trials.begin(device(n))
  trials.end(device(3))
  trials.end(device(3))
  trials.end(device(1_000))
  t.alike(left, [hex(device(3))], 'once, and only what was tried')
  t.ok(trials.begin(device(100)))
  t.is(explicit.size, TRIALS_MAX)
  trials.close()
  t.absent(trials.begin(device(101)), 'a closed one tries nothing')
})

test('trials - a device that does not answer is left when its time is over', async (t) => {
  const left = await new Promise<Uint8Array>((resolve) => {
    const trials = new Trials({ joinPeer() {}, leavePeer: resolve }, 1)
    trials.begin(device(1))
  })
  t.is(hex(left), hex(device(1)))
})
