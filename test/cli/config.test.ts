import { readFileSync, writeFileSync } from 'node:fs'
import test from 'brittle'
import { fakeNode } from './fake-node.ts'
import { fakeHome, servedHome } from './fake-shell.ts'

test('config - shows, changes and checks, and says when a change takes effect', async (t) => {
  const home = fakeHome(t)
  t.ok(/^quota_mb +1024 +default$/m.test((await home.run(['config'])).out))
  const set = await home.run(['config', 'set', 'quota_mb', '12'])
  t.alike([set.status, set.out], [0, 'quota_mb = 12\n'])
  t.ok(set.err.includes('next start'))
  t.is((await home.run(['config', 'get', 'quota-mb'])).out, '12\n')
  t.ok(/^quota_mb +12 +file$/m.test((await home.run(['config', 'get'])).out))
  const json = JSON.parse((await home.run(['config', 'get', 'quota_mb', '--json'])).out) as object
  t.alike(json, { options: [{ key: 'quota_mb', value: 12, from: 'file' }] })
  t.is((await home.run(['config', 'validate'])).status, 0)
})

test('config - a running node takes the level of its log at once, the rest after a restart', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  t.ok((await home.run(['config', 'set', 'log_level', 'debug'])).err.includes('from now on'))
  t.alike(node.levels, ['debug'])
  t.ok((await home.run(['config', 'set', 'quota_mb', '12'])).err.includes('after a restart'))
  const over = await home.run(['config', 'set', 'quota_mb', '13'], { env: { SHEAF_QUOTA_MB: '5' } })
  t.is(over.out, 'quota_mb = 5\n')
  t.ok(over.err.includes('goes before the file'))
})

test('config - all that is wrong is said, and ends with 64', async (t) => {
  const home = fakeHome(t)
  writeFileSync(home.paths.config, 'quota_mb = 0\nprot = 1\n')
  const { status, out } = await home.run(['config', 'validate'])
  t.is(status, 64)
  t.alike(
    out.split('\n').map((line) => line.slice(0, 6)),
    ['line 1', 'line 2', ''],
  )
  for (const args of [
    ['put'],
    ['set', 'quota_mb'],
    ['set'],
    ['get', 'nothing'],
    ['set', 'port', 'x'],
    ['validate', 'port'],
  ]) {
    t.is((await home.run(['config', ...args])).status, 64, args.join(' '))
  }
  t.is(readFileSync(home.paths.config, 'utf8'), 'quota_mb = 0\nprot = 1\n')
})
