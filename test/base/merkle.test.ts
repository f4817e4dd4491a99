import { createHash } from 'node:crypto'
import test from 'brittle'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'
import { leafHash, MERKLE_LEAVES_MAX, merkleRoot, merkleTree, rootFromProof } from '../../src/base/merkle.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const leaves = (count: number) => Array.from({ length: count }, (_, i) => leafHash(Buffer.from(`leaf ${i}`)))
const sizes = fc.integer({ min: 1, max: 70 })

/** The definition of RFC 6962, section 2.1, over data: split at the largest power of two below n. */
function rootByDefinition(data: Uint8Array[]): Buffer {
  const h = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
  if (data.length === 0) return h()
  if (data.length === 1) return h(Uint8Array.of(0), data[0]!)
  let split = 1
  while (split * 2 < data.length) split *= 2
  return h(Uint8Array.of(1), rootByDefinition(data.slice(0, split)), rootByDefinition(data.slice(split)))
}

test('merkle - roots of zero to eight leaves are those of Certificate Transparency', (t) => {
  // The data and roots that implementations of RFC 6962 test with.
  const data = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ]
  const inputs = data.map((text) => Buffer.from(text, 'hex'))
  const hashes = inputs.map((input) => leafHash(input))
  t.is(hex(merkleRoot([])), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  t.is(
    hex(merkleRoot(hashes.slice(0, 1))),
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  )
  t.is(hex(merkleRoot(hashes)), '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
})

test('merkle - the root is the one that the definition gives', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 70 }), (data) => {
      return hex(merkleRoot(data.map((bytes) => leafHash(bytes)))) === hex(rootByDefinition(data))
    }),
  )
  t.is(hex(leafHash(Uint8Array.of(1), Uint8Array.of(2))), hex(leafHash(Uint8Array.of(1, 2))))
})

test('merkle - every leaf of a tree proves its place', (t) => {
  for (const count of [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 256]) {
    const hashes = leaves(count)
    const root = hex(merkleRoot(hashes))
    const tree = merkleTree(hashes)
    t.is(hex(tree.root), root)
    const proven = hashes.every((leaf, index) => {
      const proof = tree.proofs[index]!
      return (
        proof.length <= Math.ceil(Math.log2(count)) && hex(rootFromProof(leaf, index, count, proof)) === root
      )
    })
    t.ok(proven, `${count} leaves`)
  }
})

test('merkle - a proof holds for its own leaf, place and hashes only', (t) => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), fc.integer({ min: 0, max: 255 }), (count, at, other, bit) => {
      const hashes = leaves(count)
      const index = at % count
      const proof = merkleTree(hashes).proofs[index]!
      const root = hex(merkleRoot(hashes))
      const gives = (leaf: Uint8Array, place: number, hashesOfProof: Uint8Array[]) => {
        let result = ''
        codeOf(() => {
          result = hex(rootFromProof(leaf, place, count, hashesOfProof))
        })
        return result === root
      }
      const flipped = proof.map((hash) => Uint8Array.from(hash))
      const changed = flipped[other % (proof.length || 1)]
      if (changed !== undefined) changed[bit >> 3]! ^= 1 << (bit & 7)
      const wrong = other % count
      return (
        gives(hashes[index]!, index, proof) &&
        !gives(sha256(hashes[index]!), index, proof) &&
        (wrong === index || !gives(hashes[index]!, wrong, proof)) &&
        (changed === undefined || !gives(hashes[index]!, index, flipped))
      )
    }),
  )
  t.pass()
})

test('merkle - a proof that is too short or too long is refused', (t) => {
  fc.assert(
    fc.property(sizes, fc.nat(), (count, at) => {
      const hashes = leaves(count)
      const index = at % count
      const leaf = hashes[index]!
      const proof = merkleTree(hashes).proofs[index]!
      const long = codeOf(() => rootFromProof(leaf, index, count, [...proof, leaf]))
      const short = codeOf(() => rootFromProof(leaf, index, count, proof.slice(0, -1)))
      return long === 'BAD_PROOF' && (proof.length === 0 || short === 'BAD_PROOF')
    }),
  )
  t.pass()
})

test('merkle - a node does not pass for a leaf, nor a tree for another of fewer leaves', (t) => {
  const hashes = leaves(4)
  const upper = [0, 2].map((i) => sha256(Buffer.concat([Uint8Array.of(1), hashes[i]!, hashes[i + 1]!])))
  t.is(
    hex(merkleRoot(upper)),
    hex(merkleRoot(hashes)),
    'hashes alone do not tell: the count is signed beside the root',
  )
  t.unlike(leafHash(hashes[0]!, hashes[1]!), upper[0])
})

test('merkle - impossible places and hashes of another length are refused', (t) => {
  const hashes = leaves(3)
  const proof = merkleTree(hashes).proofs[0]!
  const refused = (index: number, count: number) =>
    codeOf(() => rootFromProof(hashes[0]!, index, count, proof))
  for (const [index, count] of [
    [3, 3],
    [-1, 3],
    [0.5, 3],
    [Number.NaN, 3],
    [0, 0],
    [0, -1],
    [0, Number.POSITIVE_INFINITY],
    [0, MERKLE_LEAVES_MAX + 1],
    [0, 2.5],
  ] as const) {
    t.is(refused(index, count), 'BAD_PROOF', `leaf ${index} of ${count}`)
  }
  t.is(
    codeOf(() => rootFromProof(hashes[0]!, 0, 3, [hashes[1]!, new Uint8Array(31)])),
    'BAD_PROOF',
  )
  t.is(
    codeOf(() => rootFromProof(new Uint8Array(33), 0, 1, [])),
    'BAD_PROOF',
  )
  t.is(
    codeOf(() => merkleRoot([new Uint8Array(31)])),
    'BAD_PROOF',
  )
  t.is(
    codeOf(() => merkleTree([])),
    'BAD_ARGUMENT',
  )
})
