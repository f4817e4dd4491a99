import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { fakeHome } from './fake-shell.ts'

const INIT = ['init', '--network', 'test', '--puzzle-bits', '4']

test('sheaf init --passphrase - the keys are sealed from the first moment, and open with it only', async (t) => {
  const home = fakeHome(t)
  const made = await home.run([...INIT, '--passphrase', '--json'], {
    answers: ['correct horse', 'correct horse'],
  })
  t.is(made.status, 0, made.err)
  const { entity } = JSON.parse(made.out) as { entity: string }
  t.absent(readFileSync(home.paths.identity, 'utf8').includes('entitySecret'))
  t.is(statSync(home.paths.identity).mode & 0o777, 0o600)
  t.is((await home.run(['id', '-q'], { answers: ['correct horse'] })).out, `${entity}\n`)
  const wrong = await home.run(['id'], { answers: ['horse'] })
  t.is(wrong.status, 4)
  t.ok(/BAD_PASSPHRASE/.test(wrong.err), wrong.err)
  const nobody = await home.run(['id'])
  t.is(nobody.status, 4)
  t.ok(/SHEAF_PASSPHRASE_FILE/.test(nobody.err), nobody.err)
  const file = join(home.home, 'passphrase')
  writeFileSync(file, 'correct horse\n', { mode: 0o600 })
  t.is((await home.run(['id', '-q'], { env: { SHEAF_PASSPHRASE_FILE: file } })).out, `${entity}\n`)
  t.is((await home.run(['id', '-q'], { env: { SHEAF_PASSPHRASE: 'correct horse' } })).out, `${entity}\n`)
})

test('sheaf init --passphrase - two that differ make nothing', async (t) => {
  const home = fakeHome(t)
  t.is((await home.run([...INIT, '--passphrase'], { answers: ['one', 'other'] })).status, 64)
  t.is((await home.run([...INIT, '--passphrase'], { answers: ['', ''] })).status, 64)
  t.is((await home.run([...INIT, '--passphrase'])).status, 64)
  t.is((await home.run(INIT)).status, 0, 'nothing was in the way')
})

test('sheaf id passphrase - is set, changed and removed, and the identity stays the same', async (t) => {
  const home = fakeHome(t)
  await home.run(INIT)
  const { out: before } = await home.run(['id', '--json'])
  t.alike(JSON.parse((await home.run(['id', 'passphrase', '--json'])).out), { isSealed: false })
  const set = await home.run(['id', 'passphrase', 'set'], { answers: ['one', 'one'] })
  t.is(set.out, 'sealed with a passphrase\n', set.err)
  const changed = await home.run(['id', 'passphrase', 'set'], { answers: ['one', 'two', 'two'] })
  t.is(changed.status, 0, changed.err)
  t.is((await home.run(['id'], { answers: ['one'] })).status, 4)
  t.is(
    (await home.run(['id', 'passphrase', 'remove'], { answers: ['one'] })).status,
    4,
    'not with the old one',
  )
  t.is((await home.run(['id', 'passphrase', 'remove'], { answers: ['two'] })).status, 0)
  t.is((await home.run(['id', '--json'])).out, before)
})
