import test from 'brittle'
import fc from 'fast-check'
import { encode } from '../../src/base/codec.ts'
import { SheafError } from '../../src/base/errors.ts'
import { networkOf } from '../../src/base/network.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { type Challenge, challenge as challengeCodec, PROOFS } from '../../src/node/wire.ts'
import {
  boundTo,
  CHALLENGE_LIFE_MS,
  type Ends,
  EpochKeys,
  judgeChallenge,
  judgeProofs,
  mintChallenge,
  type Refused,
  Search,
  workSeed,
} from '../../src/node/work.ts'
import { START_MS } from '../helpers/actor.ts'
import { hex, refusal, utf8 } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const random = seededRandom('work')
const ends: Ends = {
  network: networkOf('test', 4),
  session: random(32),
  client: random(32),
  server: random(32),
}
const bound = boundTo(ends)
const FIELDS = { version: 1, algorithm: 1, counter: 0, effort: 64 }
const query = utf8('the query')

const seedOf = (challenge: Challenge, asked: Uint8Array, bid: number): Uint8Array =>
  workSeed(encode(challengeCodec, challenge), asked, bid)

function checkChallenge(given: Challenge, at: Ends, keys: EpochKeys, nowMs: number): void {
  pass(judgeChallenge(encode(challengeCodec, given), boundTo(at), keys, nowMs))
}

function checkProofs(seed: Uint8Array, bid: number, proofs: Uint8Array[]): void {
  pass(judgeProofs(seed, bid, Buffer.concat(proofs)))
}

function pass(refused: Refused | undefined): void {
  if (refused !== undefined) throw new SheafError(refused.code, refused.why)
}

const keysOf = (seed: string): EpochKeys => new EpochKeys(seededRandom(seed))

function solved(challenge: Challenge, asked: Uint8Array, bid: number): Uint8Array[] {
  return new Search(seedOf(challenge, asked, bid), bid).run(Number.POSITIVE_INFINITY)!
}

test('work - a challenge is good for the ends it was made for, and for no others', (t) => {
  const keys = keysOf('server')
  const challenge = mintChallenge(FIELDS, bound, keys, START_MS)
  t.execution(() => checkChallenge(challenge, ends, keys, START_MS))
  const others: [string, Ends][] = [
    ['another network', { ...ends, network: networkOf('tests', 4) }],
    ['another handshake', { ...ends, session: random(32) }],
    ['another client', { ...ends, client: random(32) }],
    ['another server', { ...ends, server: random(32) }],
    ['client and server exchanged', { ...ends, client: ends.server, server: ends.client }],
  ]
  for (const [what, other] of others) {
    t.is(
      refusal(() => checkChallenge(challenge, other, keys, START_MS)),
      'WRONG_SESSION',
      what,
    )
  }
  t.is(
    refusal(() => checkChallenge(challenge, ends, keysOf('another server'), START_MS)),
    'WRONG_SESSION',
  )
})

test('work - no field of a challenge can be changed', (t) => {
  const keys = keysOf('server')
  const challenge = mintChallenge(FIELDS, bound, keys, START_MS)
  const changes: Partial<Challenge>[] = [
    { version: 2 },
    { algorithm: 2 },
    { counter: 1 },
    { time: START_MS + 1 },
    { effort: 0 },
    { expires: challenge.expires + 1 },
    { mac: random(32) },
  ]
  t.alike(new Set(changes.flatMap(Object.keys)), new Set(Object.keys(challenge)), 'every field is tried')
  for (const change of changes) {
    t.is(
      refusal(() => checkChallenge({ ...challenge, ...change }, ends, keys, START_MS)),
      'WRONG_SESSION',
      Object.keys(change)[0],
    )
  }
})

test('work - a challenge lives a minute, whenever in its epoch it was made', (t) => {
  fc.assert(
    fc.property(fc.nat(59_999), fc.nat(200_000), (intoEpochMs, ageMs) => {
      const keys = keysOf('server')
      keys.at(START_MS)
      const madeMs = START_MS + intoEpochMs
      const challenge = mintChallenge(FIELDS, bound, keys, madeMs)
      const code = refusal(() => checkChallenge(challenge, ends, keys, madeMs + ageMs))
      return code === (ageMs <= CHALLENGE_LIFE_MS ? undefined : 'EXPIRED')
    }),
    parameters(),
  )
  t.pass()
})

test('work - a key that rotated away makes nothing good again', (t) => {
  const keys = keysOf('server')
  const challenge = mintChallenge(FIELDS, bound, keys, START_MS)
  t.is(keys.at(START_MS + 59_999).length, 1)
  t.is(keys.at(START_MS + 60_000).length, 2)
  t.is(keys.at(START_MS + 500_000).length, 1, 'both are too old')
  t.is(
    refusal(() => checkChallenge(challenge, ends, keys, START_MS + 500_000)),
    'EXPIRED',
  )
  const lying = { ...challenge, expires: START_MS + 600_000 }
  t.is(
    refusal(() => checkChallenge(lying, ends, keys, START_MS + 500_000)),
    'WRONG_SESSION',
  )
})

test('work - proofs show the bid for one challenge, one query and one bid', (t) => {
  const keys = keysOf('server')
  const challenge = mintChallenge(FIELDS, bound, keys, START_MS)
  const bid = 4096
  const proofs = solved(challenge, query, bid)
  t.is(proofs.length, PROOFS)
  t.execution(() => checkProofs(seedOf(challenge, query, bid), bid, proofs))
  const another = mintChallenge({ ...FIELDS, counter: 1 }, bound, keys, START_MS)
  const cases: [string, Uint8Array, number, Uint8Array[]][] = [
    ['another challenge', seedOf(another, query, bid), bid, proofs],
    ['another query', seedOf(challenge, utf8('another query'), bid), bid, proofs],
    ['another bid', seedOf(challenge, query, 2 * bid), 2 * bid, proofs],
    ['a smaller bid', seedOf(challenge, query, bid / 2), bid / 2, proofs],
    ['one proof less', seedOf(challenge, query, bid), bid, proofs.slice(1)],
    ['one proof more', seedOf(challenge, query, bid), bid, [...proofs, proofs[0]!]],
    ['one proof eight times', seedOf(challenge, query, bid), bid, Array(PROOFS).fill(proofs[0])],
    ['another order', seedOf(challenge, query, bid), bid, [...proofs].reverse()],
    ['proofs for a bid of nothing', seedOf(challenge, query, 0), 0, proofs],
    ['no proofs', seedOf(challenge, query, bid), bid, []],
  ]
  for (const [what, seed, claimed, given] of cases) {
    t.is(
      refusal(() => checkProofs(seed, claimed, given)),
      'BAD_WORK',
      what,
    )
  }
  t.execution(() => checkProofs(seedOf(challenge, query, 0), 0, []))
})

test('work - the search finds the same proofs in slices of any size, and each shows its work', (t) => {
  const challenge = mintChallenge(FIELDS, bound, keysOf('server'), START_MS)
  const whole = solved(challenge, query, 512).map(hex).join()
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 700 }), (slice) => {
      const search = new Search(seedOf(challenge, query, 512), 512)
      let found: Uint8Array[] | undefined
      for (let i = 0; i < 20_000 && found === undefined; i++) found = search.run(slice)
      return found?.map(hex).join() === whole
    }),
    parameters({ numRuns: 20 }),
  )
  t.alike(new Search(seedOf(challenge, query, 0), 0).run(0), [])
})

test('work - a bid costs about as many hashes as it says', (t) => {
  const bid = 800
  let tries = 0
  const rounds = 60
  for (let i = 0; i < rounds; i++) {
    const search = new Search(seededRandom(`cost ${i}`)(32), bid)
    while (search.run(1) === undefined) tries++
  }
  const mean = tries / rounds
  t.ok(mean > 0.8 * bid && mean < 1.2 * bid, `${Math.round(mean)} hashes for ${bid}`)
})

test('work - the seed is over everything: vectors', (t) => {
  const challenge: Challenge = {
    ...FIELDS,
    time: START_MS,
    expires: START_MS + CHALLENGE_LIFE_MS,
    mac: new Uint8Array(32).fill(7),
  }
  t.is(hex(encode(challengeCodec, challenge)), VECTOR.challenge)
  t.is(hex(seedOf(challenge, query, 256)), VECTOR.seed)
  t.alike(solved(challenge, query, 256).map(hex), VECTOR.proofs)
})

const VECTOR = {
  challenge:
    '01010000505c18a30140603a5d18a3010707070707070707070707070707070707070707070707070707070707070707',
  seed: '7a605eedbce187c810a81f93eafa3a472455b0b84c5189d9c8eae19ea300dcff',
  proofs: [
    '1d00000000000000',
    '2500000000000000',
    '3500000000000000',
    '1400000000000000',
    '1000000000000000',
    '1a00000000000000',
    '1d00000000000000',
    '0d00000000000000',
  ],
}
