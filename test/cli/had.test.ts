import test from 'brittle'
import { idToText } from '../../src/base/text-id.ts'
import { fakeNode, idOf, TIME_MS } from './fake-node.ts'
import { servedHome } from './fake-shell.ts'

const OWN = idToText(idOf('device'))

test('sheaf had - shows what each machine says that it has, and no revoked one', async (t) => {
  const home = await servedHome(t, fakeNode())
  t.is((await home.run(['had'])).out, `${OWN}  7 objects, 68.4 KiB on 2023-11-14  this one\n`)
  t.is((await home.run(['had', '-q'])).out, `${OWN}\n`)
  const json = JSON.parse((await home.run(['had', '--json'])).out)
  t.alike(Object.keys(json), ['entity', 'devices', 'asked'])
  t.alike(json.devices[0].had.root, Buffer.from(idOf('root')).toString('hex'))
})

test('sheaf had - of a life that ended, and of nobody', async (t) => {
  const had = { id: idOf('had'), root: idOf('root'), incarnation: new Uint8Array(16) }
  const node = fakeNode({
    machines: ({ entity }) => ({
      entity,
      machines: [
        {
          ...{ device: idOf('laptop'), sinceMs: 1, revokedMs: undefined },
          had: { ...had, timeMs: TIME_MS, count: 1, bytes: 1, isStale: true },
        },
        { device: idOf('phone'), sinceMs: 2, revokedMs: undefined, had: undefined },
      ],
      asked: [],
    }),
  })
  const home = await servedHome(t, node)
  const { out } = await home.run(['had'])
  t.ok(out.includes('1 object, 1 B on 2023-11-14, before it was restored or copied\n'), out)
  t.ok(out.includes('has said nothing'))
  const none = await servedHome(
    t,
    fakeNode({ machines: ({ entity }) => ({ entity, machines: [], asked: [] }) }),
  )
  t.is((await none.run(['had'])).out, 'no machines were found\n')
  t.is((await none.run(['had', '%x'])).status, 64)
})

test('sheaf had publish - says how far the record is held, or that it was said', async (t) => {
  const home = await servedHome(t, fakeNode())
  t.is((await home.run(['had', 'publish'])).out, '7 objects, 68.4 KiB: stored, held 5/5\n')
  t.is((await home.run(['had', 'publish', '-q'])).out, `${idToText(idOf('had'))}\n`)
  t.is(JSON.parse((await home.run(['had', 'publish', '--json'])).out).isNew, true)
  const same = await servedHome(
    t,
    fakeNode({ sayHad: () => ({ ids: [idOf('had')], batches: [], count: 7, bytes: 1, isNew: false }) }),
  )
  t.is((await same.run(['had', 'publish'])).out, '7 objects, 1 B: said already, and still so\n')
})
