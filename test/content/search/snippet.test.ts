import test from 'brittle'
import fc from 'fast-check'
import { SNIPPET_CHARS, snippetOf } from '../../../src/content/search/snippet.ts'
import { parameters } from '../../helpers/seed.ts'

test('snippet - shows where most of the words stand, and marks them', (t) => {
  const text = `# Bees\n\n${'filler words go on and on. '.repeat(40)}In winter the Bees keep the hive warm.\n${'more. '.repeat(50)}`
  const { text: shown, marks, hasWords } = snippetOf(text, 'winter hive')
  t.ok(hasWords)
  t.alike(
    marks.map(({ from, to }) => shown.slice(from, to)),
    ['winter', 'hive'],
  )
  t.alike(snippetOf('# Soil\n\nworms', 'bees').marks, [])
  t.is(snippetOf('# Soil\n\nworms', 'bees').text, '# Soil worms')
})

test('snippet - any text gives one bounded line whose marks are in order and inside', (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 600 }),
      fc.string({ maxLength: 20 }),
      (text, words) => {
        const { text: shown, marks } = snippetOf(text, words)
        let last = 0
        for (const { from, to } of marks) {
          if (from < last || to <= from || to > shown.length) return false
          last = to
        }
        return shown.length <= SNIPPET_CHARS + 1 && !/[\r\n]/.test(shown)
      },
    ),
    parameters(),
  )
  t.pass()
})
