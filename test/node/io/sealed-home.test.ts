// timeout: 120s
/** Keys that change on a machine whose identity is sealed with a passphrase. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import test from 'brittle'
import { pino } from 'pino'
import { loadCrypto } from '../../../src/base/crypto.ts'
import { codeOf } from '../../../src/base/errors.ts'
import { entityKeyPairOf, nextKeyCommitment } from '../../../src/base/keys.ts'
import { networkOf } from '../../../src/base/network.ts'
import { nextKeyFromWords } from '../../../src/base/words.ts'
import { readConfig, writeConfig } from '../../../src/node/io/config/config.ts'
import { startDaemon } from '../../../src/node/io/daemon.ts'
import { createIdentity } from '../../../src/node/io/identity/create.ts'
import {
  identityOf,
  isIdentitySealed,
  readSecrets,
  resealIdentity,
  saveIdentity,
} from '../../../src/node/io/identity/identity.ts'
import { pathsOf } from '../../../src/node/io/paths.ts'
import { recoverHome } from '../../../src/node/io/recovering.ts'
import { privateNetwork } from '../../helpers/daemon.ts'
import { tempHome } from '../../helpers/home.ts'

const NETWORK = networkOf('test', 4)
const random = (length: number): Uint8Array => randomBytes(length)
const logger = pino({ level: 'silent' })
const passphrase = Buffer.from('correct horse')

test('sealed home - a rotation keeps the seal, and what is recovered can be sealed again', {
  timeout: 110_000,
}, async (t) => {
  const bootstrap = await privateNetwork(t)
  const crypto = loadCrypto()
  const config = readConfig({
    flags: {
      ...{ network: 'test', puzzleBits: '4', host: '127.0.0.1', firewalled: 'false' },
      bootstrap: bootstrap.map(({ host, port }) => `${host}:${port}`).join(','),
    },
  })
  const { secrets, words } = await createIdentity({ network: NETWORK, crypto, random, nowMs: Date.now() })
  const { entity } = identityOf(secrets, NETWORK, crypto)
  const keyAt = (position: number) => {
    const { secret } = entityKeyPairOf(crypto, nextKeyFromWords(words, position))
    const after = entityKeyPairOf(crypto, nextKeyFromWords(words, position + 1))
    return { secret, next: nextKeyCommitment(after.publicKey) }
  }

  const paths = pathsOf(tempHome(t), {}, '/')
  saveIdentity(paths.identity, secrets, { passphrase, random })
  writeConfig(paths.config, config)
  const old = await startDaemon({ config, paths, logger, passphrase })
  t.teardown(() => old.close())
  await old.api.run({
    type: 'publish',
    pages: [{ path: 'bees', text: Buffer.from('# Bees\n') }],
    summary: '',
    index: true,
  })
  const rotated = await old.api.rotate({ ...keyAt(1), leaveOut: [], isRehearsal: false })
  t.is(rotated.position, 1)
  t.ok(isIdentitySealed(paths.identity), 'the new key is sealed as the old one was')
  t.is(
    codeOf(() => readSecrets(paths.identity)),
    'BAD_PASSPHRASE',
  )
  const kept = readSecrets(paths.identity, passphrase)
  t.alike(Buffer.from(kept.entitySecret), Buffer.from(keyAt(1).secret))
  t.is(kept.rotations?.length, 1)
  t.absent(readFileSync(paths.identity).includes(Buffer.from(keyAt(1).secret).toString('base64')))

  const fresh = pathsOf(tempHome(t), {}, '/')
  const recover = (where: typeof paths) =>
    recoverHome({
      ...{ config, paths: where, network: NETWORK, crypto, random, nowMs: Date.now(), entity },
      ...{ signal: new AbortController().signal, waitMs: 60_000, fetchMs: 60_000, leaveOut: [] },
      keyFor: async () => keyAt(2),
      confirm: async () => {},
    })
  const refused = await recover(paths).catch((error: { code: string }) => error.code)
  t.is(refused, 'ALREADY_EXISTS', 'a sealed identity is one that is there')
  const recovered = await recover(fresh)
  t.is(recovered.rotated.position, 2)
  t.absent(isIdentitySealed(fresh.identity))
  resealIdentity(fresh.identity, { old: undefined, fresh: passphrase }, random)
  writeConfig(fresh.config, config)
  const node = await startDaemon({ config, paths: fresh, logger, passphrase })
  t.teardown(() => node.close())
  const state = await node.api.run({ type: 'keys', untilMs: Date.now() + 10_000 })
  t.alike(Buffer.from(state.entity), Buffer.from(entity))
  t.alike([state.chain.length, state.isRetired], [3, false])
  t.ok(existsSync(paths.identity))
})
