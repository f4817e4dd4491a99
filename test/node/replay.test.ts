import test from 'brittle'
import { seededRandom } from '../../src/base/seeded.ts'
import { ReplaySet } from '../../src/node/replay.ts'
import { CHALLENGE_LIFE_MS } from '../../src/node/work.ts'
import { START_MS } from '../helpers/actor.ts'
import { refusal } from '../helpers/bytes.ts'

test('replay - a challenge is answered once, for longer than it lives', (t) => {
  const random = seededRandom('replay')
  const replays = new ReplaySet()
  const mac = random(32)
  t.absent(replays.has(mac))
  replays.use(mac, START_MS)
  t.ok(replays.has(mac))
  for (const ageMs of [0, 1, CHALLENGE_LIFE_MS, 2 * CHALLENGE_LIFE_MS - 1]) {
    replays.use(random(32), START_MS + ageMs)
    t.is(
      refusal(() => replays.use(mac, START_MS + ageMs)),
      'REPLAYED',
    )
  }
  replays.use(random(32), START_MS + 2 * CHALLENGE_LIFE_MS)
  t.absent(replays.has(mac), 'and is forgotten then')
})

test('replay - a full memory is busy, never forgetful, and has room again in time', (t) => {
  const replays = new ReplaySet()
  const mac = (i: number): Uint8Array => {
    const bytes = Buffer.alloc(32)
    bytes.writeUInt32LE(i)
    return bytes
  }
  for (let i = 0; i < 100_000; i++) replays.use(mac(i), START_MS)
  t.is(
    refusal(() => replays.use(mac(100_000), START_MS + 1)),
    'BUSY',
  )
  t.ok(replays.has(mac(0)), 'the first is still known')
  t.absent(replays.has(mac(100_000)), 'what was refused was not used up')
  replays.use(mac(100_000), START_MS + 120_000)
  t.ok(replays.has(mac(100_000)))
})
