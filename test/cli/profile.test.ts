import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { SheafError } from '../../src/base/errors.ts'
import { fakeNode } from './fake-node.ts'
import { servedHome } from './fake-shell.ts'

test('sheaf profile - shows what its signer claims, and what a terminal would obey as text', async (t) => {
  const node = fakeNode({
    profile: ({ entity }) => ({
      id: entity,
      entity,
      timeMs: 1,
      profile: {
        replaces: [],
        name: 'Ann',
        about: 'bees\u001b[31m',
        avatar: { type: 'image', bytes: Buffer.from('GIF89a') },
      },
      otherTips: [entity],
      asked: [],
    }),
  })
  const home = await servedHome(t, node)
  const { out } = await home.run(['profile'])
  t.ok(out.includes('calls itself Ann\navatar: image/gif, 6 B\nbeside 1 other profile'), out)
  t.ok(out.includes('bees\\u{1b}[31m'))
  t.is((await home.run(['profile', '-q'])).out, 'Ann\n')
})

test('sheaf profile set - sends name, words and picture, and says how far it is held', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  writeFileSync(join(home.home, 'ann.gif'), 'GIF89a')
  const { status, out, err } = await home.run(['profile', 'set', '--name', 'Ann', '--avatar', 'ann.gif'])
  t.is(status, 0, err)
  t.is(out, 'your profile: stored, held 5/5\n')
  t.alike(node.commands.find((one) => one.type === 'describe')?.profile, {
    name: 'Ann',
    about: '',
    avatar: { type: 'image', bytes: Buffer.from('GIF89a') },
  })
  t.ok(JSON.parse((await home.run(['profile', 'set', '--name', 'Ann', '--json'])).out).id)
})

test('sheaf profile set - what cannot be sent is said before anything is', async (t) => {
  const node = fakeNode({
    describe: () => {
      throw new SheafError('BAD_TEXT', 'a name with characters that do not show')
    },
  })
  const home = await servedHome(t, node)
  writeFileSync(join(home.home, 'large.png'), Buffer.alloc(20_000))
  t.is((await home.run(['profile', 'set'])).status, 64)
  t.is((await home.run(['profile', 'set', '--name', 'Ann', '--avatar', 'none.png'])).status, 64)
  t.ok(/TOO_LARGE/.test((await home.run(['profile', 'set', '--name', 'Ann', '--avatar', 'large.png'])).err))
  t.alike(
    node.commands.filter(({ type }) => type === 'describe'),
    [],
  )
  t.ok(/BAD_TEXT/.test((await home.run(['profile', 'set', '--name', 'A\u202e'])).err))
})
