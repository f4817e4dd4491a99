// timeout: 240s
/** A backup in a network: what the restored node says contradicts nothing that the first one said. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import { decode } from '../../../src/base/codec.ts'
import { deviceVerify } from '../../../src/base/crypto.ts'
import { networkOf } from '../../../src/base/network.ts'
import { idFromText } from '../../../src/base/text-id.ts'
import { describeBlock } from '../../../src/content/block.ts'
import { holding } from '../../../src/content/statement.ts'
import { holdingsIn } from '../../../src/node/batch.ts'
import { openStore } from '../../../src/node/io/store/level-store.ts'
import { verifyStatement } from '../../../src/node/peer.ts'
import { all, hex } from '../../contract/store.ts'
import { type DaemonProcess, daemon, daemonIn, privateNetwork } from '../../helpers/daemon.ts'
import { tempHome } from '../../helpers/home.ts'

test('restore - a restored node is accepted by its peers, and repeats no number of its first life', {
  timeout: 200_000,
}, async (t) => {
  const bootstrap = await privateNetwork(t)
  const ann = await daemon(t, { bootstrap })
  const ben = await daemon(t, { bootstrap })
  await ben.meets(1)
  const files = tempHome(t)
  const publish = async (node: DaemonProcess, name: string): Promise<void> => {
    mkdirSync(join(files, name))
    writeFileSync(join(files, name, `${name}.md`), `# ${name}\n`)
    const { status, err } = await node.sheaf('publish', join(files, name), '--quiet')
    t.is(status, 0, `${name} is held ${err}`)
  }
  await publish(ann, 'before')
  await publish(ben, 'first')

  const file = join(files, 'a.backup')
  const running = await ann.sheaf('backup', file, '--json')
  t.is(running.status, 0, running.err)
  await publish(ann, 'after')
  await publish(ben, 'second')
  await ann.stop()
  const stopped = await ann.sheaf('backup', `${file}.stopped`, '--json')
  t.is(stopped.status, 0, stopped.err)
  t.ok(JSON.parse(stopped.out).blocks > JSON.parse(running.out).blocks)
  t.is((await ann.sheaf('verify')).status, 0)

  const home = join(files, 'home')
  const restored = await ann.sheaf('--home', home, 'restore', file, '--json')
  t.is(restored.status, 0, restored.err)
  const said = JSON.parse(restored.out)
  t.unlike(said.incarnation, said.oldIncarnation)
  const again = await daemonIn(t, { home, entity: ann.entity, device: ann.device })
  await again.meets(1)
  await ben.meets(1)
  t.is((await again.sheaf('get', 'before', '--raw')).out, '# before\n')
  t.is(
    (await again.sheaf('get', 'after', '--raw')).out,
    '# after\n',
    'what came later is fetched from its holder',
  )
  await publish(again, 'later')
  await publish(ben, 'third')
  t.is((await ben.sheaf('get', `@${ann.entity}/later`, '--raw')).out, '# later\n')
  t.is((await again.sheaf('verify', '--json')).status, 0)
  await again.stop()

  await ann.start()
  await ann.meets(1)
  await publish(ben, 'fourth')
  await ann.stop()
  await ben.stop()
  const given = await holdingsOf(ben.home, idFromText(ann.device))
  t.ok(given.length >= 4, `${given.length} promises`)
  t.is(new Set(given.map(({ incarnation }) => incarnation)).size, 2, 'of two lives')
  const numbers = given.map(({ incarnation, sequence }) => `${incarnation} ${sequence}`)
  t.is(new Set(numbers).size, numbers.length, 'no number twice within a life')
})

/** What a device promised to the node of this home. */
async function holdingsOf(
  home: string,
  device: Uint8Array,
): Promise<{ incarnation: string; sequence: number }[]> {
  const network = networkOf('test', 4)
  const store = await openStore({ home, incarnation: new Uint8Array(16), describe: describeBlock })
  const notes = [...(await all(store.notes('pending'))), ...(await all(store.notes('holding')))]
  await store.close()
  return notes
    .flatMap(({ value }) => holdingsIn(value))
    .map((record) => verifyStatement(record, { network, verifyDevice: deviceVerify }))
    .filter(({ signer }) => hex(signer) === hex(device))
    .map(({ body }) => {
      const { incarnation, sequence } = decode(holding, body)
      return { incarnation: hex(incarnation)!, sequence }
    })
}
