/**
 * Merkle trees in the shape of RFC 6962: one hash stands for a list of leaves, and a
 * few hashes prove that a leaf is in it, at which place.
 *
 *              root = H(1 | a | e)            leaf hash  H(0 | bytes)
 *             /                  \            node hash  H(1 | left | right)
 *        a = H(1 | h0 | h1)       e = h2
 *         /          \
 *       h0            h1                      a last node without a neighbour moves up as it is
 *
 * Leaves and nodes are hashed with different first bytes, so that a node never passes for a leaf.
 * A root says nothing about how many leaves it stands for: whoever signs a root signs the count beside it.
 */

import { SheafError } from './errors.ts'
import { HASH_BYTES, sha256, sha256Concat } from './hash.ts'

const LEAF = Uint8Array.of(0)
const NODE = 1

/** More leaves than any list in Sheaf has; it keeps a claimed count from asking for a proof of any length, and places within 32 bits. */
export const MERKLE_LEAVES_MAX = 2 ** 31

/** Where a node's two children are laid side by side: 1 | left | right. */
const pair = Buffer.alloc(1 + 2 * HASH_BYTES)
pair[0] = NODE

/** H(0 | parts one after the other), 32 bytes. */
export function leafHash(...parts: Uint8Array[]): Uint8Array {
  return sha256Concat(LEAF, ...parts)
}

/** The root over leaf hashes (32 bytes each) in their order. That of no leaves is SHA-256 of nothing, as in the RFC. */
export function merkleRoot(leafHashes: readonly Uint8Array[]): Uint8Array {
  if (leafHashes.length === 0) return sha256(new Uint8Array(0))
  let level = leafHashes
  while (level.length > 1) level = levelAbove(level)
  return checkedHash(level[0])
}

/**
 * The root, and for each leaf its proof: the neighbours met on the way from it up to the root, lowest first, at most
 * ⌈log2(leaves)⌉ hashes. Each node is hashed once for all of them. Throws BAD_ARGUMENT for no leaves.
 */
export function merkleTree(leafHashes: readonly Uint8Array[]): { root: Uint8Array; proofs: Uint8Array[][] } {
  if (leafHashes.length === 0) throw new SheafError('BAD_ARGUMENT', 'a tree without leaves proves nothing')
  const proofs: Uint8Array[][] = leafHashes.map(() => [])
  let level = leafHashes
  for (let height = 0; level.length > 1; height++, level = levelAbove(level)) {
    for (const [leaf, proof] of proofs.entries()) {
      const neighbour = level[(leaf >> height) ^ 1]
      if (neighbour !== undefined) proof.push(neighbour)
    }
  }
  return { root: checkedHash(level[0]), proofs }
}

/**
 * The root of a tree of `count` leaves in which `leaf` stands at `index`, if the proof is
 * right; the caller compares it with the root that was signed. The inverse of `merkleTree`.
 * Throws BAD_PROOF for a place that cannot be, a hash of another length, or a proof that is
 * not exactly as long as this place needs.
 */
export function rootFromProof(
  leaf: Uint8Array,
  index: number,
  count: number,
  proof: readonly Uint8Array[],
): Uint8Array {
  if (count > MERKLE_LEAVES_MAX || !isPlace(index, count)) {
    throw new SheafError('BAD_PROOF', `no leaf ${index} among ${count}`)
  }
  let node = checkedHash(leaf)
  let used = 0
  let place = index
  for (let width = count; width > 1; width = (width + 1) >>> 1) {
    const isLeft = (place & 1) === 0
    const alone = isLeft && place === width - 1
    if (!alone) {
      const neighbour = checkedHash(proof[used])
      node = isLeft ? nodeHash(node, neighbour) : nodeHash(neighbour, node)
      used += 1
    }
    place >>>= 1
  }
  if (used !== proof.length) {
    throw new SheafError('BAD_PROOF', `${proof.length} hashes where leaf ${index} of ${count} needs ${used}`)
  }
  return node
}

function levelAbove(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = []
  for (let i = 0; i + 1 < level.length; i += 2) above.push(nodeHash(level[i]!, level[i + 1]!))
  if (level.length % 2 === 1) above.push(level[level.length - 1]!)
  return above
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  pair.set(checkedHash(left), 1)
  pair.set(checkedHash(right), 1 + HASH_BYTES)
  return sha256(pair)
}

function checkedHash(hash: Uint8Array | undefined): Uint8Array {
  if (hash === undefined) throw new SheafError('BAD_PROOF', 'the proof ends before the root')
  if (hash.length !== HASH_BYTES) {
    throw new SheafError('BAD_PROOF', `a hash of ${hash.length} bytes in a tree of ${HASH_BYTES}-byte hashes`)
  }
  return hash
}

function isPlace(index: number, count: number): boolean {
  return Number.isSafeInteger(index) && Number.isSafeInteger(count) && index >= 0 && index < count
}
