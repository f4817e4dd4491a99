/** The client's two signed messages, hello and earn: how they are formed, and what their signatures are over. */
import { encode } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { domainHash, sha256 } from '../base/hash.ts'
import { encodeMessage, NO_SIGNATURE, type SessionEnv } from './peer.ts'
import type { Query } from './queries.ts'
import {
  type Challenge,
  challenge as challengeCodec,
  type Hello,
  hello as helloCodec,
  PROTOCOL_VERSION,
} from './wire.ts'
import { ALGORITHMS, type Ends } from './work.ts'

/** Effort that is paid for one query at most: about ten seconds of one core. */
const BUDGET = 8_000_000
/** Effort that is paid to learn who has come: it was not our idea. */
const COURTESY_BUDGET = 65_536

/** Throws NO_COMMON_VERSION where a challenge asks for what this node did not offer. */
export function refuseUnknownWork({ version, algorithm }: Challenge): void {
  if (version === PROTOCOL_VERSION && ALGORITHMS.includes(algorithm)) return
  throw new SheafError('NO_COMMON_VERSION', `version ${version}, algorithm ${algorithm}`)
}

/** What to bid for a query: the least that is asked, `raise` times if that is in the budget. TOO_EXPENSIVE where the least is not. */
export function bidFor(
  { effort }: Challenge,
  { asked, weight }: { asked: Query; weight: number },
  raise: number,
): number | SheafError {
  const least = effort * weight
  const budget = asked.type === 'introduce' ? COURTESY_BUDGET : BUDGET
  if (least > budget)
    return new SheafError('TOO_EXPENSIVE', `an effort of ${least} where the budget is ${budget}`)
  return Math.min(budget, least * raise)
}

export function formHello(env: SessionEnv, ends: Ends): Uint8Array {
  const hello: Hello = {
    versions: [PROTOCOL_VERSION],
    algorithms: [...ALGORITHMS],
    time: env.wallMs(),
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
