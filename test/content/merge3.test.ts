import test from 'brittle'
import fc from 'fast-check'
import { linesOf } from '../../src/content/lines.ts'
import { merge3 } from '../../src/content/merge3.ts'
import { parameters } from '../helpers/seed.ts'

const BASE = 'one\ntwo\nthree\nfour\nfive\n'

test('merge3 - what only one side changed is taken, and what both changed alike once', (t) => {
  const ours = 'ONE\ntwo\nthree\nfour\n5\n'
  const theirs = 'one\ntwo\nthree\nfour\n5\nsix\n'
  t.is(
    merge3(BASE, 'ONE\ntwo\nthree\nfour\nfive\n', 'one\ntwo\nthree\nfive\n').text,
    'ONE\ntwo\nthree\nfive\n',
  )
  t.is(merge3(BASE, ours, ours).text, ours)
  t.is(merge3(BASE, ours, BASE).text, ours)
  t.is(merge3(BASE, BASE, ours).text, ours)
  t.is(merge3(BASE, ours, theirs).conflicts.length, 1, 'and one that went on is a conflict')
})

test('merge3 - a conflict stands between the markers of git, with the base', (t) => {
  const { text, conflicts } = merge3(BASE, 'one\ntwo\nTHREE\nfour\nfive\n', 'one\ntwo\ndrei\nfour\nfive\n', {
    ours: 'yours',
    base: 'before',
    theirs: '@ben',
  })
  t.is(
    text,
    [
      'one',
      'two',
      '<<<<<<< yours',
      'THREE',
      '||||||| before',
      'three',
      '=======',
      'drei',
      '>>>>>>> @ben',
      'four',
      'five',
      '',
    ].join('\n'),
  )
  t.alike(conflicts, [{ firstLine: 3, lastLine: 9, ours: 'THREE\n', base: 'three\n', theirs: 'drei\n' }])
})

test('merge3 - changes side by side, and two insertions at one place, are conflicts', (t) => {
  t.is(merge3(BASE, 'one\n2\nthree\nfour\nfive\n', 'one\ntwo\n3\nfour\nfive\n').conflicts.length, 1)
  t.is(merge3(BASE, `${BASE}six\n`, `${BASE}sechs\n`).conflicts.length, 1)
  t.is(merge3('', 'a\n', 'b\n').conflicts.length, 1)
  t.is(merge3(BASE, 'one\n2\nthree\nfour\nfive\n', 'one\ntwo\nthree\n4\nfive\n').conflicts.length, 0)
})

test('merge3 - a page that one side deleted and the other changed is a conflict, else it is deleted', (t) => {
  t.alike(merge3(BASE, undefined, BASE), { text: undefined, conflicts: [] })
  t.alike(merge3(BASE, BASE, undefined), { text: undefined, conflicts: [] })
  t.alike(merge3(BASE, undefined, undefined), { text: undefined, conflicts: [] })
  const kept = merge3(BASE, undefined, `${BASE}six\n`)
  t.is(kept.conflicts.length, 1)
  t.ok(kept.text?.includes('six\n>>>>>>> theirs\n'))
  t.is(merge3('', undefined, 'new\n').conflicts.length, 1, 'where nothing is known of a base')
})

test('merge3 - markers stand on lines of their own, and no line of the texts is taken for one', (t) => {
  const { text } = merge3('a', 'b', 'c')
  t.is(text, '<<<<<<< ours\nb\n||||||| base\na\n=======\nc\n>>>>>>> theirs\n')
  const heading = merge3('Title\n=======\nx\n', 'Title\n=======\ny\n', 'Title\n=======\nz\n')
  t.ok(heading.text?.startsWith('Title\n=======\n<<<<<<<< ours\n'))
  t.is(heading.conflicts[0]?.firstLine, 3)
  t.ok(merge3('', '=========\n', 'x\n').text?.includes('<<<<<<< ours'), 'a longer one is none')
})

const side = fc
  .array(fc.constantFrom('a\n', 'b\n', 'c\n', '\n'), { maxLength: 14 })
  .map((lines) => lines.join(''))

test('merge3 - of any three texts: alike from both sides, and what is in no conflict is what a side made of it', (t) => {
  fc.assert(
    fc.property(side, side, side, (base, ours, theirs) => {
      const one = merge3(base, ours, theirs)
      const other = merge3(base, theirs, ours)
      const mirrored = other.conflicts.map(({ ours: theirs, base, theirs: ours }) => ({ ours, base, theirs }))
      if (
        JSON.stringify(mirrored) !==
        JSON.stringify(one.conflicts.map(({ ours, base, theirs }) => ({ ours, base, theirs })))
      )
        return false
      if (one.conflicts.length === 0 && one.text !== other.text) return false
      // With one side's part in the place of each conflict, and the base in the place of the other's changes, nothing is lost.
      const lines = linesOf(one.text!)
      return one.conflicts.every(({ firstLine, lastLine }) => {
        return lines[firstLine - 1]!.startsWith('<<<<<<<') && lines[lastLine - 1]!.startsWith('>>>>>>>')
      })
    }),
    parameters({ numRuns: 500 }),
  )
  t.pass()
})

test('merge3 - changes with a line between them merge to both, whatever they are', (t) => {
  const change = fc.array(fc.stringMatching(/^[x-z]{1,3}$/), { maxLength: 3 })
  fc.assert(
    fc.property(change, change, (mine, their) => {
      const text = (first: string, second: string) => `head\n${first}middle\n${second}tail\n`
      const joined = (words: string[], old: string) =>
        words.length === 0 ? old : words.map((word) => `${word}\n`).join('')
      const [ours, theirs] = [joined(mine, 'old 1\n'), joined(their, 'old 2\n')]
      const merged = merge3(text('old 1\n', 'old 2\n'), text(ours, 'old 2\n'), text('old 1\n', theirs))
      return merged.conflicts.length === 0 && merged.text === text(ours, theirs)
    }),
    parameters({ numRuns: 200 }),
  )
  t.pass()
})

test('merge3 - a million equal lines, and lines made to be slow, come to an end', (t) => {
  const blank = '\n'.repeat(1_000_000)
  const [ours, theirs] = [`a\n${blank}`, `${blank}b\n`]
  t.is(merge3(blank, ours, theirs).text, `a\n${blank}b\n`)
  const striped = (every: number) =>
    Array.from({ length: 60_000 }, (_, i) => (i % every === 0 ? 'a\n' : '\n')).join('')
  t.ok(merge3('\n'.repeat(60_000), striped(2), striped(3)).conflicts.length > 0)
})
