/**
 * Blocks for tests of stores. A record block here is kind (1) | time (6) | locator (32) | body, its id
 * the SHA-256 of all of it: enough for `describe` to say again what the index forgot.
 */
import { SheafError } from '../../src/base/errors.ts'
import { sha256 } from '../../src/base/hash.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import type { Describe, StoredBlock } from '../../src/node/store.ts'

const HEADER_BYTES = 39

export interface BlockShape {
  kind?: number
  timeMs?: number
  locator?: Uint8Array
  bodyBytes?: number
}

export function recordBlock(random: Random, shape: BlockShape = {}): StoredBlock {
  const kind = shape.kind ?? 1 + randomBelow(random, 255)
  const timeMs = shape.timeMs ?? 1_700_000_000_000 + randomBelow(random, 1_000_000_000)
  const locator = shape.locator ?? random(32)
  const bytes = Buffer.alloc(HEADER_BYTES + (shape.bodyBytes ?? randomBelow(random, 1000)))
  bytes[0] = kind
  bytes.writeUIntLE(timeMs, 1, 6)
  bytes.set(locator, 7)
  bytes.set(random(bytes.length - HEADER_BYTES), HEADER_BYTES)
  return { id: sha256(bytes), locator, kind, timeMs, length: bytes.length, bytes }
}

export function loosePiece(
  random: Random,
  shape: Pick<BlockShape, 'locator' | 'bodyBytes'> = {},
): StoredBlock {
  const bytes = random(shape.bodyBytes ?? randomBelow(random, 1000))
  const locator = shape.locator ?? random(32)
  return { id: sha256(bytes), locator, kind: 0, timeMs: 0, length: bytes.length, bytes }
}

/** Records and loose pieces, about four to one. */
export function someBlocks(random: Random, count: number, shape: BlockShape = {}): StoredBlock[] {
  return Array.from({ length: count }, () =>
    randomBelow(random, 5) === 0 ? loosePiece(random, shape) : recordBlock(random, shape),
  )
}

export const describeBlock: Describe = (bytes) => {
  if (bytes.byteLength < HEADER_BYTES || bytes[0] === 0) throw new SheafError('BAD_FORMAT', 'no test block')
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    id: sha256(bytes),
    locator: bytes.subarray(7, HEADER_BYTES),
    kind: buffer[0]!,
    timeMs: buffer.readUIntLE(1, 6),
  }
}
