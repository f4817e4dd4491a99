/**
 * Lots that nobody draws: the order is a hash of who took part. Nothing that a voter or a
 * nominator can try out in secret goes into it: no ballot contents, version ids or group hashes.
 * A last voter can still take part or stay away; the transcript says so where a lot decided.
 */

import { compareBytes, domainHash } from '../../base/hash.ts'

const SEED_DOMAIN = 'sheaf/stv/seed/1'
const ORDER_DOMAIN = 'sheaf/stv/lot/1'
const NAME_DOMAIN = 'sheaf/stv/lot-name/1'

/** The seed of an election of a group: 32 bytes. The voters are those whose ballot counted, in any order. */
export function lotSeed(
  electionId: Uint8Array,
  rosterId: Uint8Array,
  voterIds: Iterable<Uint8Array>,
): Uint8Array {
  return domainHash(SEED_DOMAIN, electionId, rosterId, ...[...voterIds].sort(compareBytes))
}

/** The seed of a poll that no group holds, from words that were known before the vote: 32 bytes. */
export function lotSeedOfText(text: string): Uint8Array {
  return domainHash(SEED_DOMAIN, new TextEncoder().encode(text))
}

/** The lot name of a candidate: who nominated it (an entity's id), and as which of that member's nominations. */
export function lotName(nominatorId: Uint8Array, nominationNumber: number): Uint8Array {
  const number = new Uint8Array(4)
  new DataView(number.buffer).setUint32(0, nominationNumber)
  return domainHash(NAME_DOMAIN, nominatorId, number)
}

/** The lot name of a candidate known by name only; `occurrence` tells namesakes apart, from 0. */
export function lotNameOfText(name: string, occurrence: number): Uint8Array {
  return lotName(new TextEncoder().encode(name), occurrence)
}

/** What a candidate draws: the lower in byte order, the better the lot. */
export function draw(seed: Uint8Array, name: Uint8Array): Uint8Array {
  return domainHash(ORDER_DOMAIN, seed, name)
}
