import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'brittle'
import { idToText } from '../../src/base/text-id.ts'
import { namesPath } from '../../src/node/io/names-file.ts'
import { lockHome } from '../../src/node/io/store/lock.ts'
import { fakeNode, idOf } from './fake-node.ts'
import { fakeHome, servedHome } from './fake-shell.ts'

const BEN = idToText(idOf('ben'))

test("sheaf name - gives, lists and takes back, and its file is its owner's alone", async (t) => {
  const home = fakeHome(t)
  t.is((await home.run(['name'])).out, 'no names: sheaf name add NAME @ENTITY\n')
  t.alike(await home.run(['name', 'add', '@ben', `@${BEN}`]), {
    status: 0,
    out: `@ben is @${BEN}\n`,
    err: '',
  })
  const again = await home.run(['name', 'add', 'ben', `@${BEN}`, '--json'])
  t.is((JSON.parse(again.out) as { name: string }).name, 'ben')
  t.is(statSync(namesPath(home.home)).mode & 0o777, 0o600)
  t.is((await home.run(['name', 'add', 'Ben', `@${idToText(idOf('x'))}`])).status, 1)
  const { names } = JSON.parse((await home.run(['name', '--json'])).out) as { names: object[] }
  t.alike(
    names.map((one) => ({ ...one, sinceMs: 0 })),
    [{ name: 'ben', entity: BEN, sinceMs: 0 }],
  )
  t.is((await home.run(['name', 'remove', 'ben'])).status, 0)
  t.is((await home.run(['name', 'remove', 'ben'])).status, 3)
  t.is((await home.run(['name', '-q'])).out, '')
})

test('sheaf name - what is no name, or no entity, is refused', async (t) => {
  const home = fakeHome(t)
  for (const args of [
    ['аnn', `@${BEN}`],
    ['me', `@${BEN}`],
    ['ben', BEN],
    ['ben', '@ann'],
    [BEN, `@${BEN}`],
  ]) {
    t.is((await home.run(['name', 'add', ...args])).status, 64, args.join(' '))
  }
  mkdirSync(dirname(namesPath(home.home)), { recursive: true })
  writeFileSync(namesPath(home.home), '{"format": 1, "names": [{"name": "me"}]}')
  const { status, err } = await home.run(['name'])
  t.is(status, 1)
  t.ok(/mend the file/.test(err), err)
})

test("sheaf name - two commands at once do not lose each other's names", async (t) => {
  const home = fakeHome(t)
  const lock = lockHome(dirname(namesPath(home.home)))
  t.ok(/BUSY/.test((await home.run(['name', 'add', 'ben', `@${BEN}`])).err))
  lock.release()
  t.is((await home.run(['name', 'add', 'ben', `@${BEN}`])).status, 0)
})

test('sheaf name - a name stands for its entity wherever one is asked for', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const me = idToText(node.entity)
  await home.run(['publish', 'bees.md'])
  writeFileSync(`${home.home}/bees.md`, '# Bees\n')
  await home.run(['publish', 'bees.md'])
  await home.run(['name', 'add', 'ann', `@${me}`])
  t.is((await home.run(['get', '@ann/bees'])).out, '# Bees\n')
  t.is((await home.run(['list', '@ann', '-q'])).status, 0)
  t.is((await home.run(['deny', '@ann/bees'])).status, 0)
  t.is(node.rules[0]?.about, `@${me}/bees`, 'and what is written down is the id')
  const { status, err } = await home.run(['get', '@bob/bees'])
  t.is(status, 64)
  t.ok(/nobody is called @bob/.test(err), err)
})
