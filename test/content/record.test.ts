import { createHash } from 'node:crypto'
import test from 'brittle'
import fc from 'fast-check'
import { deviceVerify, loadCrypto } from '../../src/base/crypto.ts'
import { networkOf } from '../../src/base/network.ts'
import { seededRandom } from '../../src/base/seeded.ts'
import { KINDS } from '../../src/content/kinds.ts'
import {
  type Draft,
  isDeviceKind,
  parseRecord,
  type SignedRecord,
  signRecord,
  signRecords,
  verifyRecord,
} from '../../src/content/record.ts'
import { verify } from '../helpers/actor.ts'
import { hex, refusal, unhex } from '../helpers/bytes.ts'
import { formRecords, kindNamed, publicKeyFor, recordVectors, signersOf } from '../helpers/record-vectors.ts'
import { parameters } from '../helpers/seed.ts'

const signers = signersOf(recordVectors)
const { network, entity, device } = signers
const byEntity = (record: SignedRecord, on = network) => verifyRecord(record, on, entity.publicKey, verify)

function drafts(count: number, seed = 'drafts'): Draft[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, i) => ({
    kind: 77,
    signer: entity.id,
    key: i % 3 === 0 ? random(32) : entity.id,
    timeMs: 1_800_000_000_000 + i,
    nonce: random(8),
    body: random(i),
  }))
}

/** Last places of a batch that are worth a try: the small ones and where powers of two end. */
const LASTS = [...Array.from({ length: 18 }, (_, i) => i), 126, 127, 128, 254, 255]

const sha = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()

test('record - the bytes are those of the drawn layout', (t) => {
  const { number, timeMs, nonce, bodyBytes, record } = recordVectors.kinds.version!
  const time = Buffer.alloc(6)
  time.writeUIntLE(timeMs, 0, 6)
  const body = unhex(bodyBytes)
  const unsigned = Buffer.concat([
    Uint8Array.of(1, number),
    entity.id,
    Uint8Array.of(0), // its own key
    time,
    unhex(nonce),
    Uint8Array.of(body.byteLength),
    body,
  ])
  const part = (bytes: Uint8Array): Buffer => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.byteLength)
    return Buffer.concat([length, bytes])
  }
  const domain = (name: string) => Buffer.concat([Uint8Array.of(name.length), Buffer.from(name)])
  const namespace = sha(domain('sheaf/1 record'), part(network.id), part(Uint8Array.of(number)))
  const leaf = sha(Uint8Array.of(0), namespace, unsigned)
  const digest = sha(domain('sheaf/1 batch'), part(Uint8Array.of(0)), part(leaf))
  const expected = Buffer.concat([unsigned, Uint8Array.of(0), entity.sign(digest)])
  t.is(record, hex(expected))
  t.is(recordVectors.kinds.version!.id, hex(sha(expected)))
})

test('record - three under one signature give the bytes of the vector, and each verifies alone', (t) => {
  const { kind, inputs, records, ids } = recordVectors.batch
  const formed = formRecords(kindNamed(kind), inputs, signers)
  t.alike(
    formed.map(({ bytes }) => hex(bytes)),
    records,
  )
  t.alike(
    formed.map(({ id }) => hex(id)),
    ids,
  )
  t.is(new Set(records.map((record) => record.slice(-128))).size, 1, 'one signature')
  const places = records.map((record) => byEntity(parseRecord(unhex(record))).batch)
  t.alike(
    places.map(({ index, count, path }) => [index, count, path.length]),
    [
      [0, 3, 2],
      [1, 3, 2],
      [2, 3, 1],
    ],
  )
})

test('record - batches of every size parse to what was drafted', (t) => {
  for (const count of [1, 2, 3, 5, 16, 17, 255, 256]) {
    const all = drafts(count)
    const records = signRecords(all, network, entity.sign)
    const same = records.every((record, i) => {
      const { kind, signer, key, timeMs, nonce, body } = byEntity(parseRecord(record.bytes))
      const draft = all[i]!
      return (
        kind === draft.kind &&
        timeMs === draft.timeMs &&
        [signer, key, nonce, body].map(hex).join() ===
          [draft.signer, draft.key, draft.nonce, draft.body].map(hex).join()
      )
    })
    t.ok(same, `${count} records`)
    t.is(new Set(records.map(({ id }) => hex(id))).size, count)
  }
  t.alike(signRecords([], network, entity.sign), [])
  t.is(
    refusal(() => signRecords(drafts(257), network, entity.sign)),
    'TOO_LARGE',
  )
})

test('record - a signature made for one kind never verifies for another', (t) => {
  for (const kind of KINDS) {
    const vector = recordVectors.kinds[kind.name]!
    const check = isDeviceKind(kind.number) ? deviceVerify : verify
    for (let other = 1; other < 256; other++) {
      if (other === kind.number) continue
      const bytes = unhex(vector.record)
      bytes[1] = other
      const code = refusal(() =>
        verifyRecord(parseRecord(bytes), network, publicKeyFor(kind.number, signers), check),
      )
      if (code !== 'BAD_SIGNATURE') t.fail(`a ${kind.name} passes for kind ${other}: ${code}`)
    }
  }
  t.pass()
})

test('record - a signature made for one network never verifies on another', (t) => {
  for (const kind of KINDS) {
    const record = parseRecord(unhex(recordVectors.kinds[kind.name]!.record))
    const check = isDeviceKind(kind.number) ? deviceVerify : verify
    const key = publicKeyFor(kind.number, signers)
    t.is(verifyRecord(record, networkOf('vectors', 0), key, check).kind, kind.number)
    t.is(
      refusal(() => verifyRecord(record, networkOf('vector', 8), key, check)),
      'BAD_SIGNATURE',
    )
  }
})

test('record - the proof of a batch cannot be restated with another count or another index', (t) => {
  for (const count of [1, 2, 3, 4, 5, 8, 9]) {
    const records = signRecords(drafts(count, 'restated'), network, entity.sign)
    for (const record of records) {
      for (const last of LASTS) {
        for (const index of new Set([0, 1, 2, 3, 4, 7, 8, record.batch.index, last])) {
          if (last + 1 === count && index === record.batch.index) continue
          const bytes = restated(record, last, index)
          const code = refusal(() => byEntity(parseRecord(bytes)))
          if (code === undefined && hex(bytes) !== hex(record.bytes)) {
            t.fail(`record ${record.batch.index} of ${count} passes for ${index} of ${last + 1}`)
          }
        }
      }
    }
  }
  t.pass()
})

test('record - one record has one id: no second signature is made from the first', (t) => {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  const record = signRecord(drafts(1)[0]!, network, entity.sign)
  const s = BigInt(`0x${hex(record.signature.subarray(32))}`)
  t.ok(s <= order / 2n, 'signing gives the low s')
  const high = unhex((order - s).toString(16).padStart(64, '0'))
  const mirrored = Buffer.concat([record.bytes.subarray(0, -32), high])
  for (const crypto of [loadCrypto(), loadCrypto('noble')]) {
    const check = () => verifyRecord(parseRecord(mirrored), network, entity.publicKey, crypto.verify)
    t.is(refusal(check), 'BAD_SIGNATURE', crypto.name)
  }

  const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n
  const statement = signRecord(
    { ...drafts(1)[0]!, kind: 200, signer: device.publicKey, key: device.publicKey },
    network,
    device.sign,
  )
  const byDevice = (bytes: Uint8Array) =>
    verifyRecord(parseRecord(bytes), network, device.publicKey, deviceVerify)
  t.is(byDevice(statement.bytes).kind, 200)
  const scalar = BigInt(`0x${hex(Uint8Array.from(statement.signature.subarray(32)).reverse())}`)
  const raised = unhex((scalar + groupOrder).toString(16).padStart(64, '0')).reverse()
  t.is(
    refusal(() => byDevice(Buffer.concat([statement.bytes.subarray(0, -32), raised]))),
    'BAD_SIGNATURE',
  )
})

test('record - a key that goes without saying is not said', (t) => {
  const own = signRecord({ ...drafts(1)[0]!, key: entity.id }, network, entity.sign)
  const spelled = Buffer.concat([
    own.bytes.subarray(0, 34),
    Uint8Array.of(1),
    entity.id,
    own.bytes.subarray(35),
  ])
  t.is(
    refusal(() => parseRecord(spelled)),
    'NOT_CANONICAL',
  )
  const another: Draft = { ...drafts(1)[0]!, kind: 200, signer: device.publicKey, key: entity.id }
  t.is(
    refusal(() => signRecord(another, network, device.sign)),
    'NOT_CANONICAL',
    'a device has one key',
  )
})

test('record - any bytes are refused with a code or come back as they were', (t) => {
  const start = unhex(recordVectors.kinds.holding!.record)
  const mutation = fc.record({
    at: fc.nat(start.byteLength - 1),
    remove: fc.nat(4),
    insert: fc.uint8Array({ maxLength: 4 }),
  })
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      let bytes: Uint8Array = start
      for (const { at, remove, insert } of mutations) {
        bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)])
      }
      const code = refusal(() => verifyRecord(parseRecord(bytes), network, device.publicKey, deviceVerify))
      return (code === undefined) === (hex(bytes) === hex(start))
    }),
    parameters({ numRuns: 1000 }),
  )
  t.pass()
})

/** The record with another last place and index written into its batch, its path as it is. */
function restated(record: SignedRecord, last: number, index: number): Uint8Array {
  const { bytes, unsignedBytes, batch } = record
  const path = Buffer.concat(batch.path)
  const place = last === 0 && path.byteLength === 0 ? [last] : [last, index]
  return Buffer.concat([bytes.subarray(0, unsignedBytes), Uint8Array.from(place), path, record.signature])
}
