/** `sheaf import --git` before a fake node: what a repository becomes, again and again, and what is refused. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'brittle'
import { SheafError } from '../../../src/base/errors.ts'
import { fakeNode } from '../fake-node.ts'
import { servedHome } from '../fake-shell.ts'
import { Repository, storyIn } from './repository.ts'
import { wikiHome } from './wiki-home.ts'

test('import --git - a history becomes versions with their words and times, and comes once', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const repository = storyIn(join(home.home, 'wiki'))
  const first = await home.run(['import', 'wiki', '--git'])
  t.is(first.status, 0, first.err)
  t.is(first.out, '12 versions of 9 commits stored, 0 unchanged\n')
  t.alike([...node.pages.keys()].sort(), ['garden/hive', 'index'])
  t.is(Buffer.from(node.pages.get('index')!.text).toString(), '# Both\n')
  t.ok(Buffer.from(node.pages.get('garden/hive')!.text).toString().endsWith('side'))
  const [oldest] = [...node.replayed.values()]
  const oid = repository.git('rev-list', '--max-parents=0', 'HEAD').trim()
  t.is(oldest!.summary, `First pages (Ann Author, git ${oid})`)
  t.is(oldest!.timeMs, 1_500_000_060_000)
  const again = await home.run(['import', 'wiki', '--git', '--json'])
  const done = JSON.parse(again.out) as Record<string, unknown>
  t.alike([done.stored, done.unchanged, done.isWhole], [0, 12, true])
  repository.commit('One more', { 'index.md': '# More\n' })
  t.is((await home.run(['import', 'wiki', '--git'])).out, '1 version of 10 commits stored, 12 unchanged\n')
  t.is(
    (await home.run(['import', 'wiki', '--git', '--branch', 'side', '--dry-run'])).out,
    '3 versions of 2 commits would be imported\n',
  )
})

test('import --git - other files come as they are, and what cannot be a page is named', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const repository = new Repository(join(home.home, 'wiki'))
  repository.write('bee.png', Buffer.from([0xff, 0, 0xfe]))
  repository.write('bad.md', Buffer.from([0xff, 0xfe]))
  repository.write('crlf.md', 'a\r\nb')
  repository.write('.github/x.md', 'not looked at')
  repository.write('two spaces .md', 'bad path')
  repository.commit('All kinds')
  const without = await home.run(['import', 'wiki', '--git'])
  t.is(without.status, 1, 'INCOMPLETE')
  t.ok(without.err.includes('skipped bad.md'))
  t.ok(without.err.includes('skipped two spaces .md'))
  t.alike([...node.pages.keys()], ['crlf'])
  t.is(Buffer.from(node.pages.get('crlf')!.text).toString(), 'a\nb')
  await home.run(['import', 'wiki', '--git', '--attachments', '--prefix', 'old'])
  const file = [...node.replayed.values()].find(({ path }) => path === 'old/bee.png')!.file
  t.is(file!.mediaType, 'image/png')
})

test('import --git - a hostile repository runs nothing, and what is no repository is said', async (t) => {
  const home = await servedHome(t, fakeNode())
  const repository = new Repository(join(home.home, '-wiki'))
  repository.commit('One', { 'index.md': 'text' })
  const mark = join(home.home, 'it-ran')
  for (const hook of ['post-checkout', 'pre-commit', 'post-index-change']) {
    repository.write(`.git/hooks/${hook}`, `#!/bin/sh\ntouch ${mark}\n`)
  }
  repository.git('config', 'core.fsmonitor', `touch ${mark}`)
  repository.git('config', 'core.pager', `touch ${mark}`)
  repository.git('config', 'alias.fast-export', `!touch ${mark}`)
  const ran = await home.run(['import', '--git', '--json', '--', '-wiki'])
  t.is(ran.status, 0, ran.err)
  t.is((JSON.parse(ran.out) as { stored: number }).stored, 1)
  const { existsSync } = await import('node:fs')
  t.absent(existsSync(mark))

  mkdirSync(join(home.home, 'plain'))
  writeFileSync(join(home.home, 'file'), '')
  new Repository(join(home.home, 'empty'))
  for (const [args, status, says] of [
    [['import', 'plain', '--git'], 64, 'not a git repository'],
    [['import', 'file', '--git'], 64, 'is no folder'],
    [['import', 'gone', '--git'], 3, 'there is no folder'],
    [['import', 'empty', '--git'], 3, 'no branch'],
    [['import', '--git', '--branch', '--output=x', '--', '-wiki'], 3, 'no branch'],
    [['import', '--git', '-m', 'words', '--', '-wiki'], 64, '--message'],
    [['import', 'plain', '--branch', 'main'], 64, '--git'],
  ] as const) {
    const failed = await home.run(args)
    t.is(failed.status, status, failed.err)
    t.ok(failed.err.includes(says), failed.err)
  }
})

test('import --git - where no daemon runs it says so, and ends: git is not waited for', async (t) => {
  const { home } = await servedHome(t, fakeNode())
  const repository = new Repository(join(home, 'wiki'))
  repository.commit('One', { 'index.md': 'text' })
  const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))
  const args = ['--home', join(home, 'nobody'), 'import', '--git', join(home, 'wiki')]
  const ended = spawnSync(process.execPath, ['--import', 'tsx', main, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  t.is(ended.signal, null, 'it ended by itself')
  t.ok(ended.stderr.includes('NOT_RUNNING'), ended.stderr)
})

test('import --git - Ctrl-C or a crash of the node in the middle, and again: nothing twice, nothing lost', async (t) => {
  const wiki = await wikiHome(t)
  const PAGES = 300
  const VERSIONS = 2 * PAGES
  const source = new Repository(join(wiki.home.home, 'wiki'))
  for (const words of ['first', 'second']) {
    const files = Array.from({ length: PAGES }, (_, i) => [`page-${i}.md`, `${words} ${i}`] as const)
    source.commit(words, Object.fromEntries(files))
  }

  const counted = async (options: { signal?: AbortSignal } = {}) => {
    const { out, err, status } = await wiki.home.run(
      ['import', 'wiki', '--git', '--wait', '0', '--json'],
      options,
    )
    return { ...(JSON.parse(out) as { stored: number; unchanged: number; isWhole: boolean }), status, err }
  }
  const leaving = new AbortController()
  wiki.heard = ({ type }) => {
    if (type === 'replay') leaving.abort()
  }
  const left = await counted({ signal: leaving.signal })
  t.alike([left.status, left.isWhole], [2, false], left.err)

  let replays = 0
  wiki.heard = ({ type }) => {
    if (type !== 'replay' || ++replays < 3) return
    wiki.world.restart('ada')
    throw new SheafError('UNREACHABLE', 'the node is gone')
  }
  const crashed = await counted()
  t.absent(crashed.isWhole)
  t.ok(crashed.stored + crashed.unchanged < VERSIONS, 'the node was gone before all was there')

  wiki.heard = () => {}
  await wiki.world.settle()
  const again = await counted()
  t.alike([again.stored + again.unchanged, again.isWhole], [VERSIONS, true], again.err)
  t.ok(again.unchanged >= left.stored, 'what was acknowledged is there')
  const third = await counted()
  t.alike([third.stored, third.unchanged], [0, VERSIONS])
  const space = { type: 'entity' as const, id: wiki.ada.actor.entity }
  for (let i = 0; i < PAGES; i++) {
    const page = { space, path: `page-${i}` }
    const log = await wiki.ada.run({ type: 'log', page, untilMs: wiki.world.nowMs + 1_000 })
    if (log.length !== 2) t.fail(`${page.path} has ${log.length} versions`)
  }
})

test('import --git - commits from the future of this clock get its time, with a note, and come once', async (t) => {
  const home = await servedHome(t, fakeNode())
  const repository = new Repository(join(home.home, 'wiki'), 'main', 4_000_000_000)
  repository.commit('Tomorrow', { 'a.md': 'text' })
  const { status, err } = await home.run(['import', 'wiki', '--git'])
  t.is(status, 0, err)
  t.ok(err.includes('1 version from the future of this clock: stored with the time of now'), err)
})
