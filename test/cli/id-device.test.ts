import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { idToText } from '../../src/base/text-id.ts'
import { inviteToText } from '../../src/node/invite.ts'
import { readConfig } from '../../src/node/io/config/config.ts'
import { requestPath } from '../../src/node/io/identity/device-request.ts'
import { fakeNode, idOf } from './fake-node.ts'
import { fakeHome, servedHome } from './fake-shell.ts'

const NETWORK = ['--network', 'test', '--puzzle-bits', '4']

test('sheaf id device - a new machine asks, one that is there lets it in, and both are one entity', async (t) => {
  const desk = fakeHome(t)
  const laptop = fakeHome(t)
  const { entity } = JSON.parse((await desk.run(['init', ...NETWORK, '--json'])).out) as { entity: string }
  const asked = await laptop.run(['id', 'device', 'request', ...NETWORK, '--json'])
  t.is(asked.status, 0, asked.err)
  const { device, request } = JSON.parse(asked.out) as { device: string; request: string }
  t.is(statSync(requestPath(laptop.home)).mode & 0o777, 0o600)
  const again = await laptop.run(['id', 'device', 'request', ...NETWORK, '-q'])
  t.is(again.out, `${request}\n`, 'asked again, it is the same line')

  const refused = await desk.run(['id', 'device', 'add', request], { answers: ['n'] })
  t.ok(refused.err.includes(device), 'the machine that is let in is named')
  t.is(refused.status, 2)
  const added = await desk.run(['id', 'device', 'add', request, '--yes', '--json'])
  t.is(added.status, 0, added.err)
  const { grant } = JSON.parse(added.out) as { grant: string }
  const secret = (JSON.parse(readFileSync(desk.paths.identity, 'utf8')) as { entitySecret: string })
    .entitySecret
  t.absent(Buffer.from(grant).includes(Buffer.from(secret, 'base64')), 'the grant does not show the key')

  writeFileSync(join(laptop.home, 'grant.txt'), `${grant}\n`)
  const accepted = await laptop.run(['id', 'device', 'accept', 'grant.txt', '--json'])
  t.is(accepted.status, 0, accepted.err)
  t.alike(JSON.parse(accepted.out), { entity, device })
  t.absent(existsSync(requestPath(laptop.home)))
  t.is(statSync(laptop.paths.identity).mode & 0o777, 0o600)
  t.is((await laptop.run(['id', '-q'])).out, `${entity}\n`)
})

test('sheaf id device request --invite - the network is that of the invite', async (t) => {
  const laptop = fakeHome(t)
  const bootstrap = [{ host: '127.0.0.1', port: 4711 }]
  const invite = inviteToText({ network: 'garden', puzzleBits: 4, bootstrap, space: undefined })
  const asked = await laptop.run(['id', 'device', 'request', '--invite', invite, '-q'])
  t.is(asked.status, 0, asked.err)
  const { network, puzzleBits, bootstrap: seeds } = readConfig({ file: laptop.paths.config })
  t.alike([network, puzzleBits, seeds], ['garden', 4, bootstrap])
  t.is((await fakeHome(t).run(['id', 'device', 'request', '--invite', 'sheaf1x'])).status, 64)
})

test('sheaf id device - what is not whole, or for another machine or network, lets nobody in', async (t) => {
  const [desk, laptop, thief, other] = [fakeHome(t), fakeHome(t), fakeHome(t), fakeHome(t)]
  await desk.run(['init', ...NETWORK])
  const { out } = await laptop.run(['id', 'device', 'request', ...NETWORK, '-q'])
  const request = out.trim()
  for (const bad of [request.slice(0, -1), `${request}a`, request.replace(/.$/, '0'), 'sheaf-device-', 'x']) {
    t.is((await desk.run(['id', 'device', 'add', bad, '--yes'])).status, 64, bad.slice(-8))
  }
  const elsewhere = await other.run([
    'id',
    'device',
    'request',
    '--network',
    'other',
    '--puzzle-bits',
    '4',
    '-q',
  ])
  t.ok(/BAD_CONFIG/.test((await desk.run(['id', 'device', 'add', elsewhere.out.trim(), '--yes'])).err))
  const grant = (await desk.run(['id', 'device', 'add', request, '--yes', '-q'])).out.trim()
  t.ok(/NOT_FOUND/.test((await thief.run(['id', 'device', 'accept', grant])).err), 'who has not asked')
  await thief.run(['id', 'device', 'request', ...NETWORK])
  const stolen = await thief.run(['id', 'device', 'accept', grant])
  t.ok(/BAD_KEY/.test(stolen.err), stolen.err)
  t.absent(existsSync(thief.paths.identity))
  t.ok(/ALREADY_EXISTS/.test((await desk.run(['id', 'device', 'request', ...NETWORK])).err))
})

test('sheaf id device - lists the machines, and revokes one after asking', async (t) => {
  const node = fakeNode()
  const home = await servedHome(t, node)
  const { out } = await home.run(['id', 'device'])
  t.is((await home.run(['id', 'device', 'list'])).out, out)
  const own = `${idToText(idOf('device'))}  since 2023-11-14  this one `
  t.ok(out.startsWith(own) && out.includes('  7 objects, 68.4 KiB on 2023-11-14\n'), out)
  t.is(
    (await home.run(['id', 'device', 'list', '--json'])).out,
    (await home.run(['id', 'device', '--json'])).out,
  )
  t.ok(out.includes('revoked 2023-11-14'))
  t.is((await home.run(['id', 'device', '-q'])).out, `${idToText(idOf('device'))}\n`)
  const laptop = idToText(idOf('laptop'))
  t.is((await home.run(['id', 'device', 'revoke', laptop], { answers: ['no'] })).status, 2)
  t.alike(
    node.commands.filter(({ type }) => type === 'declare'),
    [],
  )
  const revoked = await home.run(['id', 'device', 'revoke', laptop, '--yes'])
  t.is(revoked.out, 'the revocation: stored, held 5/5\n')
  t.is((await home.run(['id', 'device', 'revoke', 'x', '--yes'])).status, 64)
})
