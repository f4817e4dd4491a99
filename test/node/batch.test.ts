import test from 'brittle'
import fc from 'fast-check'
import { encode } from '../../src/base/codec.ts'
import { asSheafError } from '../../src/base/errors.ts'
import { IdMap } from '../../src/base/id-map.ts'
import { networkOf } from '../../src/base/network.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { entityLocator } from '../../src/content/space.ts'
import { HOLDING } from '../../src/content/statement.ts'
import { Batch, batchNoteBefore, besides, HOLDERS_MIN } from '../../src/node/batch.ts'
import { People } from '../../src/node/people.ts'
import { type Actor, statementOf, verifyDevice } from '../helpers/actor.ts'
import { hex, plain } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'
import { actor, onAnotherDevice, START_MS } from '../helpers/world.ts'

const NETWORK = networkOf('test', 4)
const ENV = { network: NETWORK, verifyDevice }
const random = seededRandom('batch')
const everywhere = (): boolean => true
const promiseOf = (who: Actor): Uint8Array =>
  statementOf(who, NETWORK, { kind: HOLDING, body: new Uint8Array(100), timeMs: START_MS }).bytes
const people = Array.from({ length: HOLDERS_MIN + 2 }, (_, i) => actor(`person ${i}`, NETWORK))

/** A key, a certificate, and so many records elsewhere. */
function batchOf(records: number): Batch {
  const key = random(32)
  const home = entityLocator(key)
  const entries = [
    { id: key, locator: home, bytes: 200, owner: undefined },
    { id: random(32), locator: home, bytes: 200, owner: undefined },
    ...Array.from({ length: records }, () => {
      return { id: random(32), locator: random(32), bytes: 1_000, owner: undefined }
    }),
  ]
  return new Batch(random(32), START_MS, entries)
}

function known(): People {
  const known = new People()
  for (const { device, entity } of people) known.learn(device.publicKey, entity)
  return known
}

/** Adds a promise and writes it down. */
function hold(batch: Batch, device: Uint8Array, record: Uint8Array, kept: ReadonlySet<number>): boolean {
  const isKept = batch.add(device, record, kept)
  batch.toWrite().written()
  return isKept
}

const all = (batch: Batch): Set<number> => new Set(batch.entries.keys())

test('batch - five persons hold it; several devices of one of them are one, and so are all that nobody knows', (t) => {
  const batch = batchOf(3)
  const who = known()
  const [first] = people
  const second = onAnotherDevice(first!, 'second device')
  who.learn(second.device.publicKey, second.entity)
  const strangers = ['x', 'y'].map((name) => actor(name, NETWORK))
  const held = [first!, second, ...strangers].map((one) => {
    hold(batch, one.device.publicKey, promiseOf(one), all(batch))
    return batch.held(who)
  })
  t.alike(held, [1, 1, 2, 2])
  t.alike(batch.offerFor(second.device.publicKey, who, everywhere), [])
  who.learn(strangers[0]!.device.publicKey, strangers[0]!.entity)
  t.is(batch.held(who), 3, 'who is introduced later counts from then on')
})

test('batch - a promise counts once it is on disk, and is not asked for twice before', (t) => {
  const batch = batchOf(3)
  const who = known()
  const [first, second] = people.map(({ device }) => device.publicKey)
  batch.add(first!, promiseOf(people[0]!), all(batch))
  const { value, written } = batch.toWrite()
  batch.add(second!, promiseOf(people[1]!), all(batch))
  t.alike([batch.held(who), batch.signed(who)], [0, 2])
  t.alike(batch.offerFor(first!, who, everywhere), [])
  written()
  t.is(batch.held(who), 1, 'the second came after what was written')
  t.is(Batch.decode(batch.root, value, ENV).held(who), 1, 'as it would be after a crash')
  batch.toWrite().written()
  t.is(batch.held(who), 2)
})

test('batch - a part that is held counts for its entries, and the least of them is what holds', (t) => {
  const batch = batchOf(2)
  const who = known()
  for (const [i, one] of people.slice(0, HOLDERS_MIN).entries()) {
    hold(batch, one.device.publicKey, promiseOf(one), i === 0 ? new Set([0, 1, 2]) : all(batch))
  }
  t.is(batch.held(who), HOLDERS_MIN - 1)
  const last = people.at(-1)!.device.publicKey
  t.alike(batch.offerFor(last, who, everywhere), [0, 1, 3], 'what lacks a holder, with key and certificate')
  const there = batch.entries[2]!.locator
  t.alike(
    batch.offerFor(last, who, (locator) => hex(locator) === hex(there)),
    [],
    'nothing for its shard',
  )
  t.alike(batch.offerFor(people[0]!.device.publicKey, who, everywhere), [0, 1, 2, 3], 'with what it holds')
})

test('batch - who takes little under many names keeps nobody out who takes all', (t) => {
  const batch = batchOf(200)
  const who = known()
  for (let i = 0; i < 200; i++) {
    const stranger = onAnotherDevice(people[0]!, `stranger ${i}`)
    hold(batch, stranger.device.publicKey, promiseOf(stranger), new Set([2 + i]))
  }
  t.is(batch.holdings.size, 128)
  const small = onAnotherDevice(people[0]!, 'one more')
  t.absent(hold(batch, small.device.publicKey, promiseOf(small), new Set([2])), 'and a small one is told so')
  for (const one of people.slice(0, HOLDERS_MIN)) {
    t.ok(hold(batch, one.device.publicKey, promiseOf(one), all(batch)))
  }
  t.is(batch.holdings.size, 128)
  t.is(batch.held(who), HOLDERS_MIN)
})

test('batch - its note says who holds which part, for batches of any size', (t) => {
  const part = fc.array(fc.nat(255), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 254 }),
      fc.array(part, { maxLength: people.length }),
      (size, parts) => {
        const batch = batchOf(size)
        const count = batch.entries.length
        for (const [i, numbers] of parts.entries()) {
          const { publicKey } = people[i]!.device
          hold(batch, publicKey, promiseOf(people[i]!), new Set(numbers.map((one) => one % count)))
        }
        const read = Batch.decode(batch.root, batch.encode(), ENV)
        return (
          hex(read.encode()) === hex(batch.encode()) &&
          read.held(known()) === batch.held(known()) &&
          [...batch.holdings].every(([device, { record, part }]) => {
            const same = read.holdings.get(device)
            return (
              hex(same!.record) === hex(record) && String([...(same!.part ?? [])]) === String(sorted(part))
            )
          })
        )
      },
    ),
    parameters({ numRuns: 50 }),
  )
  t.pass()
})

const sorted = (part: ReadonlySet<number> | undefined): number[] => [...(part ?? [])].sort((a, b) => a - b)

test('batch - what goes beside is small, lives with a key of the same offer, and is little', (t) => {
  const key = random(32)
  const home = { locator: entityLocator(key), owner: undefined, bytes: 100 }
  const many = Array.from({ length: 100 }, () => ({ ...home, id: random(32) }))
  t.is(besides(many).size, 0, 'without its key')
  const page = { id: random(32), locator: random(32), owner: undefined, bytes: 100 }
  t.is(besides([{ ...home, id: key }, ...many, page]).size, 16)
  t.is(
    besides([
      { ...home, id: key },
      { ...home, id: random(32) },
    ]).size,
    0,
    'what an entity says of itself goes by itself',
  )
  t.is(
    besides([
      { ...home, id: key },
      { ...home, id: random(32), bytes: 5_000 },
    ]).size,
    1,
  )
  t.is(
    besides([
      { ...home, id: key },
      { ...home, id: random(32), owner: key },
    ]).size,
    1,
  )
})

test('batch - a note has the places of loose pieces, and of records none; one of before has all', (t) => {
  const { root, entries } = batchOf(20)
  const owner = entries[5]!.id
  const pieces = Array.from({ length: 3 }, () => ({ id: random(32), locator: random(32), bytes: 9, owner }))
  const batch = new Batch(root, START_MS, [...entries, ...pieces])
  hold(batch, people[0]!.device.publicKey, promiseOf(people[0]!), new Set([1, 2]))
  const places = new IdMap<Uint8Array>()
  for (const { id, locator } of entries) places.set(id, locator)
  const note = batch.encode()
  t.alike(plain(Batch.decode(root, note, ENV, places).entries), plain(batch.entries))
  const unplaced = Batch.decode(root, note, ENV)
  t.alike(plain(unplaced.entries.slice(22)), plain(pieces))
  t.ok(unplaced.entries.slice(0, 22).every(({ locator }) => locator.every((byte) => byte === 0)))
  t.is(hex(unplaced.encode()), hex(note), 'and it is written as it was read')

  const { madeMs, holdings } = batch
  const records = [...holdings.values()].flatMap(({ record }) => [
    record,
    Uint8Array.of(6, ...new Uint8Array(31)),
  ])
  const before = encode(batchNoteBefore, { madeMs, entries: [...batch.entries], holdings: records })
  const read = Batch.decode(root, before, ENV)
  t.alike(plain(read.entries), plain(batch.entries))
  t.is(hex(read.encode()), hex(note), 'which is written as one of today')
})

test('batch - a note that is damaged is a coded error', (t) => {
  const batch = batchOf(4)
  hold(batch, people[0]!.device.publicKey, promiseOf(people[0]!), new Set([1, 2]))
  const note = batch.encode()
  for (const bytes of [note.subarray(0, 40), new Uint8Array(0), Buffer.concat([note, note])]) {
    try {
      Batch.decode(batch.root, bytes, ENV)
      t.fail('it was read')
    } catch (error) {
      t.ok(['TRUNCATED', 'TRAILING_BYTES', 'BAD_FORMAT'].includes(asSheafError(error).code))
    }
  }
})
