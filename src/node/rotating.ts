/**
 * Taking the next key of this node's entity: the record that denounces the last key and says what
 * the entity stands by of what was signed under it, and a certificate of this device under the new key.
 *
 * Two nodes that rotate at once make two records at one position, which freezes the entity; so a key
 * that is already the current one is taken as it is, and nothing is made.
 */
import { decode, encode } from '../base/codec.ts'
import { SheafError } from '../base/errors.ts'
import { equalBytes, sha256 } from '../base/hash.ts'
import { nextKeyCommitment } from '../base/keys.ts'
import { describeBlock, formBlock, parseBlock, peekKey } from '../content/block.ts'
import { DEVICE_CERTIFICATE, deviceCertificate } from '../content/device.ts'
import { type EntityKey, KEY_GENESIS } from '../content/key.ts'
import type { KeyChain } from '../content/key-chain.ts'
import { isDeviceKind, signRecord } from '../content/record.ts'
import { DEVICE_REVOCATION, deviceRevocation } from '../content/revocation.ts'
import { KEY_ROTATION, signRotation } from '../content/rotation.ts'
import { entityLocator } from '../content/space.ts'
import { encodeStandsTable, type StoodBy, updateDenounceSummary } from '../content/stood-by.ts'
import type { CommandOf } from './commands.ts'
import type { KeyState, Rotated } from './key-commands.ts'
import { gatherKeys } from './key-gathering.ts'
import { addKey, choiceKey, ensureKeys } from './learning.ts'
import type { Node } from './node.ts'
import type { OwnBlock } from './own-index.ts'
import { keyBlock } from './proving.ts'
import type { StoredBlock } from './store.ts'
import { begin, type Task } from './task.ts'
import { tellKeys } from './telling-keys.ts'
import type { Writer } from './writing.ts'

/** Ids that are looked up in the store at once. */
const SCAN_IDS = 256

/** What is known of the keys of an entity, our own where none is named; with `untilMs` others are asked as well. */
export function* keyState(node: Node, wanted: Omit<CommandOf<'keys'>, 'type'> = {}): Task<KeyState> {
  const { author } = node.identity
  const { entity = author?.entity, untilMs, tellers } = wanted
  const isAsked = entity !== undefined && untilMs !== undefined
  const asked = isAsked ? yield* gatherKeys(node, entity, { untilMs, tellers }) : []
  const chain = entity && (yield* chainOf(node, entity))
  if (entity === undefined || chain === undefined) {
    throw new SheafError('NOT_FOUND', 'no key of this entity is known here')
  }
  const shown = ({ id, position, record }: EntityKey) => ({ id, position, timeMs: record.timeMs })
  const isOwn = author !== undefined && equalBytes(author.entity, entity)
  return {
    entity,
    device: node.env.device.publicKey,
    network: node.env.network.name,
    signsWith: isOwn ? author.key : undefined,
    isRetired: isOwn && node.keys.isRetired(author.key),
    publicKey: chain.path.at(-1)!.publicKey,
    next: chain.path.at(-1)!.next,
    chain: chain.path.map(shown),
    rivals: chain.rivals.map(shown),
    asked,
  }
}

/** Trusts one of several key records that stand side by side, for this node alone. Throws NOT_FOUND, BAD_ARGUMENT where nothing is frozen. */
export function* chooseKey(node: Node, { entity, key }: CommandOf<'readmit'>): Task<KeyState> {
  const chain = yield* chainOf(node, entity)
  if (chain === undefined) throw new SheafError('NOT_FOUND', 'no key of this entity is known here')
  if (!chain.rivals.some(({ id }) => equalBytes(id, key))) {
    throw new SheafError('BAD_ARGUMENT', 'that is none of the key records that stand side by side', {
      hint: 'sheaf id keys lists them',
    })
  }
  yield* node.store.note([{ table: 'own', key: choiceKey(entity), value: key }], { sync: true })
  chain.readmit(key)
  return yield* keyState(node, { entity })
}

/**
 * Takes the key over. With `isRehearsal` it says what it would do. Errors: NOT_FOUND where no chain is known;
 * RETIRED_KEY while the entity is frozen; BAD_KEY for a key that was not committed to; QUOTA_FULL, DISK_FULL.
 */
export function* rotate(node: Node, writer: Writer, command: CommandOf<'rotate'>): Task<Rotated> {
  const { key, leaveOut, isRehearsal } = command
  const entity = command.entity ?? node.identity.author?.entity
  const chain = entity && (yield* chainOf(node, entity))
  if (chain === undefined) throw new SheafError('NOT_FOUND', 'the keys of this identity are not known here')
  if (chain.rivals.length > 0) {
    throw new SheafError('RETIRED_KEY', 'two key records stand side by side: the identity is frozen', {
      hint: 'sheaf id readmit',
    })
  }
  return yield* writer.inTurn(function* () {
    const last = chain.path.at(-1)!
    const isCurrent = last.position > 0 && equalBytes(last.publicKey, key.publicKey)
    if (!isCurrent && !equalBytes(nextKeyCommitment(key.publicKey), last.next)) {
      throw new SheafError('BAD_KEY', 'these words are not those of this identity')
    }
    const left = new Set(leaveOut.map((id) => Buffer.from(id).toString('hex')))
    const signed = isCurrent ? [] : yield* signedUnder(node, last)
    const ids = signed.filter((id) => !left.has(Buffer.from(id).toString('hex')))
    const { bytes: genesis } = chain.genesis.record
    const said = { genesis, position: last.position + (isCurrent ? 0 : 1), isCurrent, standsBy: ids.length }
    const leftOut = signed.length - ids.length
    if (isRehearsal) return { ...said, leftOut, chain: [], certificate: undefined, batches: [] }
    const batches = yield* take(node, writer, { chain, last, isCurrent, ids, command })
    begin(tellKeys(node))
    return {
      ...said,
      leftOut,
      chain: chain.path.slice(1).map(keyBlock),
      certificate: parseBlock(node.identity.blocks.at(-1)!.bytes).record.bytes,
      batches,
    }
  })
}

interface Taking {
  chain: KeyChain
  last: EntityKey
  isCurrent: boolean
  ids: Uint8Array[]
  command: CommandOf<'rotate'>
}

/** Signs, changes over and writes; where the writing fails the node is as it was. */
function* take(node: Node, writer: Writer, taking: Taking): Task<Uint8Array[]> {
  const { chain, last, isCurrent, ids, command } = taking
  const { env, identity } = node
  const { sign, publicKey, next } = command.key
  const at = () => ({ timeMs: env.wallMs(), nonce: env.random(8) })
  const entity = chain.genesis.id
  const puzzle = command.puzzle ?? ownPuzzle(node)
  const set = updateDenounceSummary(ids)
  const rotation = isCurrent
    ? undefined
    : signRotation(last, { publicKey, next, stands: set.summary }, at(), env.network, sign)
  const key = rotation?.id ?? last.id
  const body = encode(deviceCertificate, { device: env.device.publicKey, puzzle })
  const certificate = signRecord(
    { ...at(), kind: DEVICE_CERTIFICATE, signer: entity, key, body },
    env.network,
    sign,
  )
  const rotationBlock = rotation && formBlock(rotation, encodeStandsTable(set.table))
  const before = { ...identity, certificate: env.certificate }
  const keys = chain.path.map(keyBlock)
  if (rotationBlock !== undefined) keys.push(rotationBlock)
  identity.author = { entity, key, network: env.network, sign }
  identity.blocks = [...keys, formBlock(certificate)].map(stored)
  env.certificate = certificate.id
  try {
    const batches = yield* writer.write([...identity.blocks, ...chunksOf(set, entity, key)])
    if (rotationBlock !== undefined) addKey(node, rotationBlock, 'stored')
    for (const chunk of set.chunks) node.keys.addChunk(sha256(chunk), chunk)
    return batches
  } catch (cause) {
    identity.author = before.author
    identity.blocks = before.blocks
    env.certificate = before.certificate
    throw cause
  }
}

/**
 * Ids of the records in the store that an entity signed under a key, key records apart, and revocations of this
 * machine: whoever has the words sits at it, so they are a thief's.
 */
function* signedUnder(node: Node, { entity, id: key }: EntityKey): Task<Uint8Array[]> {
  const { store, env } = node
  const signed: Uint8Array[] = []
  const ids = yield* store.within(new Uint8Array(0), 0)
  for (let at = 0; at < ids.length; at += SCAN_IDS) {
    const metas = yield* store.meta(ids.slice(at, at + SCAN_IDS))
    const records = metas.flatMap((meta) => (meta !== undefined && isOfEntity(meta.kind) ? [meta.id] : []))
    for (const [i, bytes] of (yield* store.get(records)).entries()) {
      if (bytes === undefined) continue
      const named = peekKey(bytes)
      if (!equalBytes(named.signer, entity) || !equalBytes(named.key, key)) continue
      if (!revokes(bytes, env.device.publicKey)) signed.push(records[i]!)
    }
  }
  return signed
}

function revokes(bytes: Uint8Array, device: Uint8Array): boolean {
  const { record } = parseBlock(bytes)
  return record.kind === DEVICE_REVOCATION && equalBytes(decode(deviceRevocation, record.body).device, device)
}

const isOfEntity = (kind: number): boolean =>
  kind > 0 && !isDeviceKind(kind) && kind !== KEY_GENESIS && kind !== KEY_ROTATION

/** The loose pieces of the set, which the new key record owns. */
function chunksOf({ chunks }: StoodBy, entity: Uint8Array, owner: Uint8Array): OwnBlock[] {
  const locator = entityLocator(entity)
  return chunks.map((bytes) => {
    return { id: sha256(bytes), locator, kind: 0, timeMs: 0, length: bytes.byteLength, bytes, owner }
  })
}

/** What this device's certificate showed so far. */
function ownPuzzle({ identity }: Node): Uint8Array {
  const block = identity.blocks.at(-1)
  if (block === undefined) throw new SheafError('NO_IDENTITY', 'this device has no certificate yet')
  return decode(deviceCertificate, parseBlock(block.bytes).record.body).puzzle
}

function* chainOf(node: Node, entity: Uint8Array): Task<KeyChain | undefined> {
  yield* ensureKeys(node, entity)
  return node.keys.chain(entity)
}

function stored(bytes: Uint8Array): StoredBlock {
  return { ...describeBlock(bytes), length: bytes.byteLength, bytes }
}
