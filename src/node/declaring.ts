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
    const own = signOwn(
      node,
      author,
      records.flatMap((one) => ('block' in one ? [] : [one])),
    )
    const blocks = records.map((one) =>
      'block' in one ? storedRecord(accepted(node, one.block)) : own.shift()!,
    )
    refuseDenied(node, blocks)
    return { ids: blocks.map(({ id }) => id), batches: yield* writer.write(blocks) }
  })
}

/** A record of a kind that is declared, and what it says. */
export type Draft = Exclude<Declared, { block: Uint8Array }>

/** Our own drafts as blocks to write, in their order: as many under one signature as it covers. */
export function signOwn(
  node: Node,
  { entity, key, network, sign }: Author,
  records: readonly Draft[],
): StoredBlock[] {
  const { env } = node
  const drafts = records.map(({ kind, body }) => {
    refuseKind(kind)
    checkBody({ kind, body })
    return { kind, signer: entity, key, timeMs: env.wallMs(), nonce: env.random(8), body }
  })
  const blocks: StoredBlock[] = []
  for (let at = 0; at < drafts.length; at += DECLARED_MAX) {
    for (const record of signRecords(drafts.slice(at, at + DECLARED_MAX), network, sign))
      blocks.push(storedRecord(verifyBlock(formBlock(record), node.verifyContext())))
  }
  return blocks
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
