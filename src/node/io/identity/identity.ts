/**
 * Who this machine is: an entity's key, its device, and one life of the store. The file is JSON of
 * mode 0600, made by `createIdentity`, and checked to the last signature whenever it is read.
 */
import { readFileSync, statSync } from 'node:fs'
import * as v from 'valibot'
import { type Crypto, type DeviceKeyPair, deviceKeyPair } from '../../../base/crypto.ts'
import { asSheafError, SheafError } from '../../../base/errors.ts'
import { equalBytes } from '../../../base/hash.ts'
import { INCARNATION_BYTES } from '../../../base/keys.ts'
import { BLOCK_BYTES_MAX, KEY_CHAIN_MAX } from '../../../base/limits.ts'
import type { Network } from '../../../base/network.ts'
import type { Random } from '../../../base/random.ts'
import { formBlock, parseBlock, type VerifiedBlock, verifyBlock } from '../../../content/block.ts'
import type { EntityKey } from '../../../content/key.ts'
import { locatorOf } from '../../../content/kinds.ts'
import type { Author } from '../../../content/page.ts'
import { parseRecord } from '../../../content/record.ts'
import type { Identity } from '../../node.ts'
import type { StoredBlock } from '../../store.ts'
import { refuseForeign } from '../paths.ts'
import { replacePrivateFile, writeNewPrivateFile } from '../private-file.ts'
import { isSealed, openSealedText, sealText } from './sealed-file.ts'

export const IDENTITY_FORMAT = 2
/** Had no rotations. */
const FIRST_FORMAT = 1
/** A chain of 32 rotations with the tables of what each stands by. */
const FILE_BYTES_MAX = 6 * 1024 * 1024

/** What the file holds. */
export interface IdentitySecrets {
  /** Of the network that the records were signed for. */
  network: string
  entitySecret: Uint8Array
  deviceSeed: Uint8Array
  incarnation: Uint8Array
  /** Records, as signed. */
  genesis: Uint8Array
  /** Blocks of the key records after the genesis, in their order; the last is that of `entitySecret`. */
  rotations?: readonly Uint8Array[]
  certificate: Uint8Array
}

/** What a file is sealed with. */
export interface Seal {
  passphrase: Uint8Array
  random: Random
}

/** What `Node` needs of an identity, with the keys of the machine. */
export interface LocalIdentity extends Identity {
  author: Author
  entity: Uint8Array
  device: DeviceKeyPair
  incarnation: Uint8Array
}

/**
 * The identity in the file at `path`, its records verified for `network`.
 * Throws NO_IDENTITY where there is none, BAD_STORE where the file is not whole, BAD_KEY where its
 * parts do not belong together, BAD_CONFIG where they belong to another network.
 */
export function loadIdentity(
  path: string,
  network: Network,
  crypto: Crypto,
  passphrase?: Uint8Array,
): LocalIdentity {
  return identityOf(readSecrets(path, passphrase), network, crypto)
}

/** Whether there is an identity at `path`, whatever it is worth. */
export function hasIdentity(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

/** Writes the file once; ALREADY_EXISTS where there is one. */
export function saveIdentity(path: string, secrets: IdentitySecrets, seal?: Seal): void {
  writeNewPrivateFile(path, sealedWith(seal, textOf(secrets)))
}

/** What the file at `path` holds, as far as its form goes. Throws NO_IDENTITY, BAD_STORE, BAD_PASSPHRASE where it is sealed with another one. */
export function readSecrets(path: string, passphrase?: Uint8Array): IdentitySecrets {
  return parseIdentity(opened(readIdentity(path), passphrase), path)
}

/** Whether the file at `path` opens with a passphrase only. */
export function isIdentitySealed(path: string): boolean {
  return hasIdentity(path) && isSealed(readIdentity(path))
}

/** Puts the same identity, sealed with `fresh`, in the place of the file. Throws as `readSecrets`. */
export function resealIdentity(
  path: string,
  { old, fresh }: { old: Uint8Array | undefined; fresh: Uint8Array | undefined },
  random: Random,
): void {
  const text = opened(readIdentity(path), old)
  parseIdentity(text, path)
  replacePrivateFile(path, sealedWith(fresh && { passphrase: fresh, random }, text))
}

function opened(text: string, passphrase: Uint8Array | undefined): string {
  if (!isSealed(text)) return text
  if (passphrase !== undefined) return openSealedText(text, passphrase)
  throw new SheafError('BAD_PASSPHRASE', 'the identity of this machine is sealed with a passphrase', {
    hint: 'put the passphrase into a file of mode 0600 and name that in SHEAF_PASSPHRASE_FILE',
  })
}

/** Puts other secrets in the place of the file, sealed where that was; an older format is kept beside as `identity.json.format-1`. Throws as `readSecrets`. */
export function replaceIdentity(path: string, secrets: IdentitySecrets, seal?: Seal): void {
  const old = readIdentity(path)
  const format = formatOf(opened(old, seal?.passphrase), path)
  const aside = `${path}.format-${format}`
  if (format !== IDENTITY_FORMAT && !hasIdentity(aside)) writeNewPrivateFile(aside, old)
  replacePrivateFile(path, sealedWith(isSealed(old) ? seal : undefined, textOf(secrets)))
}

function sealedWith(seal: Seal | undefined, text: string): string {
  return seal === undefined ? text : sealText(text, seal.passphrase, seal.random)
}

function textOf({ network, rotations = [], ...bytes }: IdentitySecrets): string {
  const fields = Object.entries(bytes).map(([name, value]) => [name, base64Of(value)])
  const chain = rotations.map(base64Of)
  const json = { format: IDENTITY_FORMAT, network, ...Object.fromEntries(fields), rotations: chain }
  return `${JSON.stringify(json, undefined, 2)}\n`
}

const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** Keys and records that belong together, verified, as the node wants them. */
export function identityOf(secrets: IdentitySecrets, network: Network, crypto: Crypto): LocalIdentity {
  if (secrets.network !== network.name) {
    throw new SheafError(
      'BAD_CONFIG',
      `this identity is of the network "${secrets.network}", not of "${network.name}"`,
      { hint: `set network = "${secrets.network}", or make an identity in another home with --home DIR` },
    )
  }
  const device = deviceKeyPair(secrets.deviceSeed)
  const { key, certified } = verifyRecords(secrets, network, crypto)
  if (!equalBytes(key.publicKey, crypto.entityPublicKey(secrets.entitySecret))) {
    throw new SheafError('BAD_KEY', 'the secret of the identity is not that of its key record')
  }
  if (!equalBytes(certified, device.publicKey)) {
    throw new SheafError('BAD_KEY', 'the seed of the device is not that of its certificate')
  }
  return {
    author: {
      entity: key.entity,
      key: key.id,
      network,
      sign: (digest) => crypto.sign(digest, secrets.entitySecret),
    },
    entity: key.entity,
    device,
    incarnation: secrets.incarnation,
    blocks: identityBlocks(secrets),
  }
}

/** Key records and, last, the device certificate, as blocks to show and to hand on. */
export function identityBlocks(
  secrets: Pick<IdentitySecrets, 'genesis' | 'rotations' | 'certificate'>,
): StoredBlock[] {
  const alone = (bytes: Uint8Array): Uint8Array => formBlock(parseRecord(bytes))
  const { genesis, rotations = [], certificate } = secrets
  return [alone(genesis), ...rotations, alone(certificate)].map((block) => {
    const { record } = parseBlock(block)
    return {
      id: record.id,
      locator: locatorOf(record),
      kind: record.kind,
      timeMs: record.timeMs,
      length: block.byteLength,
      bytes: block,
    }
  })
}

function verifyRecords(
  secrets: IdentitySecrets,
  network: Network,
  crypto: Crypto,
): { key: EntityKey; certified: Uint8Array } {
  let key: EntityKey | undefined
  const verify = (bytes: Uint8Array): VerifiedBlock =>
    verifyBlock(bytes, {
      network,
      verify: crypto.verify,
      // Each record stands under the one before it, the certificate under the last.
      keyOf: (id) => (key !== undefined && equalBytes(id, key.id) ? key : undefined),
      // A clock that was set back must not lock anyone out of their own identity.
      nowMs: Number.MAX_SAFE_INTEGER,
    })
  try {
    for (const block of [formBlock(parseRecord(secrets.genesis)), ...(secrets.rotations ?? [])]) {
      const verified = verify(block)
      if (verified.type !== 'key') throw new SheafError('BAD_KEY', 'a record of the chain is no key record')
      key = verified.key
    }
    const certificate = verify(formBlock(parseRecord(secrets.certificate)))
    if (certificate.type !== 'certificate') throw new SheafError('BAD_KEY', 'the second is no certificate')
    return { key: key!, certified: certificate.certificate.device }
  } catch (cause) {
    const { code, message } = asSheafError(cause)
    if (code === 'BAD_PUZZLE') {
      throw new SheafError('BAD_CONFIG', `the device certificate has ${message}`, {
        cause,
        hint: 'set puzzle_bits to what it was at sheaf init',
      })
    }
    throw new SheafError('BAD_KEY', `the records of the identity do not verify: ${message}`, { cause })
  }
}

function readIdentity(path: string): string {
  try {
    const stat = statSync(path)
    refuseForeign(path, stat.uid)
    if (!stat.isFile() || stat.size > FILE_BYTES_MAX) {
      throw new SheafError('BAD_STORE', `${path} is no file of an identity`)
    }
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof SheafError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new SheafError('NO_IDENTITY', `there is no identity at ${path}`, { hint: 'sheaf init' })
    }
    throw new SheafError('BAD_STORE', `cannot read ${path}: ${code}`, { cause: error })
  }
}

function parseIdentity(text: string, path: string): IdentitySecrets {
  const format = formatOf(text, path)
  if (format !== undefined && format !== IDENTITY_FORMAT && format !== FIRST_FORMAT) {
    throw new SheafError(
      'BAD_STORE',
      `${path} has format ${format}, and this program reads format ${IDENTITY_FORMAT}`,
      { hint: 'use the version of sheaf that made it' },
    )
  }
  const result = v.safeParse(format === FIRST_FORMAT ? FIRST_FILE : FILE, jsonOf(text, path))
  if (result.success) {
    const { format: _, ...secrets } = result.output
    return secrets
  }
  const [issue] = result.issues
  throw new SheafError('BAD_STORE', `${path}: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`, {
    hint: 'restore the file from a backup',
  })
}

function formatOf(text: string, path: string): number | undefined {
  const format = v.safeParse(v.object({ format: v.number() }), jsonOf(text, path))
  return format.success ? format.output.format : undefined
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SheafError('BAD_STORE', `${path} is not JSON`, {
      cause,
      hint: 'restore the file from a backup',
    })
  }
}

/** Canonical base64 of between `min` and `max` bytes. */
function base64(min: number, max = min) {
  return v.pipe(
    v.string(),
    v.transform((text) => ({ text, bytes: Uint8Array.from(Buffer.from(text, 'base64')) })),
    v.check(
      ({ text, bytes }) =>
        bytes.length >= min && bytes.length <= max && Buffer.from(bytes).toString('base64') === text,
      `not base64 of ${min === max ? min : `${min} to ${max}`} bytes`,
    ),
    v.transform(({ bytes }) => bytes),
  )
}

const RECORD = base64(1, 4096)

const FIELDS = {
  network: v.string(),
  entitySecret: base64(32),
  deviceSeed: base64(32),
  incarnation: base64(INCARNATION_BYTES),
  genesis: RECORD,
  certificate: RECORD,
}

const FIRST_FILE = v.strictObject({ format: v.literal(FIRST_FORMAT), ...FIELDS })
const FILE = v.strictObject({
  format: v.literal(IDENTITY_FORMAT),
  ...FIELDS,
  rotations: v.pipe(v.array(base64(1, BLOCK_BYTES_MAX)), v.maxLength(KEY_CHAIN_MAX)),
})
