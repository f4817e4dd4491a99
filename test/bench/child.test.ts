import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'brittle'
import { writeCorpus } from '../../bench/corpus.ts'
import { startChild } from '../../bench/harness/child.ts'

const TWIN = new URL('./twin-side.ts', import.meta.url).href
const PAGES = ['one', 'two', 'three'].map((markdown) => ({ path: markdown, markdown }))
const OPTIONS = { homeDir: '', bootstrap: [] }

test('child - a role runs in a process of its own and is counted by the harness', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'sheaf-test-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const corpusFile = join(dir, 'corpus')
  await writeCorpus(corpusFile, PAGES)
  const child = startChild(TWIN)
  t.teardown(() => child.end())

  await child.call('startPublisher', OPTIONS)
  await child.call('startFetcher', OPTIONS)
  const { ids } = await child.call('importPages', corpusFile, 'memory')
  t.alike(ids, ['one', 'two', 'three'])
  t.alike(await child.call('serve'), { port: 1 })
  const { ms, verified, receivedBytes } = await child.call('fetch', ['three', 'one'], 1)
  t.ok(ms >= 0)
  t.alike({ verified, receivedBytes }, { verified: 2, receivedBytes: 8 })
  t.is(await child.call('countEqual', corpusFile, ids), 2, 'the page that was not fetched does not count')
})

test('child - the error of a side reaches the caller, and the child goes on', async (t) => {
  const child = startChild(TWIN)
  t.teardown(() => child.end())
  await t.exception(child.call('queryEach', ['x']), /has not started/)
  await child.call('startFetcher', OPTIONS)
  await t.exception(child.call('queryEach', ['x']), /no page x/)
})

test('child - one that dies fails its caller, and the next', async (t) => {
  const child = startChild(TWIN)
  await child.call('startFetcher', OPTIONS)
  await t.exception(child.call('queryEach', ['die']), /ended \(3\)/)
  await t.exception(child.call('usage'))
  await child.end()
  t.pass('ending it once more is nothing')
})
