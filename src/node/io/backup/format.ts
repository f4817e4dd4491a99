/**
 * A backup is one file:
 *
 *     "sheaf backup 1\n"
 *     frame     length of the body (4, little-endian) | CRC-32 of the body (4) | body
 *     body      head | file | block | note | end | rule | name, by its first byte
 *
 * The head is first and the end is last. The end carries the numbers of blocks and notes, and the
 * SHA-256 of all bytes before it. Files are the small ones beside the store: identity and configuration;
 * the operator's rules and the local names may be many, so each has a frame.
 */
import { crc32 } from 'node:zlib'
import {
  bytes,
  decode,
  encode,
  fixed,
  flag,
  id32,
  struct,
  text,
  timeMs,
  uint,
  type Value,
  variant,
} from '../../../base/codec.ts'
import { SheafError } from '../../../base/errors.ts'
import { INCARNATION_BYTES } from '../../../base/keys.ts'
import { BLOCK_BYTES_MAX } from '../../../base/limits.ts'
import { NAME_LETTERS_MAX } from '../../names.ts'
import { WHY_LETTERS_MAX } from '../../rules.ts'
import { type Feed, NOTE_KEY_BYTES_MAX, NOTE_VALUE_BYTES_MAX, type NoteTable } from '../../store.ts'
import { ABOUT_LETTERS_MAX } from '../rules-file.ts'

export const MAGIC = Buffer.from('sheaf backup 1\n')
/** Begins the file of any version. */
export const MAGIC_OF_ALL = Buffer.from('sheaf backup ')
export const FRAME_HEADER_BYTES = 8
/** Identity and configuration are read up to this. */
export const FILE_BYTES_MAX = 64 * 1024
/** The largest block or note with what stands around it. */
export const BODY_BYTES_MAX = BLOCK_BYTES_MAX + NOTE_KEY_BYTES_MAX + 256
const NAME_BYTES_MAX = 32
/** A letter of a string is at most three bytes of UTF-8. */
const BYTES_PER_LETTER = 3
/** A letter that a person counts as one is at most four. */
const BYTES_PER_LETTER_OF_TEXT = 4

/** Their positions stand in the file. */
export const FEEDS: readonly Feed[] = ['outbox', 'shelf']
export const TABLES: readonly NoteTable[] = [
  'own',
  'holding',
  'pending',
  'receipt',
  'peer',
  'claim',
  'follow',
]

export const frame = variant({
  /** Incarnation of the home that was backed up, and whether the keys are in it. */
  head: struct({ madeMs: timeMs, incarnation: fixed(INCARNATION_BYTES), hasKeys: flag }),
  file: struct({ name: text(NAME_BYTES_MAX, 1), bytes: bytes(FILE_BYTES_MAX) }),
  /** A loose piece where `kind` is 0, and a record block, which says itself what it is, where not. */
  block: struct({
    feed: uint(FEEDS.length - 1),
    kind: uint(255),
    id: id32,
    locator: id32,
    bytes: bytes(BLOCK_BYTES_MAX),
  }),
  note: struct({
    table: uint(TABLES.length - 1),
    key: bytes(NOTE_KEY_BYTES_MAX),
    value: bytes(NOTE_VALUE_BYTES_MAX),
  }),
  end: struct({ blocks: uint(), notes: uint(), digest: id32 }),
  rule: struct({
    isBlock: flag,
    id: id32,
    about: text(BYTES_PER_LETTER * ABOUT_LETTERS_MAX),
    why: text(BYTES_PER_LETTER * WHY_LETTERS_MAX),
    sinceMs: timeMs,
  }),
  /** What the person at this home calls somebody. */
  name: struct({ name: text(BYTES_PER_LETTER_OF_TEXT * NAME_LETTERS_MAX, 1), entity: id32, sinceMs: timeMs }),
})

export type Frame = Value<typeof frame>

/** A frame as it stands in the file. */
export function formFrame(value: Frame): Uint8Array {
  const body = encode(frame, value)
  const framed = Buffer.allocUnsafe(FRAME_HEADER_BYTES + body.byteLength)
  framed.writeUInt32LE(body.byteLength, 0)
  framed.writeUInt32LE(crc32(body), 4)
  framed.set(body, FRAME_HEADER_BYTES)
  return framed
}

/** What the header of a frame says. Throws TOO_LARGE before anybody takes memory for it. */
export function readFrameHeader(header: Buffer): { length: number; crc: number } {
  const length = header.readUInt32LE(0)
  if (length > BODY_BYTES_MAX) {
    throw new SheafError('TOO_LARGE', `a frame of ${length} bytes where ${BODY_BYTES_MAX} fit`)
  }
  return { length, crc: header.readUInt32LE(4) }
}

/** The frame in a body. Throws BAD_HASH where the checksum does not match, and what the codec throws. */
export function readFrame(body: Uint8Array, crc: number): Frame {
  if (crc32(body) !== crc) throw new SheafError('BAD_HASH', 'a frame whose checksum does not match')
  return decode(frame, body)
}
