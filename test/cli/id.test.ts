import test from 'brittle'
import { idToText } from '../../src/base/text-id.ts'
import { fakeNode } from './fake-node.ts'
import { fakeHome, servedHome } from './fake-shell.ts'

test('id - tells who a node is, running or not', async (t) => {
  const node = fakeNode()
  const served = await servedHome(t, node)
  const { out } = await served.run(['id'])
  t.ok(out.includes(`entity   @${idToText(node.entity)}\n`), out)
  const home = fakeHome(t)
  const made = JSON.parse((await home.run(['init', '--puzzle-bits', '4', '--json'])).out) as {
    entity: string
  }
  t.is((await home.run(['id', '-q'])).out, `${made.entity}\n`)
  t.is((JSON.parse((await home.run(['id', '--json'])).out) as { entity: string }).entity, made.entity)
})

test('id - without an identity there is nobody to tell of', async (t) => {
  const { status, err } = await fakeHome(t).run(['id'])
  t.is(status, 4)
  t.ok(err.includes('NO_IDENTITY'))
})
