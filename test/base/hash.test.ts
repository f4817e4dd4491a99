import { createHash, createHmac } from 'node:crypto'
import test from 'brittle'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.ts'
import {
  compareBytes,
  domainHash,
  equalBytes,
  hmacSha256,
  sha256,
  sha256Concat,
  sha256LeadingZeroBits,
} from '../../src/base/hash.ts'

const bytes = fc.uint8Array({ maxLength: 300 })
const hex = (value: Uint8Array) => Buffer.from(value).toString('hex')
const reference = (value: Uint8Array) => createHash('sha256').update(value).digest('hex')

test('hash - SHA-256 gives the answers of FIPS 180-4', (t) => {
  t.is(hex(sha256(Buffer.from('abc'))), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  t.is(hex(sha256(Buffer.alloc(0))), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

test('hash - HMAC-SHA-256 gives the answers of RFC 4231', (t) => {
  t.is(
    hex(hmacSha256(Buffer.alloc(20, 0x0b), Buffer.from('Hi There'))),
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  )
  t.is(
    hex(hmacSha256(Buffer.from('Jefe'), Buffer.from('what do ya want for nothing?'))),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
})

test('hash - parts are hashed as if they were one, however they are cut', (t) => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 8 }), (parts) => {
      t.is(hex(sha256Concat(...parts)), reference(Buffer.concat(parts)))
      t.is(hex(sha256(Buffer.concat(parts))), reference(Buffer.concat(parts)))
    }),
    { numRuns: 50 },
  )
})

test('hash - parts around and above the size of the scratch space are hashed alike', (t) => {
  for (const size of [16_383, 16_384, 16_385, 70_000]) {
    const part = Buffer.alloc(size - 1, size)
    t.is(hex(sha256Concat(Uint8Array.of(7), part)), reference(Buffer.concat([Uint8Array.of(7), part])))
  }
})

test('hash - each hash is an array of its own', (t) => {
  const first = sha256(Buffer.from('first'))
  const kept = hex(first)
  sha256(Buffer.from('second'))
  t.is(hex(first), kept)
  t.is(first.length, 32)
  t.is(first.buffer.byteLength, 32)
})

test('hash - a domain hash is SHA-256 over the stated layout, at every size', (t) => {
  const layout = (domain: string, parts: Uint8Array[]) => {
    const name = Buffer.from(domain)
    const pieces: Uint8Array[] = [Uint8Array.of(name.length), name]
    for (const part of parts) {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(part.length)
      pieces.push(length, part)
    }
    return reference(Buffer.concat(pieces))
  }
  const long = Buffer.alloc(40_000, 1)
  t.is(hex(domainHash('sheaf/1 test')), layout('sheaf/1 test', []))
  t.is(
    hex(domainHash('sheaf/1 tëst', long, Uint8Array.of(1))),
    layout('sheaf/1 tëst', [long, Uint8Array.of(1)]),
  )
  fc.assert(
    fc.property(
      fc.array(bytes, { maxLength: 5 }),
      (parts) => hex(domainHash('d', ...parts)) === layout('d', parts),
    ),
    { numRuns: 50 },
  )
})

test('hash - a domain hash tells fields apart wherever their border lies', (t) => {
  fc.assert(
    fc.property(bytes, fc.nat(), fc.nat(), (joined, a, b) => {
      const [first, second] = [a % (joined.length + 1), b % (joined.length + 1)]
      const cut = (at: number) => hex(domainHash('sheaf/1 test', joined.subarray(0, at), joined.subarray(at)))
      return first === second || cut(first) !== cut(second)
    }),
  )
  t.unlike(domainHash('a', Buffer.from('b')), domainHash('ab'))
  t.unlike(domainHash('a'), domainHash('a', new Uint8Array(0)))
})

test('hash - an empty or overlong domain is refused', (t) => {
  t.is(
    codeOf(() => domainHash('')),
    'BAD_ARGUMENT',
  )
  t.is(
    codeOf(() => domainHash('é'.repeat(128))),
    'BAD_ARGUMENT',
  )
  t.is(domainHash('d'.repeat(255)).length, 32)
})

test('hash - leading zero bits are those of the hash', (t) => {
  fc.assert(
    fc.property(bytes, (value) => {
      const bits = BigInt(`0x${reference(value)}`)
        .toString(2)
        .padStart(256, '0')
      return sha256LeadingZeroBits(value) === bits.indexOf('1')
    }),
  )
  // SHA-256 of these eight bytes begins with more than a whole zero byte.
  let nonce = 0
  const tried = Buffer.alloc(8)
  while (sha256LeadingZeroBits(tried) < 9) tried.writeUInt32LE(++nonce)
  t.ok(reference(tried).startsWith('00'))
})

test('hash - bytes are ordered as memcmp orders them, a prefix first', (t) => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const order = Math.sign(compareBytes(a, b))
      return (
        order === Buffer.compare(a, b) &&
        order === -Math.sign(compareBytes(b, a)) &&
        equalBytes(a, b) === (order === 0)
      )
    }),
  )
  t.ok(compareBytes(Uint8Array.of(1), Uint8Array.of(1, 0)) < 0)
  t.ok(compareBytes(Uint8Array.of(0xff), Uint8Array.of(1, 0)) > 0)
  t.ok(equalBytes(Uint8Array.of(1, 2), Buffer.from([1, 2])))
})

test('hash - a key longer than a block is hashed first, as HMAC has it', (t) => {
  const key = Buffer.alloc(131, 0xaa)
  t.is(hex(hmacSha256(key, key)), createHmac('sha256', key).update(key).digest('hex'))
})
