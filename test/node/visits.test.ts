/** Visiting by itself: which topics, how many, how long; without nodes and links. */
import test from 'brittle'
import fc from 'fast-check'
import { networkOf } from '../../src/base/network.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import type { Claims } from '../../src/node/claims.ts'
import type { Connection } from '../../src/node/node.ts'
import { addressOf, shardTopic, sharesPrefix } from '../../src/node/shards.ts'
import { type Resume, run, suspend } from '../../src/node/task.ts'
import { Timers } from '../../src/node/timers.ts'
import { VISIT_LIFE_MS, VISITS_MAX, Visiting } from '../../src/node/visiting.ts'
import { hex } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const NETWORK = networkOf('test', 4)
const random = seededRandom('visits')

class Fake {
  readonly device = random(32)
  readonly timers = new Timers()
  readonly visited: string[] = []
  readonly left: string[] = []
  readonly named: string[] = []
  readonly ended: number[] = []
  connections: Connection[] = []
  nowMs = 0
  claimants: Uint8Array[] = []
  readonly #looking: Resume<unknown>[] = []
  readonly visiting: Visiting

  constructor(depth: number, connectionsMax = 64) {
    const claims = { depthOf: () => depth, usualDepth: () => depth, covering: () => this.claimants }
    const { timers, device } = this
    this.visiting = new Visiting({
      network: NETWORK,
      device,
      depth,
      connectionsMax,
      timers,
      claims: claims as unknown as Claims,
      nowMs: () => this.nowMs,
      connections: () => this.connections,
      visit: (topic) => {
        this.visited.push(hex(topic))
        return suspend((resume) => void this.#looking.push(resume))
      },
      leave: (topic) => void this.left.push(hex(topic)),
      connect: (one) => void this.named.push(hex(one)),
      disconnect: ({ number }) => void this.ended.push(number),
    })
  }

  /** All look-ups that are under way end. */
  found(): void {
    for (const resume of this.#looking.splice(0)) resume({ value: undefined })
  }

  advance(ms: number): void {
    this.nowMs += ms
    this.timers.run(this.nowMs)
  }

  /** Whether a wait for keepers has ended. */
  reach(locator: Uint8Array, wanted: number, withinMs: number): { isOver: boolean } {
    const seen = { isOver: false }
    run(this.visiting.reach(locator, wanted, this.nowMs + withinMs), () => {
      seen.isOver = true
    })
    return seen
  }
}

function peer(number: number, device = random(32), isBusy = false): Connection {
  const half = { isOpen: false, acceptsStores: true, load: isBusy ? 1 : 0 }
  return { number, device, client: half, server: half, isMeeting: false } as unknown as Connection
}

/** A point outside of the first `depth` bits of a device's address. */
function elsewhere(device: Uint8Array, depth: number): Uint8Array {
  for (;;) {
    const point = random(32)
    if (!sharesPrefix(point, addressOf(device), depth)) return point
  }
}

test('visits - a topic at our depth, then at one less, then two more and less, until somebody is met', (t) => {
  const fake = new Fake(5)
  const at = elsewhere(fake.device, 4)
  const wait = fake.reach(at, 3, 60_000)
  const topicsAt = (...depths: number[]): string[] =>
    depths.map((depth) => hex(shardTopic(NETWORK, depth, at)))
  t.alike(fake.visited.splice(0), topicsAt(5))
  fake.found()
  t.alike(fake.visited.splice(0), topicsAt(4))
  fake.found()
  t.alike(fake.visited.splice(0), topicsAt(7, 2))
  fake.found()
  t.alike(fake.visited.splice(0), topicsAt(9, 0), 'nothing is above the whole')
  fake.found()
  t.alike(fake.visited.splice(0), topicsAt(11))
  t.is(wait.isOver, false)
  fake.found()
  t.is(wait.isOver, true, 'and then it is known that nobody is there')
})

test('visits - the wait ends with the keepers that come, and in time where none do', (t) => {
  const fake = new Fake(2)
  const at = elsewhere(fake.device, 2)
  const wait = fake.reach(at, 1, 60_000)
  let keeper = peer(1)
  while (!sharesPrefix(at, addressOf(keeper.device), 2)) keeper = peer(1)
  fake.connections = [peer(2, fake.device)]
  fake.visiting.noteChange()
  t.is(wait.isOver, false, 'somebody else')
  fake.connections.push(keeper)
  fake.visiting.noteChange()
  t.is(wait.isOver, true)
  const silent = new Fake(2)
  const short = silent.reach(elsewhere(silent.device, 2), 1, 1_000)
  silent.advance(499)
  t.is(short.isOver, false)
  silent.advance(1)
  t.is(short.isOver, true, 'half of the time is left for asking')
})

test('visits - at most eight topics, the one used longest ago goes first, and all when nobody asks', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { maxLength: 40 }), (uses) => {
      const fake = new Fake(6)
      const points = Array.from({ length: 31 }, () => elsewhere(fake.device, 5))
      const on = new Set<string>()
      for (const use of uses) {
        fake.advance(20_000)
        fake.visiting.seek(points[use]!, 1)
        for (const topic of fake.visited.splice(0)) on.add(topic)
        for (const topic of fake.left.splice(0)) on.delete(topic)
        fake.found()
        if (on.size > VISITS_MAX) return false
      }
      fake.advance(VISIT_LIFE_MS)
      fake.advance(VISIT_LIFE_MS)
      for (const topic of fake.left) on.delete(topic)
      return on.size === 0
    }),
    parameters(),
  )
  t.pass()
})

test('visits - a topic is not looked up again and again', (t) => {
  const fake = new Fake(3)
  const at = elsewhere(fake.device, 3)
  for (let i = 0; i < 100; i++) {
    fake.visiting.seek(at, 1)
    fake.found()
    fake.advance(100)
  }
  t.is(fake.visited.length, 2)
  t.is(fake.reach(at, 1, 10_000).isOver, false, 'a further rung may be')
})

test('visits - of many devices that are named some are tried, and none that is there', (t) => {
  const fake = new Fake(3)
  fake.connections = [peer(1)]
  fake.claimants = [fake.device, fake.connections[0]!.device, ...Array.from({ length: 20 }, () => random(32))]
  fake.visiting.seek(elsewhere(fake.device, 3), 3)
  t.is(fake.named.length, 8)
  t.absent(fake.named.includes(hex(fake.device)))
  t.absent(fake.named.includes(hex(fake.connections[0]!.device)))
})

test('visits - with all connections taken, idle ones of other shards make room, a few', (t) => {
  const fake = new Fake(1, 16)
  const ours = (one: Connection): boolean => sharesPrefix(addressOf(one.device), addressOf(fake.device), 1)
  fake.connections = Array.from({ length: 16 }, (_, i) => peer(i, random(32), i < 3))
  fake.visiting.seek(elsewhere(fake.device, 1), 16)
  t.is(fake.ended.length, Math.min(4, fake.connections.filter((one) => !ours(one)).length))
  for (const number of fake.ended) {
    t.ok(number >= 3, 'not one that is asked or answers')
    t.absent(ours(fake.connections[number]!), 'not one of our own shard')
  }
})

test('visits - where all keep everything, nobody is visited as soon as one is there', (t) => {
  const fake = new Fake(0)
  t.alike(fake.visiting.ownTopics().map(hex), [hex(shardTopic(NETWORK, 0, fake.device))])
  fake.connections = [peer(1)]
  t.is(fake.reach(random(32), 3, 10_000).isOver, true)
  t.alike(fake.visited, [])
})

test('visits - of the idle the least used make room, not whoever came first', (t) => {
  const fake = new Fake(64, 16)
  fake.connections = Array.from({ length: 16 }, (_, i) => Object.assign(peer(i), { usedMs: 100 - i }))
  fake.reach(random(32), 1, 10_000)
  t.alike(fake.ended, [15, 14, 13, 12])
})

test('visits - made-up names in welcomes leave room to try those that are said to keep something', (t) => {
  const fake = new Fake(0)
  for (let second = 0; second < 30; second++) {
    fake.visiting.learnOf(Array.from({ length: 20 }, () => random(32)))
    fake.advance(1_000)
  }
  t.ok(fake.named.length >= 20 && fake.named.length <= 36, `${fake.named.length} in half a minute`)
  const keeper = random(32)
  run(fake.visiting.meet([keeper], fake.nowMs + 1_000), () => {})
  t.is(fake.named.at(-1), hex(keeper))
})

test('visits - devices of other shards that somebody knows fill half of the places, those of ours all', (t) => {
  const fake = new Fake(1, 16)
  const isOurs = (device: Uint8Array): boolean => sharesPrefix(addressOf(device), addressOf(fake.device), 1)
  const known = Array.from({ length: 100 }, () => random(32))
  fake.visiting.learnOf(known.filter((one) => !isOurs(one)))
  t.is(fake.named.splice(0).length, 8)
  fake.connections = Array.from({ length: 8 }, (_, i) => peer(i))
  fake.visiting.learnOf(known.filter((one) => !isOurs(one)))
  t.is(fake.named.length, 0)
  fake.visiting.learnOf(known.filter(isOurs))
  t.is(fake.named.length, 8)
  const everywhere = new Fake(0, 16)
  everywhere.visiting.learnOf(known)
  t.is(everywhere.named.length, 16, 'at depth 0 all are of our shard')
})
