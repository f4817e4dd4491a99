/** The client's two signed messages, hello and earn: how they are formed, and what their signatures are over. */
import { encode } from '../base/codec.ts'
import { domainHash, sha256 } from '../base/hash.ts'
import { encodeMessage, NO_SIGNATURE, type SessionEnv } from './peer.ts'
import {
  type Challenge,
  challenge as challengeCodec,
  type Hello,
  hello as helloCodec,
  PROTOCOL_VERSION,
} from './wire.ts'
import { ALGORITHMS, type Ends } from './work.ts'

export function formHello(env: SessionEnv, ends: Ends): Uint8Array {
  const hello: Hello = {
    versions: [PROTOCOL_VERSION],
    algorithms: [...ALGORITHMS],
    time: env.nowMs(),
    certificate: env.certificate,
    signature: NO_SIGNATURE,
  }
  return encodeMessage('hello', { ...hello, signature: env.device.sign(helloDigest(hello, ends)) })
}

/** A solved challenge and the query that it was solved for. */
export interface Solved {
  hello: Uint8Array
  challenge: Challenge
  bid: number
  proofs: Uint8Array[]
  ask: number
  query: Uint8Array
}

export function formEarn(env: SessionEnv, ends: Ends, solved: Solved): Uint8Array {
  const { hello, challenge, bid, query } = solved
  const digest = earnDigest({ hello, challenge: encode(challengeCodec, challenge), query, bid }, ends)
  return encodeMessage('earn', { ...solved, signature: env.device.sign(digest) })
}

/** What the client signs in its hello; relayed into another handshake it does not verify. */
export function helloDigest(hello: Hello, ends: Ends): Uint8Array {
  const fields = encode(helloCodec, { ...hello, signature: NO_SIGNATURE })
  return domainHash('sheaf/1 hello', ends.network.id, ends.session, ends.client, ends.server, fields)
}

/** What the client signs in its earn: everything so far, the query and the bid. */
export function earnDigest(
  parts: { hello: Uint8Array; challenge: Uint8Array; query: Uint8Array; bid: number },
  ends: Ends,
): Uint8Array {
  const bid = Buffer.alloc(6)
  bid.writeUIntLE(parts.bid, 0, 6)
  return domainHash(
    'sheaf/1 earn',
    ends.network.id,
    ends.session,
    ends.client,
    ends.server,
    sha256(parts.hello),
    parts.challenge,
    sha256(parts.query),
    bid,
  )
}
