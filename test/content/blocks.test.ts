import test from 'brittle'
import fc from 'fast-check'
import { DEPTH_MAX, readBlocks } from '../../src/content/blocks.ts'
import { parameters } from '../helpers/seed.ts'

/** The text of each run, its lines with their ends. */
const textOf = (markdown: string) =>
  readBlocks(markdown).runs.map(({ lines }) =>
    lines.map(({ from, to }) => markdown.slice(from, to)).join('\n'),
  )

test('blocks - paragraphs, headings, items, quotes and footnotes are text, without the marks before it', (t) => {
  t.alike(textOf('a\n  b\n\n# c #\n\nd\n==='), ['a\nb', ' c #', 'd'])
  t.alike(textOf('- a\n  b\n- c\n\n  d\n  1. e\n'), ['a\nb', 'c', 'd', 'e'])
  t.alike(textOf('> a\n> b\nlazy\n\nc'), ['a\nb\nlazy', 'c'])
  t.alike(textOf('[^1]: a\n\n    b\n\nc'), ['a', 'b', 'c'])
  t.alike(textOf('> - a\n>\n>   b\n>\n> c'), ['a', 'b', 'c'])
})

test('blocks - code, rules and blank lines are none', (t) => {
  t.alike(textOf('```\na\n```\nb\n~~~js\nc\n```\n~~~\n\td'), ['b'])
  t.alike(textOf('- ```\n  a\n\nb'), ['b'], 'a fence ends with its item')
  t.alike(textOf('[^1]: [^2]: ```\n    a\nb'), ['b'], 'the indent of a footnote serves that on its line, too')
  t.alike(textOf('[^1]: [^2]: ```\n      a\nb'), ['a\nb'], 'a wider one does not')
  t.alike(textOf('a\n\n    code\n\n\tcode\n\n***\n- - -\n'), ['a'])
  t.alike(textOf('a\n    b'), ['a\nb'], 'but a paragraph goes on')
  t.alike(textOf('-\ta\n\n  \tb\n\n      \tcode'), ['a', 'b'], 'a tab is as wide as the next stop')
})

test('blocks - where a line could be read in two ways nothing is said up to the next certain place', (t) => {
  const table = 'a | b\n--|--\nc | d\n'
  t.alike(textOf(`${table}    e\n- f\n\ng`), ['a | b\n--|--\nc | d', 'g'])
  t.alike(textOf(`${table}    e\n- f\n\n- g\n\nh`), ['a | b\n--|--\nc | d', 'h'])
  t.alike(textOf(`${table}    e\n\`\`\`\n\ng\n\nh`), ['a | b\n--|--\nc | d'], 'a fence may have begun')
})

test('blocks - what is too deep is told, and what comes behind it is read', (t) => {
  const deep = (depth: number) => `${'> '.repeat(depth)}a\n\nb`
  t.is(readBlocks(deep(DEPTH_MAX)).isTooDeep, false)
  t.alike(textOf(deep(DEPTH_MAX)), ['a', 'b'])
  t.is(readBlocks(deep(DEPTH_MAX + 1)).isTooDeep, true)
  t.alike(textOf(deep(DEPTH_MAX + 1)), ['b'])
  t.is(readBlocks(`${'- '.repeat(100_000)}a`).isTooDeep, true)
})

test('blocks - lines are parts of the text, in order, and none is in two runs', (t) => {
  const marks = fc.constantFrom(
    'a',
    ' ',
    '\t',
    '\n',
    '\r',
    '\r\n',
    '> ',
    '- ',
    '1. ',
    '```',
    '[^1]: ',
    '|',
    '---',
    '# ',
  )
  fc.assert(
    fc.property(fc.array(marks, { maxLength: 60 }), (parts) => {
      const markdown = parts.join('')
      let at = 0
      for (const { lines } of readBlocks(markdown).runs) {
        for (const { from, to } of lines) {
          if (from < at || to < from || to > markdown.length || /[\r\n]/.test(markdown.slice(from, to)))
            return false
          at = to
        }
      }
      return true
    }),
    parameters({ numRuns: 500 }),
  )
  t.pass()
})
