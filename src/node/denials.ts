/**
 * Which blocks may not leave this node. A block goes by several names: its id, the place where it
 * lives, its author, the piece that it carries. A loose piece is named by its owners, and is denied
 * where every owner that is here is.
 */
import { decode } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import { IdMap, IdSet } from '../base/id-map.ts'
import { type Block, parseBlock } from '../content/block.ts'
import { locatorOf } from '../content/kinds.ts'
import { decodeTable } from '../content/piece.ts'
import type { SignedRecord } from '../content/record.ts'
import { SPACE_INDEX, spaceIndex } from '../content/space-index.ts'
import { decodeVersion, VERSION } from '../content/version.ts'
import type { KeysAround } from './learning.ts'
import type { Node } from './node.ts'
import { outlinesAt } from './outlines.ts'
import type { RetentionPolicy } from './retention.ts'
import type { Task } from './task.ts'

type Around = Pick<Node, 'retention'> & KeysAround

/** Owners that are read at once: at most about 4 MB. */
const LOAD_IDS = 64

/** Whether a block of a record is denied, by any of its names. */
export function isDenied(
  policy: RetentionPolicy,
  { record, attachment }: Pick<Block, 'record' | 'attachment'>,
): boolean {
  if (policy.servesAll()) return false
  const { id, signer } = record
  if (!policy.serves(id) || !policy.serves(signer) || !policy.serves(locatorOf(record))) return true
  return record.kind === VERSION && isOnePiece(record) && !policy.serves(sha256(attachment))
}

/** Whether a block is denied that was taken from a store or a message: `kind` is 0 for a loose piece. */
export function isDeniedBlock(
  policy: RetentionPolicy,
  { id, kind, locator, bytes }: { id: Uint8Array; kind: number; locator: Uint8Array; bytes: Uint8Array },
): boolean {
  if (policy.servesAll()) return false
  if (kind !== 0) return isDenied(policy, parseBlock(bytes))
  return !policy.serves(id) || !policy.serves(locator)
}

/** Of what the store has under these ids: which is denied. What is not here may be denied by its id alone. */
export function* deniedAmong(
  node: Around,
  ids: readonly Uint8Array[],
  blocks: readonly (Uint8Array | undefined)[],
): Task<boolean[]> {
  const { retention, store } = node
  if (retention.servesAll()) return ids.map(() => false)
  const metas = yield* store.meta(ids)
  const named = new IdMap<Owners>()
  const denied: boolean[] = []
  for (const [i, id] of ids.entries()) {
    const meta = metas[i]
    const bytes = blocks[i]
    if (meta === undefined || bytes === undefined) denied.push(!retention.serves(id))
    else if (isDeniedBlock(retention, { ...meta, bytes })) denied.push(true)
    else if (meta.kind !== 0) denied.push(false)
    else {
      const owners = named.get(meta.locator) ?? (yield* ownersAt(node, meta.locator))
      named.set(meta.locator, owners)
      denied.push(owners.areSomeDenied && !owners.served.has(id))
    }
  }
  return denied
}

/** Of stored things those that this node would hand out. Nothing is read where nothing is denied. */
export function* servedAmong<T>(
  node: Around,
  things: readonly T[],
  idOf: (thing: T) => Uint8Array,
): Task<readonly T[]> {
  if (node.retention.servesAll()) return things
  const served: T[] = []
  for (let at = 0; at < things.length; at += LOAD_IDS) {
    const slice = things.slice(at, at + LOAD_IDS)
    const ids = slice.map(idOf)
    const denied = yield* deniedAmong(node, ids, yield* node.store.get(ids))
    served.push(...slice.filter((_, i) => !denied[i]))
  }
  return served
}

/** Whether others may be asked for a block: whoever asks for what the operator denied finds nothing. */
export function mayFetch(policy: RetentionPolicy, id: Uint8Array, locator: Uint8Array | undefined): boolean {
  return policy.serves(id) && (locator === undefined || policy.serves(locator))
}

/** Whether others may be offered an entry of our own batches. */
export function mayOffer(
  { retention, identity }: Pick<Node, 'retention' | 'identity'>,
  { id, locator, owner }: { id: Uint8Array; locator: Uint8Array; owner: Uint8Array | undefined },
): boolean {
  if (retention.servesAll()) return true
  const names = [id, locator, ...(owner ? [owner] : []), ...(identity.author ? [identity.author.entity] : [])]
  return names.every((name) => retention.serves(name))
}

/** The failure of whoever asks this node for what its operator denied. */
export function deniedHere(what: string): SheafError {
  return new SheafError('REFUSED', `${what} is on this node's own deny list`, {
    hint: 'sheaf deny lists it with the reason; sheaf allow takes it off',
  })
}

/** Whether a version carries its only piece beside it, rather than a table. */
function isOnePiece(record: SignedRecord): boolean {
  const { content } = decodeVersion(record)
  return (content.type === 'text' || content.type === 'file') && content.pieces === 1
}

interface Owners {
  areSomeDenied: boolean
  /** Pieces that owners name which are not denied; only gathered where others are. */
  served: IdSet
}

function* ownersAt(node: Around, locator: Uint8Array): Task<Owners> {
  const { retention, store } = node
  const outlines = yield* outlinesAt(node, locator)
  const served = outlines.filter(({ id, signer }) => retention.serves(id) && retention.serves(signer))
  const pieces = new IdSet()
  if (served.length === outlines.length) return { areSomeDenied: false, served: pieces }
  const ids = served.map(({ id }) => id)
  for (let at = 0; at < ids.length; at += LOAD_IDS) {
    for (const bytes of yield* store.get(ids.slice(at, at + LOAD_IDS))) {
      if (bytes !== undefined) for (const hash of piecesOf(parseBlock(bytes))) pieces.add(hash)
    }
  }
  return { areSomeDenied: true, served: pieces }
}

/** Hashes of the loose pieces that a block names. */
function piecesOf({ record, attachment }: Block): Uint8Array[] {
  if (record.kind === SPACE_INDEX) return decode(spaceIndex, record.body).chunks.map(({ hash }) => hash)
  if (record.kind !== VERSION) return []
  const { content } = decodeVersion(record)
  return content.type === 'text' && content.pieces > 1 ? decodeTable(attachment).map(({ hash }) => hash) : []
}
