import test from 'brittle'
import { History } from '../../src/content/history.ts'
import { mergeVersions, withTexts } from '../../src/content/merge-versions.ts'
import { hex } from '../helpers/bytes.ts'

const idOf = (name: string): Uint8Array => new Uint8Array(32).fill(name.charCodeAt(0))

/** Merges two versions of a history that is written as name → [parents, text]. */
function merged(graph: Record<string, [string, string | undefined]>, ours: string, theirs: string) {
  const history = new History(
    Object.entries(graph).map(([name, [parents]]) => ({ id: idOf(name), parents: [...parents].map(idOf) })),
  )
  const texts = new Map(Object.entries(graph).map(([name, [, text]]) => [hex(idOf(name)), text]))
  let asked = 0
  const { text, conflicts, bases } = withTexts(mergeVersions(history, idOf(ours), idOf(theirs)), (id) => {
    asked += 1
    return texts.get(hex(id))
  })
  return { text, conflicts, asked, bases: bases.map((id) => String.fromCharCode(id[0]!)).join('') }
}

const lines = (...words: string[]): string => words.map((word) => `${word}\n`).join('')
const A = lines('1', '2', '3', '4', '5', '6', '7')

test('merge of versions - over the one that both came from', (t) => {
  const graph = {
    a: ['', A] as [string, string],
    b: ['a', A.replace('1', 'one')] as [string, string],
    c: ['a', A.replace('7', 'seven')] as [string, string],
  }
  const { text, bases } = merged(graph, 'b', 'c')
  t.is(text, lines('one', '2', '3', '4', '5', '6', 'seven'))
  t.is(bases, 'a')
  t.is(merged(graph, 'a', 'c').text, graph.c[1], 'what only went on is taken')
})

test('merge of versions - over the merged bases where merges crossed', (t) => {
  const [b, c] = [A.replace('1', 'one'), A.replace('7', 'seven')]
  const both = b.replace('7', 'seven')
  const graph: Record<string, [string, string]> = {
    a: ['', A],
    b: ['a', b],
    c: ['a', c],
    d: ['bc', both.replace('3', 'three')],
    e: ['cb', both.replace('5', 'five')],
  }
  const { text, conflicts, bases } = merged(graph, 'd', 'e')
  t.is(bases, 'bc')
  t.is(conflicts.length, 0)
  t.is(text, lines('one', '2', 'three', '4', 'five', '6', 'seven'))
})

test('merge of versions - where the bases conflict, sides that settled it alike agree and others conflict', (t) => {
  const graph: Record<string, [string, string]> = {
    a: ['', A],
    b: ['a', A.replace('4', 'vier')],
    c: ['a', A.replace('4', 'quatre')],
    d: ['bc', A.replace('4', 'four')],
    e: ['cb', A.replace('4', 'four').replace('7', 'seven')],
    f: ['cb', A.replace('4', 'vier')],
  }
  t.is(merged(graph, 'd', 'e').text, graph.e?.[1])
  t.is(merged(graph, 'd', 'f').conflicts.length, 1)
})

test('merge of versions - without a base that is known both are new', (t) => {
  const graph: Record<string, [string, string | undefined]> = {
    b: ['', 'x\n'],
    c: ['?', 'y\n'],
    d: ['', undefined],
    e: ['?', undefined],
  }
  const { conflicts, bases } = merged(graph, 'b', 'c')
  t.is(bases, '')
  t.is(conflicts[0]?.base, '')
  t.is(merged(graph, 'b', 'd').text, 'x\n', 'a page that never was on one side is that of the other')
  t.is(
    merged(graph, 'b', 'e').conflicts.length,
    1,
    'and one that may have been there, and was deleted, is a conflict',
  )
})

/*  Ladders of crossed merges: each pair merges both of the pair before. */
test('merge of versions - a long ladder of crossed merges asks for few texts', (t) => {
  const graph: Record<string, [string, string]> = { A: ['', A] }
  let before = 'A'
  for (let level = 1; level < 12; level++) {
    const [left, right] = [String.fromCharCode(65 + 2 * level), String.fromCharCode(66 + 2 * level)]
    graph[left] = [before, A.replace('1', `left ${level}`)]
    graph[right] = [before, A.replace('7', `right ${level}`)]
    before = left + right
  }
  const { asked, bases } = merged(graph, before[0]!, before[1]!)
  t.is(bases.length, 2)
  t.ok(asked <= 12, `${asked} texts`)
})
