/** A repository goes in and comes out again: the same texts, the same forks and merges, page by page. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { idToText } from '../../../src/base/text-id.ts'
import { START_MS } from '../../helpers/world.ts'
import { Repository, storyIn } from './repository.ts'
import { wikiHome } from './wiki-home.ts'

test('export --history - what came out of git goes back as it was, and the same history has the same names', async (t) => {
  const { home, ada } = await wikiHome(t)
  const source = storyIn(join(home.home, 'wiki'))
  const imported = await home.run(['import', 'wiki', '--git', '--wait', '0'])
  t.is(imported.status, 75, imported.err)

  const first = await home.run(['export', '@me', 'out.git', '--history', '--json'])
  t.is(first.status, 0, first.err)
  t.is((JSON.parse(first.out) as { written: number }).written, 12)
  const out = (...args: string[]) => source.git(`--git-dir=${join(home.home, 'out.git')}`, ...args)
  t.is(out('fsck', '--strict'), '')
  for (const file of ['garden/hive.md', 'index.md']) {
    t.is(out('show', `main:${file}`), source.git('show', `main:${file}`), file)
  }
  t.is(
    out('ls-tree', '-r', '--name-only', 'main'),
    'garden/hive.md\nindex.md\n',
    'what was renamed or deleted is gone',
  )
  const merges = out('log', '--merges', '--format=%s', 'main')
    .split('\n')
    .filter((line) => line.startsWith('Merge'))
  t.is(merges.length, 3, 'two merges, one of which joined two pages')
  t.ok(out('log', '--format=%an', 'main').includes('@'))
  t.ok(out('log', '--follow', '--format=%s', 'main', '--', 'garden/hive.md').includes('First pages'))

  const rows = out('log', '--format=%H|%P|%(trailers:key=Sheaf-Version,valueonly,separator=%x20)', 'main')
  const commits = rows
    .trim()
    .split('\n')
    .map((row) => row.split('|') as [string, string, string])
  const versionOf = new Map(commits.map(([oid, , id]) => [oid, id]))
  const graph = commits.flatMap(([, parents, id]) =>
    id === ''
      ? []
      : [
          [
            id,
            ...parents
              .split(' ')
              .map((oid) => versionOf.get(oid) ?? '')
              .sort(),
          ]
            .join(' ')
            .trim(),
        ],
  )
  const versions = new Map<string, string>()
  const space = { type: 'entity' as const, id: ada.actor.entity }
  for (const path of ['garden/bees', 'garden/hive', 'index']) {
    for (const { id, parents } of await ada.run({
      type: 'log',
      page: { space, path },
      untilMs: START_MS * 2,
    })) {
      versions.set(idToText(id), [idToText(id), ...parents.map(idToText).sort()].join(' '))
    }
  }
  t.alike(graph.sort(), [...versions.values()].sort(), 'the same graph, node by node')

  const head = out('rev-parse', 'main')
  const again = await home.run(['export', '@me', 'out.git', '--history', '--json'])
  t.alike(JSON.parse(again.out), { type: 'done', versions: 12, written: 0, unchanged: 12 })
  t.is(out('rev-parse', 'main'), head, 'again, it has the same name')
  await home.run(['export', '@me', 'other.git', '--history'])
  t.is(source.git(`--git-dir=${join(home.home, 'other.git')}`, 'rev-parse', 'main'), head, 'elsewhere, too')
  source.commit('One more', { 'index.md': '# More\n' })
  await home.run(['import', 'wiki', '--git', '--wait', '0'])
  t.is(
    (
      JSON.parse((await home.run(['export', '@me', 'out.git', '--history', '--json'])).out) as {
        written: number
      }
    ).written,
    1,
  )
  t.is(out('show', 'main:index.md'), '# More\n')
})

test('export --history - a folder or repository of somebody else stays as it is', async (t) => {
  const { home, ada } = await wikiHome(t)
  await ada.run({
    type: 'publish',
    pages: [{ path: 'a', text: Buffer.from('text') }],
    summary: '',
    index: true,
  })
  const other = new Repository(join(home.home, 'theirs'))
  const head = other.commit('Theirs', { 'a.md': 'theirs' })
  mkdirSync(join(home.home, 'plain'))
  writeFileSync(join(home.home, 'plain', 'file'), 'mine')
  for (const folder of ['theirs', 'plain']) {
    const refused = await home.run(['export', '@me', folder, '--history'])
    t.is(refused.status, 5, refused.err)
  }
  t.is(other.git('rev-parse', 'main').trim(), head)
})
