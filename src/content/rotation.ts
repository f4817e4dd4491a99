/**
 * A key record that comes after another one: it denounces the last key and brings the next.
 *
 *     genesis ◀─────── rotation 1 ◀─────── rotation 2
 *     key 0            key 1               key 2          each signed by the key that it brings,
 *     H(key 1)         H(key 2)            H(key 3)       which the one before committed to by hash
 *                      stands by …         stands by …    of what was signed under the key before
 *
 * Who has today's key can sign pages, but has no key whose hash is committed to: a thief can
 * neither take the identity over nor retire its key.
 */
import { decode, encode, fixed, id32, struct, uint, type Value } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import { nextKeyCommitment } from '../base/keys.ts'
import { KEY_CHAIN_MAX } from '../base/limits.ts'
import type { Network } from '../base/network.ts'
import { type EntityKey, KEY_GENESIS, keyGenesis, verifyGenesis } from './key.ts'
import { type Sign, type SignedRecord, signRecord, type Verify, verifyRecord } from './record.ts'
import { standsSummary } from './stood-by.ts'

export const KEY_ROTATION = 5

export const keyRotation = struct({
  /** Place in the chain; the genesis is at 0. */
  position: uint(KEY_CHAIN_MAX, 1),
  /** Compressed secp256k1 point: the one that the record before committed to. */
  publicKey: fixed(33),
  /** Commitment to the public key that comes after. */
  next: id32,
  /** What the entity stands by of the records under the key before. */
  stands: standsSummary,
})
export type KeyRotation = Value<typeof keyRotation>

/** What a rotation rests on: the key before it. */
export type LastKey = Pick<EntityKey, 'id' | 'entity' | 'position' | 'next'>

/** The record that retires `last`. `sign` is that of the key that it brings. The record names the one before it as its key. */
export function signRotation(
  last: LastKey,
  said: Pick<KeyRotation, 'publicKey' | 'next' | 'stands'>,
  at: { timeMs: number; nonce: Uint8Array },
  network: Network,
  sign: Sign,
): SignedRecord {
  const body = encode(keyRotation, { position: last.position + 1, ...said })
  return signRecord({ ...at, kind: KEY_ROTATION, signer: last.entity, key: last.id, body }, network, sign)
}

/**
 * The key that a rotation brings. Throws BAD_CHAIN where it does not come after `last`, or brings
 * another key than `last` committed to; BAD_SIGNATURE where that key did not sign it.
 */
export function verifyRotation(
  record: SignedRecord,
  body: KeyRotation,
  last: LastKey,
  network: Network,
  verify: Verify,
): EntityKey {
  const follows =
    record.kind === KEY_ROTATION &&
    equalBytes(record.key, last.id) &&
    equalBytes(record.signer, last.entity) &&
    body.position === last.position + 1
  if (!follows) throw new SheafError('BAD_CHAIN', 'a key record that does not come after the one it names')
  if (!equalBytes(nextKeyCommitment(body.publicKey), last.next)) {
    throw new SheafError('BAD_CHAIN', 'another key than the one before committed to')
  }
  const verified = verifyRecord(record, network, body.publicKey, verify)
  const { position, publicKey, next, stands } = body
  return { id: record.id, entity: last.entity, publicKey, position, next, stands, record: verified }
}

/**
 * The keys of a chain of records, genesis first: each denounces the last. Throws BAD_CHAIN where
 * one is missing, out of place or brings a key that was not committed to; BAD_SIGNATURE; TOO_LARGE.
 */
export function checkDenouncesLast(
  records: readonly SignedRecord[],
  network: Network,
  verify: Verify,
): EntityKey[] {
  const [first, ...later] = records
  if (first === undefined || first.kind !== KEY_GENESIS) {
    throw new SheafError('BAD_CHAIN', 'a chain of keys begins with a genesis')
  }
  if (later.length > KEY_CHAIN_MAX) throw new SheafError('TOO_LARGE', `a chain of ${records.length} keys`)
  const keys = [verifyGenesis(first, decode(keyGenesis, first.body), network, verify)]
  for (const record of later) {
    if (record.kind !== KEY_ROTATION) throw new SheafError('BAD_CHAIN', 'a record that is no key record')
    keys.push(verifyRotation(record, decode(keyRotation, record.body), keys.at(-1)!, network, verify))
  }
  return keys
}
