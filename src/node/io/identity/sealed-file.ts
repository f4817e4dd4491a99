/**
 * Secrets at rest under a passphrase: the text of a private file inside a box that only the passphrase
 * opens. Argon2id makes guessing slow, XChaCha20-Poly1305 tells a wrong passphrase and a changed file.
 *
 *     { "format": "sealed-1", "kdf": { "opsLimit", "memoryBytes", "salt" }, "nonce", "box" }
 */
import sodium from 'sodium-universal'
import * as v from 'valibot'
import { encode, struct, uint } from '../../../base/codec.ts'
import { SheafError } from '../../../base/errors.ts'
import type { Random } from '../../../base/random.ts'

const FORMAT = 'sealed-1'
/** Three passes over 64 MiB, as RFC 9106 has it for where memory is short. */
export const USUAL_COST: KdfCost = { opsLimit: 3, memoryBytes: 64 * 1024 * 1024 }
/** A hostile file that asks for more is refused before memory is taken. */
const MEMORY_BYTES_MAX = 1024 * 1024 * 1024
const MEMORY_BYTES_MIN = 8192
const OPS_LIMIT_MAX = 16
const KEY_BYTES = 32
const SALT_BYTES = 16
const NONCE_BYTES = 24
const TAG_BYTES = 16
export const PASSPHRASE_BYTES_MAX = 1024
/** Base64 of the largest identity file. */
const BOX_LETTERS_MAX = 6 * 1024 * 1024

export interface KdfCost {
  opsLimit: number
  memoryBytes: number
}

const base64 = (bytesMin: number, bytesMax = bytesMin) =>
  v.pipe(
    v.string(),
    v.maxLength(BOX_LETTERS_MAX),
    v.base64(),
    v.transform((text) => new Uint8Array(Buffer.from(text, 'base64'))),
    v.check(({ length }) => length >= bytesMin && length <= bytesMax),
  )
const FILE = v.strictObject({
  format: v.literal(FORMAT),
  kdf: v.strictObject({
    opsLimit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(OPS_LIMIT_MAX)),
    memoryBytes: v.pipe(v.number(), v.integer(), v.minValue(MEMORY_BYTES_MIN), v.maxValue(MEMORY_BYTES_MAX)),
    salt: base64(SALT_BYTES),
  }),
  nonce: base64(NONCE_BYTES),
  box: base64(TAG_BYTES, BOX_LETTERS_MAX),
})

/** What is authenticated beside the text: nobody makes the work cheaper unseen. */
const cost = struct({
  opsLimit: uint(OPS_LIMIT_MAX, 1),
  memoryBytes: uint(MEMORY_BYTES_MAX, MEMORY_BYTES_MIN),
})

/** Whether a file's text is a sealed one, by its beginning. */
export function isSealed(text: string): boolean {
  return /^\s*\{\s*"format"\s*:\s*"sealed-/.test(text)
}

/** Text → the text of a sealed file. Throws BAD_ARGUMENT for a passphrase that is none. */
export function sealText(
  text: string,
  passphrase: Uint8Array,
  random: Random,
  kdf: KdfCost = USUAL_COST,
): string {
  if (passphrase.byteLength === 0) throw new SheafError('BAD_ARGUMENT', 'a passphrase of no letters')
  const salt = random(SALT_BYTES)
  const nonce = random(NONCE_BYTES)
  const message = Buffer.from(text)
  const box = new Uint8Array(message.byteLength + TAG_BYTES)
  const key = keyFrom(passphrase, salt, kdf)
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(box, message, encode(cost, kdf), null, nonce, key)
  sodium.sodium_memzero(key)
  const text64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
  const file = { format: FORMAT, kdf: { ...kdf, salt: text64(salt) }, nonce: text64(nonce), box: text64(box) }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/**
 * The text inside a sealed file; the inverse of `sealText`. Throws BAD_STORE where the file is not as it
 * is written or asks for more than a gigabyte of memory, BAD_PASSPHRASE where the passphrase is another.
 */
export function openSealedText(text: string, passphrase: Uint8Array): string {
  const { kdf, nonce, box } = parseSealed(text)
  const { salt, ...price } = kdf
  const message = new Uint8Array(box.byteLength - TAG_BYTES)
  const key = keyFrom(passphrase, salt, price)
  try {
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(message, null, box, encode(cost, price), nonce, key)
  } catch (cause) {
    throw new SheafError('BAD_PASSPHRASE', 'the passphrase does not open the identity of this machine', {
      cause,
    })
  } finally {
    sodium.sodium_memzero(key)
  }
  return Buffer.from(message).toString('utf8')
}

function parseSealed(text: string): v.InferOutput<typeof FILE> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new SheafError('BAD_STORE', 'a sealed file that is no JSON', { cause })
  }
  const result = v.safeParse(FILE, json)
  if (result.success) return result.output
  const where = v.getDotPath(result.issues[0]) ?? 'the whole'
  throw new SheafError('BAD_STORE', `a sealed file in which ${where} is not as it is written`, {
    hint: 'restore the file from a backup',
  })
}

function keyFrom(passphrase: Uint8Array, salt: Uint8Array, { opsLimit, memoryBytes }: KdfCost): Uint8Array {
  if (passphrase.byteLength > PASSPHRASE_BYTES_MAX) {
    throw new SheafError('BAD_ARGUMENT', `a passphrase of more than ${PASSPHRASE_BYTES_MAX} bytes`)
  }
  const key = new Uint8Array(KEY_BYTES)
  const algorithm = sodium.crypto_pwhash_ALG_ARGON2ID13
  sodium.crypto_pwhash(key, Buffer.from(passphrase), salt, opsLimit, memoryBytes, algorithm)
  return key
}
