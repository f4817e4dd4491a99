/** Certify first: what a server must have signed for before it sends it. */
import { encode } from '../base/codec.ts'
import { plainError } from '../base/errors.ts'
import { headerDigest, type Peer, type SessionEnv } from './peer.ts'
import type { Query } from './queries.ts'
import { CERTIFY_ABOVE_BYTES, headerEntries } from './reply.ts'
import type { Header, Item } from './wire.ts'

/** Throws BAD_SIGNATURE unless the server signed this header for this query, in this session. */
export function verifyHeader(
  header: Header,
  peer: Peer,
  { network, verifyDevice }: Pick<SessionEnv, 'network' | 'verifyDevice'>,
  query: Uint8Array,
): void {
  const digest = headerDigest(peer.session, network, query, encode(headerEntries, header.entries))
  if (!verifyDevice(header.signature, digest, peer.device)) {
    throw plainError('BAD_SIGNATURE', 'a header that the server did not sign')
  }
}

/** Everything found that had to be signed for first must stand in the header before it, with its length. */
export function refuseUncertified(items: Item[], header: Header | undefined, asked: Query): void {
  const isAsked = 'certify' in asked && asked.certify === true
  for (const { index, answer } of items) {
    if (answer.type !== 'found') continue
    const { byteLength } = answer.bytes
    if (!isAsked && byteLength <= CERTIFY_ABOVE_BYTES) continue
    if (header?.entries.some((entry) => entry.index === index && entry.bytes === byteLength)) continue
    throw plainError('WRONG_QUERY', 'answers that were to be certified first, and were not')
  }
}
