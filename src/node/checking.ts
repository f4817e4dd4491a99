/**
 * Checking many blocks at once, as plain data in and out, so that a worker can do it while
 * the node goes on receiving.
 */
import { asSheafError, type ErrorCode, SheafError } from '../base/errors.ts'
import { equalBytes, sha256 } from '../base/hash.ts'
import { PIECE_TEXT_BYTES_MAX } from '../base/limits.ts'
import type { Network } from '../base/network.ts'
import { type VerifiedBlock, type VerifyContext, verifyBlock } from '../content/block.ts'
import { decodeChunk } from '../content/chunks.ts'
import { decodeFileTable } from '../content/file.ts'
import { decompress } from '../content/gzip.ts'
import type { EntityKey } from '../content/key.ts'
import type { Verify } from '../content/record.ts'
import { decodeStandsChunk, STANDS_CHUNK_MARK } from '../content/stood-by.ts'

/** A key as a check needs it: the caller has verified its record, and asks for nothing signed under it that does not count. */
export type CheckKey = Pick<EntityKey, 'id' | 'entity' | 'publicKey' | 'position' | 'next'>

/** A block that claims to be `id`; with `pieceAt` a loose piece that lives there. */
export interface CheckItem {
  id: Uint8Array
  bytes: Uint8Array
  pieceAt: Uint8Array | undefined
}

export interface CheckRequest {
  items: CheckItem[]
  keys: CheckKey[]
  nowMs: number
  /** Whether the texts that were decompressed on the way are wanted. */
  withTexts: boolean
}

/** What a block is, once everything about it has been checked; or why it is not. */
export type Checked =
  | {
      ok: true
      locator: Uint8Array
      /** Kind of the record; 0 for a loose piece. */
      kind: number
      timeMs: number
      /** Whether a text was decompressed and compared with its signed hash. */
      hadText: boolean
      text: Uint8Array | undefined
      /** The block itself, where it was checked in this thread and is not a loose piece. */
      block?: VerifiedBlock
    }
  | { ok: false; code: ErrorCode; message: string }

/** Never throws: each item has its own outcome. */
export function checkItems(request: CheckRequest, network: Network, verify: Verify): Checked[] {
  const { keys, nowMs, withTexts } = request
  const keyOf = (id: Uint8Array): CheckKey | undefined => keys.find((one) => equalBytes(one.id, id))
  const context = { network, verify, keyOf, nowMs }
  return request.items.map((item): Checked => {
    try {
      return checkOne(item, context, withTexts)
    } catch (cause) {
      const { code, message } = asSheafError(cause)
      return { ok: false, code, message }
    }
  })
}

function checkOne({ id, bytes, pieceAt }: CheckItem, context: VerifyContext, withTexts: boolean): Checked {
  if (pieceAt !== undefined) {
    if (!equalBytes(sha256(bytes), id)) throw new SheafError('BAD_HASH', 'another piece than was asked for')
    refuseNoPiece(bytes)
    return { ok: true, locator: pieceAt, kind: 0, timeMs: 0, hadText: false, text: undefined }
  }
  const block = verifyBlock(bytes, context)
  if (!equalBytes(block.id, id)) throw new SheafError('BAD_HASH', 'another block than was asked for')
  const text = block.type === 'version' ? block.text : undefined
  const { locator, record } = block
  return {
    ok: true,
    locator,
    kind: record.kind,
    timeMs: record.timeMs,
    hadText: text !== undefined,
    text: withTexts ? text : undefined,
    block,
  }
}

/** Who owns it is not known here: it is a piece of a text, a table of a file, a chunk of an index or of what is stood by, and never a record, whose id is a hash as well. */
function refuseNoPiece(bytes: Uint8Array): void {
  try {
    decompress(bytes, { bytesMax: PIECE_TEXT_BYTES_MAX })
  } catch {
    try {
      decodeFileTable(bytes)
    } catch {
      if (bytes[0] === STANDS_CHUNK_MARK) decodeStandsChunk(bytes)
      else decodeChunk(bytes)
    }
  }
}
