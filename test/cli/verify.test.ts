import test from 'brittle'
import { fakeNode } from './fake-node.ts'
import { fakeHome, servedHome } from './fake-shell.ts'

test('verify - ends with 0 where all is well, and with 6 and a reason where not', async (t) => {
  const node = fakeNode()
  const { run } = await servedHome(t, node)
  t.alike(await run(['verify']), { status: 0, out: '1234 blocks read, 66.3 KiB\n', err: '' })
  t.alike(await run(['verify', '-q']), { status: 0, out: '', err: '' })
  node.scrub = { damaged: 2, misplaced: 1 }
  const harmed = await run(['verify', '--json'])
  t.is(harmed.status, 6)
  t.is(JSON.parse(harmed.out).damaged, 2)
  t.is(JSON.parse(harmed.err).error.code, 'BAD_HASH')
  const told = await run(['verify'])
  t.ok(told.err.includes('2 blocks did not read back, 1 block stood under an id or a place not its own'))
  node.scrub = { isIndexWhole: false }
  t.ok((await run(['verify'])).err.includes('reindex'))
})

test('verify and backup - a home without an identity has nothing to read', async (t) => {
  const { run, home } = fakeHome(t)
  t.is((await run(['verify'])).status, 4)
  t.is((await run(['backup', 'file'])).status, 4)
  t.is((await run(['restore', 'nowhere', '--home', `${home}/new`])).status, 3)
})

test('backup - says what is in the file, and that it holds keys', async (t) => {
  const { run, home } = await servedHome(t, fakeNode())
  t.alike(await run(['backup', 'a.backup']), {
    status: 0,
    out: `1234 blocks and 5 notes in ${home}/a.backup, 66.3 KiB\n`,
    err: 'your keys are in it: whoever has this file can sign as you\n',
  })
  t.is((await run(['backup', 'a.backup', '--without-keys'])).err, '')
  t.is(JSON.parse((await run(['backup', 'a.backup', '--without-keys', '--json'])).out).hasKeys, false)
})
