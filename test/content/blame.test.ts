import test from 'brittle'
import fc from 'fast-check'
import { blame } from '../../src/content/blame.ts'
import { History } from '../../src/content/history.ts'
import { linesOf } from '../../src/content/lines.ts'
import { withTexts } from '../../src/content/merge-versions.ts'
import { hex, refusal } from '../helpers/bytes.ts'
import { parameters } from '../helpers/seed.ts'

const idOf = (name: string): Uint8Array => new Uint8Array(32).fill(name.charCodeAt(0))
type Graph = Record<string, [parents: string, text: string | undefined]>

function blamed(graph: Graph, name: string) {
  const history = new History(
    Object.entries(graph).map(([one, [parents]]) => ({ id: idOf(one), parents: [...parents].map(idOf) })),
  )
  const texts = new Map(Object.entries(graph).map(([one, [, text]]) => [hex(idOf(one)), text]))
  return withTexts(blame(history, idOf(name)), (id) => texts.get(hex(id)))
}

const authors = (graph: Graph, name: string): string =>
  blamed(graph, name)
    .map(
      ({ version, line, isBoundary }) => `${String.fromCharCode(version[0]!)}${line}${isBoundary ? '?' : ''}`,
    )
    .join(' ')

test('blame - each line has the version that brought it, and where it stood there', (t) => {
  const graph: Graph = { a: ['', '1\n2\n3\n'], b: ['a', '0\n1\n2\n3\n'], c: ['b', '0\n1\ntwo\n3'] }
  t.is(authors(graph, 'a'), 'a1 a2 a3')
  t.is(authors(graph, 'b'), 'b1 a1 a2 a3')
  t.is(authors(graph, 'c'), 'b1 a1 c3 c4', 'a last line that lost its LF is another one')
  t.is(
    blamed(graph, 'c')
      .map(({ text }) => text)
      .join(''),
    graph.c![1],
  )
})

test('blame - lines go through a merge to the side that they came from; only what it added is its own', (t) => {
  const graph: Graph = {
    a: ['', '1\n2\n3\n4\n5\n'],
    b: ['a', 'one\n2\n3\n4\n5\n'],
    c: ['a', '1\n2\n3\n4\nfive\n'],
    d: ['bc', 'one\n2\nmerged\n3\n4\nfive\n'],
  }
  t.is(authors(graph, 'd'), 'b1 a2 d3 a3 a4 c5')
})

test('blame - a parent that is not known ends the search, and a deletion in between makes lines new', (t) => {
  t.is(authors({ b: ['?', '1\n2\n'], c: ['b', '1\n2\n3\n'] }, 'c'), 'b1? b2? c3')
  t.is(authors({ a: ['', '1\n'], b: ['a', undefined], c: ['b', '1\n'] }, 'c'), 'c1')
  t.alike(blamed({ a: ['', undefined] }, 'a'), [])
  t.is(
    refusal(() => blamed({ a: ['', ''] }, 'z')),
    'NOT_FOUND',
  )
})

test('blame - of a history that is very long the last versions are looked at', (t) => {
  const count = 400
  const id = (i: number): Uint8Array => new Uint8Array(Buffer.alloc(32, `${i} `))
  const texts = new Map(
    Array.from({ length: count }, (_, i) => [
      hex(id(i)),
      Array.from({ length: i + 1 }, (_, line) => `${line}\n`).join(''),
    ]),
  )
  const history = new History(
    Array.from({ length: count }, (_, i) => ({ id: id(i), parents: i === 0 ? [] : [id(i - 1)] })),
  )
  let asked = 0
  const lines = withTexts(blame(history, id(count - 1)), (one) => {
    asked += 1
    return texts.get(hex(one))
  })
  t.is(lines.length, count)
  t.ok(asked <= 257, `${asked} texts`)
  t.is(hex(lines.at(-1)!.version), hex(id(count - 1)))
  t.absent(lines.at(-1)!.isBoundary)
  t.ok(lines[0]!.isBoundary)
})

test('blame - any line is blamed on a version that has it there, and none of whose parents alone explains it', (t) => {
  const text = fc
    .array(fc.constantFrom('a\n', 'b\n', 'c\n', 'd\n'), { maxLength: 8 })
    .map((lines) => lines.join(''))
  const drawn = fc.array(fc.tuple(text, fc.array(fc.nat(9), { maxLength: 2 })), {
    minLength: 1,
    maxLength: 10,
  })
  fc.assert(
    fc.property(drawn, (versions) => {
      const graph: Graph = {}
      for (const [i, [text, parents]] of versions.entries()) {
        const named = new Set(parents.filter((parent) => parent < i))
        graph[String.fromCharCode(65 + i)] = [
          [...named].map((one) => String.fromCharCode(65 + one)).join(''),
          text,
        ]
      }
      return Object.entries(graph).every(([name, [, text]]) => {
        const lines = blamed(graph, name)
        return (
          lines.map((line) => line.text).join('') === text &&
          lines.every(({ version, line, text: one, isBoundary }) => {
            const [, there] = graph[String.fromCharCode(version[0]!)]!
            return !isBoundary && linesOf(there!)[line - 1] === one
          })
        )
      })
    }),
    parameters({ numRuns: 200 }),
  )
  t.pass()
})
