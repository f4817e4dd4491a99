import { createHash } from 'node:crypto'
import test from 'brittle'
import fc from 'fast-check'
import { deviceKeyPair, loadCrypto } from '../../src/base/crypto.ts'
import { codeOf } from '../../src/base/errors.ts'
import { domainHash } from '../../src/base/hash.ts'
import {
  entityKeyPair,
  entityKeyPairOf,
  nextKeyCommitment,
  puzzleBits,
  secretFrom,
  solvePuzzle,
} from '../../src/base/keys.ts'

const crypto = loadCrypto()
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const nonces = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const device = deviceKeyPair(new Uint8Array(32).fill(5)).publicKey

test('keys - the same chance gives the same entity key, and the kept secret gives it back', (t) => {
  const chance = new Uint8Array(32).fill(3)
  const pair = entityKeyPair(crypto, chance)
  t.is(hex(pair.publicKey), '0261298122811521f51558c55c2f1f108bf964a49bb8d0b358bbb18ceb03ae006f')
  t.is(
    hex(nextKeyCommitment(pair.publicKey)),
    'd21a2c0dd34f473d5f2018035480ba140e947b39757a7f79dc219aa28f62a7b4',
  )
  t.unlike(pair.secret, chance)
  t.alike(entityKeyPairOf(crypto, pair.secret), pair)
  t.is(
    codeOf(() => entityKeyPairOf(crypto, new Uint8Array(32))),
    'BAD_KEY',
  )
  for (const length of [0, 16, 31, 33, 64]) {
    t.is(
      codeOf(() => entityKeyPair(crypto, new Uint8Array(length))),
      'BAD_KEY',
      `${length} bytes of chance`,
    )
  }
})

test('keys - any chance gives a key that signs', (t) => {
  fc.assert(
    fc.property(bytes32, bytes32, (chance, digest) => {
      const pair = entityKeyPair(crypto, chance)
      return crypto.verify(crypto.sign(digest, pair.secret), digest, pair.publicKey)
    }),
    { numRuns: 20 },
  )
  t.pass()
})

test('keys - secrets of one seed differ by domain', (t) => {
  fc.assert(fc.property(bytes32, (seed) => hex(secretFrom('a', seed)) !== hex(secretFrom('b', seed))))
  const seed = new Uint8Array(32).fill(1)
  t.is(hex(secretFrom('a', seed)), hex(domainHash('a', seed, Uint8Array.of(0))))
})

test('keys - a commitment is the domain hash of exactly one next key', (t) => {
  const { publicKey } = entityKeyPair(crypto, new Uint8Array(32).fill(3))
  t.is(hex(nextKeyCommitment(publicKey)), hex(domainHash('sheaf/1 next key', publicKey)))
  t.unlike(
    nextKeyCommitment(publicKey),
    nextKeyCommitment(entityKeyPair(crypto, new Uint8Array(32)).publicKey),
  )
  for (const length of [0, 32, 65])
    t.is(
      codeOf(() => nextKeyCommitment(new Uint8Array(length))),
      'BAD_KEY',
    )
})

test('puzzle - the bits are those of SHA-256 over domain, key and nonce', (t) => {
  fc.assert(
    fc.property(bytes32, nonces, (key, nonce) => {
      const last = Buffer.alloc(8)
      last.writeBigUInt64LE(nonce)
      const hash = createHash('sha256').update('sheaf/1 device puzzle').update(key).update(last).digest('hex')
      return puzzleBits(key, nonce) === BigInt(`0x${hash}`).toString(2).padStart(256, '0').indexOf('1')
    }),
  )
  t.pass()
})

test('puzzle - a solution is the first nonce that is good enough', (t) => {
  fc.assert(
    fc.property(
      bytes32,
      fc.integer({ min: 0, max: 8 }),
      fc.bigInt({ min: 0n, max: 2n ** 63n }),
      (key, bits, start) => {
        const found = solvePuzzle(key, bits, start)!
        for (let nonce = start; nonce < found; nonce++) if (puzzleBits(key, nonce) >= bits) return false
        return puzzleBits(key, found) >= bits
      },
    ),
    { numRuns: 30 },
  )
  t.is(solvePuzzle(device, 12, 0n), 19n)
  t.is(solvePuzzle(device, 16, 0n), 51_201n)
})

test('puzzle - slices of the search find what the whole search finds', (t) => {
  const whole = solvePuzzle(device, 10, 0n)
  let start = 0n
  let found: bigint | undefined
  while (found === undefined) {
    found = solvePuzzle(device, 10, start, 100)
    start += 100n
  }
  t.is(found, whole)
  t.is(solvePuzzle(device, 0, 7n, 1), 7n)
  t.is(solvePuzzle(device, 0, 7n, 0), undefined)
  t.is(solvePuzzle(device, 256, 0n, 50), undefined)
})

test('puzzle - the search carries over 32 bits and goes on at zero past the last nonce', (t) => {
  t.is(solvePuzzle(device, 6, 2n ** 32n - 3n), 2n ** 32n + 89n)
  t.is(solvePuzzle(device, 6, 2n ** 64n - 3n), 19n)
})

test('puzzle - a solution is good for its device only', (t) => {
  const nonce = solvePuzzle(device, 12, 0n)!
  const others = Array.from(
    { length: 20 },
    (_, i) => deviceKeyPair(new Uint8Array(32).fill(100 + i)).publicKey,
  )
  t.ok(puzzleBits(device, nonce) >= 12)
  t.ok(others.every((key) => puzzleBits(key, nonce) < 12))
})

test('puzzle - keys, nonces and bits that cannot be are refused', (t) => {
  for (const length of [0, 31, 33])
    t.is(
      codeOf(() => puzzleBits(new Uint8Array(length), 0n)),
      'BAD_KEY',
    )
  for (const nonce of [-1n, 2n ** 64n]) {
    t.is(
      codeOf(() => puzzleBits(device, nonce)),
      'BAD_PUZZLE',
    )
    t.is(
      codeOf(() => solvePuzzle(device, 1, nonce)),
      'BAD_PUZZLE',
    )
  }
  for (const bits of [-1, 257, 1.5, Number.NaN])
    t.is(
      codeOf(() => solvePuzzle(device, bits, 0n)),
      'BAD_ARGUMENT',
    )
})
