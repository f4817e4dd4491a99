/**
 * A person's key. The genesis record carries the first public key and a commitment (a
 * hash) to the next one, whose secret is kept offline as 24 words: a thief of today's key
 * can sign, but cannot take the identity over. The id of the genesis is the entity's id.
 */
import { encode, fixed, id32, struct, type Value } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { equalBytes } from '../base/hash.ts'
import type { Network } from '../base/network.ts'
import {
  type Draft,
  type Sign,
  type SignedRecord,
  signRecord,
  type VerifiedRecord,
  type Verify,
  verifyRecord,
} from './record.ts'
import type { StandsSummary, StandsTable } from './stood-by.ts'

export const KEY_GENESIS = 1

export const keyGenesis = struct({
  /** Compressed secp256k1 point. */
  publicKey: fixed(33),
  /** Commitment to the next public key. */
  next: id32,
})
export type KeyGenesis = Value<typeof keyGenesis>

/** A key record that was verified: who signs with which key. */
export interface EntityKey {
  /** Id of the key record. */
  id: Uint8Array
  entity: Uint8Array
  publicKey: Uint8Array
  /** Place in the chain; 0 for the genesis. */
  position: number
  /** Commitment to the key that comes after. */
  next: Uint8Array
  /** What the entity stands by of the key before this one: see `stood-by.ts`. Its table where the whole block was seen. */
  stands: (StandsSummary & { table?: StandsTable | undefined }) | undefined
  record: VerifiedRecord
}

export const NO_SIGNER: Uint8Array = new Uint8Array(32)

export function signGenesis(
  genesis: KeyGenesis,
  at: { timeMs: number; nonce: Uint8Array },
  network: Network,
  sign: Sign,
): SignedRecord {
  const draft: Draft = {
    ...at,
    kind: KEY_GENESIS,
    signer: NO_SIGNER,
    key: NO_SIGNER,
    body: encode(keyGenesis, genesis),
  }
  return signRecord(draft, network, sign)
}

/** The key that a genesis record founds; throws BAD_CHAIN where it claims a signer, BAD_SIGNATURE where its own key did not sign it. */
export function verifyGenesis(
  record: SignedRecord,
  body: KeyGenesis,
  network: Network,
  verify: Verify,
): EntityKey {
  if (
    record.kind !== KEY_GENESIS ||
    !equalBytes(record.signer, NO_SIGNER) ||
    !equalBytes(record.key, NO_SIGNER)
  ) {
    throw new SheafError('BAD_CHAIN', 'a genesis has no signer before it')
  }
  const verified = verifyRecord(record, network, body.publicKey, verify)
  const { publicKey, next } = body
  return {
    id: record.id,
    entity: record.id,
    publicKey,
    position: 0,
    next,
    stands: undefined,
    record: verified,
  }
}
