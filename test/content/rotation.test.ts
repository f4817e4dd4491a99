import test from 'brittle'
import fc from 'fast-check'
import { sha256 } from '../../src/base/hash.ts'
import { networkOf } from '../../src/base/network.ts'
import { formBlock, verifyBlock } from '../../src/content/block.ts'
import { ENTRIES_MAX, KeyBook } from '../../src/content/key-book.ts'
import { parseRecord, type SignedRecord, signRecord } from '../../src/content/record.ts'
import { checkDenouncesLast, KEY_ROTATION, type LastKey } from '../../src/content/rotation.ts'
import { STANDS_CHUNKS_MAX } from '../../src/content/stood-by.ts'
import { VERSION } from '../../src/content/version.ts'
import { actor, START_MS, verify } from '../helpers/actor.ts'
import { flips, hex, refusal } from '../helpers/bytes.ts'
import { keyAt, rotate } from '../helpers/rotating.ts'
import { parameters } from '../helpers/seed.ts'

const network = networkOf('test', 4)
const ann = actor('ann', network)

const lastOf = (records: readonly SignedRecord[]): LastKey =>
  checkDenouncesLast(records, network, verify).at(-1)!

/** Ann's chain of so many rotations. */
function chainOf(rotations: number, seed = 'ann'): SignedRecord[] {
  const records = [actor(seed, network).genesis]
  for (let i = 0; i < rotations; i++) {
    records.push(rotate(seed, lastOf(records), { network, stands: [sha256(Buffer.from(`${i}`))] }).record)
  }
  return records
}

test('rotation - each key record denounces the last, and all are one entity', (t) => {
  const keys = checkDenouncesLast(chainOf(3), network, verify)
  t.alike(
    keys.map(({ position }) => position),
    [0, 1, 2, 3],
  )
  t.ok(keys.every(({ entity }) => hex(entity) === hex(ann.entity)))
  t.is(hex(keys[3]!.publicKey), hex(keyAt('ann', 3).publicKey))
})

test('rotation - who has the current key can neither rotate nor retire it', (t) => {
  const { genesis } = ann
  const [first] = checkDenouncesLast([genesis], network, verify)
  const thiefs = [
    // the key that was stolen, again; a key of the thief's own; the right key, signed with the stolen one
    rotate('ann', first!, { network, by: keyAt('ann', 0) }).record,
    rotate('ann', first!, { network, by: keyAt('thief', 0) }).record,
    rotate('ann', first!, {
      network,
      by: { publicKey: keyAt('ann', 1).publicKey, sign: keyAt('ann', 0).sign },
    }).record,
  ]
  const codes = thiefs.map((record) => refusal(() => checkDenouncesLast([genesis, record], network, verify)))
  t.alike(codes, ['BAD_CHAIN', 'BAD_CHAIN', 'BAD_SIGNATURE'])
})

test('rotation - a chain of any length verifies whole and in order, and in no other way', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(), fc.nat(), (length, a, b) => {
      const records = chainOf(length)
      const isWhole = checkDenouncesLast(records, network, verify).length === length + 1
      const from = a % records.length
      const to = b % records.length
      const others = [
        records.toSpliced(from, 1),
        records.toSpliced(from, 0, records[to]!),
        from === to ? records.slice(1) : swapped(records, from, to),
        chainOf(length, 'bob').with(from, records[from]!),
      ]
      // without its last record a chain is a shorter one
      const refused = others.filter((_, i) => !(i === 0 && from === length))
      return (
        isWhole &&
        refused.every((other) => refusal(() => checkDenouncesLast(other, network, verify)) !== undefined)
      )
    }),
    parameters({ numRuns: 30 }),
  )
  t.pass()
})

test('rotation - with any byte of any record changed the chain does not verify', (t) => {
  const records = chainOf(2)
  for (const [i, { bytes }] of records.entries()) {
    for (const { at, bytes: changed } of flips(bytes)) {
      const code = refusal(() => checkDenouncesLast(records.with(i, parseRecord(changed)), network, verify))
      if (code === undefined) t.fail(`byte ${at} of record ${i}`)
    }
  }
  t.is(
    refusal(() => checkDenouncesLast([], network, verify)),
    'BAD_CHAIN',
  )
  t.is(
    refusal(() => checkDenouncesLast(records, networkOf('other', 4), verify)),
    'BAD_SIGNATURE',
  )
  t.is(
    refusal(() => checkDenouncesLast([...records, ann.genesis], network, verify)),
    'BAD_CHAIN',
  )
  const many = [records[0]!, ...Array<SignedRecord>(40).fill(records[1]!)]
  t.is(
    refusal(() => checkDenouncesLast(many, network, verify)),
    'TOO_LARGE',
  )
})

/** What one who knows these key records thinks. */
function book(...blocks: Uint8Array[]): KeyBook {
  const keys = new KeyBook()
  for (const bytes of blocks) {
    const block = verifyBlock(bytes, { network, verify, keyOf: (id) => keys.get(id), nowMs: START_MS })
    if (block.type === 'key') keys.add(block.key)
  }
  return keys
}

const signedUnder = (key: Uint8Array, nonce: number): SignedRecord =>
  signRecord(
    { kind: 200 - 73, signer: ann.entity, key, timeMs: 1, nonce: Buffer.alloc(8, nonce), body: Buffer.of(1) },
    network,
    keyAt('ann', 0).sign,
  )

test('rotation - under a retired key counts what the entity stands by, and nothing else', (t) => {
  const genuine = signedUnder(ann.entity, 1)
  const backdated = signedUnder(ann.entity, 2)
  const first = rotate('ann', lastOf([ann.genesis]), { network, stands: [genuine.id] })
  const genesis = formBlock(ann.genesis)
  const before = book(genesis)
  t.ok([genuine, backdated].every((record) => before.judge(record).type === 'counts'))
  const after = book(genesis, formBlock(first.record, first.table))
  t.ok(after.isRetired(ann.entity))
  t.absent(after.isRetired(first.record.id))
  const verdict = after.judge(genuine)
  t.is(verdict.type, 'unproven')
  for (const chunk of first.set.chunks) after.addChunk(sha256(chunk), chunk)
  t.is(after.judge(genuine).type, 'counts')
  t.is(after.judge(backdated).type, 'retired')
  t.is(
    refusal(() => after.requireCounts(backdated)),
    'RETIRED_KEY',
  )
  t.is(after.judge({ ...backdated, key: first.record.id }).type, 'counts', 'the new key is current')
})

test('rotation - a set that is not the one signed is no part of the record', (t) => {
  const keys = book(formBlock(ann.genesis))
  const { record } = rotate('ann', lastOf([ann.genesis]), { network, stands: [ann.entity] })
  const other = rotate('ann', lastOf([ann.genesis]), { network, stands: [ann.certificate] })
  const context = { network, verify, keyOf: (id: Uint8Array) => keys.get(id), nowMs: START_MS }
  t.is(
    refusal(() => verifyBlock(formBlock(record, other.table), context)),
    'BAD_HASH',
  )
  t.is(
    refusal(() => verifyBlock(formBlock(record), context)),
    'BAD_HASH',
  )
  t.is(
    verifyBlock(
      formBlock(record, rotate('ann', lastOf([ann.genesis]), { network, stands: [ann.entity] }).table),
      context,
    ).type,
    'key',
  )
  t.is(
    refusal(() => verifyBlock(formBlock(other.record, other.table), { ...context, keyOf: () => undefined })),
    'BAD_CHAIN',
  )
})

test('rotation - two key records at one position freeze the entity until one is readmitted, in any order', (t) => {
  const both = [signedUnder(ann.entity, 1), signedUnder(ann.entity, 2), signedUnder(ann.entity, 3)]
  const last = lastOf([ann.genesis])
  const one = rotate('ann', last, { network, stands: [both[0]!.id, both[1]!.id], nonce: 1 })
  const two = rotate('ann', last, { network, stands: [both[0]!.id, both[2]!.id], nonce: 2 })
  const genesis = formBlock(ann.genesis)
  const rivals = [one, two].map(({ record, table }) => formBlock(record, table))
  for (const order of [rivals, rivals.toReversed()]) {
    const keys = book(genesis, ...order)
    for (const { set } of [one, two]) for (const chunk of set.chunks) keys.addChunk(sha256(chunk), chunk)
    const chain = keys.chain(ann.entity)!
    t.is(chain.rivals.length, 2)
    t.is(keys.judge({ ...both[0]!, key: one.record.id }).type, 'frozen')
    t.is(keys.judge({ ...both[0]!, key: two.record.id }).type, 'frozen')
    const verdicts = () => both.map((record) => keys.judge(record).type)
    t.alike(verdicts(), ['counts', 'retired', 'retired'], 'what both stand by')
    chain.readmit(two.record.id)
    t.is(chain.rivals.length, 0)
    t.is(keys.judge({ ...both[0]!, key: two.record.id }).type, 'counts')
    t.is(keys.judge({ ...both[0]!, key: one.record.id }).type, 'retired')
    t.alike(verdicts(), ['counts', 'retired', 'counts'])
  }
  t.is(one.record.kind, KEY_ROTATION)
})

function swapped<T>(list: readonly T[], a: number, b: number): T[] {
  return list.with(a, list[b]!).with(b, list[a]!)
}

test('rotation - tables as long as may be, of people without end, do not fill the memory', (t) => {
  const keys = new KeyBook()
  const table = Array.from({ length: STANDS_CHUNKS_MAX }, (_, i) => {
    return { first: new Uint8Array(32).fill(i >> 8, 0, 1).fill(i, 1), ids: 1, hash: new Uint8Array(32) }
  })
  const people = Array.from({ length: 8 }, (_, i) => `flood ${i}`)
  const ids = people.map((seed) => {
    const [genesis, ...later] = checkDenouncesLast(chainOf(32, seed), network, verify)
    keys.add(genesis!)
    for (const key of later) keys.add({ ...key, stands: { root: genesis!.id, count: table.length, table } })
    return genesis!.id
  })
  const kept = ids.filter((id) => keys.has(id)).length
  t.is(kept, ENTRIES_MAX / (32 * STANDS_CHUNKS_MAX), 'as many as fit, the newest')
  t.ok(keys.has(ids.at(-1)!))
  t.is(keys.chain(ids.at(-1)!)?.path.length, 33, 'and a chain is kept whole or not at all')
  t.is(
    keys.judge({ kind: VERSION, key: ids[0]!, id: ids[0]! }).type,
    'unproven',
    'under a key forgotten nothing counts',
  )
  t.absent(keys.isLoaded(ids[0]!), 'what was forgotten is read again')
})
