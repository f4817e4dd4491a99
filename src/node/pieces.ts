/** Getting loose pieces: those of texts and files, tables of files, chunks of indices. */
import { type ErrorCode, SheafError } from '../base/errors.ts'
import { idKey } from '../base/id-map.ts'
import { deniedHere } from './denials.ts'
import { type Arrival, type Asked, fetchBlocks } from './fetching.ts'
import type { Node } from './node.ts'
import type { Task } from './task.ts'

export interface PieceOptions {
  untilMs: number
  /** Waits for the disk, so that what was fetched stays, however much it is. */
  isKept?: boolean
  /** Pieces in one query; the fewer, the more peers are asked at once. */
  queryIds?: number
}

/** Loose pieces by hash, in this order, from here or from several peers at once. Throws REFUSED for what the operator denied, UNREACHABLE where one is missing. */
export function* loosePieces(
  node: Node,
  hashes: Uint8Array[],
  pieceAt: Uint8Array,
  { untilMs, isKept = false, queryIds }: PieceOptions,
): Task<Uint8Array[]> {
  const { retention } = node
  if (!retention.serves(pieceAt) || !hashes.every((hash) => retention.serves(hash))) {
    throw deniedHere('a piece of this')
  }
  const pieces = yield* node.store.get(hashes)
  const wanted = hashes.filter((_, i) => pieces[i] === undefined).map((id) => ({ id, pieceAt }))
  const arrived = new Map<string, Uint8Array>()
  if (wanted.length > 0) {
    const take = (arrival: Arrival): void => {
      arrived.set(idKey(arrival.wanted.id), arrival.bytes)
    }
    const options = { untilMs, isUrgent: !isKept, ...(queryIds !== undefined && { queryIds }) }
    const fetched = yield* fetchBlocks(node, wanted, take, options)
    const lacking = wanted.find(({ id }) => !fetched.found(id))
    if (lacking !== undefined)
      throw failure(fetched.asked.get(idKey(lacking.id)) ?? [], 'a piece that is listed', 'UNREACHABLE')
  }
  return hashes.map((hash, i) => pieces[i] ?? arrived.get(idKey(hash))!)
}

/** The failure of a look-up: its code from what those who were asked said, the gravest first. */
export function failure(asked: Asked[], what: string, code: ErrorCode = codeOfAsked(asked)): SheafError {
  const who = asked.length === 0 ? 'nobody to ask' : `${asked.length} asked`
  const isDenied = code === 'REFUSED' && asked.some(({ answer }) => answer === 'denied')
  const meaning = isDenied ? "this node's own deny list has it" : (MEANING[code] ?? code)
  return new SheafError(code, `${what}: ${meaning} (${who})`, { details: { asked } })
}

function codeOfAsked(asked: Asked[]): ErrorCode {
  if (asked.length === 0) return 'NO_PEERS'
  const said = new Set(asked.map(({ answer }) => answer))
  if (said.has('bad')) return 'BAD_PROOF'
  if (said.has('refused') || said.has('denied')) return 'REFUSED'
  if (said.has('lost') || said.has('found')) return 'UNREACHABLE'
  // Who keeps it does not know it; others only say that it is not theirs.
  return said.has('unknown') ? 'NOT_FOUND' : 'UNREACHABLE'
}

const MEANING: Partial<Record<ErrorCode, string>> = {
  NO_PEERS: 'no peer is connected',
  BAD_PROOF: 'an answer did not verify',
  REFUSED: 'refused by who has it',
  UNREACHABLE: 'nobody who keeps it could be reached',
  NOT_FOUND: 'unknown to the closest peers',
}
