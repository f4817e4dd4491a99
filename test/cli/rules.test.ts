/** `sheaf deny`, `allow`, `block`, `unblock`: with a node that runs, and without. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { sha256 } from '../../src/base/hash.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { idToText } from '../../src/base/text-id.ts'
import { fileLocator } from '../../src/content/space.ts'
import { readRules } from '../../src/node/io/rules-file.ts'
import { lockHome } from '../../src/node/io/store/lock.ts'
import { fakeNode, idOf } from './fake-node.ts'
import { fakeHome, servedHome } from './fake-shell.ts'
import { worldHome } from './world-home.ts'

const ID = idToText(idOf('bees'))
const WHO = `@${idToText(idOf('somebody'))}`

test('deny, block - a running node is told, and lists what it was told', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  t.is((await home.run(['deny'])).out, 'nothing is denied\n')
  t.is((await home.run(['block'])).out, 'nobody is blocked\n')
  const denied = await home.run(['deny', '@me/bees', '--why', 'a court said so'])
  t.is(denied.status, 0)
  t.ok(/^denied: @\w{52}\/bees\n$/.test(denied.out))
  t.is((await home.run(['block', WHO, '-q'])).out, `${WHO.slice(1)}\n`)
  t.alike(
    node.rules.map(({ type, why }) => [type, why]),
    [
      ['deny', 'a court said so'],
      ['block', ''],
    ],
  )
  t.ok(/^SINCE .*\n\d{4}-.*@\w{52}\/bees +a court said so\n$/.test((await home.run(['deny'])).out))
  const { rules } = JSON.parse((await home.run(['block', '--json'])).out) as { rules: { about: string }[] }
  t.alike(
    rules.map(({ about }) => about),
    [WHO],
  )
  t.is((await home.run(['unblock', WHO])).out, `unblocked: ${WHO}\n`)
  t.is((await home.run(['unblock', WHO])).status, 3)
  t.is((await home.run(['allow', '@me/bees'])).status, 0)
  t.is(node.rules.length, 0)
})

test('deny, block - without a node the home itself is told', async (t) => {
  const home = fakeHome(t)
  t.is((await home.run(['deny', ID, '--why', 'no'])).out, `denied, from the next start on: ${ID}\n`)
  t.is((await home.run(['block', WHO])).status, 0)
  t.alike(
    readRules(home.home).map(({ type, about, why }) => [type, about, why]),
    [
      ['deny', ID, 'no'],
      ['block', WHO, ''],
    ],
  )
  t.is((await home.run(['deny', '-q'])).out, `${ID}\n`)
  t.is((await home.run(['allow', ID])).out, `allowed: ${ID}\n`)
  t.is(readRules(home.home).length, 1)
  t.is((await home.run(['deny', '@me/bees'])).status, 69, 'who @me is, only a running node says')
})

test('deny, block - what is typed wrong changes nothing', async (t) => {
  const home = fakeHome(t)
  for (const args of [
    ['deny', 'bees'],
    ['deny', '--why', 'x'],
    ['deny', ID, '--why', 'y'.repeat(501)],
    ['block', `${WHO}/bees`],
    ['block', '@nobody'],
    ['allow'],
  ]) {
    t.is((await home.run(args)).status === 64 || (await home.run(args)).status === 6, true, args.join(' '))
  }
  t.alike(readRules(home.home), [])
})

test('deny - a home that is open and does not answer is left alone', async (t) => {
  const home = fakeHome(t)
  const lock = lockHome(home.home)
  const { status, err } = await home.run(['deny', ID])
  lock.release()
  t.is(status, 1)
  t.ok(err.includes('ALREADY_RUNNING'))
  t.alike(readRules(home.home), [])
})

test('deny - a reason that would move a terminal is shown as what it is', async (t) => {
  const home = fakeHome(t)
  await home.run(['deny', ID, '--why', '\u001b[2J gone'])
  t.ok((await home.run(['deny'])).out.includes('\\u{1b}[2J gone'))
})

test('deny - says where the files of a page live, and denies them too where that is wanted', async (t) => {
  const home = await worldHome(t)
  const places: string[] = []
  for (const seed of ['one', 'two']) {
    const bytes = seededRandom(seed)(200_000)
    places.push(idToText(fileLocator(sha256(bytes))))
    writeFileSync(join(home.home, 'bee.png'), bytes)
    await home.world.advance(1_000)
    const { status, err } = await home.run(['publish', 'bee.png', '--as', 'bee.png'])
    t.is(status, 0, err)
  }
  writeFileSync(join(home.home, 'small.png'), Buffer.from([0x89, 1]))
  t.is((await home.run(['publish', 'small.png', '--as', 'small.png'])).status, 0)
  const small = await home.run(['deny', '@me/small.png', '--json'])
  t.alike((JSON.parse(small.out) as { files: string[] }).files, [], 'a short file goes with its version')
  const told = await home.run(['deny', '@me/bee.png'])
  t.ok(
    places.every((place) => told.err.includes(`sheaf deny ${place}`)),
    told.err,
  )
  const rules = async () => (await home.run(['deny', '-q'])).out.trim().split('\n')
  t.is((await rules()).length, 2)
  const done = await home.run(['deny', '@me/bee.png', '--files', '--why', 'a court said so'])
  t.alike([done.status, done.out], [0, `denied: ${home.space}/bee.png\n`])
  const ids = await rules()
  t.ok(places.every((place) => ids.includes(place)))
  t.is((await home.run(['allow', places[0]!])).status, 0)
  t.is((await home.run(['deny', '--files'])).status, 64)
  const stopped = await fakeHome(t).run(['deny', ID, '--files'])
  t.alike([stopped.status, stopped.err.includes('NOT_RUNNING')], [69, true])
})
