/**
 * fast-check generators for everything that is registered: bodies of record kinds, messages, queries,
 * answers. The tests that walk a registry look here, and fail on an entry that has none.
 */
import fc, { type Arbitrary } from 'fast-check'
import { sha256 } from '../../src/base/hash.ts'
import type { Query, QueryOf } from '../../src/node/queries.ts'
import { prefixOf } from '../../src/node/shards.ts'
import { type Answer, MESSAGE_BYTES_MAX, type MessageName, type MessageOf } from '../../src/node/wire.ts'
import { hex } from './bytes.ts'

export const exactly = (length: number): Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
export const upTo = (maxLength: number, minLength = 0): Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength })
export const id = exactly(32)
const signature = exactly(64)
const timeMs = fc.integer({ min: 0, max: 2 ** 48 - 1 })
const count = fc.oneof(fc.nat(300), fc.nat(2 ** 31 - 1), fc.constant(2 ** 32))
const maybe = <T>(value: Arbitrary<T>): Arbitrary<T | undefined> => fc.option(value, { nil: undefined })
const few = <T>(value: Arbitrary<T>, maxLength = 4, minLength = 0): Arbitrary<T[]> =>
  fc.array(value, { maxLength, minLength })
const one = <T extends string>(type: T): Arbitrary<{ type: T }> => fc.record({ type: fc.constant(type) })

/** Names of letters and digits, which are legal paths; the rest of what is legal is `path.test.ts`'s to say. */
export const path = fc
  .array(fc.stringMatching(/^[a-z0-9]{1,12}$/), { minLength: 1, maxLength: 4 })
  .map((names) => names.join('/'))
const spaceRef = fc.oneof(
  one('self'),
  fc.record({ type: fc.constantFrom('entity' as const, 'group' as const), id }),
)
const ids = fc.uniqueArray(id, { maxLength: 4, selector: hex })
const flow = fc.record({ messages: count, bytes: count, hash: id })
const incarnation = exactly(16)
const shard = fc
  .record({ depth: fc.nat(64), point: id })
  .map(({ depth, point }) => ({ depth, prefix: prefixOf(point, depth) }))
const chunks = few(
  fc.record({
    hash: id,
    bytes: fc.integer({ min: 1, max: 49_152 }),
    pages: fc.integer({ min: 1, max: 256 }),
  }),
)

/** What people may be called: the letters that are refused are `label.test.ts`'s to try. */
export const label = fc.stringMatching(/^[A-Za-zäöüéßñλжあ](?: ?[A-Za-zäöüéßñλжあ0-9.'-]){0,20}$/u)
/** What somebody may be called on one machine. */
export const localName = fc
  .oneof(
    fc.stringMatching(/^[A-Za-zäöüéß0-9][A-Za-zäöüéß0-9._-]{0,31}$/),
    fc.stringMatching(/^[а-я][а-я0-9._-]{0,20}$/),
  )
  .filter((name) => name.toLowerCase() !== 'me')
/** Bytes that begin as an image does. */
export const image = fc
  .tuple(
    fc.constantFrom('89504e470d0a1a0a', 'ffd8ff', '474946383961', '474946383761', '524946460000000057454250'),
    upTo(60),
  )
  .map(([begin, rest]) => Buffer.concat([Buffer.from(begin, 'hex'), rest]))

/** By the name that a kind has in the registry. */
export const BODIES: Readonly<Record<string, Arbitrary<unknown>>> = {
  'key genesis': fc.record({ publicKey: exactly(33), next: id }),
  'device certificate': fc.record({ device: id, puzzle: exactly(8) }),
  version: fc.record({
    space: spaceRef,
    path,
    parents: ids,
    summary: fc.string({ unit: 'binary', maxLength: 100 }),
    content: fc.oneof(
      fc.record({
        type: fc.constant('text' as const),
        markup: fc.integer({ min: 1, max: 255 }),
        textBytes: fc.nat(4 * 1024 * 1024),
        textHash: id,
        pieces: fc.integer({ min: 1, max: 69 }),
        root: id,
      }),
      one('deleted'),
      fc.record({ type: fc.constant('redirect' as const), space: spaceRef, path }),
      fc.record({
        type: fc.constant('file' as const),
        mediaType: fc.constantFrom('image/png', 'application/octet-stream', 'a/b'),
        fileBytes: fc.nat(1024 * 1024 * 1024),
        fileHash: id,
        pieces: fc.integer({ min: 1, max: 36_864 }),
        root: id,
      }),
    ),
  }),
  'space index': fc.tuple(spaceRef, ids, chunks).map(([space, replaces, chunks]) => ({
    space,
    replaces,
    pages: chunks.reduce((sum, { pages }) => sum + pages, 0),
    chunks,
  })),
  'key rotation': fc.record({
    position: fc.integer({ min: 1, max: 32 }),
    publicKey: exactly(33),
    next: id,
    stands: fc.record({ root: id, count: fc.nat(1_000_000) }),
  }),
  'device revocation': fc.record({ device: id }),
  profile: fc.record({
    replaces: ids,
    name: label,
    about: fc.string({ unit: 'binary', maxLength: 100 }),
    avatar: fc.oneof(
      one('none'),
      fc.record({ type: fc.constant('image' as const), bytes: image }),
      fc.record({ type: fc.constant('file' as const), version: id }),
    ),
  }),
  'objects had': fc.record({
    device: id,
    incarnation,
    count,
    bytes: fc.nat(Number.MAX_SAFE_INTEGER),
    root: id,
    replaces: ids,
  }),
  bookmark: fc.record({ space: spaceRef, path, version: maybe(id), replaces: ids }),
  diff: fc
    .tuple(spaceRef, path, id, id, fc.integer({ min: 1, max: 61_440 }), upTo(200, 20))
    .map(([space, path, from, to, patchBytes, patch]) => {
      return { space, path, from, to, hash: sha256(patch), patchBytes, patch }
    }),
  holding: fc.record({
    incarnation,
    sequence: count,
    root: id,
    count: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    until: timeMs,
  }),
  'shelf claim': fc.record({ incarnation, sequence: count, shard, count, root: id, until: timeMs }),
  checkpoint: fc.record({
    incarnation,
    session: id,
    peer: id,
    results: count,
    fromClient: flow,
    fromServer: flow,
    over: maybe(id),
  }),
}

export const QUERIES: { readonly [T in Query['type']]: Arbitrary<QueryOf<T>> } = {
  introduce: one('introduce'),
  blocks: fc.record({ type: fc.constant('blocks'), ids: few(id, 256, 1), certify: fc.boolean() }),
  tips: fc.record({ type: fc.constant('tips'), locators: few(id, 64, 1), certify: fc.boolean() }),
  records: fc.record({
    type: fc.constant('records'),
    locator: id,
    kind: fc.nat(255),
    field: fc.oneof(one('time'), one('author'), one('id')),
    order: fc.oneof(one('asc'), one('desc')),
    offset: count,
    count: fc.integer({ min: 1, max: 256 }),
    snapshot: maybe(exactly(8)),
    vouchedBy: maybe(id),
  }),
  store: fc.record({
    type: fc.constant('store'),
    offers: few(
      fc.record({ id, locator: id, bytes: fc.integer({ min: 1, max: 131_000 }), owner: maybe(id) }),
      256,
      1,
    ),
  }),
  subscribe: fc.record({
    type: fc.constant('subscribe'),
    locators: few(id, 128),
    seconds: fc.integer({ min: 1, max: 900 }),
    certify: fc.boolean(),
    replaces: maybe(count),
  }),
  search: fc.record({
    type: fc.constant('search'),
    words: fc.string({ minLength: 1, maxLength: 60 }),
    space: maybe(
      fc.oneof(
        fc.record({ type: fc.constant('entity' as const), id }),
        fc.record({ type: fc.constant('group' as const), id }),
      ),
    ),
    count: fc.integer({ min: 1, max: 50 }),
    certify: fc.boolean(),
  }),
}

type AnswerOf<T extends Answer['type']> = Extract<Answer, { type: T }>

export const ANSWERS: { readonly [T in Answer['type']]: Arbitrary<AnswerOf<T>> } = {
  found: fc.record({ type: fc.constant('found'), bytes: upTo(300) }),
  unknown: one('unknown'),
  lost: one('lost'),
  moved: fc.record({ type: fc.constant('moved'), to: few(id, 8) }),
  refused: fc.record({
    type: fc.constant('refused'),
    reason: fc.oneof(one('policy'), fc.record({ type: fc.constant('tombstone' as const), id }), one('full')),
  }),
  wanted: one('wanted'),
  held: one('held'),
  holding: fc.record({ type: fc.constant('holding'), record: upTo(300) }),
  key: fc.record({ type: fc.constant('key'), bytes: upTo(300) }),
  missed: one('missed'),
}

const ask = fc.nat(2 ** 31 - 1)
const algorithms = few(fc.nat(255), 8, 1)
const challenge = fc.record({
  version: fc.nat(255),
  algorithm: fc.nat(255),
  counter: count,
  time: timeMs,
  effort: fc.oneof(count, fc.constant(2 ** 40)),
  expires: timeMs,
  mac: id,
})
const item = fc.record({
  index: fc.nat(65_535),
  answer: fc.oneof(...(Object.values(ANSWERS) as Arbitrary<Answer>[])),
})

export const MESSAGE_VALUES: { readonly [N in MessageName]: Arbitrary<MessageOf<N>> } = {
  hello: fc.record({ versions: algorithms, algorithms, time: timeMs, certificate: maybe(id), signature }),
  challenge,
  earn: fc.record({
    hello: upTo(512),
    challenge,
    bid: count,
    proofs: few(exactly(8), 8),
    signature,
    ask,
    query: upTo(300),
  }),
  result: fc.record({
    ask,
    last: fc.boolean(),
    listing: maybe(fc.record({ total: count, offset: count, snapshot: exactly(8) })),
    items: few(item, 6),
  }),
  thank: fc.record({ checkpoint: upTo(300), claim: maybe(upTo(300)) }),
  welcome: fc.record({
    checkpoint: upTo(300),
    claim: maybe(upTo(300)),
    allowance: count,
    acceptsStores: fc.boolean(),
    peers: few(id, 20),
  }),
  ask: fc.record({ ask, query: upTo(300) }),
  refuse: fc.record({
    ask: maybe(ask),
    code: fc.nat(255),
    detail: fc.string({ unit: 'binary', maxLength: 50 }),
  }),
  deliver: fc.record({
    ask,
    last: fc.boolean(),
    items: few(fc.record({ index: fc.nat(65_535), bytes: upTo(300) })),
  }),
  header: fc.record({
    ask,
    entries: few(fc.record({ index: fc.nat(65_535), hash: id, bytes: fc.nat(131_000) })),
    signature,
  }),
}

/** Bytes from nothing up to a little more than a message may have, mostly few. */
export const anyBytes: Arbitrary<Uint8Array> = fc.oneof(
  { weight: 20, arbitrary: upTo(200) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(new Uint8Array(MESSAGE_BYTES_MAX), new Uint8Array(70_000).fill(255)),
  },
)

const time = fc.nat()
const idAndPlace = { id, locator: id }

/** What the index knows of a block, its id with it. */
export const indexedBlockValues = fc.record({
  ...idAndPlace,
  kind: fc.nat(255),
  timeMs,
  length: fc.nat(2 ** 24 - 1),
  feed: fc.nat(65_535),
  segment: fc.nat(),
  offset: fc.nat(2 ** 24 - 1),
  crc: fc.nat(),
})

/** Tables of one piece and of several; none but the first is empty. */
export const pieceTableValues = few(
  fc.record({
    hash: id,
    bytes: fc.integer({ min: 20, max: 65_536 }),
    textBytes: fc.integer({ min: 1, max: 61_440 }),
  }),
  5,
  1,
)

/** What a published difference holds. */
export const patchValues = few(
  fc.record({ keep: fc.nat(300), drop: fc.nat(300), add: fc.string({ unit: 'binary', maxLength: 60 }) }),
)

/** The list of a file's tables. */
export const tableListValues = few(
  fc.record({
    hash: id,
    pieces: fc.integer({ min: 1, max: 1_024 }),
    fileBytes: fc.integer({ min: 1, max: 2 ** 20 }),
  }),
  5,
  1,
)

/** The outbox's note of what it still has to hand out. */
export const batchNoteValues = fc.record({
  format: fc.constant(2),
  madeMs: time,
  entries: few(
    fc.record({ id, bytes: fc.nat(131_000), piece: maybe(fc.record({ owner: id, locator: id })) }),
    3,
    1,
  ),
  holdings: few(upTo(200), 3),
})

/** As it was before. */
export const batchNoteBeforeValues = fc.record({
  madeMs: time,
  entries: few(fc.record({ ...idAndPlace, bytes: fc.nat(131_000), owner: maybe(id) }), 3, 1),
  holdings: few(upTo(200), 3),
})

const someSpace = fc.record({ type: fc.constantFrom('entity' as const, 'group' as const), id })

/** What is remembered of a place that is followed. */
export const placeNoteValues = fc.record({
  place: fc.oneof(
    fc.record({
      type: fc.constant('page' as const),
      space: someSpace,
      path: fc.constantFrom('bees', 'a/b', 'é'),
    }),
    fc.record({ type: fc.constant('index' as const), space: someSpace }),
    fc.record({ type: fc.constant('entity' as const), id }),
  ),
  since: timeMs,
  isStarted: fc.boolean(),
  seen: few(id),
})

export const checkRequestValues = fc.record({
  nowMs: timeMs,
  withTexts: fc.boolean(),
  keys: few(fc.record({ id, entity: id, publicKey: exactly(33), position: fc.nat(32), next: id })),
  items: few(fc.record({ id, pieceAt: maybe(id), bytes: upTo(200) })),
})

/** Frames of a backup. */
export const frameValues = fc.oneof(
  fc.record({
    type: fc.constant('head' as const),
    madeMs: timeMs,
    incarnation: exactly(16),
    hasKeys: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('file' as const),
    name: fc.stringMatching(/^[a-z]{1,20}$/),
    bytes: upTo(200),
  }),
  fc.record({
    type: fc.constant('block' as const),
    feed: fc.nat(1),
    kind: fc.nat(255),
    ...idAndPlace,
    bytes: upTo(200),
  }),
  fc.record({ type: fc.constant('note' as const), table: fc.nat(5), key: upTo(40), value: upTo(200) }),
  fc.record({ type: fc.constant('end' as const), blocks: count, notes: count, digest: id }),
  fc.record({
    type: fc.constant('rule' as const),
    isBlock: fc.boolean(),
    id,
    about: fc.string({ unit: 'binary', maxLength: 20 }),
    why: fc.string({ unit: 'binary', maxLength: 20 }),
    sinceMs: timeMs,
  }),
  fc.record({ type: fc.constant('name' as const), name: localName, entity: id, sinceMs: timeMs }),
)
