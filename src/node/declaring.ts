/**
 * Declaring: records of an entity that are no pages, as its profile, its bookmarks or the loss of a
 * device, are signed, stored and handed on as pages are.
 *
 *     { kind, body } ──▶ record, signed ──┐
 *                                         ├──▶ one synced write with the outbox's notes ──▶ keepers
 *     block, signed elsewhere ──▶ verified┘
 */
import { SheafError } from '../base/errors.ts'
import { RECORD_BATCH_MAX } from '../base/limits.ts'
import { formBlock, type VerifiedBlock, verifyBlock } from '../content/block.ts'
import { DEVICE_CERTIFICATE } from '../content/device.ts'
import { KEY_GENESIS } from '../content/key.ts'
import { checkBody, kindOf } from '../content/kinds.ts'
import type { Author } from '../content/page.ts'
import { isDeviceKind, signRecords } from '../content/record.ts'
import { SPACE_INDEX } from '../content/space-index.ts'
import { VERSION } from '../content/version.ts'
import type { Answers } from './commands.ts'
import { deniedHere } from './denials.ts'
import type { Declared } from './entity-answers.ts'
import { storedRecord } from './keeping.ts'
import { learnKeys } from './learning.ts'
import type { Node } from './node.ts'
import type { StoredBlock } from './store.ts'
import type { Task } from './task.ts'
import { authorOf, type Writer } from './writing.ts'

/** Declared at once: what one signature can cover. */
export const DECLARED_MAX = RECORD_BATCH_MAX

/** Kinds with a way of their own, that keeps what else belongs to them in step. */
const MADE_ELSEWHERE: ReadonlySet<number> = new Set([KEY_GENESIS, DEVICE_CERTIFICATE, VERSION, SPACE_INDEX])

/**
 * Signs and stores; the ids in the order given, and the batches to wait for. What follows from what is stored, as
 * a record that names its predecessors does, is formed by a function: nobody else writes between it and the write.
 * Errors: NO_IDENTITY, TOO_LARGE, UNKNOWN_KIND, what a body's codec or the verification of a block throws, REFUSED,
 * and what the store throws.
 */
export function* declare(
  node: Node,
  writer: Writer,
  form: readonly Declared[] | (() => Task<readonly Declared[]>),
): Task<Answers['declare']> {
  const author = authorOf(node)
  return yield* writer.inTurn(function* () {
    const records = typeof form === 'function' ? yield* form() : form
    if (records.length > DECLARED_MAX) {
      throw new SheafError('TOO_LARGE', `${records.length} records at once where ${DECLARED_MAX} fit`)
    }
    yield* learnKeys(
      node,
      records.flatMap((one) => ('block' in one ? [one.block] : [])),
    )
    const signed = signedHere(node, author, records)
    const blocks = records.map((one) => storedRecord('block' in one ? accepted(node, one.block) : signed()))
    refuseDenied(node, blocks)
    return { ids: blocks.map(({ id }) => id), batches: yield* writer.write(blocks) }
  })
}

/** Our own drafts under one signature; what hands them out one after the other, in their order. */
function signedHere(
  node: Node,
  { entity, key, network, sign }: Author,
  records: readonly Declared[],
): () => VerifiedBlock {
  const { env } = node
  const drafts = records.flatMap((one) => {
    if ('block' in one) return []
    refuseKind(one.kind)
    checkBody(one)
    const { kind, body } = one
    return [{ kind, signer: entity, key, timeMs: env.wallMs(), nonce: env.random(8), body }]
  })
  const made = signRecords(drafts, network, sign).map((record) =>
    verifyBlock(formBlock(record), node.verifyContext()),
  )
  return () => made.shift()!
}

/** A block that was signed elsewhere is taken only as a stranger's would be. */
function accepted(node: Node, bytes: Uint8Array): VerifiedBlock {
  const block = verifyBlock(bytes, node.verifyContext())
  refuseKind(block.record.kind)
  return block
}

function refuseKind(number: number): void {
  const kind = kindOf(number)
  if (kind?.locator !== undefined && !isDeviceKind(number) && !MADE_ELSEWHERE.has(number)) return
  throw new SheafError('UNKNOWN_KIND', `records of kind ${number} are not declared`)
}

function refuseDenied({ retention }: Node, blocks: readonly StoredBlock[]): void {
  if (!blocks.every(({ locator }) => retention.serves(locator))) throw deniedHere('where that would live')
}
