/** A walk through the registry of record kinds: an entry without its vector, its generator or a refusal of hostile bytes fails here. */
import test from 'brittle'
import fc from 'fast-check'
import { decode, encode, readUint, type State } from '../../src/base/codec.ts'
import { deviceVerify, loadCrypto } from '../../src/base/crypto.ts'
import { sha256 } from '../../src/base/hash.ts'
import { encodeFileTable, encodeTableList, openFile, openTable } from '../../src/content/file.ts'
import { KINDS, type Kind, kindOf, locatorOf } from '../../src/content/kinds.ts'
import {
  isDeviceKind,
  parseRecord,
  type SignedRecord,
  type VerifiedRecord,
  verifyRecord,
} from '../../src/content/record.ts'
import { entityLocator } from '../../src/content/space.ts'
import { decodeVersion } from '../../src/content/version.ts'
import { verify } from '../helpers/actor.ts'
import { flips, hex, plain, refusal, truncations, unhex, withTrailing } from '../helpers/bytes.ts'
import { BODIES } from '../helpers/generators.ts'
import {
  formBodies,
  formRecords,
  publicKeyFor,
  type RecordVector,
  recordVectors,
  signersOf,
} from '../helpers/record-vectors.ts'
import { parameters } from '../helpers/seed.ts'

const signers = signersOf(recordVectors)

/** Bytes → record and body, everything about them checked. */
function open(bytes: Uint8Array, kind: Kind): { record: VerifiedRecord; body: unknown } {
  const record = parseRecord(bytes)
  const check = isDeviceKind(kind.number) ? deviceVerify : verify
  const verified = verifyRecord(record, signers.network, publicKeyFor(kind.number, signers), check)
  return { record: verified, body: decode(kind.codec, record.body) }
}

function vectorOf(kind: Kind): RecordVector {
  const vector = recordVectors.kinds[kind.name]
  if (vector === undefined) throw new Error(`no vector for the kind "${kind.name}"`)
  return vector
}

function bodiesOf(kind: Kind): fc.Arbitrary<unknown> {
  const bodies = BODIES[kind.name]
  if (bodies === undefined) throw new Error(`no generator for the kind "${kind.name}"`)
  return bodies
}

function formed(kind: Kind, body: unknown): SignedRecord {
  const input = { timeMs: 1_800_000_000_000, nonce: '0102030405060708', body }
  return formBodies(kind, [input], signers)[0]!
}

test('kinds - every number and every name stands in the registry once, and every vector is of a kind', (t) => {
  t.is(new Set(KINDS.map(({ number }) => number)).size, KINDS.length)
  t.alike(Object.keys(recordVectors.kinds).sort(), KINDS.map(({ name }) => name).sort())
  for (const { number } of KINDS) t.ok(number >= 1 && number <= 255)
  t.is(kindOf(0), undefined)
})

for (const [name, vector] of Object.entries(recordVectors.files)) {
  test(`kinds - a version of a file ${name}: its vector is what its words and secrets give`, (t) => {
    const kind = kindOf(vector.number)!
    const [record] = formRecords(kind, [vector], signers)
    t.is(hex(record!.bytes), vector.record)
    t.is(hex(record!.id), vector.id)
    t.is(hex(locatorOf(record!)), vector.locator)
    const opened = open(unhex(vector.record), kind)
    t.is(hex(opened.record.body), vector.bodyBytes)
    t.alike(plain(opened.body), vector.body)
    const { content } = decodeVersion(record!)
    if (content.type !== 'file') throw new Error('no file')
    const parts = openFile(content, unhex(vector.attachment))
    if ('bytes' in parts) t.is(hex(sha256(parts.bytes)), hex(content.fileHash))
    else {
      t.is(hex(encodeTableList(parts.tables)), vector.attachment)
      for (const [i, entry] of parts.tables.entries()) {
        const pieces = openTable(entry, unhex(vector.tables[i]!))
        t.is(hex(encodeFileTable(pieces)), vector.tables[i])
      }
    }
  })
}

for (const kind of KINDS) {
  test(`kinds - ${kind.name}: its vector is what its words and secrets give`, (t) => {
    const vector = vectorOf(kind)
    const [record] = formRecords(kind, [vector], signers)
    t.is(kind.number, vector.number)
    t.is(hex(record!.bytes), vector.record)
    t.is(hex(record!.id), vector.id)
    const opened = open(unhex(vector.record), kind)
    t.is(hex(opened.record.body), vector.bodyBytes)
    t.alike(plain(opened.body), vector.body)
    t.is(opened.record.timeMs, vector.timeMs)
    t.is(kind.locator ? hex(kind.locator(opened.record)) : null, vector.locator)
    t.is(hex(locatorOf(opened.record)), vector.locator ?? hex(entityLocator(opened.record.signer)))
  })

  test(`kinds - ${kind.name}: any body comes back as it was, byte for byte`, (t) => {
    fc.assert(
      fc.property(bodiesOf(kind), (body) => {
        const record = formed(kind, body)
        const back = decode(kind.codec, record.body)
        return (
          JSON.stringify(plain(back)) === JSON.stringify(plain(body)) &&
          hex(encode(kind.codec, back)) === hex(record.body)
        )
      }),
      parameters(),
    )
    t.pass()
  })

  test(`kinds - ${kind.name}: cut short or with bytes behind it, it is refused`, (t) => {
    const bytes = unhex(vectorOf(kind).record)
    const body = unhex(vectorOf(kind).bodyBytes)
    const codes = truncations(bytes).map((cut) => refusal(() => open(cut, kind)))
    t.alike(new Set(codes), new Set(['TRUNCATED']))
    t.is(
      refusal(() => open(withTrailing(bytes), kind)),
      'TRAILING_BYTES',
    )
    t.ok(truncations(body).every((cut) => refusal(() => decode(kind.codec, cut)) !== undefined))
    t.is(
      refusal(() => decode(kind.codec, withTrailing(body))),
      'TRAILING_BYTES',
    )
  })

  test(`kinds - ${kind.name}: with any byte changed it does not verify`, (t) => {
    const bytes = unhex(vectorOf(kind).record)
    const codes = new Set<string>()
    for (const { at, bytes: changed } of flips(bytes)) {
      const code = refusal(() => open(changed, kind))
      if (code === undefined) t.fail(`byte ${at} of a record can be changed`)
      else codes.add(code)
    }
    t.ok(codes.has('BAD_SIGNATURE'))
    t.comment([...codes].join(' '))
  })

  test(`kinds - ${kind.name}: a body with any byte changed is refused, or is another body in canonical form`, (t) => {
    const body = unhex(vectorOf(kind).bodyBytes)
    for (const { at, bytes: changed } of flips(body)) {
      let value: unknown
      const code = refusal(() => {
        value = decode(kind.codec, changed)
      })
      if (code === undefined && hex(encode(kind.codec, value)) !== hex(changed)) t.fail(`byte ${at}`)
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let value: unknown
        const code = refusal(() => {
          value = decode(kind.codec, bytes)
        })
        return code !== undefined || hex(encode(kind.codec, value)) === hex(bytes)
      }),
      parameters({ numRuns: 200 }),
    )
    t.pass()
  })

  test(`kinds - ${kind.name}: a length in a longer form than it needs, or beyond the maximum, is refused`, (t) => {
    const bytes = unhex(vectorOf(kind).record)
    const at = bodyLengthAt(bytes)
    const state: State = { start: at, end: bytes.byteLength, buffer: bytes }
    const length = readUint(state)
    const longer = Buffer.alloc(5)
    longer[0] = 0xfe
    longer.writeUInt32LE(length, 1)
    const restated = Buffer.concat([bytes.subarray(0, at), longer, bytes.subarray(state.start)])
    t.is(
      refusal(() => open(restated, kind)),
      'NOT_CANONICAL',
    )
    const huge = Buffer.concat([bytes.subarray(0, at), unhex('feffffff7f'), bytes.subarray(state.start)])
    t.is(
      refusal(() => open(huge, kind)),
      'TOO_LARGE',
      'a length of 2 GiB is refused before memory is taken',
    )
  })
}

test('kinds - noble and native sign and verify the vectors alike', (t) => {
  const noble = loadCrypto('noble')
  const byNoble = signersOf(recordVectors, noble)
  for (const kind of KINDS.filter(({ number }) => !isDeviceKind(number))) {
    const vector = vectorOf(kind)
    const [record] = formRecords(kind, [vector], byNoble)
    t.is(hex(record!.bytes), vector.record, kind.name)
    const { network, entity } = signers
    const verified = [noble, loadCrypto()].map(
      (crypto) =>
        verifyRecord(parseRecord(unhex(vector.record)), network, entity.publicKey, crypto.verify).kind,
    )
    t.alike(verified, [kind.number, kind.number])
  }
})

/** Where the length of the body stands: behind format, kind, signer, key, time and nonce. */
function bodyLengthAt(bytes: Uint8Array): number {
  const keyBytes = bytes[34] === 0 ? 1 : 33
  return 2 + 32 + keyBytes + 6 + 8
}
