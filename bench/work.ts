/**
 * What a server spends on strangers who pay nothing: bogus proofs, half with a challenge that it never made and
 * half with one that it did, and hellos that nobody follows up. Each message is another; the session that takes
 * them is the real one, and nothing that they send is prepared within the time that is measured.
 */
import { randomBytes } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { decode, encode } from '../src/base/codec.ts'
import { IdSet } from '../src/base/id-map.ts'
import { networkOf } from '../src/base/network.ts'
import { callerOf } from '../src/node/caller.ts'
import { Gate } from '../src/node/gate.ts'
import { encodeMessage, type Peer, type SessionEnv } from '../src/node/peer.ts'
import { query as queryCodec } from '../src/node/queries.ts'
import { Queue } from '../src/node/queue.ts'
import { ServerSession } from '../src/node/server-session.ts'
import { Timers } from '../src/node/timers.ts'
import { type Challenge, challenge as challengeCodec, PROOFS } from '../src/node/wire.ts'
import { EpochKeys } from '../src/node/work.ts'
import { EFFORT_FLOOR, type Standing } from '../src/ranking/standing.ts'
import { type BenchOptions, type Figures, PAIRS } from './harness/bench.ts'
import { progress } from './harness/progress.ts'
import { median } from './harness/statistics.ts'

export const name = 'work'
export const about = 'bogus proofs and hellos that one core turns away in a second, and what it keeps of them'

const MESSAGES = 40_000
/** The lines of FIGURES: at least so many a second, and so many bytes kept. */
const LINES = { bogusPerS: 100_000, bytesPerHello: 0 }

interface WorkRun {
  readonly bogusPerS: number
  readonly hellosPerS: number
  readonly bytesPerHello: number
}

export async function run({ pairs = PAIRS }: BenchOptions): Promise<Figures> {
  const runs: WorkRun[] = []
  for (let round = 0; round <= pairs; round++) {
    const one = runOnce()
    if (round === 0) continue // cold
    runs.push(one)
    progress(`round ${round}: ${Math.round(one.bogusPerS)} bogus/s, ${Math.round(one.hellosPerS)} hellos/s`)
  }
  const middle = (figure: keyof WorkRun): number => median(runs.map((each) => each[figure]))
  return {
    bogusPerS: Math.round(middle('bogusPerS')),
    hellosPerS: Math.round(middle('hellosPerS')),
    bytesPerHello: Math.max(0, Math.round(middle('bytesPerHello'))),
    runs: pairs,
    messages: MESSAGES,
    lines: LINES,
  }
}

function runOnce(): WorkRun {
  const scene = new Scene()
  const hello = scene.hello()
  const hellos = Array.from({ length: MESSAGES }, () => Buffer.from(hello))
  for (const message of hellos.slice(0, 1_000)) scene.session.receive('hello', message)
  const before = heapBytes()
  const hellosMs = timed(() => {
    for (const message of hellos) scene.session.receive('hello', message)
  })
  const bytesPerHello = (heapBytes() - before) / MESSAGES
  scene.keepChallenges = true
  for (const message of hellos) scene.session.receive('hello', message)
  const bogus = scene.bogus()
  const bogusMs = timed(() => {
    for (const message of bogus) scene.session.receive('earn', message)
  })
  if (scene.faults !== bogus.length) throw new Error(`${scene.faults} of ${bogus.length} were found out`)
  if (scene.verified > 0) throw new Error('a signature was checked before the work')
  return {
    hellosPerS: (MESSAGES / hellosMs) * 1000,
    bogusPerS: (bogus.length / bogusMs) * 1000,
    bytesPerHello,
  }
}

/** One session of a server with a stranger, whose messages are made here. */
class Scene {
  readonly session: ServerSession
  readonly #challenges: Challenge[] = []
  keepChallenges = false
  faults = 0
  verified = 0

  constructor() {
    const nowMs = Date.now()
    const timers = new Timers()
    const gate = new Gate({ factor: Number.MAX_SAFE_INTEGER })
    const env: SessionEnv = {
      network: networkOf('bench', 4),
      device: { publicKey: randomBytes(32), sign: () => randomBytes(64) },
      incarnation: randomBytes(16),
      certificate: undefined,
      verifyDevice: () => {
        this.verified += 1
        return false
      },
      random: (length) => randomBytes(length),
      epochKeys: new EpochKeys((length) => randomBytes(length)),
      timers,
      standing: STRANGERS,
      evidence: { observe: () => {} },
      gate,
      queue: new Queue({ nowMs: () => nowMs, at: (timeMs, fire) => void timers.at(timeMs, fire) }),
      nowMs: () => nowMs,
      wallMs: () => nowMs,
      send: (_peer, kind, message) => {
        if (kind === 'challenge' && this.keepChallenges)
          this.#challenges.push(decode(challengeCodec, message))
      },
      solve: () => () => {},
      claim: () => undefined,
      learnClaim: () => {},
      acceptsStores: () => true,
      knownPeers: () => [],
      learnPeers: () => {},
      fault: (peer) => {
        this.faults += 1
        gate.noteFault(peer.caller, nowMs)
      },
    }
    const device = randomBytes(32)
    const peer: Peer = {
      number: 1,
      device,
      caller: callerOf(device, '203.0.113.9'),
      session: randomBytes(32),
      isBlocked: false,
      isGone: false,
      usedMs: nowMs,
      keysSent: new IdSet(),
      onWritable: [],
    }
    this.session = new ServerSession(env, peer, () => {})
  }

  hello(): Uint8Array {
    return encodeMessage('hello', {
      versions: [1],
      algorithms: [1],
      time: Date.now(),
      certificate: randomBytes(32),
      signature: randomBytes(64),
    })
  }

  /** Earns with one half of the challenges that were kept, and as many that nobody made, in turns. */
  bogus(): Uint8Array[] {
    const hello = this.hello()
    const query = encode(queryCodec, { type: 'blocks', ids: [randomBytes(32)], certify: false })
    return this.#challenges.map((kept, i) => {
      const challenge = i % 2 === 0 ? kept : { ...kept, mac: randomBytes(32) }
      const proofs = Array.from({ length: PROOFS }, () => randomBytes(8))
      const bid = challenge.effort
      return encodeMessage('earn', {
        hello,
        challenge,
        bid,
        proofs,
        signature: randomBytes(64),
        ask: i,
        query,
      })
    })
  }
}

/** Everybody is a stranger, whatever it does. */
const STRANGERS: Standing = {
  price: () => EFFORT_FLOOR,
  window: () => 1,
  isVetted: () => false,
  order: (devices) => [...devices],
  explain: () => ({ score: 0, why: [] }),
}

/** Milliseconds of processor time: what other programs do on this machine meanwhile is not counted, what our collector does is. */
function timed(work: () => void): number {
  const begun = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / 1000
}

/** Bytes in use once what nobody holds is gone. */
function heapBytes(): number {
  collectGarbage()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
