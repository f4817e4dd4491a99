import { readFileSync } from 'node:fs'
import test from 'brittle'
import fc from 'fast-check'
import {
  type Crypto,
  deviceKeyPair,
  deviceSign,
  deviceVerify,
  loadCrypto,
  nativeAbsence,
  VERIFIED_SIGNATURES_MAX,
  VerifiedSignatures,
} from '../../src/base/crypto.ts'
import { codeOf } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'

interface Signing {
  note: string
  secret: string
  digest: string
  publicKey: string
  signature: string
}
interface Verifying {
  note: string
  valid: boolean
  signature: string
  digest: string
  publicKey: string
}

const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'))
const { signing, secrets } = vectors('secp256k1.json') as {
  signing: Signing[]
  secrets: { note: string; secret: string; valid: boolean }[]
}
const { cases } = vectors('secp256k1-verify.json') as { cases: Verifying[] }
const ed25519 = vectors('ed25519.json') as {
  signing: { note: string; seed: string; message: string; publicKey: string; signature: string }[]
  cases: { note: string; valid: boolean; signature: string; message: string; publicKey: string }[]
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const unhex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))

const noble = loadCrypto('noble')
const native = loadCrypto('native')
/** Where native is absent the tables are held against noble alone, and the last test says so. */
const implementations: Crypto[] = native.name === 'native' ? [noble, native] : [noble]

const secret = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((bytes) => noble.validSecret(bytes))
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })

for (const crypto of implementations) {
  test(`crypto - ${crypto.name} gives the known keys and signatures`, (t) => {
    for (const vector of signing) {
      t.is(hex(crypto.entityPublicKey(unhex(vector.secret))), vector.publicKey, vector.note)
      t.is(hex(crypto.sign(unhex(vector.digest), unhex(vector.secret))), vector.signature, vector.note)
      t.ok(crypto.verify(unhex(vector.signature), unhex(vector.digest), unhex(vector.publicKey)), vector.note)
    }
  })

  test(`crypto - ${crypto.name} verifies strictly: low S, ranges, lengths, compressed points on the curve`, (t) => {
    t.ok(cases.filter((one) => one.valid).length >= 10 && cases.filter((one) => !one.valid).length >= 60)
    for (const one of cases) {
      t.is(crypto.verify(unhex(one.signature), unhex(one.digest), unhex(one.publicKey)), one.valid, one.note)
    }
  })

  test(`crypto - ${crypto.name} takes secrets from 1 to n - 1 only`, (t) => {
    for (const one of secrets) {
      const bytes = unhex(one.secret)
      const expected = one.valid ? undefined : 'BAD_KEY'
      t.is(crypto.validSecret(bytes), one.valid, one.note)
      t.is(
        codeOf(() => crypto.entityPublicKey(bytes)),
        expected,
        one.note,
      )
      t.is(
        codeOf(() => crypto.sign(new Uint8Array(32), bytes)),
        expected,
        one.note,
      )
    }
    const good = unhex(signing[0]!.secret)
    for (const length of [0, 31, 33, 64])
      t.is(
        codeOf(() => crypto.sign(new Uint8Array(length), good)),
        'BAD_ARGUMENT',
      )
  })

  test(`crypto - ${crypto.name} answers false to anything, and throws at nothing`, (t) => {
    const junk = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.anything()) as fc.Arbitrary<Uint8Array>
    const shaped = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    fc.assert(
      fc.property(
        junk,
        junk,
        junk,
        (a, b, c) => crypto.verify(a, b, c) === false && crypto.validSecret(a) !== undefined,
      ),
      { numRuns: 200 },
    )
    fc.assert(
      fc.property(shaped(64), shaped(32), shaped(33), fc.constantFrom(2, 3, undefined), (a, b, c, prefix) => {
        if (prefix !== undefined) c[0] = prefix
        return crypto.verify(a, b, c) === false
      }),
      { numRuns: 50 },
    )
    t.pass()
  })

  test(`crypto - ${crypto.name} leaves what it is given as it was`, (t) => {
    const given = [unhex(signing[0]!.digest), unhex(signing[0]!.secret)] as const
    const before = given.map(hex)
    const publicKey = crypto.entityPublicKey(given[1])
    const signature = crypto.sign(...given)
    crypto.verify(signature, given[0], publicKey)
    t.alike(given.map(hex), before)
    // A view into a larger buffer is that view, not the buffer.
    const inside = new Uint8Array(200)
    inside.set(signature, 7)
    t.ok(crypto.verify(inside.subarray(7, 71), given[0], publicKey))
  })
}

test('crypto - what is signed verifies, and with any one bit changed does not', (t) => {
  fc.assert(
    fc.property(
      secret,
      digest,
      fc.nat(64 * 8 - 1),
      fc.nat(32 * 8 - 1),
      fc.nat(33 * 8 - 1),
      (key, hash, i, j, k) => {
        const publicKey = noble.entityPublicKey(key)
        const signature = noble.sign(hash, key)
        const flip = (bytes: Uint8Array, bit: number) => {
          const copy = Uint8Array.from(bytes)
          copy[bit >> 3]! ^= 1 << (bit & 7)
          return copy
        }
        return implementations.every(
          (crypto) =>
            hex(crypto.entityPublicKey(key)) === hex(publicKey) &&
            hex(crypto.sign(hash, key)) === hex(signature) &&
            crypto.verify(signature, hash, publicKey) &&
            !crypto.verify(flip(signature, i), hash, publicKey) &&
            !crypto.verify(signature, flip(hash, j), publicKey) &&
            !crypto.verify(signature, hash, flip(publicKey, k)),
        )
      },
    ),
    { numRuns: 25 },
  )
  t.pass()
})

test('crypto - the implementations agree on spliced and mutated inputs', (t) => {
  const pieces = cases.map((one) => [unhex(one.signature), unhex(one.digest), unhex(one.publicKey)] as const)
  const any = fc.nat(pieces.length - 1)
  const mutation = fc.record({ at: fc.nat(255), value: fc.nat(255), used: fc.boolean() })
  fc.assert(
    fc.property(any, any, any, mutation, (a, b, c, { at, value, used }) => {
      const signature = Uint8Array.from(pieces[a]![0])
      if (used && signature.length > 0) signature[at % signature.length] = value
      const answers = implementations.map((crypto) => crypto.verify(signature, pieces[b]![1], pieces[c]![2]))
      return answers.every((answer) => answer === answers[0])
    }),
    { numRuns: 150 },
  )
  t.pass()
})

test('crypto - native answers where it is installed, noble says so where it is not', (t) => {
  t.is(noble.name, 'noble')
  t.is(loadCrypto().name, native.name)
  if (native.name === 'native') t.is(nativeAbsence(), undefined)
  else {
    t.comment(`native secp256k1 is absent (${nativeAbsence()}): the tables above held noble only`)
    t.ok(nativeAbsence())
  }
})

/** A Crypto that counts how often it computes. */
function counted(): { crypto: Crypto; computed: () => number } {
  let calls = 0
  const crypto: Crypto = {
    ...native,
    verify(...three) {
      calls += 1
      return native.verify(...three)
    },
  }
  return { crypto, computed: () => calls }
}

function signedBy(key: number, text: string) {
  const bytes = new Uint8Array(32).fill(key)
  const hash = sha256(Buffer.from(text))
  return [native.sign(hash, bytes), hash, native.entityPublicKey(bytes)] as const
}

test('verified signatures - a valid one is computed once, an invalid one each time', (t) => {
  const { crypto, computed } = counted()
  const memory = new VerifiedSignatures(crypto)
  const good = signedBy(1, 'a')
  const other = signedBy(1, 'b')
  t.absent(memory.has(...good))
  for (let i = 0; i < 5; i++) t.ok(memory.verify(...good))
  t.is(computed(), 1)
  t.ok(memory.verify(...other))
  t.ok(memory.verify(...good))
  t.ok(memory.has(...good))
  t.is(computed(), 2)
  for (let i = 0; i < 3; i++) t.absent(memory.verify(good[0], other[1], good[2]))
  t.is(computed(), 5)
  t.is(memory.size, 2)
})

test('verified signatures - a remembered signature answers for its own digest and key only', (t) => {
  const memory = new VerifiedSignatures(native)
  const good = signedBy(1, 'a')
  const other = signedBy(2, 'b')
  t.ok(memory.verify(...good) && memory.verify(...other))
  t.absent(memory.verify(good[0], good[1], other[2]))
  t.absent(memory.verify(good[0], other[1], good[2]))
  t.absent(memory.verify(other[0], good[1], good[2]))
  t.absent(memory.verify(good[0].subarray(1), good[1], good[2]))
  // The caller's buffer changes after the check: the memory holds what was checked.
  const reused = Uint8Array.from(good[1])
  t.ok(memory.verify(good[0], reused, good[2]))
  reused[0]! ^= 1
  t.absent(memory.verify(good[0], reused, good[2]))
  t.ok(memory.verify(...good))
})

test('verified signatures - the oldest goes when the memory is full', (t) => {
  const { crypto, computed } = counted()
  const memory = new VerifiedSignatures(crypto, 4)
  const many = Array.from({ length: 10 }, (_, i) => signedBy(1 + i, `text ${i}`))
  for (const one of many) {
    t.ok(memory.verify(...one))
    t.ok(memory.size <= 4)
  }
  t.alike(
    many.map((one) => memory.has(...one)),
    many.map((_, i) => i >= 6),
  )
  t.is(computed(), 10)
  t.ok(memory.verify(...many[0]!))
  t.is(computed(), 11)
  t.absent(memory.has(...many[6]!))
  t.ok(VERIFIED_SIGNATURES_MAX >= 1024)
})

test('verified signatures - any order of good and bad gives the answers of the computation', (t) => {
  const known = [0, 1, 2, 3, 4].map((i) => signedBy(1 + i, `text ${i}`))
  const pick = fc.nat(known.length - 1)
  const answers = new Map<string, boolean>()
  fc.assert(
    fc.property(fc.array(fc.tuple(pick, pick, pick), { maxLength: 30 }), (asked) => {
      const memory = new VerifiedSignatures(native, 3)
      return asked.every(([a, b, c]) => {
        const three = [known[a]![0], known[b]![1], known[c]![2]] as const
        const name = `${a} ${b} ${c}`
        if (!answers.has(name)) answers.set(name, native.verify(...three))
        return memory.verify(...three) === answers.get(name)
      })
    }),
    { numRuns: 20 },
  )
  t.pass()
})

test('verified signatures - two of one r take turns in a slot and are both answered rightly', (t) => {
  const { crypto, computed } = counted()
  const memory = new VerifiedSignatures(crypto)
  const [one, two] = ['s = 1', 's = 2'].map((s) => {
    const found = cases.find((vector) => vector.note === `digest chosen so that ${s}`)!
    return [unhex(found.signature), unhex(found.digest), unhex(found.publicKey)] as const
  })
  t.alike(one![0].subarray(0, 32), two![0].subarray(0, 32))
  for (const three of [one!, two!, two!, one!]) t.ok(memory.verify(...three))
  t.is(computed(), 3)
  t.is(memory.size, 1)
  t.absent(memory.verify(one![0], two![1], two![2]))
})

test('verified signatures - what a worker checked is taken in, junk is passed over', (t) => {
  const { crypto, computed } = counted()
  const memory = new VerifiedSignatures(crypto)
  const good = signedBy(1, 'a')
  memory.remember(...good)
  memory.remember(...good)
  t.is(memory.size, 1)
  t.ok(memory.verify(...good))
  t.is(computed(), 0)
  memory.remember(new Uint8Array(63), good[1], good[2])
  memory.remember(good[0], good[1], new Uint8Array(65))
  t.is(memory.size, 1)
})

test('devices - keys and signatures are those of RFC 8032', (t) => {
  for (const vector of ed25519.signing) {
    const pair = deviceKeyPair(unhex(vector.seed))
    const message = unhex(vector.message)
    t.is(hex(pair.publicKey), vector.publicKey, vector.note)
    t.is(hex(pair.secretKey), vector.seed + vector.publicKey, vector.note)
    t.is(hex(deviceSign(message, pair.secretKey)), vector.signature, vector.note)
    t.ok(deviceVerify(unhex(vector.signature), message, pair.publicKey), vector.note)
  }
})

test('devices - small orders, other encodings, unreduced S and wrong lengths are refused', (t) => {
  for (const one of ed25519.cases) {
    t.is(deviceVerify(unhex(one.signature), unhex(one.message), unhex(one.publicKey)), one.valid, one.note)
  }
})

test('devices - what is signed verifies, changed it does not, and junk never throws', (t) => {
  fc.assert(
    fc.property(digest, fc.uint8Array({ maxLength: 200 }), fc.nat(511), (seed, message, bit) => {
      const pair = deviceKeyPair(seed)
      const signature = deviceSign(message, pair.secretKey)
      const changed = Uint8Array.from(signature)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      return (
        deviceVerify(signature, message, pair.publicKey) && !deviceVerify(changed, message, pair.publicKey)
      )
    }),
  )
  const junk = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.anything()) as fc.Arbitrary<Uint8Array>
  fc.assert(fc.property(junk, junk, junk, (a, b, c) => deviceVerify(a, b, c) === false))
  for (const length of [0, 31, 33])
    t.is(
      codeOf(() => deviceKeyPair(new Uint8Array(length))),
      'BAD_KEY',
    )
  for (const length of [0, 32, 65]) {
    t.is(
      codeOf(() => deviceSign(new Uint8Array(1), new Uint8Array(length))),
      'BAD_KEY',
    )
  }
})
