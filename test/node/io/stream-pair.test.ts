/** Two ends of an encrypted connection in one process. */
import { once } from 'node:events'
import test from 'brittle'
import { deviceKeyPair } from '../../../src/base/crypto.ts'
import { openStreamPair } from '../../../src/node/io/stream-pair.ts'

const key = (seed: number) => deviceKeyPair(new Uint8Array(32).fill(seed))

test('stream pair - each end knows the other, and hears what it says', async (t) => {
  const [a, b] = [key(1), key(2)]
  const [from, to] = await openStreamPair(a, b)
  t.alike(Buffer.from(from.remotePublicKey), Buffer.from(b.publicKey))
  t.alike(Buffer.from(to.remotePublicKey), Buffer.from(a.publicKey))
  t.alike(from.handshakeHash, to.handshakeHash)
  from.write(Buffer.from('a question'))
  const [question] = await once(to, 'data')
  t.is(String(question), 'a question')
  to.write(Buffer.from('an answer'))
  const [answer] = await once(from, 'data')
  t.is(String(answer), 'an answer')
  const closed = new Promise<void>((resolve) => to.once('close', () => resolve()))
  from.destroy()
  await closed
  t.pass('one end closes with the other')
})
