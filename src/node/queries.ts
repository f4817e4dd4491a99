/**
 * What can be asked. The number on the wire is the position in the registry; one that a
 * node does not know is answered UNSUPPORTED. Larger queries weigh more, and weight is
 * what effort and windows are counted in.
 */
import { fixed, flag, id32, list, optional, struct, text, uint, type Value, variant } from '../base/codec.ts'
import { BLOCK_BYTES_MAX } from '../base/limits.ts'
import { ASK_IDS_MAX } from './wire.ts'

/** Locators in one query for tips. */
export const TIPS_LOCATORS_MAX = 64
/** Locators in one subscription. */
export const SUBSCRIBE_LOCATORS_MAX = 128
/** Words of one search, in UTF-8. */
export const SEARCH_WORDS_BYTES_MAX = 256
/** Pages that one search may ask for. */
export const SEARCH_COUNT_MAX = 50
/** Bytes of blocks and pieces in the answer to one search, keys apart: whoever sends more breaks the protocol. */
export const SEARCH_BYTES_MAX = 524_288
/** The longest that a subscription stays open; whoever wants more asks again. */
export const SUBSCRIBE_SECONDS_MAX = 900

export const query = variant({
  /** Who are you: the node's own key and device certificate. */
  introduce: struct({}),
  /** Blocks and loose pieces by id. */
  blocks: struct({ ids: list(id32, ASK_IDS_MAX, 1), certify: flag }),
  /** The bundle at a locator: what nothing else there replaces, behind the keys that verify it. */
  tips: struct({ locators: list(id32, TIPS_LOCATORS_MAX, 1), certify: flag }),
  /** Records at a locator as a sorted list; ties go by id. */
  records: struct({
    locator: id32,
    /** Kind of record; 0 for any. */
    kind: uint(255),
    field: variant({ time: struct({}), author: struct({}), id: struct({}) }),
    order: variant({ asc: struct({}), desc: struct({}) }),
    offset: uint(2 ** 32),
    count: uint(ASK_IDS_MAX, 1),
    /** The list that an earlier page of this was cut from; kept 60 s. */
    snapshot: optional(fixed(8)),
    /** Only what this entity signed. */
    vouchedBy: optional(id32),
  }),
  /** Please keep these. `owner` names the version or index that a loose piece belongs to. */
  store: struct({
    offers: list(
      struct({ id: id32, locator: id32, bytes: uint(BLOCK_BYTES_MAX, 1), owner: optional(id32) }),
      ASK_IDS_MAX,
      1,
    ),
  }),
  /**
   * What is stored at these locators from now on, as it is stored. `replaces`: the number of an earlier
   * subscription of this session, which ends; with no locators that is all that happens.
   */
  subscribe: struct({
    locators: list(id32, SUBSCRIBE_LOCATORS_MAX),
    seconds: uint(SUBSCRIBE_SECONDS_MAX, 1),
    certify: flag,
    replaces: optional(uint(2 ** 32)),
  }),
  /** Pages with these words, the best first: the block of each at its place, for a long page with its first pieces. */
  search: struct({
    words: text(SEARCH_WORDS_BYTES_MAX, 1),
    space: optional(variant({ entity: struct({ id: id32 }), group: struct({ id: id32 }) })),
    count: uint(SEARCH_COUNT_MAX, 1),
    certify: flag,
  }),
})
export type Query = Value<typeof query>
export type QueryOf<T extends Query['type']> = Extract<Query, { type: T }>

/** How much of a window a query takes, and how often its effort must be paid. */
export function weightOf(asked: Query): number {
  switch (asked.type) {
    case 'introduce':
      return 1
    case 'blocks':
      return Math.ceil(asked.ids.length / 64)
    case 'tips':
      return Math.ceil(asked.locators.length / 16)
    case 'records':
      return Math.ceil(asked.count / 64)
    case 'store':
      return 4 + Math.floor(asked.offers.length / 32)
    case 'subscribe':
      // Paid ahead: what it may bring, as so many blocks would, and what it is to be watched for.
      return asked.locators.length === 0 ? 1 : 4 + Math.ceil(asked.locators.length / 16)
    case 'search':
      // a look through the index, and as many pages
      return 2 + Math.ceil(asked.count / 16)
  }
}
