/**
 * What the index holds: the keys and values of the level in HOME/index, all binary.
 *
 *     key                            value
 *     "format"                       format of this table (uint); the one key that every format has
 *     b | id (32)                    feed (2) segment (4) offset (3) length (3) crc (4) kind (1) time (6) locator (32)
 *     l | locator (32) | kind (1) | 2^48 − 1 − time (6, big-endian) | id (32)     length (3)
 *     m | feed (2, big-endian)       segments of this feed that are indexed (4) | its name, UTF-8
 *     s                              rebuilding (1) | blocks (6) | bytes of blocks (6)
 *
 * Integers in values are little-endian. All of it can be derived from the feeds. (Up to format 2 the
 * notes stood here too, under `n`; now they are in HOME/notes.)
 * `crc` is the CRC-32 of the block's bytes: it ties the id to them at a tenth of the price of a hash.
 */
import { SheafError } from '../../../base/errors.ts'
import type { BlockMeta } from '../../store.ts'

export const INDEX_FORMAT = 3

/** Where a block's bytes lie, and what the index says of them. */
export interface IndexedBlock extends BlockMeta {
  /** Number of the feed in this index. */
  feed: number
  /** Position of the segment in its feed. */
  segment: number
  /** Where in the segment the bytes begin. */
  offset: number
  crc: number
}

export interface FeedMark {
  feed: number
  name: string
  /** The segments below this one are in the index. */
  indexed: number
}

export interface IndexState {
  /** True from the moment that the index is torn down until it is whole again. */
  rebuilding: boolean
  blocks: number
  bytes: number
}

export const FORMAT_KEY = Buffer.from('format')
export const STATE_KEY = Buffer.from('s')

const BLOCK = 0x62
const PLACE = 0x6c
const MARK = 0x6d
const NOTE = 0x6e

const ID_BYTES = 32
const BLOCK_VALUE_BYTES = 55
const PLACE_KEY_BYTES = 1 + ID_BYTES + 1 + 6 + ID_BYTES
const PLACE_VALUE_BYTES = 3
const MARK_KEY_BYTES = 3
/** Of a feed without a name. */
const MARK_BYTES_MIN = 4
const STATE_BYTES = 13
/** Times are below it; what is left up to it falls as they rise, so that the newest comes first. */
const TIME_END = 2 ** 48

/** All keys that begin with these bytes. */
export interface KeyRange {
  gte: Buffer
  lt: Buffer
}

export function blockKey(id: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(1 + ID_BYTES)
  key[0] = BLOCK
  key.set(id, 1)
  return key
}

export function blockValue(block: IndexedBlock): Buffer {
  const value = Buffer.allocUnsafe(BLOCK_VALUE_BYTES)
  value.writeUInt16LE(block.feed, 0)
  value.writeUInt32LE(block.segment, 2)
  value.writeUIntLE(block.offset, 6, 3)
  value.writeUIntLE(block.length, 9, 3)
  value.writeUInt32LE(block.crc, 12)
  value[16] = block.kind
  value.writeUIntLE(block.timeMs, 17, 6)
  value.set(block.locator, 23)
  return value
}

/** Throws BAD_STORE where the value is not whole, as the other readers do. */
export function readBlock(id: Uint8Array, value: Buffer): IndexedBlock {
  requireBytes(value, BLOCK_VALUE_BYTES)
  return {
    id,
    locator: value.subarray(23, BLOCK_VALUE_BYTES),
    kind: value[16]!,
    timeMs: value.readUIntLE(17, 6),
    length: value.readUIntLE(9, 3),
    feed: value.readUInt16LE(0),
    segment: value.readUInt32LE(2),
    offset: value.readUIntLE(6, 3),
    crc: value.readUInt32LE(12),
  }
}

export const idOfBlockKey = (key: Buffer): Buffer => key.subarray(1)

export function placeKey({ locator, kind, timeMs, id }: BlockMeta): Buffer {
  const key = Buffer.allocUnsafe(PLACE_KEY_BYTES)
  key[0] = PLACE
  key.set(locator, 1)
  key[33] = kind
  key.writeUIntBE(TIME_END - 1 - timeMs, 34, 6)
  key.set(id, 40)
  return key
}

export function placeValue({ length }: BlockMeta): Buffer {
  const value = Buffer.allocUnsafe(PLACE_VALUE_BYTES)
  value.writeUIntLE(length, 0, 3)
  return value
}

export function readPlace(key: Buffer, value: Buffer): BlockMeta {
  requireBytes(key, PLACE_KEY_BYTES)
  requireBytes(value, PLACE_VALUE_BYTES)
  return {
    id: key.subarray(40),
    locator: locatorOfPlaceKey(key),
    kind: key[33]!,
    timeMs: TIME_END - 1 - key.readUIntBE(34, 6),
    length: value.readUIntLE(0, 3),
  }
}

export const locatorOfPlaceKey = (key: Buffer): Buffer => key.subarray(1, 1 + ID_BYTES)

export function markKey(feed: number): Buffer {
  return Buffer.from([MARK, feed >> 8, feed & 0xff])
}

export function markValue({ name, indexed }: FeedMark): Buffer {
  const value = Buffer.allocUnsafe(MARK_BYTES_MIN + Buffer.byteLength(name))
  value.writeUInt32LE(indexed, 0)
  value.write(name, 4)
  return value
}

export function readMark(key: Buffer, value: Buffer): FeedMark {
  requireBytes(key, MARK_KEY_BYTES)
  if (value.byteLength < MARK_BYTES_MIN) refuse(value)
  return { feed: key.readUInt16BE(1), indexed: value.readUInt32LE(0), name: value.toString('utf8', 4) }
}

export function stateValue({ rebuilding, blocks, bytes }: IndexState): Buffer {
  const value = Buffer.alloc(STATE_BYTES)
  value[0] = rebuilding ? 1 : 0
  value.writeUIntLE(blocks, 1, 6)
  value.writeUIntLE(bytes, 7, 6)
  return value
}

export function readState(value: Buffer): IndexState {
  requireBytes(value, STATE_BYTES)
  if (value[0]! > 1) refuse(value)
  return { rebuilding: value[0] === 1, blocks: value.readUIntLE(1, 6), bytes: value.readUIntLE(7, 6) }
}

export const BLOCKS: KeyRange = startingWith(Buffer.from([BLOCK]))
export const PLACES: KeyRange = startingWith(Buffer.from([PLACE]))
export const MARKS: KeyRange = startingWith(Buffer.from([MARK]))
/** Of formats 0 to 2. */
export const NOTES: KeyRange = startingWith(Buffer.from([NOTE]))

/** The places from one locator to another, both included. */
export function placesBetween(low: Uint8Array, high: Uint8Array): KeyRange {
  const first = Buffer.concat([Buffer.from([PLACE]), low])
  const last = Buffer.concat([Buffer.from([PLACE]), high])
  return { gte: first, lt: startingWith(last).lt }
}

/** The places of one kind at a locator. */
export function placesOf(locator: Uint8Array, kind: number): KeyRange {
  return startingWith(Buffer.concat([Buffer.from([PLACE]), locator, Buffer.of(kind)]))
}

/** The keys that begin with `prefix`, which must not be all 0xff. */
export function startingWith(prefix: Buffer): KeyRange {
  const end = Buffer.from(prefix)
  let last = end.length - 1
  while (end[last] === 0xff) last--
  end[last]!++
  return { gte: prefix, lt: end.subarray(0, last + 1) }
}

/** What the interface shows of an indexed block. */
export function metaOf({ id, locator, kind, timeMs, length }: IndexedBlock): BlockMeta {
  return { id, locator, kind, timeMs, length }
}

/** LevelDB tells damage by its checksums: another length is what only another program writes. */
function requireBytes(part: Buffer, bytes: number): void {
  if (part.byteLength !== bytes) refuse(part)
}

function refuse(part: Buffer): never {
  throw new SheafError('BAD_STORE', `the index holds ${part.byteLength} bytes that it cannot hold`, {
    hint: 'stop the node and run `sheaf reindex`',
  })
}
