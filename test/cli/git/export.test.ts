// timeout: 120s
/** `sheaf export --history` that is broken off, and what it makes of pages that are gone. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import type { OldVersion } from '../../../src/node/old-version.ts'
import { MAIN } from '../../helpers/program.ts'
import { START_MS } from '../../helpers/world.ts'
import type { FakeHome } from '../fake-shell.ts'
import { Repository, storyIn } from './repository.ts'
import { type WikiHome, wikiHome } from './wiki-home.ts'

const EXPORT = ['export', '@me', 'out.git', '--history', '--json']

interface Done {
  versions: number
  written: number
}

const gitOf = (home: FakeHome, name = 'out.git') => {
  const any = new Repository(join(home.home, `.git-for-${name}`))
  return (...args: string[]) => any.git(`--git-dir=${join(home.home, name)}`, ...args).trim()
}

async function exported(home: FakeHome, args: readonly string[] = EXPORT): Promise<Done> {
  const { out, err } = await home.run(args)
  if (out === '') throw new Error(err)
  return JSON.parse(out) as Done
}

/** A page of many versions, each following the one before. */
async function longPage({ ada }: WikiHome, versions: number): Promise<void> {
  const BATCH = 250
  let before: Uint8Array | undefined
  for (let from = 0; from < versions; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, versions - from) }, (_, i): OldVersion => {
      const nonce = Buffer.alloc(8)
      nonce.writeUInt32BE(from + i)
      const parents = i > 0 ? [i - 1] : before === undefined ? [] : [before]
      const timeMs = START_MS - 1_000_000 + from + i
      return { path: 'long', text: Buffer.from(`text ${from + i}\n`), parents, summary: '', timeMs, nonce }
    })
    const { pages } = await ada.run({ type: 'replay', versions: batch, index: true })
    before = pages.at(-1)!.id
  }
}

test('export --history - git log of any page leads to its version, however many are joined', async (t) => {
  const { home, ada } = await wikiHome(t)
  const paths = Array.from({ length: 40 }, (_, i) => `page-${i}`)
  for (const path of paths) {
    const pages = [{ path, text: Buffer.from(`${path}\n`) }]
    await ada.run({ type: 'publish', pages, summary: `made ${path}`, index: path === paths.at(-1) })
  }
  await exported(home)
  const git = gitOf(home)
  t.is(git('ls-tree', '-r', '--name-only', 'main').split('\n').length, 40)
  const lost = paths.filter(
    (path) => git('log', '--format=%s', 'main', '--', `${path}.md`) !== `made ${path}`,
  )
  t.alike(lost, [])
})

test('export --history - a deleted page goes out with all that it was, and its last commit takes the file away', async (t) => {
  const { home, ada } = await wikiHome(t)
  const publish = (path: string, text: string) =>
    ada.run({
      type: 'publish',
      pages: [{ path, text: Buffer.from(text) }],
      summary: `${path}: ${text}`,
      index: true,
    })
  await publish('stays', 'here')
  await publish('goes', 'once')
  const source = new Repository(join(home.home, 'wiki'))
  source.commit('Gone soon', { 'old.md': 'old' })
  source.git('rm', '-q', 'old.md')
  source.commit('Gone', { 'new.md': 'new' })
  await home.run(['import', 'wiki', '--git', '--wait', '0'])
  const listed = (await home.run(['list', '@me'])).out
  t.absent(listed.includes('old'))
  t.is((await exported(home)).versions, 5)
  const git = gitOf(home)
  t.is(git('ls-tree', '-r', '--name-only', 'main'), 'goes.md\nnew.md\nstays.md')
  const [gone, before] = git(
    'log',
    '--all',
    '--format=%H',
    '--grep=Sheaf-Page: @[a-z2-7]*/old$',
    '--topo-order',
  ).split('\n')
  t.is(git('diff', '--name-status', before!, gone!), 'D\told.md')
  t.is(git('rev-parse', `${gone}^`), before)
})

test('export --history - Ctrl-C in the middle, and again: the same repository as at once', async (t) => {
  const wiki = await wikiHome(t)
  const { home } = wiki
  storyIn(join(home.home, 'wiki'))
  await home.run(['import', 'wiki', '--git', '--wait', '0'])
  const git = gitOf(home)
  for (const after of [1, 3, 6]) {
    const leaving = new AbortController()
    let gets = 0
    wiki.heard = ({ type }) => {
      if (type === 'get' && ++gets === after) leaving.abort()
    }
    const { status, err } = await home.run(EXPORT, { signal: leaving.signal })
    t.is(status, 2, err)
    t.is(git('for-each-ref'), '', 'nothing that is half of it')
    t.is(git('fsck', '--strict', '--no-dangling'), '')
  }
  let gets = 0
  wiki.heard = ({ type }) => {
    if (type === 'get') gets += 1
  }
  t.is((await exported(home)).written, 12)
  t.is(gets, 9, 'each text once: of twelve versions three are deletions')
  t.is((await exported(home)).written, 0)
  t.is(gets, 9, 'and never again')
  await exported(home, ['export', '@me', 'other.git', '--history', '--json'])
  t.is(git('rev-parse', 'main'), gitOf(home, 'other.git')('rev-parse', 'main'))
})

test('export --history - kill -9 costs no more than what came after the last checkpoint', {
  timeout: 90_000,
}, async (t) => {
  const wiki = await wikiHome(t)
  const { home } = wiki
  const [versions, checkpoint] = [1_100, 1_024]
  await longPage(wiki, versions)
  const child = spawn(process.execPath, [MAIN, '--home', home.home, ...EXPORT], {
    cwd: home.home,
    stdio: 'ignore',
  })
  t.teardown(() => child.kill('SIGKILL'))
  const git = gitOf(home)
  let gets = 0
  wiki.heard = ({ type }) => {
    if (type !== 'get' || ++gets !== checkpoint + 40) return
    // Git has been told of the checkpoint, and is given the time to make it.
    for (let tries = 0; tries < 500 && git('for-each-ref') === ''; tries++);
    child.kill('SIGKILL')
  }
  await once(child, 'close')
  t.is(child.signalCode, 'SIGKILL')
  gets = 0
  const again = await exported(home)
  t.alike([again.versions, again.written, gets], [versions, versions - checkpoint, versions - checkpoint])
  t.is(
    git('for-each-ref', '--format=%(refname)'),
    'refs/heads/main',
    'what it was joined by meanwhile is gone',
  )
  t.is(git('rev-list', '--count', 'main'), `${versions + 1}`)
  t.is(git('show', 'main:long.md'), `text ${versions - 1}`)
  t.is(git('fsck', '--strict', '--no-dangling'), '')
})

test('export --history - a repository whose making was broken off is made; what anybody wrote is left alone', async (t) => {
  const { home, ada } = await wikiHome(t)
  await ada.run({
    type: 'publish',
    pages: [{ path: 'a', text: Buffer.from('text') }],
    summary: '',
    index: true,
  })
  const out = join(home.home, 'out.git')
  mkdirSync(join(out, 'refs/heads'), { recursive: true })
  writeFileSync(join(out, 'config.lock'), '')
  t.is((await exported(home)).written, 1)
  t.is(gitOf(home)('show', 'main:a.md'), 'text')
  mkdirSync(join(home.home, 'theirs/refs'), { recursive: true })
  writeFileSync(join(home.home, 'theirs/refs/mine'), 'mine')
  t.is((await home.run(['export', '@me', 'theirs', '--history'])).status, 5)
})
