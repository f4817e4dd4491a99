import test from 'brittle'
import fc from 'fast-check'
import { compareBytes, sha256 } from '../../src/base/hash.ts'
import {
  checkStandsChunk,
  chunkFor,
  decodeStandsChunk,
  encodeStandsTable,
  isInChunk,
  openStandsTable,
  STANDS_MAX,
  type StoodBy,
  updateDenounceSummary,
} from '../../src/content/stood-by.ts'
import { flips, hex, refusal, truncations, withTrailing } from '../helpers/bytes.ts'
import { id } from '../helpers/generators.ts'
import { parameters } from '../helpers/seed.ts'

const idsOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => sha256(Buffer.from(`${i}`)))

/** As a reader asks: the one chunk that could hold it, and whether it does. */
function stands({ table, chunks }: StoodBy, one: Uint8Array): boolean {
  const entry = chunkFor(table, one)
  if (entry === undefined) return false
  const chunk = chunks.find((bytes) => hex(sha256(bytes)) === hex(entry.hash))!
  checkStandsChunk(chunk, entry)
  return isInChunk(chunk, one)
}

test('stood by - what is in the set is proven by one chunk, and nothing else is', (t) => {
  for (const count of [1, 127, 128, 129, 7_425]) {
    const ids = idsOf(count)
    const set = updateDenounceSummary(ids)
    t.is(set.summary.count, count)
    t.ok(
      ids.every((one) => stands(set, one)),
      `${count} ids in ${set.chunks.length} chunks`,
    )
    t.absent(
      idsOf(count + 50)
        .slice(count)
        .some((one) => stands(set, one)),
    )
    t.ok(encodeStandsTable(set.table).byteLength < 3_800, 'the table goes beside any batch')
  }
  const empty = updateDenounceSummary([])
  t.is(empty.summary.count, 0)
  t.is(encodeStandsTable(empty.table).byteLength, 0)
  t.absent(stands(empty, idsOf(1)[0]!))
})

test('stood by - the order of the ids and saying one twice change nothing', (t) => {
  fc.assert(
    fc.property(fc.array(id, { maxLength: 300 }), fc.array(id, { maxLength: 20 }), (ids, others) => {
      const set = updateDenounceSummary(ids)
      const again = updateDenounceSummary([...ids].reverse().concat(ids))
      const isSame = hex(set.summary.root) === hex(again.summary.root)
      const known = new Set(ids.map(hex))
      return (
        isSame &&
        ids.every((one) => stands(set, one)) &&
        others.every((one) => known.has(hex(one)) || !stands(set, one))
      )
    }),
    parameters({ numRuns: 100 }),
  )
  t.pass()
})

test('stood by - a table that was not signed is refused, whatever was changed in it', (t) => {
  const { summary, table } = updateDenounceSummary(idsOf(300))
  const bytes = encodeStandsTable(table)
  t.is(openStandsTable(bytes, summary).length, table.length)
  for (const { at, bytes: changed } of flips(bytes)) {
    if (refusal(() => openStandsTable(changed, summary)) === undefined) t.fail(`byte ${at}`)
  }
  t.ok(truncations(bytes).every((cut) => refusal(() => openStandsTable(cut, summary)) !== undefined))
  t.is(
    refusal(() => openStandsTable(withTrailing(bytes), summary)),
    'TRAILING_BYTES',
  )
  t.is(
    refusal(() => openStandsTable(new Uint8Array(0), summary)),
    'BAD_HASH',
  )
  t.is(
    refusal(() => openStandsTable(Uint8Array.of(0), updateDenounceSummary([]).summary)),
    'NOT_CANONICAL',
  )
})

test('stood by - a chunk is what its table says, or refused', (t) => {
  const { table, chunks } = updateDenounceSummary(idsOf(200))
  const [entry] = table
  for (const { at, bytes } of flips(chunks[0]!.subarray(0, 200))) {
    if (refusal(() => checkStandsChunk(bytes, entry!)) === undefined) t.fail(`byte ${at}`)
  }
  const short = chunks[0]!.subarray(0, 33)
  t.is(
    refusal(() => checkStandsChunk(short, { ...entry!, hash: sha256(short) })),
    'BAD_FORMAT',
    'another count',
  )
  const ids = decodeStandsChunk(chunks[0]!)
  t.ok(ids.every((one, i) => i === 0 || compareBytes(ids[i - 1]!, one) < 0))
  const swapped = Buffer.concat([Uint8Array.of(0), ids[1]!, ids[0]!])
  t.is(
    refusal(() => decodeStandsChunk(swapped)),
    'NOT_CANONICAL',
  )
  t.is(
    refusal(() => decodeStandsChunk(Buffer.alloc(1 + 32 * 2_048))),
    'TOO_LARGE',
  )
  t.is(
    refusal(() => decodeStandsChunk(Uint8Array.of(0))),
    'TRUNCATED',
  )
  t.is(
    refusal(() => decodeStandsChunk(Uint8Array.of(1, ...ids[0]!))),
    'BAD_FORMAT',
    'a record is no chunk',
  )
})

test('stood by - a million records fit, and no more', (t) => {
  t.ok(STANDS_MAX > 1_000_000)
  const cheap = {
    length: STANDS_MAX + 1,
    *[Symbol.iterator]() {
      for (let i = 0; i <= STANDS_MAX; i++) {
        const one = Buffer.alloc(32)
        one.writeUInt32BE(i)
        yield one
      }
    },
  }
  t.is(
    refusal(() => updateDenounceSummary(cheap)),
    'TOO_LARGE',
  )
})
