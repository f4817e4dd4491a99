/**
 * What one signature over many records costs and saves: `node --import tsx bench/batch-price.ts`.
 * docs/DECISIONS.md rests on these figures. One line for each size of a batch.
 */
import { randomBytes } from 'node:crypto'
import { loadCrypto, VerifiedSignatures } from '../src/base/crypto.ts'
import { entityKeyPair } from '../src/base/keys.ts'
import { networkOf } from '../src/base/network.ts'
import { type Draft, signRecords, verifyRecord } from '../src/content/record.ts'
import { median } from './harness/statistics.ts'

/** About the body of a version of a small page. */
const BODY_BYTES = 150
const RECORDS = 2_048
const ROUNDS = 5

const crypto = loadCrypto()
const network = networkOf('prices', 0)
const { publicKey, secret } = entityKeyPair(crypto, randomBytes(32))
const signer = randomBytes(32)

process.stdout.write(`${crypto.name}\nbatch  bytes a record  sign, µs a record  verify, µs a record\n`)
for (const batch of [1, 4, 16, 64, 256]) {
  const drafts = Array.from({ length: RECORDS }, draft)
  const rounds = Array.from({ length: ROUNDS }, () => round(drafts, batch))
  const row = [
    rounds[0]!.bytes.toFixed(0).padStart(14),
    median(rounds.map(({ signUs }) => signUs))
      .toFixed(1)
      .padStart(17),
    median(rounds.map(({ verifyUs }) => verifyUs))
      .toFixed(1)
      .padStart(19),
  ]
  process.stdout.write(`${String(batch).padStart(5)}  ${row.join('  ')}\n`)
}

function round(drafts: Draft[], batch: number): { bytes: number; signUs: number; verifyUs: number } {
  const started = process.hrtime.bigint()
  const records = []
  for (let at = 0; at < drafts.length; at += batch) {
    records.push(
      ...signRecords(drafts.slice(at, at + batch), network, (digest) => crypto.sign(digest, secret)),
    )
  }
  const signed = process.hrtime.bigint()
  const signatures = new VerifiedSignatures(crypto)
  for (const record of records) verifyRecord(record, network, publicKey, (...it) => signatures.verify(...it))
  const verified = process.hrtime.bigint()
  return {
    bytes: records.reduce((sum, { bytes }) => sum + bytes.byteLength, 0) / records.length,
    signUs: Number(signed - started) / 1000 / records.length,
    verifyUs: Number(verified - signed) / 1000 / records.length,
  }
}

function draft(): Draft {
  return { kind: 3, signer, key: signer, timeMs: 1, nonce: randomBytes(8), body: randomBytes(BODY_BYTES) }
}
