/**
 * Publishing what was made from a version that may not be the head any more.
 *
 *     a ── b          the page, meanwhile
 *      ╲    ╲
 *       mine ── merge    what `--merge` publishes: what was written, as it was, and a version with both parents
 */
import { asSheafError, type ErrorCode, SheafError } from '../base/errors.ts'
import { lineOf } from '../node/io/control/lines.ts'
import type { MergeJson } from '../node/io/control/shapes.ts'
import { type Cli, jsonLine, note } from './cli.ts'
import { conflictsText, differenceText } from './difference.ts'
import { type Sent, sendFresh, sendPages, type WriteOptions } from './sending.ts'
import { count } from './shown.ts'

export interface MadeOptions extends WriteOptions {
  readonly merge?: boolean
  readonly fork?: boolean
}

/** A text and what it was made from. */
export interface Made {
  /** As the control API takes it. */
  page: string
  text: string
  parents: readonly string[]
}

/** Publishes a text. Where the page has changed meanwhile, shows how and offers the merge. Throws STALE, CONFLICT, CANCELLED. */
export async function publishMade(cli: Cli, made: Made, options: MadeOptions): Promise<Sent> {
  const fork = options.fork === true && { fork: true }
  const sent = await sendPages(cli, [{ ...made, ...fork }], options)
  const [stale] = sent.stale
  return stale === undefined ? sent : merged(cli, { ...made, page: stale.page }, stale.id, options)
}

async function merged(cli: Cli, made: Made, head: string, options: MadeOptions): Promise<Sent> {
  const { shell } = cli
  // The head that it was held against: a bookmark of one's own may be on what it was made from.
  const found = await askMerge(cli, { ...made, theirs: head })
  const { theirs, text, conflicts, difference } = found
  const changed = `${made.page} has changed meanwhile: its head is ${theirs}`
  if (conflicts.length > 0) {
    await tellConflicts(cli, found, options)
    throw new SheafError('CONFLICT', `${changed}, and ${count(conflicts.length, 'place')} both changed`, {
      hint: 'add --fork to publish beside it, then decide with `sheaf merge PAGE --out FILE`',
    })
  }
  if (!options.json && !options.quiet) {
    note(shell, options, `${changed}. What yours changes there:`)
    await shell.out(differenceText(shell, difference, { before: theirs, after: 'merged' }))
  }
  if (options.merge !== true) {
    const answer = await shell.ask('Publish the merge of both? [y/N] ')
    if (answer === undefined || !/^\s*y(es)?\s*$/i.test(answer)) {
      throw new SheafError('STALE', `${changed}; nothing was published`, {
        hint: '--merge publishes a merge of both, --fork puts yours beside it',
      })
    }
  }
  // What was written stays in the history as it was; broken off here, there is a fork, which `sheaf merge` joins.
  const own = await sendPages(cli, [{ ...made, fork: true }], options)
  const mine = own.stored[0]!.id
  const both = { page: made.page, parents: [theirs, mine] }
  const line = text === null ? { ...both, delete: true as const } : { ...both, text }
  const joined = await sendFresh(cli, [line], options, options.message ?? 'Merge')
  return { ...joined, stored: [...own.stored, ...joined.stored] }
}

/** What a text, or a version, makes with the head of its page. */
export function askMerge(
  cli: Cli,
  asked: (Made | { page: string; ours: string }) & { theirs?: string },
): Promise<MergeJson> {
  const lines = (async function* () {
    yield lineOf(asked)
  })()
  return cli.client().ask<MergeJson>('/v1/merge', { method: 'POST', query: { fresh: 'true' }, lines })
}

/** Shows what conflicts, between markers. */
export async function tellConflicts({ shell }: Cli, found: MergeJson, options: MadeOptions): Promise<void> {
  const { page, theirs, text, conflicts } = found
  if (options.json) return shell.out(jsonLine({ page, theirs, text, conflicts }))
  if (!options.quiet) await shell.out(conflictsText(shell, text ?? '', conflicts))
}

const WITH_DRAFT: Partial<Record<ErrorCode, (file: string) => string>> = {
  STALE: (file) => `sheaf publish ${file} --merge, or with --fork beside it`,
  CONFLICT: (file) => `sheaf publish ${file} --fork, then sheaf merge PAGE --out FILE`,
}

/** A failure with the place where the text is safe. */
export function keptIn(file: string, error: unknown): SheafError {
  const { code, message, hint, details } = asSheafError(error)
  return new SheafError(code, `${message}; your text is kept in ${file}`, {
    cause: error,
    hint: WITH_DRAFT[code]?.(file) ?? hint ?? `sheaf publish ${file}`,
    ...(details !== undefined && { details }),
  })
}
