import test from 'brittle'
import fc from 'fast-check'
import { sha256 } from '../../src/base/hash.ts'
import { shuffled } from '../../src/base/random.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { History, type HistoryEntry } from '../../src/content/history.ts'
import { hex, refusal, utf8 } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

/** Entries by name; a name that is no entry is a parent that nobody knows. */
function entries(graph: Record<string, string>, owners = ''): HistoryEntry[] {
  return Object.entries(graph).map(([name, parents]) => ({
    id: idOf(name),
    parents: [...parents].map(idOf),
    isOwners: owners.includes(name),
  }))
}

/** Ids in the order of their names, so that a test reads as it runs. */
function idOf(name: string): Uint8Array {
  const id = new Uint8Array(32)
  id[0] = name.charCodeAt(0)
  return id
}

const names = (list: readonly HistoryEntry[]): string =>
  list.map(({ id }) => String.fromCharCode(id[0]!)).join('')

/*  a ── b ── d      (x) ── f
 *   └── c ──┘ └─ e           */
const HISTORY = { a: '', b: 'a', c: 'a', d: 'bc', e: 'd', f: 'x' }

test('history - a fork, its merge, and a version whose parent nobody knows', (t) => {
  const history = new History(entries(HISTORY))
  t.is(names(history.heads), 'ef')
  t.is(names(history.roots), 'af')
  t.is(names(history.inOrder), 'abcdef')
  t.alike(history.missing.map(hex), [hex(idOf('x'))])
  t.is(names(history.children(idOf('a'))), 'bc')
  t.is(names(history.parents(idOf('d'))), 'bc')
  t.is(names(history.ancestors(idOf('d'))), 'abcd')
  t.is(names(history.ancestors(idOf('b'), idOf('f'))), 'abf')
  t.ok(history.isAncestor(idOf('a'), idOf('e')))
  t.ok(history.isAncestor(idOf('e'), idOf('e')))
  t.absent(history.isAncestor(idOf('e'), idOf('a')))
  t.is(names(history.mergeBases(idOf('b'), idOf('c'))), 'a')
  t.is(names(history.mergeBases(idOf('c'), idOf('e'))), 'c')
  t.is(names(history.mergeBases(idOf('e'), idOf('f'))), '')
  t.is(history.get(idOf('z')), undefined)
  t.alike(history.children(idOf('z')), [])
  t.alike(history.ancestors(idOf('z')), [])
  t.is(names(new History([]).heads), '')
})

/*  a ── b ── d      each of d and e merges b and c: both are bases
 *   ╲    ╲ ╱
 *    ╲   ╱ ╲
 *     └─ c ── e  */
test('history - merges that crossed have two bases', (t) => {
  const history = new History(entries({ a: '', b: 'a', c: 'a', d: 'bc', e: 'cb' }))
  t.is(names(history.mergeBases(idOf('d'), idOf('e'))), 'bc')
  t.is(names(history.heads), 'de')
})

test('history - children come in order whatever their ids are', (t) => {
  const history = new History(entries({ z: '', y: 'z', x: 'z', a: 'xy' }))
  t.is(names(history.inOrder), 'zxya')
  t.is(names(history.heads), 'a')
})

/*  a (owner) ── s ── b (owner)      b came from a by way of what a stranger put between */
test("history - in the owner's space strangers replace nothing of the owner's, and the owner all that came before", (t) => {
  t.is(names(new History(entries({ a: '', s: 'a' }, 'a')).heads), 'as')
  t.is(names(new History(entries({ a: '', s: 'a', b: 's' }, 'ab')).heads), 'b')
  t.is(names(new History(entries({ a: '', s: 'a', u: 's', b: 'a' }, 'ab')).heads), 'bu')
  t.is(names(new History(entries({ s: '', u: 's' }, '')).heads), 'u', 'among strangers as everywhere')
})

test('history - a circle is refused', (t) => {
  for (const circle of [{ a: 'a' }, { a: 'c', b: 'a', c: 'b' }, { a: '', b: 'ad', c: 'b', d: 'c' }]) {
    t.is(
      refusal(() => new History(entries(circle))),
      'BAD_FORMAT',
    )
  }
})

test('history - 20,000 versions in one line, as one fan, or each on the 16 before it take no depth and little time', (t) => {
  const count = 20_000
  const ids = Array.from({ length: count }, (_, i) => sha256(utf8(`${i}`)))
  const shapes: Record<string, (i: number) => number[]> = {
    line: (i) => (i === 0 ? [] : [i - 1]),
    fan: (i) => (i === 0 ? [] : [0]),
    dense: (i) => Array.from({ length: Math.min(i, 16) }, (_, back) => i - 1 - back),
  }
  for (const [name, shape] of Object.entries(shapes)) {
    const history = new History(ids.map((id, i) => ({ id, parents: shape(i).map((at) => ids[at]!) })))
    const last = ids.at(-1)!
    t.is(history.heads.length, name === 'fan' ? count - 1 : 1, name)
    t.is(history.ancestors(last).length, name === 'fan' ? 2 : count)
    t.is(history.mergeBases(last, ids[count - 2]!).length, 1)
  }
})

const drawn = fc.record({
  count: fc.integer({ min: 1, max: 14 }),
  edges: fc.array(fc.tuple(fc.nat(13), fc.nat(13)), { maxLength: 30 }),
  missing: fc.array(fc.nat(13), { maxLength: 3 }),
  owners: fc.array(fc.nat(13), { maxLength: 6 }),
  seed: fc.nat(),
})

interface Shape {
  count: number
  edges: [number, number][]
  missing: number[]
  owners: number[]
}

/** A graph whose edges lead from later numbers to earlier ones; ids are hashes, so they say nothing of that. */
function graphOf({ count, edges, missing, owners }: Shape): HistoryEntry[] {
  const id = (i: number): Uint8Array => sha256(utf8(`version ${i}`))
  return Array.from({ length: count }, (_, i) => {
    const parents = new Set(edges.flatMap(([from, to]) => (from === i && to < i ? [to] : [])))
    const unknown = missing.includes(i) ? [sha256(utf8(`unknown ${i}`))] : []
    return { id: id(i), parents: [...[...parents].map(id), ...unknown], isOwners: owners.includes(i) }
  })
}

/** The slow and plain way: by what reaches what. */
function plainly(graph: HistoryEntry[]) {
  const byId = new Map(graph.map((entry) => [hex(entry.id), entry]))
  const known = (entry: HistoryEntry) => entry.parents.flatMap((id) => byId.get(hex(id)) ?? [])
  const ancestors = (entry: HistoryEntry): Set<HistoryEntry> =>
    new Set([entry, ...known(entry).flatMap((parent) => [...ancestors(parent)])])
  const isHead = (entry: HistoryEntry) =>
    !graph.some(
      (other) =>
        other !== entry &&
        (other.isOwners ? ancestors(other).has(entry) : !entry.isOwners && known(other).includes(entry)),
    )
  const bases = (a: HistoryEntry, b: HistoryEntry) => {
    const shared = [...ancestors(a)].filter((entry) => ancestors(b).has(entry))
    return shared.filter((entry) => !shared.some((other) => other !== entry && ancestors(other).has(entry)))
  }
  return { ancestors, bases, heads: graph.filter(isHead) }
}

const sortedIds = (list: Iterable<HistoryEntry>): string =>
  Array.from(list, ({ id }) => hex(id))
    .sort()
    .join()
const idsOf = (list: Iterable<HistoryEntry>): string => Array.from(list, ({ id }) => hex(id)).join()

test('history - any order of arrival gives the same graph, heads, order and bases, as worked out slowly', (t) => {
  fc.assert(
    fc.property(drawn, ({ seed, ...shape }) => {
      const graph = graphOf(shape)
      const plain = plainly(graph)
      const one = new History(graph)
      const other = new History(shuffled([...graph, ...graph.slice(0, 2)], seededRandom(seed)))
      const last = graph.at(-1)!
      for (const history of [one, other]) {
        if (idsOf(history.heads) !== sortedIds(plain.heads)) return false
        if (idsOf(history.inOrder) !== idsOf(one.inOrder)) return false
        for (const entry of graph) {
          if (sortedIds(history.ancestors(entry.id)) !== sortedIds(plain.ancestors(entry))) return false
          if (idsOf(history.mergeBases(entry.id, last.id)) !== sortedIds(plain.bases(entry, last)))
            return false
          if (idsOf(history.children(entry.id)) !== idsOf(one.children(entry.id))) return false
        }
        const place = new Map(history.inOrder.map(({ id }, i) => [hex(id), i]))
        for (const { id } of graph) {
          if (history.parents(id).some((parent) => place.get(hex(parent.id))! >= place.get(hex(id))!))
            return false
        }
      }
      return true
    }),
    parameters({ numRuns: 200 }),
  )
  t.pass()
})
