/** A hostile server, driven by hand: what an honest reader notes of it, and what the look-up comes to. */
import type { ErrorCode, SheafError } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'
import { compressSignMarkdown, type SealedPage } from '../../src/content/page.ts'
import { parseRecord, signRecord } from '../../src/content/record.ts'
import { CHECKPOINT } from '../../src/content/statement.ts'
import { encodeMessage, WIRE_CODES } from '../../src/node/peer.ts'
import type { Answer } from '../../src/node/wire.ts'
import { type Actor, START_MS } from '../helpers/actor.ts'
import { utf8, withTrailing } from '../helpers/bytes.ts'
import { type Conduct, HandServer, type Told } from '../helpers/hand-server.ts'
import { type NodeOptions, World, type WorldNode } from '../helpers/world.ts'
import type { Row } from './row.ts'

interface Scene {
  world: World
  eve: WorldNode
  server: HandServer
  /** What the server published. */
  page: SealedPage
}

/** Of what a server shows: behind its key and its certificate, before any pieces. */
const VERSION_AT = 2

/** A text of several pieces. */
const LONG = Buffer.from(Array.from({ length: 40_000 }, (_, i) => `line ${i * 7919}\n`).join(''))

function sealed(
  who: Actor,
  text: Uint8Array = utf8('# Bees\n'),
  timeMs = START_MS,
  path = 'bees',
): SealedPage {
  const draft = {
    space: { type: 'entity' as const, id: who.entity },
    path,
    text,
    parents: [],
    summary: '',
    timeMs,
    nonce: new Uint8Array(8),
  }
  return compressSignMarkdown([draft], who.identity.author)[0]!
}

async function scene(
  conduct: Conduct,
  options: NodeOptions & { text?: Uint8Array; timeMs?: number } = {},
): Promise<Scene> {
  const world = new World()
  const eve = world.add('eve', { isReader: true, ...options })
  const server = new HandServer(world.addStranger('hand'), conduct)
  const page = sealed(server.end.actor, options.text, options.timeMs)
  const pieces = page.pieces.map(({ hash, bytes }) => ({ id: hash, bytes }))
  server.blocks.push({ id: page.id, bytes: page.block }, ...pieces)
  world.connect('eve', 'hand')
  await world.settle()
  return { world, eve, server, page }
}

const fault = ({ eve }: Scene): ErrorCode | undefined =>
  eve.events.find(({ type }) => type === 'fault')?.code as ErrorCode | undefined

async function codeOfGet({ eve, world }: Scene, id: Uint8Array): Promise<ErrorCode | undefined> {
  const got = eve.run({ type: 'get', target: { id }, untilMs: world.nowMs + 5_000 }).then(
    () => undefined,
    ({ code }: SheafError) => code,
  )
  await world.advance(6_000)
  return got
}

/** The reader asks for a version by id; the code that it notes of the server. */
const noted =
  (conduct: Conduct, options: Parameters<typeof scene>[1] = {}) =>
  async () => {
    const one = await scene(conduct, options)
    const code = await codeOfGet(one, one.page.id)
    if (code === undefined) throw new Error('the look-up succeeded')
    return fault(one)
  }

/** The reader asks for a version by id; the code that it is told. */
const told =
  (conduct: Conduct, options: Parameters<typeof scene>[1] = {}) =>
  async () => {
    const one = await scene(conduct, options)
    return codeOfGet(one, one.page.id)
  }

/** As `told`, where nothing is held against the server. */
const blameless =
  (conduct: Conduct, options: Parameters<typeof scene>[1] = {}) =>
  async () => {
    const one = await scene(conduct, options)
    const code = await codeOfGet(one, one.page.id)
    if (fault(one) !== undefined) throw new Error(`fault: ${fault(one)}`)
    return code
  }

/** The reader asks for what is at a page; the code that it notes of the server. */
const notedOfTips = (answer: (server: HandServer, told: Told, page: SealedPage) => void) => async () => {
  let page: SealedPage | undefined
  const one = await scene({ answer: (server, asked) => tipsOrBlocks(server, asked) })
  page = one.page
  function tipsOrBlocks(server: HandServer, asked: Told): void {
    if (asked.asked.type === 'tips') answer(server, asked, page!)
    else server.serve(asked)
  }
  const space = { type: 'entity' as const, id: one.server.end.actor.entity }
  const untilMs = one.world.nowMs + 5_000
  await one.eve.run({ type: 'get', target: { page: { space, path: 'bees' } }, untilMs }).catch(() => {})
  return fault(one)
}

const answering =
  (answers: (one: { server: HandServer; told: Told }) => { index: number; answer: Answer }[]) =>
  (server: HandServer, asked: Told) =>
    server.answer(asked, answers({ server, told: asked }))

const found = (bytes: Uint8Array): Answer => ({ type: 'found', bytes })

/** Everything as it is, but the version with a change to its bytes. Its key and its pieces come as they are. */
const spoiled = (change: (bytes: Uint8Array) => Uint8Array) =>
  answering(({ server, told: { asked } }) => {
    if (asked.type !== 'blocks') return []
    return asked.ids.map((id, index) => {
      const at = server.blocks.findIndex((one) => Buffer.compare(one.id, id) === 0)
      const bytes = server.blocks[at]?.bytes
      if (bytes === undefined) return { index, answer: { type: 'unknown' } }
      return { index, answer: found(at === VERSION_AT ? change(bytes) : bytes) }
    })
  })

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const out = Uint8Array.from(bytes)
  out[at < 0 ? out.byteLength + at : at]! ^= 1
  return out
}

export const ANSWER_ROWS: Row[] = [
  // out of turn
  {
    what: 'a challenge that nobody asked for',
    code: 'UNEXPECTED_MESSAGE',
    provoke: async () => {
      const one = await scene({})
      const { nowMs } = one.world
      const mac = new Uint8Array(32)
      one.server.end.tell('challenge', {
        version: 1,
        algorithm: 1,
        counter: 0,
        time: nowMs,
        effort: 0,
        expires: nowMs,
        mac,
      })
      await one.world.settle()
      return fault(one)
    },
  },
  {
    what: 'results that nobody asked for',
    code: 'UNEXPECTED_MESSAGE',
    provoke: async () => {
      const one = await scene({})
      one.server.end.tell('result', { ask: 3, last: true, listing: undefined, items: [] })
      await one.world.settle()
      return fault(one)
    },
  },
  {
    what: 'results after the last',
    code: 'UNEXPECTED_MESSAGE',
    provoke: noted({
      answer: (server, asked) => {
        server.answer(asked, [])
        server.answer(asked, [])
      },
    }),
  },
  {
    what: 'a welcome that nobody thanked for',
    code: 'UNEXPECTED_MESSAGE',
    provoke: async () => {
      const one = await scene({})
      const checkpoint = one.server.end.actor.genesis.bytes
      one.server.end.tell('welcome', {
        checkpoint,
        claim: undefined,
        allowance: 9,
        acceptsStores: true,
        peers: [],
      })
      await one.world.settle()
      return fault(one)
    },
  },
  {
    what: 'a challenge of another version than was offered',
    code: 'NO_COMMON_VERSION',
    provoke: noted({ challenge: (one) => ({ ...one, version: 2 }) }),
  },
  // answers
  {
    what: 'an answer to something not asked',
    code: 'WRONG_QUERY',
    provoke: noted({ answer: answering(() => [{ index: 9, answer: { type: 'unknown' } }]) }),
  },
  {
    what: 'two answers to one thing',
    code: 'WRONG_QUERY',
    provoke: noted({
      answer: answering(() => [0, 0].map((index) => ({ index, answer: { type: 'unknown' } }))),
    }),
  },
  {
    what: 'an answer that is none to this query',
    code: 'WRONG_QUERY',
    provoke: noted({ answer: answering(() => [{ index: 0, answer: { type: 'held' } }]) }),
  },
  {
    what: 'something found without the header that was asked for first',
    code: 'WRONG_QUERY',
    provoke: noted({
      answer: (server, asked) =>
        server.answer(asked, [{ index: 0, answer: found(server.blocks[VERSION_AT]!.bytes) }], {
          header: 'none',
        }),
    }),
  },
  {
    what: 'a header that the server did not sign',
    code: 'BAD_SIGNATURE',
    provoke: noted({
      answer: (server, asked) =>
        server.answer(asked, [{ index: 0, answer: found(server.blocks[VERSION_AT]!.bytes) }], {
          header: 'unsigned',
        }),
    }),
  },
  {
    what: 'a header signed for another query',
    code: 'BAD_SIGNATURE',
    provoke: noted({
      answer: (server, asked) =>
        server.answer({ ...asked, bytes: utf8('another') }, [
          { index: 0, answer: found(server.blocks[VERSION_AT]!.bytes) },
        ]),
    }),
  },
  {
    what: 'a result cut short',
    code: 'TRUNCATED',
    provoke: noted({
      answer: ({ end }, { ask }) =>
        end.say(
          'result',
          encodeMessage('result', { ask, last: true, listing: undefined, items: [] }).subarray(0, 2),
        ),
    }),
  },
  // wrong bytes
  {
    what: 'another block than was asked for',
    code: 'BAD_HASH',
    provoke: noted({
      answer: answering(({ server }) => [{ index: 0, answer: found(server.blocks[0]!.bytes) }]),
    }),
  },
  {
    what: 'a version with one bit of its record changed',
    code: 'BAD_SIGNATURE',
    provoke: noted({ answer: spoiled((bytes) => flipped(bytes, 70)) }),
  },
  {
    what: 'a version with one bit of its text changed',
    code: 'BAD_HASH',
    provoke: noted({ answer: spoiled((bytes) => flipped(bytes, -12)) }),
  },
  {
    what: 'a version cut short',
    code: 'BAD_HASH',
    provoke: noted({ answer: spoiled((bytes) => bytes.subarray(0, -1)) }),
  },
  {
    what: 'a version from the future',
    code: 'UNREACHABLE',
    provoke: blameless({}, { timeMs: START_MS + 10 * 60_000 }),
  },
  {
    what: 'a version whose key the server does not show',
    code: 'UNREACHABLE',
    provoke: blameless({
      answer: answering(({ server, told: { asked } }) =>
        asked.type === 'blocks'
          ? asked.ids.map((id, index) => ({
              index,
              answer:
                Buffer.compare(id, server.blocks[VERSION_AT]!.id) === 0
                  ? found(server.blocks[VERSION_AT]!.bytes)
                  : { type: 'unknown' },
            }))
          : [],
      ),
    }),
  },
  {
    what: 'a piece that is another than was asked for',
    code: 'BAD_HASH',
    provoke: async () => {
      const one = await scene(
        {
          answer: answering(({ server, told: { asked } }) =>
            asked.type !== 'blocks'
              ? []
              : asked.ids.map((id, index) => {
                  const at = server.blocks.findIndex((block) => Buffer.compare(block.id, id) === 0)
                  return {
                    index,
                    answer: found(at <= VERSION_AT ? server.blocks[at]!.bytes : utf8('another piece')),
                  }
                }),
          ),
        },
        { text: LONG },
      )
      await codeOfGet(one, one.page.id)
      return fault(one)
    },
  },
  // bundles
  {
    what: 'a bundle with a block that lives elsewhere',
    code: 'WRONG_QUERY',
    provoke: notedOfTips((server, asked) => {
      const { block } = sealed(server.end.actor, utf8('# Wasps\n'), START_MS, 'wasps')
      server.answer(
        asked,
        [found(server.blocks[0]!.bytes), found(block)].map((answer) => ({ index: 0, answer })),
      )
    }),
  },
  {
    what: 'a bundle without end',
    code: 'TOO_LARGE',
    provoke: notedOfTips((server, asked, { block }) =>
      server.answer(
        asked,
        Array.from({ length: 129 }, () => ({ index: 0, answer: found(block) })),
      ),
    ),
  },
  {
    what: 'an introduction that shows nothing',
    code: 'WRONG_QUERY',
    provoke: async () => {
      const world = new World()
      const eve = world.add('eve')
      const server = new HandServer(world.addStranger('hand'))
      server.serve = (asked) => server.answer(asked, [{ index: 0, answer: { type: 'unknown' } }])
      world.connect('eve', 'hand')
      await world.settle()
      return eve.events.find(({ type }) => type === 'fault')?.code as ErrorCode
    },
  },
  // welcomes
  {
    what: 'a welcome over another thank',
    code: 'WRONG_SESSION',
    provoke: notedAtWelcome((welcome) => {
      const { body, ...record } = parseRecord(welcome)
      const said = Uint8Array.from(body)
      said[said.byteLength - 1]! ^= 1 // the end of the thank's id
      return { ...record, body: said }
    }),
  },
  {
    what: 'a welcome that somebody else signed',
    code: 'BAD_SIGNATURE',
    provoke: noted({
      welcome: (one) => ({ ...one, checkpoint: flipped(one.checkpoint, -1) }),
      answer: unknown,
    }),
  },
  {
    what: 'bytes behind the record of a welcome',
    code: 'TRAILING_BYTES',
    provoke: noted({
      welcome: (one) => ({ ...one, checkpoint: withTrailing(one.checkpoint) }),
      answer: unknown,
    }),
  },
  // what the look-up comes to
  {
    what: 'a page that nobody can be asked for',
    code: 'NO_PEERS',
    provoke: async () => codeOfGet(await alone(), sha256(utf8('x'))),
  },
  { what: 'a version that no peer knows', code: 'NOT_FOUND', provoke: told({ answer: unknown }) },
  {
    what: 'a version that a peer had and lost',
    code: 'UNREACHABLE',
    provoke: told({ answer: answering(() => [{ index: 0, answer: { type: 'lost' } }]) }),
  },
  { what: 'a peer that does not answer', code: 'UNREACHABLE', provoke: told({ answer: () => {} }) },
  {
    what: 'a version that a peer will not serve',
    code: 'REFUSED',
    provoke: told({
      answer: answering(() => [{ index: 0, answer: { type: 'refused', reason: { type: 'policy' } } }]),
    }),
  },
  {
    what: 'a version that every peer spoiled',
    code: 'BAD_PROOF',
    provoke: told({ answer: spoiled((bytes) => flipped(bytes, 70)) }),
  },
  {
    what: 'a server that asks for more work than a query is worth',
    code: 'TOO_EXPENSIVE',
    provoke: introduced({ challenge: (one) => ({ ...one, effort: 2 ** 40 }) }),
  },
  {
    what: 'a server that never answers a hello',
    code: 'TIMEOUT',
    provoke: introduced({ challenge: () => undefined }),
  },
  {
    what: 'a refusal with a number that nobody knows',
    code: 'INTERNAL',
    provoke: async () => {
      const world = new World()
      const eve = world.add('eve')
      const end = world.addStranger('hand')
      end.onHeard = ({ name }) => {
        if (name === 'hello')
          end.tell('refuse', { ask: undefined, code: WIRE_CODES.length, detail: 'from tomorrow' })
      }
      world.connect('eve', 'hand')
      await world.settle()
      return eve.events.find(({ type }) => type === 'failed')?.code as ErrorCode
    },
  },
]

function unknown(server: HandServer, asked: Told): void {
  server.answer(asked, [{ index: 0, answer: { type: 'unknown' } }])
}

async function alone(): Promise<Scene> {
  const one = await scene({})
  one.world.disconnect('eve', 1)
  await one.world.settle()
  return one
}

/** The failure of the introduction to a server that behaves so. */
function introduced(conduct: Conduct) {
  return async () => {
    const { world, eve } = await scene(conduct, { isReader: false })
    await world.advance(20_000)
    return eve.events.find(({ type }) => type === 'failed')?.code as ErrorCode
  }
}

/** A welcome whose checkpoint is changed and signed again. */
function notedAtWelcome(change: (checkpoint: Uint8Array) => Parameters<typeof signRecord>[0]) {
  return async () => {
    let actor: Actor | undefined
    const one = await scene({
      answer: unknown,
      welcome: (welcome) => {
        const { device } = actor!
        const record = signRecord(
          { ...change(welcome.checkpoint), kind: CHECKPOINT },
          one.world.network,
          device.sign,
        )
        return { ...welcome, checkpoint: record.bytes }
      },
    })
    actor = one.server.end.actor
    await codeOfGet(one, one.page.id)
    return fault(one)
  }
}
