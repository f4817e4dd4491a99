/**
 * A second machine of an entity. It asks with its device key; the first one certifies that and answers
 * with a grant: the entity's key and records, sealed so that only that device opens it.
 *
 *     new machine                                          first machine
 *     device key, puzzle ──── request, one line ─────────▶ certificate for that device
 *     identity.json ◀──── grant, sealed to that device ─── key, chain, certificate
 *
 * Neither line is secret on its way: the request says nothing, and the grant is closed to everybody
 * else. What must be right is whose request it is, so both machines show the device's id.
 */

import { base32nopad } from '@scure/base'
import sodium from 'sodium-universal'
import { bytes, decode, encode, fixed, id32, list, struct, text, type Value } from '../../../base/codec.ts'
import { type Crypto, deviceKeyPair } from '../../../base/crypto.ts'
import { SheafError } from '../../../base/errors.ts'
import { domainHash, equalBytes } from '../../../base/hash.ts'
import { BLOCK_BYTES_MAX, RECORD_BYTES_MAX } from '../../../base/limits.ts'
import { type Network, networkOf } from '../../../base/network.ts'
import type { Random } from '../../../base/random.ts'
import { checkPuzzle, DEVICE_CERTIFICATE, deviceCertificate } from '../../../content/device.ts'
import { signRecord } from '../../../content/record.ts'
import { type IdentitySecrets, identityOf } from './identity.ts'

const REQUEST_PREFIX = 'sheaf-device-'
const GRANT_PREFIX = 'sheaf-grant-'
const NETWORK_BYTES_MAX = 64
const ROTATIONS_MAX = 32
/** A chain whose rotations list much of what they stand by. */
const GRANT_BYTES_MAX = 1024 * 1024
const CHECKSUM_BYTES = 4
const NONCE_BYTES = 8
/** An ephemeral key and the tag of the sealed box. */
const SEAL_BYTES = 48

const request = struct({ network: text(NETWORK_BYTES_MAX, 1), device: id32, puzzle: fixed(8) })
/** What a new machine asks with. */
export type DeviceRequest = Value<typeof request>

const grant = struct({
  network: text(NETWORK_BYTES_MAX, 1),
  entitySecret: id32,
  genesis: bytes(RECORD_BYTES_MAX),
  /** Blocks of the key records after the genesis. */
  rotations: list(bytes(BLOCK_BYTES_MAX), ROTATIONS_MAX),
  certificate: bytes(RECORD_BYTES_MAX),
})

/** One line, with a checksum for what a hand copies. */
export function requestToText(asked: DeviceRequest): string {
  return toLine(REQUEST_PREFIX, encode(request, asked))
}

/** The inverse of `requestToText`. Throws BAD_ARGUMENT for what is no request, or is not whole. */
export function requestFromText(line: string): DeviceRequest {
  return decode(request, fromLine(REQUEST_PREFIX, line, 256))
}

/**
 * The line that makes the asking machine one of this entity's: with a certificate signed now. Throws
 * BAD_CONFIG for a request of another network, BAD_PUZZLE where it shows too little work.
 */
export function grantFor(
  asked: DeviceRequest,
  secrets: IdentitySecrets & { rotations?: readonly Uint8Array[] },
  at: { network: Network; crypto: Crypto; random: Random; nowMs: number },
): string {
  const { network, crypto, random, nowMs } = at
  if (asked.network !== network.name) {
    throw new SheafError(
      'BAD_CONFIG',
      `a request of the network "${asked.network}", not of "${network.name}"`,
    )
  }
  const certified = { device: asked.device, puzzle: asked.puzzle }
  checkPuzzle(certified, network)
  const { author } = identityOf(secrets, network, crypto)
  const certificate = signRecord(
    {
      kind: DEVICE_CERTIFICATE,
      signer: author.entity,
      key: author.key,
      timeMs: nowMs,
      nonce: random(NONCE_BYTES),
      body: encode(deviceCertificate, certified),
    },
    network,
    author.sign,
  )
  const { entitySecret, genesis, rotations = [] } = secrets
  const body = {
    network: network.name,
    entitySecret,
    genesis,
    rotations: [...rotations],
    certificate: certificate.bytes,
  }
  return toLine(GRANT_PREFIX, sealed(encode(grant, body), asked.device))
}

/** What a machine kept of its request until the grant comes. */
export interface PendingDevice {
  network: string
  puzzleBits: number
  deviceSeed: Uint8Array
  incarnation: Uint8Array
}

/**
 * A grant → the secrets of a machine that asked for it, verified. Throws BAD_ARGUMENT for what is no
 * grant, BAD_KEY where it is sealed to another machine or its parts do not belong together.
 */
export function secretsFromGrant(line: string, pending: PendingDevice, crypto: Crypto): IdentitySecrets {
  const { deviceSeed, incarnation } = pending
  const opened = decode(grant, unsealed(fromLine(GRANT_PREFIX, line, GRANT_BYTES_MAX), deviceSeed))
  const { network, entitySecret, genesis, rotations, certificate } = opened
  if (network !== pending.network) {
    throw new SheafError('BAD_CONFIG', `a grant of the network "${network}", not of "${pending.network}"`)
  }
  const secrets = {
    network,
    entitySecret,
    deviceSeed,
    incarnation,
    genesis,
    ...(rotations.length > 0 && { rotations }),
    certificate,
  }
  identityOf(secrets, networkOf(network, pending.puzzleBits), crypto)
  return secrets
}

/** libsodium's sealed box to the X25519 form of a device's key. */
function sealed(message: Uint8Array, device: Uint8Array): Uint8Array {
  const key = new Uint8Array(32)
  const out = new Uint8Array(message.byteLength + SEAL_BYTES)
  try {
    sodium.crypto_sign_ed25519_pk_to_curve25519(key, device)
  } catch (cause) {
    throw new SheafError('BAD_KEY', 'a request with a device key that is none', { cause })
  }
  sodium.crypto_box_seal(out, message, key)
  return out
}

function unsealed(bytes: Uint8Array, deviceSeed: Uint8Array): Uint8Array {
  const { publicKey, secretKey } = deviceKeyPair(deviceSeed)
  const [open, secret] = [new Uint8Array(32), new Uint8Array(32)]
  sodium.crypto_sign_ed25519_pk_to_curve25519(open, publicKey)
  sodium.crypto_sign_ed25519_sk_to_curve25519(secret, secretKey)
  if (bytes.byteLength < SEAL_BYTES) throw new SheafError('BAD_ARGUMENT', 'a grant that is cut short')
  const message = new Uint8Array(bytes.byteLength - SEAL_BYTES)
  if (sodium.crypto_box_seal_open(message, bytes, open, secret)) return message
  throw new SheafError('BAD_KEY', 'a grant for another machine: this one cannot open it')
}

function toLine(prefix: string, body: Uint8Array): string {
  const sum = domainHash('sheaf/1 line', Buffer.from(prefix), body).subarray(0, CHECKSUM_BYTES)
  return prefix + base32nopad.encode(Buffer.concat([body, sum])).toLowerCase()
}

function fromLine(prefix: string, line: string, bytesMax: number): Uint8Array {
  const trimmed = line.trim()
  const letters = trimmed.slice(prefix.length)
  const isOne =
    trimmed.startsWith(prefix) &&
    /^[a-z2-7]+$/.test(letters) &&
    letters.length <= Math.ceil(bytesMax * 1.6) + 8
  if (!isOne) throw new SheafError('BAD_ARGUMENT', `no line that begins with ${prefix}`)
  let whole: Uint8Array
  try {
    whole = base32nopad.decode(letters.toUpperCase())
  } catch (cause) {
    throw new SheafError('BAD_ARGUMENT', 'a line that was not copied whole', { cause })
  }
  const body = whole.subarray(0, -CHECKSUM_BYTES)
  const sum = domainHash('sheaf/1 line', Buffer.from(prefix), body).subarray(0, CHECKSUM_BYTES)
  if (whole.byteLength <= CHECKSUM_BYTES || !equalBytes(whole.subarray(-CHECKSUM_BYTES), sum)) {
    throw new SheafError('BAD_ARGUMENT', 'a line that was not copied whole')
  }
  return body
}
