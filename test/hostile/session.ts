/** A hostile client, driven by hand, and what an honest server says to it. */
import { decode, encode } from '../../src/base/codec.ts'
import type { ErrorCode } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'
import { CHECKPOINT, checkpoint, HOLDING, holding } from '../../src/content/statement.ts'
import { WAITING_MAX } from '../../src/node/intake.ts'
import { encodeMessage, NO_SIGNATURE } from '../../src/node/peer.ts'
import type { Query, QueryOf } from '../../src/node/queries.ts'
import { type Challenge, type Earn, MESSAGE_BYTES_MAX, MESSAGES } from '../../src/node/wire.ts'
import type { Ends } from '../../src/node/work.ts'
import { START_MS } from '../helpers/actor.ts'
import { unhex, utf8, withTrailing } from '../helpers/bytes.ts'
import { HandClient } from '../helpers/hand-client.ts'
import { World, type WorldNode } from '../helpers/world.ts'
import type { Row } from './row.ts'

interface Scene {
  world: World
  bo: WorldNode
  client: HandClient
}

const INTRODUCE: Query = { type: 'introduce' }

async function scene(): Promise<Scene> {
  const world = new World()
  const bo = world.add('bo')
  const client = new HandClient(world.addStranger('hand'))
  world.connect('hand', 'bo')
  await world.settle()
  return { world, bo, client }
}

/** What the server refused with, which is also what it noted where it ended the connection. */
function said({ bo, client }: Scene): ErrorCode | undefined {
  const fault = bo.events.find(({ type }) => type === 'fault')?.code as ErrorCode | undefined
  if (fault !== undefined && fault !== client.refusal)
    throw new Error(`${fault} noted, ${client.refusal} said`)
  return client.refusal
}

/** Acts on a fresh server; the code that it answers with. */
const provoking = (act: (one: Scene) => Promise<unknown> | unknown) => async () => {
  const one = await scene()
  await act(one)
  await one.world.settle()
  return said(one)
}

/** The same once a query was earned and thanked for. */
const inSession = (act: (one: Scene) => Promise<unknown> | unknown) =>
  provoking(async (one) => {
    await one.client.earn(INTRODUCE)
    await one.client.thank()
    await act(one)
  })

/** An earn in which something is wrong. */
const earning = (change: (earn: Earn, one: Scene) => Earn) =>
  provoking(async (one) => {
    const challenge = await one.client.greet()
    one.client.sayEarn(change(one.client.earnOf(INTRODUCE, challenge), one))
  })

/** An earn that was made for other ends than those it is said at. */
const earningFor = (other: (ends: Ends) => Ends, what: 'hello' | 'earn') =>
  provoking(async ({ client }) => {
    const challenge = await client.greet()
    const ends = other(client.ends)
    const hello = what === 'hello' ? client.hello((one) => one, ends) : client.hello()
    client.sayEarn(client.earnOf(INTRODUCE, challenge, { hello, ends: what === 'earn' ? ends : client.ends }))
  })

/** Thanks over a transcript that is another in one place. */
const thanking = (change: (said: Checkpoint, one: Scene) => Checkpoint) =>
  provoking(async (one) => {
    await one.client.earn(INTRODUCE)
    await one.client.thank(one.client.checkpoint((thank) => ({ ...thank, said: change(thank.said, one) })))
  })
type Checkpoint = Parameters<Parameters<HandClient['checkpoint']>[0] & object>[0]['said']

const elsewhere = sha256(utf8('elsewhere'))

export const SESSION_ROWS: Row[] = [
  // hello and challenge
  {
    what: 'a hello of a version that this node does not speak',
    code: 'NO_COMMON_VERSION',
    provoke: provoking(({ client }) =>
      client.end.say(
        'hello',
        client.hello((one) => ({ ...one, versions: [2] })),
      ),
    ),
  },
  {
    what: 'a hello with no algorithm that this node knows',
    code: 'NO_COMMON_VERSION',
    provoke: provoking(({ client }) =>
      client.end.say(
        'hello',
        client.hello((one) => ({ ...one, algorithms: [9] })),
      ),
    ),
  },
  {
    what: 'a hello cut short',
    code: 'TRUNCATED',
    provoke: provoking(({ client }) => client.end.say('hello', client.hello().subarray(0, 20))),
  },
  {
    what: 'bytes behind a hello',
    code: 'TRAILING_BYTES',
    provoke: provoking(({ client }) => client.end.say('hello', withTrailing(client.hello()))),
  },
  {
    what: 'a hello with more versions than there may be',
    code: 'TOO_LARGE',
    provoke: provoking(({ client }) => client.end.say('hello', unhex('09'))),
  },
  {
    what: 'a hello with its list in a longer form',
    code: 'NOT_CANONICAL',
    provoke: provoking(({ client }) => client.end.say('hello', unhex('fd010001'))),
  },
  {
    what: 'a message larger than any may be',
    code: 'TOO_LARGE',
    provoke: async () => {
      const { world, bo, client } = await scene()
      client.end.say('ask', new Uint8Array(MESSAGE_BYTES_MAX + 1))
      await world.settle()
      return bo.events.find(({ type }) => type === 'fault')?.code as ErrorCode
    },
  },
  // earn: work
  {
    what: 'work that shows nothing',
    code: 'BAD_WORK',
    provoke: earning((earn) => ({ ...earn, proofs: earn.proofs.map(() => new Uint8Array(8)) })),
  },
  { what: 'no work at all', code: 'BAD_WORK', provoke: earning((earn) => ({ ...earn, proofs: [] })) },
  {
    what: 'a bid below the price',
    code: 'BAD_WORK',
    provoke: earning((earn) => ({ ...earn, bid: earn.bid - 1 })),
  },
  {
    what: 'work for a smaller bid than is claimed',
    code: 'BAD_WORK',
    provoke: earning((earn) => ({ ...earn, bid: earn.bid * 64 })),
  },
  {
    what: 'a solution for another query',
    code: 'BAD_WORK',
    provoke: earning((earn, { client }) => {
      const other = client.earnOf({ type: 'blocks', ids: [elsewhere], certify: false }, earn.challenge)
      return { ...earn, query: other.query }
    }),
  },
  {
    what: 'a large query at the price of a small one',
    code: 'BAD_WORK',
    provoke: provoking(async ({ client }) => {
      const challenge = await client.greet()
      const many: Query = { type: 'blocks', ids: Array(256).fill(elsewhere), certify: false }
      client.sayEarn(client.earnOf(many, challenge, { bid: challenge.effort }))
    }),
  },
  // earn: challenge
  {
    what: 'a challenge with a lower effort than was minted',
    code: 'WRONG_SESSION',
    provoke: provoking((one) => withChallenge(one, { effort: 0 })),
  },
  {
    what: 'a challenge that was made longer',
    code: 'WRONG_SESSION',
    provoke: provoking((one) => withChallenge(one, { expires: START_MS + 10 ** 9 })),
  },
  {
    what: "a challenge from another client's session",
    code: 'WRONG_SESSION',
    provoke: provoking(async ({ world, client }) => {
      const other = new HandClient(world.addStranger('other'))
      world.connect('other', 'bo')
      await world.settle()
      client.sayEarn(client.earnOf(INTRODUCE, await other.greet()))
    }),
  },
  {
    what: 'a challenge that expired',
    code: 'EXPIRED',
    provoke: async () => {
      const one = await scene()
      const challenge = await one.client.greet()
      await one.world.advance(60_001)
      one.client.sayEarn(one.client.earnOf(INTRODUCE, challenge))
      await one.world.settle()
      if (!one.client.end.isConnected) throw new Error('to be late is no fault')
      return one.client.refusal
    },
  },
  {
    what: 'a challenge that expired long ago, its key rotated away',
    code: 'EXPIRED',
    provoke: provoking(async ({ world, client }) => {
      const challenge = await client.greet()
      await world.advance(500_000)
      client.sayEarn(client.earnOf(INTRODUCE, challenge))
    }),
  },
  {
    what: 'a solution that was used before',
    code: 'REPLAYED',
    provoke: provoking(async ({ world, client }) => {
      const challenge = await client.greet()
      const earn = client.earnOf(INTRODUCE, challenge)
      client.sayEarn(earn)
      await world.settle()
      client.sayEarn({ ...earn, ask: 7 })
    }),
  },
  // earn: signatures
  {
    what: 'a hello relayed from another handshake',
    code: 'WRONG_SESSION',
    provoke: earningFor((ends) => ({ ...ends, session: elsewhere }), 'hello'),
  },
  {
    what: 'a hello that was meant for another server',
    code: 'WRONG_SESSION',
    provoke: earningFor((ends) => ({ ...ends, server: elsewhere }), 'hello'),
  },
  {
    what: 'an earn signed in another handshake',
    code: 'BAD_SIGNATURE',
    provoke: earningFor((ends) => ({ ...ends, session: elsewhere }), 'earn'),
  },
  {
    what: 'an earn that its asker did not sign',
    code: 'BAD_SIGNATURE',
    provoke: earning((earn) => ({ ...earn, signature: NO_SIGNATURE })),
  },
  {
    what: 'an earn on top of another hello than was signed',
    code: 'BAD_SIGNATURE',
    provoke: earning((earn, { client }) => ({
      ...earn,
      hello: client.hello((one) => ({ ...one, time: one.time + 1 })),
    })),
  },
  {
    what: 'a query inside an earn that is no query',
    code: 'TRUNCATED',
    provoke: provoking(async ({ client }) =>
      client.sayEarn(client.earnOf(unhex('0105'), await client.greet())),
    ),
  },
  {
    what: 'a query with bytes behind it',
    code: 'TRAILING_BYTES',
    provoke: provoking(async ({ client }) =>
      client.sayEarn(client.earnOf(unhex('0000'), await client.greet())),
    ),
  },
  // out of turn
  {
    what: 'a query before one was earned',
    code: 'UNEXPECTED_MESSAGE',
    provoke: provoking(({ client }) => client.ask(INTRODUCE)),
  },
  {
    what: 'a delivery before a query was earned',
    code: 'UNEXPECTED_MESSAGE',
    provoke: provoking(({ client }) => client.deliver({ ask: 0, last: true, items: [] })),
  },
  {
    what: 'thanks before a query was earned',
    code: 'UNEXPECTED_MESSAGE',
    provoke: provoking(({ client }) => client.thank()),
  },
  {
    what: 'a query under the number of one that is open',
    code: 'WRONG_QUERY',
    provoke: inSession(async ({ client }) => {
      const store: Query = { type: 'store', offers: [offer(1)] }
      await client.ask(store, 5)
      await client.ask(store, 5)
    }),
  },
  {
    what: 'a query of a kind that nobody knows, earned',
    code: 'UNSUPPORTED',
    provoke: provoking(async ({ client }) =>
      client.sayEarn(client.earnOf(unhex('fb'), await client.greet())),
    ),
  },
  {
    what: 'a query of a kind that nobody knows, within the window',
    code: 'UNSUPPORTED',
    provoke: async () => {
      const one = await scene()
      await one.client.earn(INTRODUCE)
      await one.client.thank()
      await one.client.ask(unhex('fc010203'))
      if (!one.client.end.isConnected) throw new Error('to know more than this node is no fault')
      return one.client.refusal
    },
  },
  {
    what: 'more queries than the window holds',
    code: 'WINDOW_EXCEEDED',
    provoke: inSession(async ({ client }) => {
      for (let i = 0; i <= 64; i++) await client.ask(INTRODUCE)
    }),
  },
  {
    what: 'a page of a list that is no longer kept',
    code: 'SNAPSHOT_GONE',
    provoke: inSession(async ({ world, client }) => {
      const ask = await client.ask(LIST)
      const { listing } = client.end.all('result').find((one) => one.ask === ask)!
      await world.advance(60_001)
      await client.ask({ ...LIST, snapshot: listing!.snapshot })
    }),
  },
  {
    what: 'a page of a list that was never made',
    code: 'SNAPSHOT_GONE',
    provoke: inSession(({ client }) => client.ask({ ...LIST, snapshot: new Uint8Array(8) })),
  },
  // thanks
  {
    what: 'thanks for another transcript',
    code: 'WRONG_SESSION',
    provoke: thanking((one) => ({ ...one, fromServer: { ...one.fromServer, hash: elsewhere } })),
  },
  {
    what: 'thanks that hide what was asked',
    code: 'WRONG_SESSION',
    provoke: thanking((one) => ({ ...one, fromClient: { ...one.fromClient, messages: 0 } })),
  },
  {
    what: 'thanks for more than was said',
    code: 'WRONG_SESSION',
    provoke: thanking((one) => ({ ...one, fromServer: { ...one.fromServer, messages: 99 } })),
  },
  {
    what: 'thanks from another session',
    code: 'WRONG_SESSION',
    provoke: thanking((one) => ({ ...one, session: elsewhere })),
  },
  {
    what: 'thanks to somebody else',
    code: 'WRONG_SESSION',
    provoke: thanking((one) => ({ ...one, peer: elsewhere })),
  },
  {
    what: 'thanks that are a welcome',
    code: 'WRONG_SESSION',
    provoke: thanking((one) => ({ ...one, over: elsewhere })),
  },
  {
    what: 'thanks that somebody else signed',
    code: 'BAD_SIGNATURE',
    provoke: provoking(async ({ world, client }) => {
      await client.earn(INTRODUCE)
      const other = new HandClient(world.addStranger('other'))
      other.fromClient = client.fromClient
      other.fromServer = client.fromServer
      await client.thank(other.checkpoint())
    }),
  },
  {
    what: 'thanks that are another kind of statement',
    code: 'BAD_SIGNATURE',
    provoke: provoking(async ({ client }) => {
      await client.earn(INTRODUCE)
      const body = {
        incarnation: new Uint8Array(16),
        sequence: 0,
        root: elsewhere,
        count: 1,
        until: START_MS,
      }
      const statement = client.statement(HOLDING, encode(holding, body))
      await client.thank(encodeMessage('thank', { checkpoint: statement.bytes, claim: undefined }))
    }),
  },
  {
    what: 'thanks with one bit changed',
    code: 'BAD_SIGNATURE',
    provoke: provoking(async ({ client }) => {
      await client.earn(INTRODUCE)
      const { checkpoint: bytes } = decode(MESSAGES.thank, client.checkpoint())
      const changed = Uint8Array.from(bytes)
      changed[60]! ^= 1
      await client.thank(encodeMessage('thank', { checkpoint: changed, claim: undefined }))
    }),
  },
  {
    what: "a shelf claim that is not the peer's own",
    code: 'BAD_SIGNATURE',
    provoke: provoking(async ({ client }) => {
      await client.earn(INTRODUCE)
      const claim = client.statement(CHECKPOINT, encode(checkpoint, blank(client))).bytes
      await client.thank(client.checkpoint((thank) => ({ ...thank, claim })))
    }),
  },
  {
    what: 'thanks that are no record',
    code: 'TRUNCATED',
    provoke: provoking(async ({ client }) => {
      await client.earn(INTRODUCE)
      await client.thank(encodeMessage('thank', { checkpoint: new Uint8Array(0), claim: undefined }))
    }),
  },
  {
    what: 'earned queries without end, while none of the earlier ones is served',
    code: 'BUSY',
    provoke: async () => {
      const { world, client } = await scene()
      await client.earn(INTRODUCE)
      await client.thank()
      for (let i = 0; i < 8 + WAITING_MAX + 1; i++) {
        await world.advance(250) // or it comes too often altogether
        await client.earn({ type: 'store', offers: [offer(1)] })
      }
      return client.refusal
    },
  },
  {
    what: 'hellos without a pause',
    code: 'BUSY',
    provoke: provoking(({ client }) => {
      const hello = client.hello()
      for (let i = 0; i < 150; i++) client.end.say('hello', hello)
    }),
  },
  {
    what: 'hellos without a pause by one who does not listen',
    code: 'WINDOW_EXCEEDED',
    provoke: provoking(({ client }) => {
      const hello = client.hello()
      for (let i = 0; i < 300; i++) client.end.say('hello', hello)
    }),
  },
  {
    what: 'connections without a pause',
    code: 'BUSY',
    provoke: provoking(({ world }) => {
      for (let i = 0; i < 40; i++) world.connect('hand', 'bo')
    }),
  },
]

const LIST: QueryOf<'records'> = {
  type: 'records',
  locator: elsewhere,
  kind: 0,
  field: { type: 'id' },
  order: { type: 'asc' },
  offset: 0,
  count: 10,
  snapshot: undefined,
  vouchedBy: undefined,
}

function offer(bytes: number): QueryOf<'store'>['offers'][number] {
  return { id: elsewhere, locator: elsewhere, bytes, owner: undefined }
}

async function withChallenge({ client }: Scene, change: Partial<Challenge>): Promise<void> {
  const challenge = { ...(await client.greet()), ...change }
  client.sayEarn(client.earnOf(INTRODUCE, challenge))
}

function blank(client: HandClient): Checkpoint {
  return {
    incarnation: new Uint8Array(16),
    session: client.end.session,
    peer: client.end.other,
    results: 0,
    fromClient: client.fromClient,
    fromServer: client.fromServer,
    over: undefined,
  }
}
