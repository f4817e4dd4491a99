import test from 'brittle'
import fc from 'fast-check'
import { fieldsOf, titleOf } from '../../../src/content/search/fields.ts'
import { parameters } from '../../helpers/seed.ts'

test('fields - title and headings, code left alone', (t) => {
  const markdown = '# Bees ##\n\ntext\n\n```sh\n# no heading\n```\n\n## Winter\n####### seven\n#tag\n'
  t.alike(fieldsOf('garden/bees', markdown), {
    path: 'garden/bees',
    title: 'Bees',
    headings: 'Winter',
    opening: 'text\n',
    body: markdown,
  })
  t.is(fieldsOf('a', '# a\n\n\n> one\n> two\n# b\nthree').opening, '> one\n> two\n')
  t.is(titleOf('garden/old bees', 'no heading'), 'old bees')
})

test('fields - any text has a title, and what is indexed is bounded', (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { title, opening, body } = fieldsOf('a/b', text)
      const isShort = title.length <= 512 && opening.length <= 1_024
      return title.length > 0 && isShort && text.startsWith(body)
    }),
    parameters(),
  )
  t.ok(fieldsOf('a', '# x\n'.repeat(200_000)).headings.length < 2_000)
  t.is(fieldsOf('a', '#'.repeat(300_000)).title, 'a')
})
