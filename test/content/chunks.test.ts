import { readFileSync } from 'node:fs'
import test from 'brittle'
import fc from 'fast-check'
import { bytes, encode, id32, list, struct, uint } from '../../src/base/codec.ts'
import { codeOf } from '../../src/base/errors.ts'
import { compareBytes, sha256 } from '../../src/base/hash.ts'
import {
  CHUNK_BYTES_MAX,
  CHUNK_PAGES_MAX,
  type Chunk,
  chunk,
  decodeChunk,
  join,
  type PageEntry,
} from '../../src/content/chunks.ts'
import { parameters } from '../helpers/seed.ts'

const vector = JSON.parse(readFileSync(new URL('../vectors/chunks.json', import.meta.url), 'utf8')) as {
  pages: number
  first: string
  chunks: { pages: number; hash: string }[]
}

const hex = (some: Uint8Array) => Buffer.from(some).toString('hex')
const entry = (path: string, version = 0): PageEntry => ({
  path,
  version: sha256(Buffer.from(`${version} of ${path}`)),
})
/** A space like a handbook: a few folders of many pages. */
const space = (pages: number) =>
  Array.from({ length: pages }, (_, i) => entry(`${['linux', 'common', 'bees/Käfer'][i % 3]}/page-${i}`))
const names = fc.array(fc.constantFrom('a', 'b', 'é', '蜂', '🐝', '\uffee', '/', '-'), {
  minLength: 1,
  maxLength: 12,
})
const paths = fc.uniqueArray(
  names.map((parts) => parts.join('').replace(/^\/+|\/+$|\/(?=\/)/g, '') || 'x'),
  { minLength: 1, maxLength: 400, size: 'max' },
)
const bytesOf = (chunks: Chunk[]) => chunks.map((one) => one.bytes)
const flat = (entries: PageEntry[]) => entries.map(({ path, version }) => `${path} ${hex(version)}`)
const inOrder = (entries: PageEntry[]) =>
  entries.toSorted((a, b) => compareBytes(Buffer.from(a.path), Buffer.from(b.path)))
/** Chunks of `after` that are not among `before`: what a reader has to fetch anew. */
function fresh(before: Chunk[], after: Chunk[]): number {
  const known = new Set(before.map(({ hash }) => hex(hash)))
  return after.filter(({ hash }) => !known.has(hex(hash))).length
}

test('chunks - a space has the chunks of the vector', (t) => {
  const chunks = chunk(space(vector.pages))
  t.is(hex(chunk(space(3))[0]!.bytes), vector.first)
  t.alike(
    chunks.map(({ pages, hash }) => ({ pages, hash: hex(hash) })),
    vector.chunks,
  )
})

test('chunks - joined chunks are the pages in the order of their bytes', (t) => {
  fc.assert(
    fc.property(paths, (some) => {
      const entries = some.map((path) => entry(path))
      const chunks = chunk(entries)
      const sum = chunks.reduce((total, { pages }) => total + pages, 0)
      return (
        sum === entries.length && flat(join(bytesOf(chunks))).join('\n') === flat(inOrder(entries)).join('\n')
      )
    }),
    parameters({ numRuns: 50 }),
  )
  t.alike(chunk([]), [])
  t.alike(join([]), [])
})

test('chunks - the order in which pages come does not count', (t) => {
  const entries = space(600)
  const expected = chunk(entries).map(({ hash }) => hex(hash))
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (shuffled) => {
      return chunk(shuffled).every(({ hash }, i) => hex(hash) === expected[i])
    }),
    parameters({ numRuns: 5 }),
  )
  t.pass()
})

test('chunks - every chunk is within its bounds, also of the longest paths', (t) => {
  const longest = Array.from({ length: 1500 }, (_, i) =>
    entry([`${i}`.padEnd(200, 'x'), 'y'.repeat(200), 'z'.repeat(110)].join('/')),
  )
  for (const entries of [space(3000), longest]) {
    const chunks = chunk(entries)
    t.ok(chunks.every(({ pages }) => pages >= 1 && pages <= CHUNK_PAGES_MAX))
    t.ok(chunks.every((one) => one.bytes.byteLength <= CHUNK_BYTES_MAX))
    t.ok(chunks.every((one) => hex(one.hash) === hex(sha256(one.bytes))))
    t.is(join(bytesOf(chunks)).length, entries.length)
  }
})

test('chunks - a change, a new page and one that goes touch a chunk or two', (t) => {
  const entries = space(2000)
  const before = chunk(entries)
  t.ok(before.length > 20 && before.length < 60, `${before.length} chunks of 2,000 pages`)
  const touched = { change: [] as number[], insert: [] as number[], remove: [] as number[] }
  for (let i = 0; i < 20; i++) {
    const at = (i * 1009) % entries.length
    touched.change.push(fresh(before, chunk(entries.with(at, entry(entries[at]!.path, 1)))))
    touched.insert.push(fresh(before, chunk([...entries, entry(`${entries[at]!.path}-new`)])))
    touched.remove.push(fresh(before, chunk(entries.toSpliced(at, 1))))
  }
  t.ok(
    touched.change.every((chunks) => chunks === 1),
    'a changed page is in one chunk',
  )
  t.ok(touched.insert.every((chunks) => chunks === 1 || chunks === 2))
  t.ok(touched.remove.every((chunks) => chunks <= 2))
})

test('chunks - a page that is listed twice, or under no legal path, is not published', (t) => {
  t.is(
    codeOf(() => chunk([entry('a'), entry('b'), entry('a', 1)])),
    'BAD_ARGUMENT',
  )
  t.is(
    codeOf(() => chunk([entry('../a')])),
    'BAD_PATH',
  )
  t.is(
    codeOf(() => chunk([{ path: 'a', version: new Uint8Array(31) }])),
    'BAD_FORMAT',
  )
})

test('chunks - hostile chunks have codes', (t) => {
  const loose = list(struct({ shared: uint(), rest: bytes(2000), version: id32 }), 1000)
  const code = (...lines: [shared: number, rest: string][]) =>
    codeOf(() =>
      decodeChunk(
        encode(
          loose,
          lines.map(([shared, rest]) => ({ shared, rest: Buffer.from(rest), version: new Uint8Array(32) })),
        ),
      ),
    )
  t.is(code([0, 'garden/ants'], [7, 'bees']), undefined)
  t.is(code(), 'TOO_LARGE', 'no page')
  t.is(code([0, 'b'], [0, 'a']), 'NOT_CANONICAL', 'descending')
  t.is(code([0, 'a'], [0, 'a']), 'NOT_CANONICAL', 'twice')
  t.is(code([0, 'ab'], [1, 'a']), 'NOT_CANONICAL', 'descending behind what is shared')
  t.is(code([0, 'ab'], [0, 'ac']), 'NOT_CANONICAL', 'shares more than is said')
  t.is(code([0, 'a'], [1, '']), 'TOO_LARGE', 'nothing new')
  t.is(code([1, 'a']), 'BAD_FORMAT', 'shares with nothing')
  t.is(code([0, 'a'], [2, 'b']), 'BAD_FORMAT', 'shares more than there is')
  t.is(code([0, `${'a'.repeat(200)}/${'b'.repeat(200)}`], [401, `/${'c'.repeat(120)}`]), 'TOO_LARGE')
  t.is(code([0, '../a']), 'BAD_PATH')
  t.is(
    code(
      ...Array.from({ length: 257 }, (_, i) => [0, `${String.fromCharCode(0x4e00 + i)}`] as [number, string]),
    ),
    'TOO_LARGE',
  )
  t.is(
    codeOf(() => decodeChunk(Buffer.alloc(CHUNK_BYTES_MAX + 1))),
    'TOO_LARGE',
  )
  const half = encode(loose, [{ shared: 0, rest: Buffer.from('c3', 'hex'), version: new Uint8Array(32) }])
  t.is(
    codeOf(() => decodeChunk(half)),
    'BAD_TEXT',
  )
  const good = chunk(space(3))[0]!.bytes
  t.is(
    codeOf(() => decodeChunk(good.subarray(0, -1))),
    'TRUNCATED',
  )
  t.is(
    codeOf(() => decodeChunk(Buffer.concat([good, Buffer.alloc(1)]))),
    'TRAILING_BYTES',
  )
})

test('chunks - chunks that overlap or stand in another order are not joined', (t) => {
  const [a, b] = [chunk([entry('a'), entry('c')]), chunk([entry('b')])].map((chunks) => chunks[0]!.bytes)
  t.is(
    codeOf(() => join([a!, b!])),
    'NOT_CANONICAL',
  )
  t.is(
    codeOf(() => join([b!, a!])),
    'NOT_CANONICAL',
  )
  t.is(
    codeOf(() => join([a!, a!])),
    'NOT_CANONICAL',
  )
})

test('chunks - hostile bytes give a code, or pages that encode to them', (t) => {
  const good = encode(
    list(struct({ shared: uint(), rest: bytes(20), version: id32 }), 9),
    ['0a', '1b', '1c'].map((line) => ({
      shared: Number(line[0]),
      rest: Buffer.from(line === '0a' ? 'aa' : line[1]!),
      version: new Uint8Array(32),
    })),
  )
  const flips = fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })), {
    maxLength: 3,
  })
  const mutated = flips.map((places) => {
    const some = Buffer.from(good)
    for (const [place, byte] of places) some[place] = byte
    return some
  })
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 120 })), (some) => {
      const code = codeOf(() => decodeChunk(some))
      if (code !== undefined) return code !== 'INTERNAL'
      const again = chunk(decodeChunk(some))
      return flat(join(bytesOf(again))).join() === flat(decodeChunk(some)).join()
    }),
    parameters({ numRuns: 500 }),
  )
  t.pass()
})
