/**
 * Records at one locator, without the bulk of their blocks: what tips and lists are made of.
 * Thousands of blocks go by a few at a time; only some hundred bytes of each stay.
 */
import { parseBlock } from '../content/block.ts'
import { KEY_GENESIS } from '../content/key.ts'
import { kindOf } from '../content/kinds.ts'
import type { SignedRecord } from '../content/record.ts'
import { VERSION } from '../content/version.ts'
import { ensureKeys, type KeysAround } from './learning.ts'
import { counting } from './proving.ts'
import type { Task } from './task.ts'

/** Of one kind at one locator the newest so many are looked at. */
const RECORDS_MAX = 4096
/** Blocks that are read at once: at most about 4 MB. */
const LOAD_IDS = 64

/** A record with as much of its body as says what it replaces. Its bytes are its own: no view into a block. */
export type Outline = Pick<SignedRecord, 'id' | 'kind' | 'signer' | 'key' | 'timeMs' | 'body'>

/** The newest records at a locator, of one kind or of each; without those under retired keys that their entity does not stand by. */
export function* outlinesAt(node: KeysAround, locator: Uint8Array, kind?: number): Task<Outline[]> {
  const metas = yield* node.store.at(locator, RECORDS_MAX, kind)
  const ids = metas.filter((meta) => meta.kind !== 0).map(({ id }) => id)
  return yield* outlinesOf(node, ids)
}

/** Outlines of the record blocks among these that are there, and count. */
export function* outlinesOf(node: KeysAround, ids: readonly Uint8Array[]): Task<Outline[]> {
  const outlines: Outline[] = []
  for (let at = 0; at < ids.length; at += LOAD_IDS) {
    for (const bytes of yield* node.store.get(ids.slice(at, at + LOAD_IDS))) {
      if (bytes !== undefined) outlines.push(outline(parseBlock(bytes).record))
    }
  }
  for (const { kind, signer } of outlines) {
    if (kind !== KEY_GENESIS && !node.keys.isLoaded(signer)) yield* ensureKeys(node, signer)
  }
  return yield* counting(node, outlines, true)
}

function outline(record: SignedRecord): Outline {
  const { id, kind, signer, key, timeMs } = record
  const copy = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes)
  return { id: copy(id), kind, signer: copy(signer), key: copy(key), timeMs, body: shortBody(record) }
}

/** Of kinds that replace nothing nothing is needed, nor of a body that says nothing. */
function shortBody({ kind, body }: SignedRecord): Uint8Array {
  const { replaces, shortBody: short } = kindOf(kind) ?? {}
  if (short === undefined) {
    return kind === VERSION || replaces !== undefined ? Uint8Array.from(body) : NOTHING
  }
  try {
    return short(body)
  } catch {
    return NOTHING
  }
}

const NOTHING = new Uint8Array(0)
