/** The known-item test of `bench search`, over a handful of pages that say by hand what must come out. */
import test from 'brittle'
import { knownItems, measure } from '../../bench/search.ts'

const page = (path: string, markdown: string) => ({ path, markdown })
const PAGES = [
  page(
    'tar',
    '# tar\n\n> Archiving utility `tar`.\n> More information: <https://a.example>.\n\n- Create one:\n',
  ),
  page('cp', '# cp\n\n> Copy files and folders.\n\n- Copy one:\n'),
  page('mv', '# mv\n\n> Move or rename things.\n'),
  page('none', '# none\n\nNothing is quoted here.\n'),
]

test('bench search - a known item is a description without the name and without where to read more', (t) => {
  t.alike(knownItems(PAGES, 1), [
    { path: 'tar', words: 'Archiving utility' },
    { path: 'cp', words: 'Copy files and folders.' },
    { path: 'mv', words: 'Move or rename things.' },
  ])
  t.alike(
    knownItems(PAGES, 2).map(({ path }) => path),
    ['tar', 'mv'],
  )
})

test('bench search - what comes first counts one, what comes second a half, what does not come nothing', (t) => {
  const known = knownItems(PAGES, 1)
  const all = measure({ pages: PAGES, known, source: 'by hand' })
  t.alike([all.pages, all.knownItems, all.mrr10, all.mrrMinisearch], [4, 3, 1, 1])
  const some = [known[0]!, { path: 'mv', words: 'honey' }]
  t.is(measure({ pages: PAGES, known: some, source: 'by hand' }).mrr10, 0.5)
  const twins = [page('one', '# one\n\n> honey honey\n'), page('two', '# two\n\n> honey, and much else\n')]
  const second = [{ path: 'two', words: 'honey' }]
  t.is(measure({ pages: twins, known: second, source: 'by hand' }).mrr10, 0.5)
  t.ok([all.p95Ms, all.p50Ms, all.makeMs].every((figure) => Number(figure) >= 0))
  t.alike(all.lines, { p95Ms: 10, mrr10: 'mrrMinisearch' })
})
