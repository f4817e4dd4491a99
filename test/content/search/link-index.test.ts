import test from 'brittle'
import fc from 'fast-check'
import { LinkIndex } from '../../../src/content/search/link-index.ts'
import { parameters } from '../../helpers/seed.ts'

test('link-index - knows both ways, and what a page no longer links to', (t) => {
  const links = new LinkIndex()
  links.set('a', ['b', 'c', 'b'])
  links.set('d', ['b'])
  t.alike([...links.sourcesOf('b')].sort(), ['a', 'd'])
  links.set('a', ['c'])
  t.alike([...links.sourcesOf('b')], ['d'])
  t.alike([...links.targetsOf('a')], ['c'])
})

test('link-index - after any changes it is what the last of each page says', (t) => {
  const key = fc.constantFrom('a', 'b', 'c', 'd')
  const step = fc.record({ source: key, targets: fc.array(key, { maxLength: 4 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const links = new LinkIndex()
      const last = new Map<string, Set<string>>()
      for (const { source, targets } of steps) {
        links.set(source, targets)
        last.set(source, new Set(targets))
      }
      return ['a', 'b', 'c', 'd'].every((target) => {
        const expected = [...last].filter(([, targets]) => targets.has(target)).map(([source]) => source)
        return [...links.sourcesOf(target)].sort().join() === expected.sort().join()
      })
    }),
    parameters(),
  )
  t.is(JSON.stringify([...new LinkIndex().sources()]), '[]')
})
