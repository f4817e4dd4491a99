/** What of a history is news: by example, and for any graph in any order. */
import test from 'brittle'
import fc from 'fast-check'
import { sha256 } from '../../src/base/hash.ts'
import { idKey } from '../../src/base/id-map.ts'
import { type Dated, newsAmong, seenWith } from '../../src/node/news.ts'
import { utf8 } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const idOf = (name: string): Uint8Array => sha256(utf8(name))
const MAX = 256

/** `b < a`: b names a as its parent. */
function graph(words: string): (Dated & { name: string })[] {
  return words.split(', ').map((word, i) => {
    const [name, parents = ''] = word.split(' < ') as [string, string?]
    return { name, id: idOf(name), parents: parents.split(' ').filter(Boolean).map(idOf), timeMs: i }
  })
}

const names = (all: readonly { name: string }[]): string => all.map(({ name }) => name).join(' ')
const ids = (text: string): Uint8Array[] => text.split(' ').map(idOf)

test('news - what follows is news, what was before is not, a fork beside it is', (t) => {
  const all = graph('a, b < a, c < b, d < c, x < a, y')
  t.is(names(newsAmong(all, ids('b'))), 'c x y d')
  t.is(names(newsAmong(all, ids('d x y'))), '')
  t.is(names(newsAmong(graph('a, b < a'), [])), 'a b')
})

test('news - parents come before their children, whatever their clocks say', (t) => {
  const all = graph('c < b, b < a, a')
  t.is(names(newsAmong(all, [])), 'a b c')
  t.is(names(newsAmong(graph('merge < l r, r, l'), [])), 'r l merge')
})

test('news - an older one that comes late is none, where the way to it is known', (t) => {
  const all = graph('a, b < a, c < b')
  t.is(names(newsAmong(all, ids('c'))), '')
  const torn = graph('a, c < b')
  t.is(names(newsAmong(torn, ids('c'))), 'a', 'b is not here: nobody knows what lies behind it')
  t.is(names(newsAmong(torn, seenWith(graph('a, b < a, c < b'), [], MAX))), '', 'but it was remembered')
})

test('news - hostile graphs: circles, itself as a parent, the same parent twice', (t) => {
  t.is(names(newsAmong(graph('a < a'), [])), '', 'what names itself has no beginning')
  t.is(names(newsAmong(graph('a < b, b < a, c'), [])), 'c')
  t.is(names(newsAmong(graph('a, b < a a'), ids('a'))), 'b')
})

const graphs = fc
  .array(fc.record({ parents: fc.array(fc.nat(20), { maxLength: 3 }), timeMs: fc.nat(1_000) }), {
    maxLength: 20,
  })
  .map((all) =>
    all.map(
      ({ parents, timeMs }, i): Dated => ({
        id: idOf(`${i}`),
        parents: parents.filter((one) => one < i).map((one) => idOf(`${one}`)),
        timeMs,
      }),
    ),
  )

test('news - told in any order, in any portions, each is told once and behind its parents', (t) => {
  fc.assert(
    fc.property(
      graphs,
      fc.array(fc.nat(19), { maxLength: 5 }),
      fc.infiniteStream(fc.nat()),
      (all, cuts, order) => {
        const shuffled = all.map((one) => ({ one, at: order.next().value! })).sort((a, b) => a.at - b.at)
        const told: string[] = []
        let seen: Uint8Array[] = []
        for (const cut of [...cuts.sort((a, b) => a - b), all.length]) {
          const known = shuffled.slice(0, cut).map(({ one }) => one)
          for (const { id } of newsAmong(known, seen)) told.push(idKey(id))
          seen = seenWith(known, seen, MAX)
        }
        return new Set(told).size === told.length && told.length <= all.length
      },
    ),
    parameters(),
  )
  fc.assert(
    fc.property(graphs, (all) => {
      const order = newsAmong(all, []).map(({ id }) => idKey(id))
      return (
        order.length === all.length &&
        all.every(({ id, parents }) =>
          parents.every((one) => order.indexOf(idKey(one)) < order.indexOf(idKey(id))),
        )
      )
    }),
    parameters(),
  )
  t.pass()
})

test('news - what is remembered is bounded, the tips first', (t) => {
  const all = graph('a, b < a, c < b, d < c, x < a')
  t.alike(seenWith(all, ids('z'), 3).map(idKey), ids('x d z').map(idKey))
  t.alike(seenWith(all, [], MAX).map(idKey), ids('x d c b a').map(idKey))
})
