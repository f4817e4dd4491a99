import test from 'brittle'
import fc from 'fast-check'
import { type GraphNode, graphRows } from '../../src/cli/graph.ts'
import { parameters } from '../helpers/seed.ts'

/** A version called by a letter; the later letter is the later version. */
const node = (id: string, ...parents: string[]): GraphNode => ({ id, parents, timeMs: id.charCodeAt(0) })

function drawn(nodes: readonly GraphNode[]): string[] {
  return [...graphRows(nodes)].flatMap(({ node, before, star, after }) => [
    ...before,
    `${star} ${node.id}`,
    ...after,
  ])
}

test('graph - a line of versions is a column of stars', (t) => {
  t.alike(drawn([node('a'), node('b', 'a'), node('c', 'b')]), ['* c', '* b', '* a'])
})

test('graph - a fork that was merged parts and joins', (t) => {
  const rows = drawn([node('a'), node('b', 'a'), node('c', 'a'), node('d', 'b', 'c')])
  t.alike(rows, ['* d', '|\\', '| * c', '* | b', '|/', '* a'])
})

test('graph - a merge of three, and a tip beside it', (t) => {
  const nodes = [
    node('a'),
    node('b', 'a'),
    node('c', 'a'),
    node('d', 'a'),
    node('e', 'b', 'c', 'd'),
    node('f', 'c'),
  ]
  t.alike(drawn(nodes), [
    '* f',
    '| * e',
    '| |\\',
    '| |\\ \\',
    '| | | * d',
    '|_|/ /',
    '* | | c',
    '| * | b',
    '|_|/',
    '|/',
    '* a',
  ])
})

test('graph - two histories without a common beginning stand apart', (t) => {
  t.alike(drawn([node('a'), node('b', 'a'), node('x'), node('y', 'x')]), ['* y', '* x', '* b', '* a'])
})

test('graph - a parent that is not known ends its line', (t) => {
  t.alike(drawn([node('b', 'a'), node('c', 'b', 'z')]), ['* c', '* b'])
})

test('graph - hostile histories are drawn in bounded rows', (t) => {
  const tips = Array.from({ length: 500 }, (_, i) => ({ id: `${i}`, parents: ['root'], timeMs: i }))
  const rows = drawn([...tips, { id: 'root', parents: [], timeMs: 0 }])
  t.ok(rows.every((row) => row.length < 80))
  const looped = [node('a', 'b'), node('b', 'a'), node('c', 'c'), node('d')]
  t.alike(drawn(looped), ['* d'], 'what goes round in a circle, as no hashes can, is left out')
})

test('graph - every version is drawn once, children above parents, with a star of its own', (t) => {
  const history = fc.array(fc.tuple(fc.array(fc.nat(20), { maxLength: 4 }), fc.nat(9)), { maxLength: 20 })
  fc.assert(
    fc.property(history, (entries) => {
      const nodes = entries.map(([parents, timeMs], i) => {
        return { id: `${i}`, parents: parents.filter((parent) => parent < i).map(String), timeMs }
      })
      const rows = [...graphRows(nodes)]
      const place = new Map(rows.map(({ node }, at) => [node.id, at]))
      return (
        rows.length === nodes.length &&
        rows.every(({ star }) => star.split('*').length === 2) &&
        nodes.every(({ id, parents }) => parents.every((parent) => place.get(parent)! > place.get(id)!)) &&
        rows.every(({ before, after }) => [...before, ...after].every((row) => /^[ |/\\_]+$/.test(row)))
      )
    }),
    parameters({ numRuns: 100 }),
  )
  t.pass()
})
