import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { loadCrypto } from '../../src/base/crypto.ts'
import { entityKeyPairOf, nextKeyCommitment } from '../../src/base/keys.ts'
import { idToText } from '../../src/base/text-id.ts'
import { nextKeyFromWords, wordsFromEntropy } from '../../src/base/words.ts'
import type { KeyState } from '../../src/node/key-commands.ts'
import { fakeNode, idOf, TIME_MS } from './fake-node.ts'
import { fakeHome, servedHome } from './fake-shell.ts'

const WORDS = wordsFromEntropy(new Uint8Array(32).fill(7))
const keyAt = (position: number) => entityKeyPairOf(loadCrypto(), nextKeyFromWords(WORDS, position))

/** An identity that is committed to the first key of the words. */
function stateOf(entity: Uint8Array, change: Partial<KeyState> = {}): KeyState {
  return {
    entity,
    device: idOf('device'),
    network: 'test',
    signsWith: entity,
    isRetired: false,
    publicKey: new Uint8Array(33),
    next: nextKeyCommitment(keyAt(1).publicKey),
    chain: [{ id: entity, position: 0, timeMs: TIME_MS }],
    rivals: [],
    asked: [{ device: idOf('peer'), answer: 'found' }],
    ...change,
  }
}

test('id - tells who a node is, running or not', async (t) => {
  const node = fakeNode()
  const served = await servedHome(t, node)
  const { out } = await served.run(['id'])
  t.ok(out.includes(`entity   @${idToText(node.entity)}\n`), out)
  t.ok(out.includes('key      the first, since 2023-11-14\n'), out)
  const home = fakeHome(t)
  const made = JSON.parse((await home.run(['init', '--puzzle-bits', '4', '--json'])).out) as {
    entity: string
  }
  t.is((await home.run(['id', '-q'])).out, `${made.entity}\n`)
  const said = JSON.parse((await home.run(['id', '--json'])).out) as { entity: string; chain: object[] }
  t.is(said.entity, made.entity)
  t.is(said.chain.length, 1)
})

test('id - without an identity there is nobody to tell of', async (t) => {
  const { status, err } = await fakeHome(t).run(['id'])
  t.is(status, 4)
  t.ok(err.includes('NO_IDENTITY'))
})

test('id - a key that was retired, and an identity that is frozen, are told of', async (t) => {
  const retired = fakeNode({ keys: () => stateOf(idOf('entity'), { isRetired: true }) })
  t.ok((await (await servedHome(t, retired)).run(['id'])).out.includes('RETIRED: sheaf id rotate'))
  const rivals = ['one', 'two'].map((name) => ({ id: idOf(name), position: 1, timeMs: TIME_MS }))
  const frozen = await servedHome(t, fakeNode({ keys: () => stateOf(idOf('entity'), { rivals }) }))
  t.ok((await frozen.run(['id'])).out.includes('FROZEN'))
  const { out } = await frozen.run(['id', 'keys'])
  t.ok(out.includes(`rival    1  2023-11-14  ${idToText(idOf('two'))}`), out)
  const rotating = await frozen.run(['id', 'rotate', '--yes'], { env: { SHEAF_WORDS: WORDS } })
  t.is(rotating.status, 6)
})

test('id rotate - says what it will do, asks, and takes words from a file, the environment or a person', async (t) => {
  const node = fakeNode({ keys: () => stateOf(node.entity) })
  const taken: boolean[] = []
  const { rotate } = node.api
  node.api.rotate = (rotation) => {
    t.is(Buffer.from(rotation.secret).toString('hex'), Buffer.from(keyAt(1).secret).toString('hex'))
    t.alike(Buffer.from(rotation.next), Buffer.from(nextKeyCommitment(keyAt(2).publicKey)))
    taken.push(rotation.isRehearsal)
    return rotate(rotation)
  }
  const home = await servedHome(t, node)
  writeFileSync(join(home.home, 'words.txt'), `${WORDS.split(' ').join('\n')}\n`)
  const dry = await home.run(['id', 'rotate', '--words-file', 'words.txt', '--dry-run'])
  t.alike([dry.status, dry.out], [0, 'nothing was done\n'])
  t.ok(dry.err.includes('key 1 takes the place of key 0; you stand by 3 records that it signed'), dry.err)
  t.ok(dry.err.includes('1 of 1 peer told the keys of this identity\n'), dry.err)
  t.alike(
    node.commands.map((one) => one.type === 'keys' && one.untilMs !== undefined),
    [true],
    'others are asked',
  )
  t.alike(taken.splice(0), [true])
  const asked = await home.run(['id', 'rotate'], { answers: [WORDS, 'no'] })
  t.is(asked.status, 2)
  t.alike(taken.splice(0), [true], 'nothing was taken')
  const done = await home.run(['id', 'rotate', '--json', '--yes'], { env: { SHEAF_WORDS: WORDS } })
  t.is(done.status, 0, done.err)
  t.is((JSON.parse(done.out) as { isDone: boolean }).isDone, true)
  t.alike(taken, [true, false])
  t.absent(`${done.out}${done.err}${asked.err}`.includes(WORDS.split(' ')[0]!), 'no word is repeated')
})

test('id rotate - each time the key after the current one; the current one only where the own was retired', async (t) => {
  for (const [isRetired, position] of [
    [false, 2],
    [true, 1],
  ] as const) {
    const chain = [0, 1].map((place) => ({ id: idOf(`key ${place}`), position: place, timeMs: TIME_MS }))
    const keys = { publicKey: keyAt(1).publicKey, next: nextKeyCommitment(keyAt(2).publicKey) }
    const node = fakeNode({ keys: () => stateOf(idOf('entity'), { ...keys, chain, isRetired }) })
    let secret = ''
    const { rotate } = node.api
    node.api.rotate = (rotation) => {
      secret = Buffer.from(rotation.secret).toString('hex')
      return rotate(rotation)
    }
    const { status, err } = await (await servedHome(t, node)).run(['id', 'rotate', '--yes'], {
      env: { SHEAF_WORDS: WORDS },
    })
    t.is(status, 0, err)
    t.is(secret, Buffer.from(keyAt(position).secret).toString('hex'))
  }
})

test('id rotate - words of somebody else, wrong words and no words are refused', async (t) => {
  const node = fakeNode({ keys: () => stateOf(node.entity) })
  const home = await servedHome(t, node)
  const other = wordsFromEntropy(new Uint8Array(32).fill(8))
  const cases: [Record<string, string>, string][] = [
    [{ SHEAF_WORDS: other }, 'not those of this identity'],
    [{ SHEAF_WORDS: 'one two' }, 'another number of words'],
    [{}, 'nobody is there to type them'],
  ]
  for (const [env, expected] of cases) {
    const { status, err } = await home.run(['id', 'rotate', '--yes'], { env })
    t.ok(status !== 0 && err.includes(expected), err)
  }
  const unread = await home.run(['id', 'rotate', '--yes', '--words-file', 'none'])
  t.is(unread.status, 64)
  t.ok(unread.err.includes('ENOENT'), unread.err)
  t.absent(node.commands.some(({ type }) => type === 'rotate'))
})

test('id readmit - asks, and says what the chain is then', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const name = idToText(node.entity)
  t.is((await home.run(['id', 'readmit', `@${name}`, name], { answers: ['n'] })).status, 2)
  const { out, status } = await home.run(['id', 'readmit', `@${name}`, name, '--yes'])
  t.is(status, 0)
  t.ok(out.startsWith(`@${name}\n`))
})

test('id recover - goes into a home of its own', async (t) => {
  const home = fakeHome(t)
  const { entity } = JSON.parse((await home.run(['init', '--puzzle-bits', '4', '--json'])).out) as {
    entity: string
  }
  const { status, err } = await home.run(['id', 'recover', `@${entity}`, '--yes'], {
    env: { SHEAF_WORDS: WORDS },
  })
  t.is(status, 1)
  t.ok(err.includes('ALREADY_EXISTS'), err)
})
