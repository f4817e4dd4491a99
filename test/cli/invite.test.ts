// timeout: 240s
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { inviteFromText, inviteToText } from '../../src/node/invite.ts'
import { readConfig } from '../../src/node/io/config/config.ts'
import { fakeNode } from './fake-node.ts'
import { type FakeHome, fakeHome, servedHome } from './fake-shell.ts'

const ELSEWHERE = inviteToText({
  network: 'elsewhere',
  puzzleBits: 4,
  bootstrap: [{ host: '127.0.0.1', port: 9 }],
  space: undefined,
})

test('invite - a fresh home becomes a private network of its own, and its words are shown', async (t) => {
  // The fake node answers at the socket, so that nothing is started.
  const node = fakeNode()
  const home = await servedHome(t, node)
  writeFileSync(join(home.home, 'NOTE.md'), '# Note\n')
  const { status, out, err } = await home.run(['invite', '--private', '--publish', 'NOTE.md'])
  t.alike(
    [status, err],
    [0, 'It works on this machine only; for others make a network with --host ADDRESS.\n'],
  )
  t.is(out.match(/ {2,}\d+ [a-z]+/g)?.length, 24)
  t.ok(node.pages.has('NOTE'))
  const [word] = /sheaf1\w+$/m.exec(out)!
  const invite = inviteFromText(word)
  const config = readConfig({ file: home.paths.config })
  t.is(config.seedPorts.length, 3)
  t.alike(
    invite.bootstrap,
    config.seedPorts.map((port) => ({ host: '127.0.0.1', port })),
  )
  t.alike(
    [invite.network, invite.puzzleBits, invite.space?.type],
    [config.network, config.puzzleBits, 'entity'],
  )
  t.is(config.host, '127.0.0.1')

  const again = await home.run(['invite', '--private', '-q'])
  t.alike([again.status, again.out, again.err], [0, `${word}\n`, ''], 'the same word, and no words')
  const plain = await home.run(['invite', '--json'])
  const line = JSON.parse(plain.out) as { type: string; invite: string }
  t.alike([line.type, line.invite], ['invite', word])
})

test('invite - the words of a new identity are shown with -q and --json too', async (t) => {
  const quiet = await servedHome(t, fakeNode())
  const { out, err } = await quiet.run(['invite', '--private', '-q'])
  t.ok(/^sheaf1\w+\n$/.test(out))
  t.is(err.trim().split(' ').length, 24)
  const json = await servedHome(t, fakeNode())
  const lines = (await json.run(['invite', '--private', '--json'])).out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; words?: string })
  t.alike(
    lines.map(({ type }) => type),
    ['identity', 'invite'],
  )
  t.is(lines[0]?.words?.split(' ').length, 24)
})

test('invite - what it cannot do it says, and leaves nothing behind', async (t) => {
  const home = fakeHome(t)
  const cases: [string[], number, RegExp][] = [
    [['invite'], 4, /NO_IDENTITY\)\nhint: `sheaf invite --private`/],
    [['invite', '--private', '--host', '0.0.0.0'], 64, /--host takes/],
    [['invite', '--private', '--network', 'a b'], 64, /--network is/],
    [['invite', '--private', '--publish', 'nothing.md'], 3, /there is no nothing\.md/],
  ]
  for (const [args, expected, says] of cases) {
    const { status, err } = await home.run(args)
    t.is(status, expected, args.join(' '))
    t.ok(says.test(err), `${says}`)
    t.absent(existsSync(home.paths.identity) || existsSync(home.paths.config))
  }
  await home.run(['init', '--network', 'test', '--puzzle-bits', '4', '-q'])
  const there = await home.run(['invite', '--private'])
  t.is(there.status, 1)
  t.ok(/part of the network "test" already \(ALREADY_EXISTS\)\nhint: .*--home DIR/.test(there.err))
  const word = (await home.run(['invite', '-q'])).out.trim()
  t.alike(inviteFromText(word).bootstrap, [], 'the public network needs no address')
})

test('join - makes an identity where the invite leads, once', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const { word, entity } = await invitation(t)
  heard(node)
  const { status, out, err } = await home.run(['join', word])
  t.alike([status, err], [0, ''])
  t.is(out.match(/ {2,}\d+ [a-z]+/g)?.length, 24)
  t.ok(/^joined the network private-\w+ \(running as process \d+\), 5 peers met$/m.test(out))
  t.ok(out.includes(`  sheaf list @${entity}\n`), 'the fake node knows nothing of it')
  const invite = inviteFromText(word)
  const config = readConfig({ file: home.paths.config })
  t.alike([config.network, config.bootstrap, config.seedPorts], [invite.network, invite.bootstrap, []])
  t.is(config.host, '127.0.0.1', 'the network is on this machine, and so is the node')
  const before = readFileSync(home.paths.identity)
  const again = await home.run(['join', word, '-q'])
  t.alike([again.status, again.out, again.err], [0, `@${entity}\n`, ''])
  t.alike(readFileSync(home.paths.identity), before)
})

test('join - an identity of another network is left as it is, and so is a file', async (t) => {
  const home = fakeHome(t)
  await home.run(['init', '--network', 'test', '--puzzle-bits', '4', '-q'])
  const before = readFileSync(home.paths.config, 'utf8')
  const { status, err } = await home.run(['join', ELSEWHERE])
  t.is(status, 1)
  t.ok(
    /of the network "test", and the invite is to "elsewhere" \(ALREADY_EXISTS\)\nhint: .*--home DIR/.test(
      err,
    ),
  )
  const moved = inviteToText({ ...inviteFromText(ELSEWHERE), network: 'test' })
  const other = await home.run(['join', moved])
  t.is(other.status, 1)
  t.ok(/begins "test" at other addresses.*\nhint: set bootstrap = \["127\.0\.0\.1:9"\] in /.test(other.err))
  t.is(readFileSync(home.paths.config, 'utf8'), before)

  const filed = fakeHome(t)
  writeFileSync(filed.paths.config, 'network = "mine"\n')
  const refused = await filed.run(['join', ELSEWHERE])
  t.is(refused.status, 64)
  t.ok(/is of the network "mine"/.test(refused.err))
  t.absent(existsSync(filed.paths.identity))
})

test('join - where nobody is met it says so, with 75, and the identity stays', async (t) => {
  const alone = { ...(await fakeNode().api.run({ type: 'status' })), peers: 0, peersAcceptingStores: 0 }
  const home = await servedHome(t, fakeNode({ status: () => alone }))
  const ran = await home.run(['join', ELSEWHERE, '--wait', '0.05', '--json'])
  t.is(ran.status, 75)
  t.is((JSON.parse(ran.err) as { error: { code: string } }).error.code, 'NO_PEERS')
  const lines = ran.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; peers?: number })
  t.alike([lines.map(({ type }) => type), lines[1]?.peers], [['identity', 'joined'], 0])
  t.ok(existsSync(home.paths.identity))
})

test('join - what is no invite is refused before anything is made', async (t) => {
  const home = fakeHome(t)
  for (const word of ['hello', `${ELSEWHERE}a`, 'sheaf1']) {
    const { status, err } = await home.run(['join', word])
    t.is(status, 64, word)
    t.ok(err.includes('(BAD_ARGUMENT)'))
  }
  t.absent(existsSync(home.paths.config))
})

/** A word of somebody else's private network. */
async function invitation(t: Parameters<typeof fakeHome>[0]): Promise<{ word: string; entity: string }> {
  const home: FakeHome = await servedHome(t, fakeNode())
  const lines = (await home.run(['invite', '--private', '--json'])).out.trimEnd().split('\n')
  const [made, invited] = lines.map((line) => JSON.parse(line) as { entity: string; invite: string })
  return { word: invited!.invite, entity: made!.entity }
}

/** The node has met somebody before it is asked. */
function heard(node: ReturnType<typeof fakeNode>): void {
  node.events.push({ id: 1, timeMs: 1, type: 'introduced' })
}
