/** What every store does. `storeContract` runs the whole suite over one kind of it. */
import test from 'brittle'
import fc from 'fast-check'
import { SheafError } from '../../src/base/errors.ts'
import { compareBytes } from '../../src/base/hash.ts'
import { BLOCK_BYTES_MAX } from '../../src/base/limits.ts'
import { shuffled } from '../../src/base/random.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import {
  type BlockMeta,
  logicalBytes,
  NOTE_KEY_BYTES_MAX,
  NOTE_VALUE_BYTES_MAX,
  type Note,
  RECORD_OVERHEAD_BYTES,
  type Store,
  type StoredBlock,
} from '../../src/node/store.ts'
import type { Teardown } from '../helpers/home.ts'
import { parameters } from '../helpers/seed.ts'
import { loosePiece, recordBlock, someBlocks } from './blocks.ts'

/** Makes an empty store for a test, which closes it. `damage` makes a stored block unreadable. */
export type MakeStore = (
  t: Teardown,
  options?: { quotaBytes?: number },
) => Promise<{
  store: Store
  damage(block: StoredBlock): Promise<void> | void
}>

export function storeContract(name: string, make: MakeStore): void {
  test(`${name} - gives blocks back by id, in the order asked for`, async (t) => {
    const { store } = await make(t)
    const random = seededRandom('order')
    const blocks = someBlocks(random, 200)
    await store.append('outbox', blocks.slice(0, 100), { sync: false })
    await store.append('shelf', blocks.slice(100), { sync: true })

    const asked = shuffled(blocks, random)
    const got = await store.get(asked.map(({ id }) => id))
    t.alike(
      got.map(hex),
      asked.map(({ bytes }) => hex(bytes)),
      'bytes',
    )
    const metas = await store.meta(asked.map(({ id }) => id))
    t.alike(metas.map(plain), asked.map(plain), 'meta')
    t.alike(store.usage(), { blocks: 200, bytes: total(blocks), damaged: 0 }, 'usage')
  })

  test(`${name} - says undefined for what it lacks, and keeps the places of the rest`, async (t) => {
    const { store } = await make(t)
    const random = seededRandom('missing')
    const block = recordBlock(random)
    await store.append('shelf', [block], { sync: false })
    const ids = [random(32), block.id, random(32), block.id]
    t.alike((await store.get(ids)).map(hex), [undefined, hex(block.bytes), undefined, hex(block.bytes)])
    t.alike((await store.meta(ids)).map(plain), [undefined, plain(block), undefined, plain(block)])
    t.alike(await store.get([]), [])
    t.alike(await store.meta([]), [])
  })

  test(`${name} - stores a block once, whoever brings it and how often`, async (t) => {
    const { store } = await make(t)
    const blocks = someBlocks(seededRandom('twice'), 20)
    await Promise.all([
      store.append('outbox', [...blocks, ...blocks], { sync: false }),
      store.append('shelf', blocks, { sync: true }),
      store.append('outbox', blocks.slice(5), { sync: false }),
    ])
    await store.append('shelf', blocks, { sync: false })
    t.alike(store.usage(), { blocks: 20, bytes: total(blocks), damaged: 0 })
    t.alike(
      (await store.get(blocks.map(({ id }) => id))).map(hex),
      blocks.map(({ bytes }) => hex(bytes)),
    )
  })

  test(`${name} - takes blocks from nothing up to the largest, and refuses a larger one whole`, async (t) => {
    const { store } = await make(t)
    const random = seededRandom('sizes')
    const sizes = [0, 1, 252, 253, 16_000, 16_384, 65_535, 65_536, BLOCK_BYTES_MAX]
    const blocks = sizes.map((bodyBytes) => loosePiece(random, { bodyBytes }))
    await store.append('shelf', blocks, { sync: false })
    t.alike(
      (await store.get(blocks.map(({ id }) => id))).map(hex),
      blocks.map(({ bytes }) => hex(bytes)),
    )

    const small = recordBlock(random)
    const large = loosePiece(random, { bodyBytes: BLOCK_BYTES_MAX + 1 })
    t.is(await codeOfCall(store.append('shelf', [small, large], { sync: false })), 'TOO_LARGE')
    t.alike(await store.get([small.id, large.id]), [undefined, undefined], 'nothing of it')
    for (const wrong of [
      { ...small, id: small.id.subarray(1) },
      { ...small, locator: new Uint8Array(33) },
      { ...small, kind: 256 },
      { ...small, kind: 0.5 },
      { ...small, timeMs: -1 },
      { ...small, timeMs: 2 ** 48 },
      { ...small, length: small.length + 1 },
    ]) {
      t.is(await codeOfCall(store.append('shelf', [wrong], { sync: false })), 'BAD_ARGUMENT')
    }
    t.is(store.usage().blocks, blocks.length)
  })

  test(`${name} - lists what lives at a locator by kind, the newest first, up to the limit of each kind`, async (t) => {
    const { store } = await make(t)
    const random = seededRandom('locator')
    const locator = random(32)
    const here = [1, 2].flatMap((kind) => someBlocks(random, 12, { locator, kind }))
    const next = Uint8Array.from(locator)
    next[31]! ^= 1
    await store.append('shelf', shuffled([...here, ...someBlocks(random, 12, { locator: next })], random), {
      sync: false,
    })
    const sorted = [...here].sort(byPlace)
    t.alike((await store.at(locator, 100)).map(plain), sorted.map(plain))
    const kinds = [...new Set(here.map(({ kind }) => kind))].sort((a, b) => a - b)
    t.ok(kinds.length > 1, 'there are several kinds')
    for (const limit of [1, 2, 5]) {
      const ofEach = kinds.map((kind) => sorted.filter((one) => one.kind === kind).slice(0, limit))
      t.alike((await store.at(locator, limit)).map(plain), ofEach.flat().map(plain))
      for (const [i, kind] of kinds.entries()) {
        t.alike((await store.at(locator, limit, kind)).map(plain), ofEach[i]!.map(plain), `kind ${kind}`)
      }
    }
    t.alike(await store.at(locator, 5, 77), [])
    t.alike(await store.at(random(32), 5), [])
  })

  test(`${name} - calls no place vacant where something lies`, async (t) => {
    const { store, damage } = await make(t)
    const random = seededRandom('vacant')
    t.alike(await store.vacant([]), [])
    const blocks = someBlocks(random, 60)
    await store.append('outbox', blocks.slice(0, 30), { sync: false })
    const strangers = [random(32), random(32)]
    const places = blocks.map(({ locator }) => locator)
    t.absent((await store.vacant(places.slice(0, 30))).includes(true))
    await store.append('shelf', blocks.slice(30), { sync: true })
    t.absent((await store.vacant([...places, ...strangers])).slice(0, 60).includes(true))
    t.alike(await store.vacant(strangers), [true, true], 'of so few it knows all')
    await damage(blocks[0]!)
    await store.get([blocks[0]!.id])
    await store.append('shelf', [blocks[0]!], { sync: false })
    t.alike(await store.vacant([places[0]!]), [false], 'nor where something was, and is again')
  })

  test(`${name} - lists a shard of any depth in order of locator, kind, time and id`, async (t) => {
    const { store } = await make(t)
    const random = seededRandom('shard')
    const edges = [new Uint8Array(32), new Uint8Array(32).fill(0xff)]
    const blocks = [
      ...someBlocks(random, 300),
      ...edges.flatMap((locator) => someBlocks(random, 2, { locator })),
    ]
    await store.append('shelf', blocks, { sync: false })
    const sorted = [...blocks].sort(byPlace)
    for (const depth of [0, 1, 3, 8, 9, 255, 256]) {
      for (const prefix of [blocks[0]!.locator, ...edges]) {
        const expected = sorted.filter(({ locator }) => sharesBits(locator, prefix, depth))
        t.alike((await all(store.within(prefix, depth))).map(plain), expected.map(plain), `depth ${depth}`)
      }
    }
    t.is((await all(store.within(new Uint8Array(0), 0))).length, blocks.length, 'no bits need no prefix')
    for (const [prefix, depth] of [
      [new Uint8Array(1), 9],
      [edges[0]!, 257],
      [edges[0]!, -1],
    ] as const) {
      t.is(await codeOfCall(all(store.within(prefix, depth))), 'BAD_ARGUMENT')
    }
  })

  test(`${name} - an iteration may be left early, and writes may go on during it`, async (t) => {
    const { store } = await make(t)
    const random = seededRandom('leave')
    const blocks = someBlocks(random, 600)
    await store.append('shelf', blocks, { sync: false })
    let seen = 0
    for await (const _ of store.within(new Uint8Array(0), 0)) {
      if (++seen === 3) break
      await store.append('shelf', someBlocks(random, 1), { sync: false })
    }
    t.is(seen, 3)
    t.is(store.usage().blocks, 602)
  })

  test(`${name} - keeps notes by table and key, and lists them by prefix in order`, async (t) => {
    const { store } = await make(t)
    const put = (table: Note['table'], key: string, value?: string): Note => ({
      table,
      key: Buffer.from(key),
      value: value === undefined ? undefined : Buffer.from(value),
    })
    await store.note([put('own', 'b', '1'), put('own', 'a', '2'), put('peer', 'a', '3')], { sync: true })
    await store.note([put('own', 'ab', '4'), put('own', 'b'), put('own', 'b', '5')], { sync: false })
    await store.append('outbox', [], { sync: false, notes: [put('own', '', '6'), put('claim', 'a', '')] })

    const list = async (table: Note['table'], prefix?: string): Promise<string> => {
      const found = await all(store.notes(table, prefix === undefined ? undefined : Buffer.from(prefix)))
      return found.map(({ key, value }) => `${Buffer.from(key)}=${Buffer.from(value)}`).join(' ')
    }
    t.is(await list('own'), '=6 a=2 ab=4 b=5')
    t.is(await list('own', 'a'), 'a=2 ab=4')
    t.is(await list('peer'), 'a=3')
    t.is(await list('claim'), 'a=', 'an empty value is a value')
    t.is(await list('pending'), '')
    t.is(hex(await store.noted('own', Buffer.from('b'))), hex(Buffer.from('5')))
    t.is(await store.noted('peer', Buffer.from('b')), undefined)

    await store.note([put('own', 'a'), put('own', 'never there')], { sync: false })
    t.is(await list('own'), '=6 ab=4 b=5')
    await store.note([{ table: 'own', key: Buffer.of(0xff, 0xff), value: Buffer.of(7) }], { sync: false })
    t.is((await all(store.notes('own', Buffer.of(0xff)))).length, 1, 'a prefix of nothing but 0xff')

    const key = Buffer.alloc(NOTE_KEY_BYTES_MAX + 1)
    const value = Buffer.alloc(NOTE_VALUE_BYTES_MAX + 1)
    t.is(
      await codeOfCall(store.note([{ table: 'own', key, value: undefined }], { sync: false })),
      'TOO_LARGE',
    )
    t.is(
      await codeOfCall(
        store.note([put('peer', 'x', 'y'), { table: 'own', key: key.subarray(1), value }], { sync: false }),
      ),
      'TOO_LARGE',
    )
    t.is(await list('peer', 'x'), '', 'all notes or none')
  })

  test(`${name} - blocks and notes of one append appear together`, async (t) => {
    const { store } = await make(t)
    const blocks = someBlocks(seededRandom('together'), 50)
    const notes = blocks.map(({ id }): Note => ({ table: 'pending', key: id, value: Buffer.of(0) }))
    const appended = store.append('outbox', blocks, { sync: true, notes })
    const before = await store.meta(blocks.map(({ id }) => id))
    await appended
    t.is(new Set(before.map((meta) => meta !== undefined)).size, 1, 'all or none')
    t.is((await all(store.notes('pending'))).length, 50)
  })

  test(`${name} - a damaged block is missing, is counted once, and may be stored anew`, async (t) => {
    const { store, damage } = await make(t)
    const random = seededRandom('damage')
    const locator = random(32)
    const [block, other] = someBlocks(random, 2, { locator }) as [StoredBlock, StoredBlock]
    await store.append('shelf', [block, other], { sync: false })
    await damage(block)

    t.alike((await store.get([block.id, other.id])).map(hex), [undefined, hex(other.bytes)])
    t.alike(await store.get([block.id]), [undefined])
    t.alike(await store.meta([block.id]), [undefined])
    t.alike((await store.at(locator, 1)).map(plain), [plain(other)])
    t.alike((await all(store.within(locator, 256))).map(plain), [plain(other)])
    t.alike(store.usage(), { blocks: 1, bytes: other.length, damaged: 1 })
    t.alike(store.damagedAmong([block.id, other.id]), [true, false])

    await store.append('shelf', [block, other], { sync: false })
    t.alike((await store.get([block.id, other.id])).map(hex), [hex(block.bytes), hex(other.bytes)])
    t.alike((await store.at(locator, 9)).map(plain), [block, other].sort(byPlace).map(plain))
    t.alike(store.usage(), { blocks: 2, bytes: block.length + other.length, damaged: 1 })
    t.alike(store.damagedAmong([block.id, other.id]), [false, false])
  })

  test(`${name} - goes through all blocks, each feed as it was written, own ones first`, async (t) => {
    const { store, damage } = await make(t)
    const random = seededRandom('each')
    const own = someBlocks(random, 150)
    const kept = someBlocks(random, 150)
    for (let i = 0; i < 150; i += 50) {
      await store.append('shelf', kept.slice(i, i + 50), { sync: false })
      await store.append('outbox', own.slice(i, i + 50), { sync: false })
    }
    await store.append('shelf', own, { sync: false })
    const plainOf = ({ feed, block }: { feed: string; block: StoredBlock }) => [
      feed,
      plain(block),
      hex(block.bytes),
    ]
    const expected = [
      ...own.map((block) => plainOf({ feed: 'outbox', block })),
      ...kept.map((block) => plainOf({ feed: 'shelf', block })),
    ]
    t.alike((await all(store.each())).map(plainOf), expected)
    const wrong = { ...recordBlock(random), id: random(32) }
    await store.append('shelf', [wrong], { sync: false })
    t.alike((await all(store.each())).map(plainOf), expected, 'without what is not what it was stored as')
    await damage(own[7]!)
    t.ok((await all(store.each())).length >= 299, 'what lies on the disk is what counts')
  })

  test(`${name} - a scrub finds what was stored under an id or a place that is not its own, and drops it`, async (t) => {
    const { store } = await make(t)
    const random = seededRandom('scrub')
    const good = someBlocks(random, 300)
    const [record, piece] = [recordBlock(random), loosePiece(random)]
    const poisoned = [
      { ...recordBlock(random), id: random(32) },
      { ...loosePiece(random), id: random(32) },
      { ...record, locator: random(32) },
      { ...recordBlock(random, { kind: 3 }), kind: 4 },
      { ...recordBlock(random), timeMs: 5 },
      { ...piece, kind: 9 },
    ]
    await store.append('outbox', good.slice(0, 150), { sync: false })
    t.alike(await store.scrub(), {
      checked: 150,
      bytes: total(good.slice(0, 150)),
      damaged: 0,
      misplaced: 0,
      isIndexWhole: true,
    })
    await store.append('shelf', [...poisoned, ...good], { sync: false })
    const told: number[] = []
    const report = await store.scrub((checked) => told.push(checked))
    t.is(report.misplaced, poisoned.length)
    t.is(report.damaged, 0)
    t.is(report.checked, 306)
    t.is(told.at(-1), 306)
    t.alike(
      await store.get(poisoned.map(({ id }) => id)),
      poisoned.map(() => undefined),
      'not served',
    )
    t.alike(store.usage(), { blocks: 300, bytes: total(good), damaged: poisoned.length })
    t.is((await all(store.within(new Uint8Array(0), 0))).length, 300)
    await store.append('shelf', [record, piece], { sync: false })
    t.alike((await store.get([record.id, piece.id])).map(hex), [hex(record.bytes), hex(piece.bytes)])
    t.is((await store.scrub()).misplaced, 0)
  })

  test(`${name} - a block that does not fit the quota is refused before anything is written`, async (t) => {
    const random = seededRandom('quota')
    const blocks = someBlocks(random, 10)
    const [more] = someBlocks(random, 1) as [StoredBlock]
    const needed = logicalBytes({ blocks: 10, bytes: total(blocks) })
    t.is(needed, total(blocks) + 10 * RECORD_OVERHEAD_BYTES)
    const { store } = await make(t, { quotaBytes: needed })
    const note: Note = { table: 'pending', key: more.id, value: Buffer.of(1) }
    t.is(
      await codeOfCall(store.append('outbox', [...blocks, more], { sync: true, notes: [note] })),
      'QUOTA_FULL',
    )
    t.alike(store.usage(), { blocks: 0, bytes: 0, damaged: 0 })
    t.is(await store.noted('pending', more.id), undefined, 'nor its notes')
    await store.append('outbox', blocks, { sync: false })
    t.is(logicalBytes(store.usage()), needed, 'to the last byte')
    t.is(await codeOfCall(store.append('outbox', [more], { sync: false })), 'QUOTA_FULL')
    await store.append('shelf', [...blocks, ...blocks], { sync: true })
    await store.note([note], { sync: true })
    t.is(logicalBytes(store.usage()), needed, 'what is there already, and notes, take no room')
  })

  test(`${name} - writers that come at once never pass the quota together`, async (t) => {
    const property = fc.asyncProperty(
      fc.integer({ min: 0, max: 12_000 }),
      fc.array(
        fc.record({
          from: fc.nat(30),
          count: fc.integer({ min: 1, max: 8 }),
          sync: fc.boolean(),
          waits: fc.boolean(),
        }),
        { maxLength: 25 },
      ),
      async (quotaBytes, appends) => {
        const { store } = await make(t, { quotaBytes })
        const blocks = someBlocks(seededRandom('crowd'), 40)
        const begun: Promise<string | undefined>[] = []
        for (const { from, count, sync, waits } of appends) {
          const some = blocks.slice(from, from + count)
          begun.push(codeOfCall(store.append('shelf', some, { sync })))
          if (waits) await begun.at(-1)
        }
        const codes = await Promise.all(begun)
        const used = logicalBytes(store.usage())
        const there = await store.meta(blocks.map(({ id }) => id))
        const isAllOrNothing = appends.every(
          ({ from, count }, i) =>
            codes[i] === 'QUOTA_FULL' || there.slice(from, from + count).every((meta) => meta !== undefined),
        )
        await store.close()
        const areExpected = codes.every((code) => code === undefined || code === 'QUOTA_FULL')
        return used <= quotaBytes && isAllOrNothing && areExpected
      },
    )
    await fc.assert(property, parameters({ numRuns: 12 }))
    t.pass()
  })

  test(`${name} - closing ends what was begun; afterwards every call says CANCELLED`, async (t) => {
    const { store } = await make(t)
    const random = seededRandom('close')
    const blocks = someBlocks(random, 30)
    const iterator = store.within(new Uint8Array(0), 0)[Symbol.asyncIterator]()
    await store.append('shelf', someBlocks(random, 300), { sync: false })
    await iterator.next()
    const begun = blocks.map((block, i) => store.append('shelf', [block], { sync: i % 7 === 0 }))
    const read = store.get(blocks.map(({ id }) => id))
    await Promise.all([store.close(), store.close()])
    t.is((await Promise.allSettled(begun)).filter(({ status }) => status === 'rejected').length, 0)
    t.is((await read).length, 30)
    t.is(store.usage().damaged, 0, 'what closes is not damaged')

    const { id } = blocks[0]!
    for (const call of [
      () => store.append('shelf', blocks, { sync: false }),
      () => store.get([id]),
      () => store.meta([id]),
      () => store.at(id, 1),
      () => all(store.within(id, 1)),
      () => store.note([], { sync: false }),
      () => store.noted('own', id),
      () => all(store.notes('own')),
      () => iterator.next(),
      () => all(store.each()),
      () => store.scrub(),
    ]) {
      t.is(await codeOfCall(call()), 'CANCELLED')
    }
    await store.close()
  })
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** The code with which a call fails; undefined where it does not. */
export async function codeOfCall(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call
    return undefined
  } catch (error) {
    return error instanceof SheafError ? error.code : `no SheafError: ${error}`
  }
}

export function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** What two metas, or a block and a meta, are compared by. */
function plain(meta: BlockMeta | undefined): unknown {
  if (meta === undefined) return undefined
  const { id, locator, kind, timeMs, length } = meta
  return { id: hex(id), locator: hex(locator), kind, timeMs, length }
}

function byPlace(a: BlockMeta, b: BlockMeta): number {
  return (
    compareBytes(a.locator, b.locator) || a.kind - b.kind || b.timeMs - a.timeMs || compareBytes(a.id, b.id)
  )
}

function sharesBits(a: Uint8Array, b: Uint8Array, depth: number): boolean {
  for (let bit = 0; bit < depth; bit++) {
    const mask = 0x80 >> (bit % 8)
    if ((a[bit >> 3]! & mask) !== (b[bit >> 3]! & mask)) return false
  }
  return true
}

function total(blocks: readonly BlockMeta[]): number {
  return blocks.reduce((sum, { length }) => sum + length, 0)
}
