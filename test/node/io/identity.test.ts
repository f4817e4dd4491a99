import { createHash } from 'node:crypto'
import { chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'brittle'
import fc from 'fast-check'
import { decode } from '../../../src/base/codec.ts'
import { deviceKeyPair, loadCrypto } from '../../../src/base/crypto.ts'
import { asSheafError, codeOf } from '../../../src/base/errors.ts'
import { entityKeyPairOf, nextKeyCommitment } from '../../../src/base/keys.ts'
import { networkOf } from '../../../src/base/network.ts'
import { nextKeyFromWords } from '../../../src/base/words.ts'
import { formBlock, verifyBlock } from '../../../src/content/block.ts'
import { keyGenesis } from '../../../src/content/key.ts'
import { parseRecord, signRecord } from '../../../src/content/record.ts'
import { signRotation } from '../../../src/content/rotation.ts'
import { entityLocator } from '../../../src/content/space.ts'
import { encodeStandsTable, updateDenounceSummary } from '../../../src/content/stood-by.ts'
import { createIdentity, type NewIdentity } from '../../../src/node/io/identity/create.ts'
import {
  hasIdentity,
  type IdentitySecrets,
  identityOf,
  loadIdentity,
  readSecrets,
  replaceIdentity,
  saveIdentity,
} from '../../../src/node/io/identity/identity.ts'
import { codeOfAsync } from '../../cli/fake-shell.ts'
import { hex } from '../../helpers/bytes.ts'
import { type Teardown, tempHome } from '../../helpers/home.ts'
import { parameters } from '../../helpers/seed.ts'

const NETWORK = networkOf('test', 4)
const CRYPTO = loadCrypto()
const NOW_MS = 1_700_000_000_000

/** Chance that is the same each time. */
function drawn(seed: string): (length: number) => Uint8Array {
  let count = 0
  return (length) => createHash('sha512').update(`${seed} ${count++}`).digest().subarray(0, length)
}

function create(seed = 'a', network = NETWORK): Promise<NewIdentity> {
  return createIdentity({ network, crypto: CRYPTO, random: drawn(seed), nowMs: NOW_MS })
}

async function saved(t: Teardown): Promise<{ path: string; secrets: IdentitySecrets }> {
  const path = join(tempHome(t), 'home', 'identity.json')
  const { secrets } = await create()
  saveIdentity(path, secrets)
  return { path, secrets }
}

test('identity - what is saved is what is loaded, with records that strangers verify', async (t) => {
  const { path, secrets } = await saved(t)
  const loaded = loadIdentity(path, NETWORK, CRYPTO)
  t.alike(loaded.device, deviceKeyPair(secrets.deviceSeed))
  t.alike(Buffer.from(loaded.incarnation), Buffer.from(secrets.incarnation))
  const context = { network: NETWORK, verify: CRYPTO.verify, nowMs: NOW_MS }
  const genesis = verifyBlock(loaded.blocks[0]!.bytes, { ...context, keyOf: () => undefined })
  if (genesis.type !== 'key') return t.fail('the first block is the key')
  t.alike(genesis.key.entity, loaded.entity)
  t.alike(loaded.author.key, genesis.id)
  const certificate = verifyBlock(loaded.blocks[1]!.bytes, { ...context, keyOf: () => genesis.key })
  if (certificate.type !== 'certificate') return t.fail('the second is the certificate')
  t.alike(Buffer.from(certificate.certificate.device), Buffer.from(loaded.device.publicKey))
  for (const block of loaded.blocks) {
    t.alike(Buffer.from(block.locator), Buffer.from(entityLocator(loaded.entity)))
    t.is(block.length, block.bytes.byteLength)
  }
  const digest = createHash('sha256').update('words').digest()
  t.ok(CRYPTO.verify(loaded.author.sign(digest), digest, genesis.key.publicKey))
})

test('identity - the words are the key that the first one is committed to', async (t) => {
  const { secrets, words } = await create()
  t.is(words.split(' ').length, 24)
  const next = entityKeyPairOf(CRYPTO, nextKeyFromWords(words)).publicKey
  const identity = identityOf(secrets, NETWORK, CRYPTO)
  const genesis = verifyBlock(identity.blocks[0]!.bytes, {
    network: NETWORK,
    verify: CRYPTO.verify,
    keyOf: () => undefined,
    nowMs: NOW_MS,
  })
  t.alike(Buffer.from(decode(keyGenesis, genesis.record.body).next), Buffer.from(nextKeyCommitment(next)))
  t.absent(JSON.stringify(Object.values(secrets)).includes(words.split(' ')[0]!), 'and are kept nowhere')
})

test('identity - chance alone makes the difference', async (t) => {
  t.alike(await create('a'), await create('a'))
  const [a, b] = [await create('a'), await create('b')]
  t.unlike(a.words, b.words)
  for (const field of ['entitySecret', 'deviceSeed', 'incarnation'] as const) {
    t.unlike(a.secrets[field], b.secrets[field])
  }
})

test('identity - the file is private, whole, and never overwritten', async (t) => {
  const { path, secrets } = await saved(t)
  t.is(statSync(path).mode & 0o777, 0o600)
  t.is(statSync(join(path, '..')).mode & 0o777, 0o700)
  t.alike(readdirSync(join(path, '..')), ['identity.json'], 'nothing else is left behind')
  const other = await create('b')
  t.is(
    codeOf(() => saveIdentity(path, other.secrets)),
    'ALREADY_EXISTS',
  )
  t.alike(Buffer.from(loadIdentity(path, NETWORK, CRYPTO).incarnation), Buffer.from(secrets.incarnation))
})

test('identity - none is told from one that is broken', async (t) => {
  const { path } = await saved(t)
  const load = (file: string, network = NETWORK) => complaint(() => loadIdentity(file, network, CRYPTO))
  t.ok(hasIdentity(path))
  t.absent(hasIdentity(`${path}.none`))
  t.ok(/^NO_IDENTITY .*sheaf init$/.test(load(`${path}.none`)))
  t.ok(/^BAD_STORE/.test(load(join(path, '..'))), 'a folder')
  t.ok(/^BAD_CONFIG .*"test", not of "other"/.test(load(path, networkOf('other', 4))))
  t.ok(/^BAD_CONFIG .*puzzle_bits/.test(load(path, networkOf('test', 30))))
  const json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  const other = (await create('b')).secrets
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  const wrong: [string, object, RegExp][] = [
    ['a newer format', { format: 3 }, /^BAD_STORE .*format 3/],
    ['no format', { format: undefined }, /^BAD_STORE/],
    ['a field too many', { passphrase: '' }, /^BAD_STORE/],
    ['a field too few', { deviceSeed: undefined }, /^BAD_STORE/],
    ['a short secret', { entitySecret: 'AAAA' }, /^BAD_STORE/],
    ['base64 with a gap', { incarnation: ` ${base64(other.incarnation)}` }, /^BAD_STORE/],
    ['a secret out of range', { entitySecret: base64(new Uint8Array(32)) }, /^BAD_KEY/],
    ["another's secret", { entitySecret: base64(other.entitySecret) }, /^BAD_KEY/],
    ["another's device", { deviceSeed: base64(other.deviceSeed) }, /^BAD_KEY/],
    ["another's certificate", { certificate: base64(other.certificate) }, /^BAD_KEY/],
    ['records in the wrong order', { genesis: json.certificate, certificate: json.genesis }, /^BAD_KEY/],
  ]
  for (const [what, change, expected] of wrong) {
    writeFileSync(path, JSON.stringify({ ...json, ...change }))
    const said = load(path)
    t.ok(expected.test(said), `${what}: ${said}`)
  }
})

test('identity - one changed byte anywhere is noticed, or changes nothing that counts', async (t) => {
  const { path, secrets } = await saved(t)
  const bytes = readFileSync(path)
  const whole = loadIdentity(path, NETWORK, CRYPTO)
  const at = fc.integer({ min: 0, max: bytes.length - 1 })
  fc.assert(
    fc.property(at, fc.integer({ min: 1, max: 255 }), (place, change) => {
      const changed = Buffer.from(bytes)
      changed[place]! ^= change
      writeFileSync(path, changed)
      try {
        const loaded = loadIdentity(path, NETWORK, CRYPTO)
        return Buffer.from(loaded.entity).equals(whole.entity) && loaded.incarnation.length === 16
      } catch (error) {
        return /^BAD_(STORE|KEY|CONFIG)$/.test(asSheafError(error).code)
      }
    }),
    parameters({ numRuns: 200 }),
  )
  t.is(secrets.network, 'test')
})

test('identity - a file of the first format is read, and kept beside what takes its place', async (t) => {
  const { path, secrets } = await saved(t)
  const { rotations, ...first } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  t.alike(rotations, [])
  const text = JSON.stringify({ ...first, format: 1 })
  writeFileSync(path, text)
  t.is(hex(loadIdentity(path, NETWORK, CRYPTO).entity), hex(identityOf(secrets, NETWORK, CRYPTO).entity))
  replaceIdentity(path, readSecrets(path))
  t.is(readFileSync(`${path}.format-1`, 'utf8'), text)
  t.is(statSync(`${path}.format-1`).mode & 0o777, 0o600)
  t.is((JSON.parse(readFileSync(path, 'utf8')) as { format: number }).format, 2)
  replaceIdentity(path, readSecrets(path))
  t.is(loadIdentity(path, NETWORK, CRYPTO).blocks.length, 2)
})

test('identity - a rotated identity is its chain, its last secret and a certificate under it', async (t) => {
  const { secrets, words } = await create()
  const { author, entity } = identityOf(secrets, NETWORK, CRYPTO)
  const next = entityKeyPairOf(CRYPTO, nextKeyFromWords(words))
  const after = nextKeyCommitment(entityKeyPairOf(CRYPTO, nextKeyFromWords(words, 2)).publicKey)
  const { summary, table } = updateDenounceSummary([author.key])
  const sign = (digest: Uint8Array) => CRYPTO.sign(digest, next.secret)
  const { next: committed } = decode(keyGenesis, parseRecord(secrets.genesis).body)
  const record = signRotation(
    { id: entity, entity, position: 0, next: committed },
    { publicKey: next.publicKey, next: after, stands: summary },
    { timeMs: NOW_MS, nonce: Buffer.alloc(8) },
    NETWORK,
    sign,
  )
  const { kind, timeMs, nonce, body } = parseRecord(secrets.certificate)
  const certificate = signRecord({ kind, timeMs, nonce, body, signer: entity, key: record.id }, NETWORK, sign)
  const rotated: IdentitySecrets = {
    ...secrets,
    entitySecret: next.secret,
    rotations: [formBlock(record, encodeStandsTable(table))],
    certificate: certificate.bytes,
  }
  const path = join(tempHome(t), 'identity.json')
  saveIdentity(path, rotated)
  const loaded = loadIdentity(path, NETWORK, CRYPTO)
  t.is(hex(loaded.entity), hex(entity), 'the name stays')
  t.is(hex(loaded.author.key), hex(record.id))
  t.is(loaded.blocks.length, 3)
  const wrong: Partial<IdentitySecrets>[] = [
    { entitySecret: secrets.entitySecret },
    { certificate: secrets.certificate },
    { rotations: [] },
    { rotations: [formBlock(record)] },
    { rotations: [...rotated.rotations!, ...rotated.rotations!] },
  ]
  for (const change of wrong) {
    t.is(
      codeOf(() => identityOf({ ...rotated, ...change }, NETWORK, CRYPTO)),
      'BAD_KEY',
      Object.keys(change).join(),
    )
  }
})

test('identity - a file of another user is not taken', { skip: process.getuid?.() !== 0 }, async (t) => {
  const { path } = await saved(t)
  chownSync(path, 12_345, 12_345)
  t.is(
    codeOf(() => loadIdentity(path, NETWORK, CRYPTO)),
    'REFUSED',
  )
})

test('identity - a search that is no longer wanted ends', async (t) => {
  const ending = new AbortController()
  const hard = networkOf('test', 60)
  let told = 0
  const made = createIdentity({
    network: hard,
    crypto: CRYPTO,
    random: drawn('a'),
    nowMs: NOW_MS,
    signal: ending.signal,
    onProgress: (tries, expected) => {
      told = tries
      if (expected === 2 ** 60) ending.abort()
    },
  })
  t.is(await codeOfAsync(made), 'CANCELLED')
  t.ok(told > 0)
})

function complaint(load: () => unknown): string {
  try {
    load()
    return 'none'
  } catch (error) {
    const { code, message, hint = '' } = asSheafError(error)
    return `${code} ${message} ${hint}`
  }
}
