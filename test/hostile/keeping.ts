/** Store requests: a hostile publisher at an honest keeper, and a hostile keeper at an honest publisher. */
import { encode } from '../../src/base/codec.ts'
import { type ErrorCode, SheafError } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'
import { nextKeyCommitment } from '../../src/base/keys.ts'
import { formBlock } from '../../src/content/block.ts'
import { compressSignMarkdown, type SealedPage } from '../../src/content/page.ts'
import { entityLocator, pageLocator } from '../../src/content/space.ts'
import { HOLDING, type Holding, holding } from '../../src/content/statement.ts'
import { MemoryStore } from '../../src/node/memory-store.ts'
import type { QueryOf } from '../../src/node/queries.ts'
import { rootOfIds } from '../../src/node/shards.ts'
import type { Store } from '../../src/node/store.ts'
import { actor, START_MS, statementOf } from '../helpers/actor.ts'
import { utf8 } from '../helpers/bytes.ts'
import { HandClient } from '../helpers/hand-client.ts'
import { HandServer, type Told } from '../helpers/hand-server.ts'
import { keyAt, rotate } from '../helpers/rotating.ts'
import { type NodeOptions, World, type WorldNode } from '../helpers/world.ts'
import type { Row } from './row.ts'

type Offer = QueryOf<'store'>['offers'][number]
interface Given {
  offer: Offer
  bytes: Uint8Array
}

interface Scene {
  world: World
  bo: WorldNode
  client: HandClient
}

async function scene(options: NodeOptions = {}): Promise<Scene> {
  const world = new World()
  const bo = world.add('bo', options)
  const client = new HandClient(world.addStranger('hand'))
  world.connect('hand', 'bo')
  await world.settle()
  await client.earn({ type: 'introduce' })
  await client.thank()
  return { world, bo, client }
}

/** The code that bo refuses with; noted as a fault where `isFault`, and else not. */
const offering =
  (
    give: (one: Scene) => { given: Given[]; deliver?: { index: number; bytes: Uint8Array }[] },
    { isFault = true, ...options }: NodeOptions & { isFault?: boolean } = {},
  ) =>
  async (): Promise<ErrorCode | undefined> => {
    const one = await scene(options)
    const { given, deliver } = give(one)
    const ask = await one.client.ask({ type: 'store', offers: given.map(({ offer }) => offer) })
    const items = deliver ?? given.map(({ bytes }, index) => ({ index, bytes }))
    await one.client.deliver({ ask, last: true, items })
    const fault = one.bo.events.find(({ type }) => type === 'fault')?.code
    if (isFault !== (fault !== undefined)) throw new Error(`fault: ${fault}, said: ${one.client.refusal}`)
    return one.client.refusal
  }

/** Longer than a piece, and it does not compress. */
const LONG = Buffer.from(Array.from({ length: 30_000 }, (_, i) => `${(i * 7919) % 65_521}\n`).join(''))

function page(
  { client }: Scene,
  change: { path?: string; text?: Uint8Array; timeMs?: number } = {},
): SealedPage {
  const { entity, identity } = client.end.actor
  const draft = {
    space: { type: 'entity' as const, id: entity },
    path: 'bees',
    text: utf8('# Bees\n'),
    parents: [],
    summary: '',
    timeMs: START_MS,
    nonce: new Uint8Array(8),
    ...change,
  }
  return compressSignMarkdown([draft], identity.author)[0]!
}

const version = ({ id, locator, block }: SealedPage): Given => ({
  offer: { id, locator, bytes: block.byteLength, owner: undefined },
  bytes: block,
})
const key = ({ client }: Scene): Given => {
  const [{ id, locator, bytes } = { id: NOWHERE, locator: NOWHERE, bytes: NOWHERE }] =
    client.end.actor.identity.blocks
  return { offer: { id, locator, bytes: bytes.byteLength, owner: undefined }, bytes }
}
const piece = (bytes: Uint8Array, owner: SealedPage): Given => ({
  offer: { id: sha256(bytes), locator: owner.locator, bytes: bytes.byteLength, owner: owner.id },
  bytes,
})
const NOWHERE = new Uint8Array(32)

export const KEEPING_ROWS: Row[] = [
  {
    what: 'a delivery that was not offered',
    code: 'WRONG_QUERY',
    provoke: offering((one) => ({ given: [key(one)], deliver: [{ index: 4, bytes: key(one).bytes }] })),
  },
  {
    what: 'a delivery that was offered and not wanted',
    code: 'WRONG_QUERY',
    provoke: async () => {
      const one = await scene()
      const first = await one.client.ask({ type: 'store', offers: [key(one).offer] })
      await one.client.deliver({ ask: first, last: true, items: [{ index: 0, bytes: key(one).bytes }] })
      const new_ = version(page(one))
      const ask = await one.client.ask({ type: 'store', offers: [key(one).offer, new_.offer] })
      await one.client.deliver({ ask, last: true, items: [{ index: 0, bytes: key(one).bytes }] })
      return one.client.refusal
    },
  },
  {
    what: 'one thing delivered twice',
    code: 'WRONG_QUERY',
    provoke: offering((one) => ({
      given: [key(one)],
      deliver: [0, 0].map((index) => ({ index, bytes: key(one).bytes })),
    })),
  },
  {
    what: 'a delivery of another length than was offered',
    code: 'WRONG_QUERY',
    provoke: offering((one) => ({
      given: [key(one)],
      deliver: [{ index: 0, bytes: key(one).bytes.subarray(1) }],
    })),
  },
  {
    what: 'a delivery that lacks what was wanted',
    code: 'WRONG_QUERY',
    provoke: offering((one) => ({ given: [key(one)], deliver: [] })),
  },
  {
    what: 'a delivery with another id than was offered',
    code: 'BAD_HASH',
    provoke: offering((one) => {
      const { offer, bytes } = key(one)
      return { given: [{ offer: { ...offer, id: NOWHERE }, bytes }] }
    }),
  },
  {
    what: 'a delivery that lives elsewhere than was offered',
    code: 'BAD_HASH',
    provoke: offering((one) => {
      const { offer, bytes } = key(one)
      return {
        given: [
          {
            offer: { ...offer, locator: pageLocator({ space: { type: 'group', id: NOWHERE }, path: 'x' }) },
            bytes,
          },
        ],
      }
    }),
  },
  {
    what: 'a piece that its owner does not name',
    code: 'BAD_HASH',
    provoke: offering((one) => {
      const owner = page(one, { text: LONG })
      return { given: [key(one), version(owner), piece(utf8('something else'), owner)] }
    }),
  },
  {
    what: 'a piece under another hash than its own',
    code: 'BAD_HASH',
    provoke: offering((one) => {
      const owner = page(one, { text: LONG })
      const { offer } = piece(owner.pieces[0]!.bytes, owner)
      return { given: [key(one), version(owner), { offer, bytes: new Uint8Array(offer.bytes) }] }
    }),
  },
  {
    what: 'a piece of a version that is not here',
    code: 'NOT_FOUND',
    provoke: offering((one) => {
      const owner = page(one, { text: LONG })
      return { given: [key(one), piece(owner.pieces[0]!.bytes, owner)] }
    }),
  },
  {
    what: 'a version without its key',
    code: 'BAD_CHAIN',
    provoke: offering((one) => {
      const { entity, identity } = actor('a person that nobody knows', one.world.network)
      const draft = {
        space: { type: 'entity' as const, id: entity },
        path: 'a',
        text: utf8('a'),
        parents: [],
        summary: '',
        timeMs: START_MS,
        nonce: new Uint8Array(8),
      }
      return { given: [version(compressSignMarkdown([draft], identity.author)[0]!)] }
    }),
  },
  {
    what: 'a version under a key that its entity retired, and does not stand by',
    code: 'RETIRED_KEY',
    provoke: offering(
      (one) => {
        const { entity } = one.client.end.actor
        const next = nextKeyCommitment(keyAt('hand', 1).publicKey)
        const last = { id: entity, entity, position: 0, next }
        const { record } = rotate('hand', last, { network: one.world.network })
        const bytes = formBlock(record)
        const offer = {
          id: record.id,
          locator: entityLocator(entity),
          bytes: bytes.byteLength,
          owner: undefined,
        }
        return { given: [key(one), { offer, bytes }, version(page(one))] }
      },
      { isFault: false },
    ),
  },
  {
    what: 'a version from the future, to keep',
    code: 'BAD_TIME',
    provoke: offering(
      (one) => ({ given: [key(one), version(page(one, { timeMs: START_MS + 10 * 60_000 }))] }),
      { isFault: false },
    ),
  },
  {
    what: 'a version with one bit changed, to keep',
    code: 'BAD_SIGNATURE',
    provoke: offering((one) => {
      const given = version(page(one))
      const bytes = Uint8Array.from(given.bytes)
      bytes[60]! ^= 1
      return { given: [key(one), { ...given, bytes }] }
    }),
  },
  {
    what: 'bytes that are no block, to keep',
    code: 'TRUNCATED',
    provoke: offering((one) => {
      const { offer, bytes } = key(one)
      return { given: [{ offer, bytes: new Uint8Array(bytes.byteLength).fill(200) }] }
    }),
  },
  {
    what: 'a delivery that nobody waits for',
    code: 'UNEXPECTED_MESSAGE',
    provoke: async () => {
      const one = await scene()
      await one.client.deliver({ ask: 77, last: true, items: [] })
      return one.client.refusal
    },
  },
  {
    what: 'a delivery that does not come',
    code: 'TIMEOUT',
    provoke: async () => {
      const one = await scene()
      await one.client.ask({ type: 'store', offers: [key(one).offer] })
      await one.world.advance(60_000)
      return one.client.refusal
    },
  },
  {
    what: "a keeper whose disk is full: the keeper's own trouble",
    code: 'DISK_FULL',
    provoke: offering((one) => ({ given: [key(one)] }), {
      isFault: false,
      store: failingStore(new SheafError('DISK_FULL', 'full')),
    }),
  },
  // the other way round
  {
    what: 'a holding over other records than were given',
    code: 'BAD_PROOF',
    provoke: holdings((one) => ({ ...one, root: NOWHERE })),
  },
  {
    what: 'a holding over fewer records than were given',
    code: 'BAD_PROOF',
    provoke: holdings((one) => ({ ...one, count: one.count - 1 })),
  },
  {
    what: 'a holding that has ended',
    code: 'BAD_PROOF',
    provoke: holdings((one) => ({ ...one, until: START_MS })),
  },
  {
    what: 'a holding that another device signed',
    code: 'BAD_PROOF',
    provoke: holdings((one) => one, { signer: 'another' }),
  },
  {
    what: 'a holding with one bit changed',
    code: 'BAD_SIGNATURE',
    provoke: holdings((one) => one, { signer: 'nobody' }),
  },
  { what: 'a keeper that takes nothing', code: 'REFUSED', provoke: refusing('policy') },
  { what: 'a keeper that is full', code: 'QUOTA_FULL', provoke: refusing('full') },
  {
    what: 'an answer to something that was not offered',
    code: 'WRONG_QUERY',
    provoke: pushing((server, told) => server.answer(told, [{ index: 4_000, answer: { type: 'wanted' } }])),
  },
]

/** A publisher and a keeper driven by hand: the code of the push that failed. */
function pushing(
  answer: (server: HandServer, told: Told) => void,
  deliver: (server: HandServer) => void = () => {},
) {
  return async (): Promise<ErrorCode | undefined> => {
    const world = new World()
    const ada = world.add('ada')
    new HandServer(world.addStranger('hand'), {
      answer: (server, told) => (told.asked.type === 'store' ? answer(server, told) : server.serve(told)),
      deliver: (server, { last }) => last && deliver(server),
    })
    world.connect('ada', 'hand')
    await world.settle()
    await ada.run({
      type: 'publish',
      pages: [{ path: 'bees', text: utf8('# Bees\n') }],
      summary: '',
      index: false,
    })
    await world.settle()
    const held = ada.events.some(({ type }) => type === 'held')
    return held ? undefined : (ada.events.find(({ type }) => type === 'push failed')?.code as ErrorCode)
  }
}

function refusing(reason: 'policy' | 'full') {
  return pushing((server, told) => {
    if (told.asked.type !== 'store') return
    server.answer(
      told,
      told.asked.offers.map((_, index) => ({ index, answer: { type: 'refused', reason: { type: reason } } })),
    )
  })
}

/** Takes everything and answers with a holding that is wrong in one point. */
function holdings(
  change: (right: Holding) => Holding,
  { signer = 'hand' }: { signer?: 'hand' | 'another' | 'nobody' } = {},
) {
  let pending: Told | undefined
  return pushing(
    (server, told) => {
      pending = told
      if (told.asked.type !== 'store') return
      const wanted = told.asked.offers.map((_, index) => ({ index, answer: { type: 'wanted' as const } }))
      server.answer(told, wanted, { last: false })
    },
    (server) => {
      if (pending?.asked.type !== 'store') return
      const { offers } = pending.asked
      const right: Holding = {
        incarnation: server.end.actor.incarnation,
        sequence: 0,
        root: rootOfIds(offers.map(({ id }) => id)),
        count: offers.length,
        until: START_MS + 10 ** 9,
      }
      const { network, nowMs } = server.end.wire
      const who = signer === 'another' ? actor('another', network) : server.end.actor
      const said = { kind: HOLDING, body: encode(holding, change(right)), timeMs: nowMs }
      const record = Uint8Array.from(statementOf(who, network, said).bytes)
      if (signer === 'nobody') record[record.byteLength - 1]! ^= 1
      server.answer(pending, [{ index: 0, answer: { type: 'holding', record } }])
    },
  )
}

/** A memory store to which nothing can be added. */
function failingStore(error: SheafError): Store {
  const store = new MemoryStore()
  store.append = async () => {
    throw error
  }
  return store
}
