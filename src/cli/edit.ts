/**
 * `sheaf edit`: a page in your editor, published when that ends.
 *
 *     page ──▶ draft, in the home ──▶ editor ──▶ changed? ──▶ published, and the draft goes
 *                                                   └──▶ anything fails: the draft stays
 */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import type { PageJson } from '../node/io/control/shapes.ts'
import { writeNewPrivateFile } from '../node/io/private-file.ts'
import { forgetBase, rememberBase } from './bases.ts'
import { type Cli, examples, jsonLine, note, PAGE_HELP, pageArgument } from './cli.ts'
import { readPageFile } from './folder.ts'
import { keptIn, type MadeOptions, publishMade } from './made.ts'
import { headIn, tipsIn } from './page-log.ts'
import { logOrNone } from './redirect.ts'
import { tellSent, withWriteOptions } from './sending.ts'
import { count } from './shown.ts'

/** As git falls back to. */
const EDITOR = 'vi'
/** Of a page's path as much as makes a draft's name. */
const NAME_LETTERS = 60

/** What is edited, and what it was made from. */
interface Subject {
  page: string
  text: string
  parents: string[]
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('edit')
    .summary('write a page in your editor')
    .description(
      'Opens a page, or a new one, in $VISUAL or $EDITOR, and publishes what you made of it; unchanged, it publishes ' +
        "nothing. Somebody else's page becomes a proposal beside what they say. Where the page has changed meanwhile, it " +
        'shows how and offers a merge. When anything fails your text is kept, and where is said.',
    )
    .argument('<PAGE>', PAGE_HELP)
    .option('--merge', 'publish the merge without asking, where the page has changed meanwhile')
    .option('--fork', 'publish beside what is newer')
  withWriteOptions(command)
    .addHelpText(
      'after',
      examples('sheaf edit garden/bees', 'sheaf edit garden/bees -m "Wasps, too" --merge'),
    )
    .action((page: string, options: MadeOptions) => edit(cli, page, options))
}

async function edit(cli: Cli, name: string, options: MadeOptions): Promise<void> {
  const { shell } = cli
  const subject = await subjectOf(cli, pageArgument(name), options)
  const draft = draftFor(cli, subject.page)
  writeNewPrivateFile(draft, subject.text)
  let text: string
  try {
    const line = shell.env.VISUAL || shell.env.EDITOR || EDITOR
    const status = await shell.run(line, [draft])
    text = textOf(draft)
    if (status !== 0) throw new SheafError('CANCELLED', `the editor "${line}" ended with ${status}`)
    if (shell.signal.aborted) throw new SheafError('CANCELLED', 'cancelled')
  } catch (error) {
    throw isAsItWas(draft, subject.text) ? discarded(draft, error) : kept(cli, draft, subject, error)
  }
  if (text === subject.text) {
    rmSync(draft, { force: true })
    if (options.json) return shell.out(jsonLine({ versions: [], isUnchanged: true }))
    return note(shell, options, 'nothing changed, nothing published')
  }
  try {
    const sent = await publishMade(cli, { ...subject, text }, options)
    rmSync(draft, { force: true })
    forgetBase(cli, draft)
    await tellSent(cli, sent, options)
  } catch (error) {
    // NOT_HELD comes after it was stored, and with it the draft has gone.
    throw isThere(draft) ? kept(cli, draft, subject, error) : error
  }
}

/** The head of a page with its text; an empty text where there is none yet, or it is deleted. */
async function subjectOf(cli: Cli, page: string, options: MadeOptions): Promise<Subject> {
  const log = await logOrNone(cli, page, options)
  if (log === undefined) return { page, text: '', parents: [] }
  const head = headIn(log)
  const others = tipsIn(log).length - 1
  if (others > 0) note(cli.shell, options, `beside ${count(others, 'other tip')}: sheaf merge joins them`)
  if (head.content === 'deleted') return { page: log.page, text: '', parents: [head.id] }
  if (head.redirect !== null) {
    throw new SheafError('BAD_ARGUMENT', `${log.page} leads to ${head.redirect}`, {
      hint: `sheaf edit ${head.redirect}`,
    })
  }
  if (head.content !== 'text') {
    throw new SheafError('BAD_ARGUMENT', `${log.page} is a file, and no text`, {
      hint: `sheaf get ${log.page} --out FILE, then sheaf publish FILE --as PATH`,
    })
  }
  const { text } = await cli.client().ask<PageJson>('/v1/get', { query: { id: head.id } })
  return { page: log.page, text, parents: [head.id] }
}

/** In the home, for this user alone; of a name that tells which page it is. */
function draftFor(cli: Cli, page: string): string {
  const path = page.slice(page.indexOf('/') + 1).replace(/[^\p{L}\p{N}]+/gu, '-')
  const name = Buffer.from(path.slice(-NAME_LETTERS)).toString().replace(/^-/, '')
  return join(cli.paths().home, 'drafts', `${name}-${randomBytes(4).toString('hex')}.md`)
}

function textOf(draft: string): string {
  return Buffer.from(readPageFile({ file: draft, absolute: draft, path: '' }).bytes).toString()
}

function isAsItWas(draft: string, text: string): boolean {
  try {
    return textOf(draft) === text
  } catch {
    return false
  }
}

function isThere(draft: string): boolean {
  try {
    textOf(draft)
    return true
  } catch (error) {
    return (error as SheafError).code !== 'NOT_FOUND'
  }
}

function discarded(draft: string, error: unknown): unknown {
  rmSync(draft, { force: true })
  return error
}

/** What it was made from is remembered, so that publishing the draft goes on where this ended. */
function kept(cli: Cli, draft: string, { page, parents }: Subject, error: unknown): SheafError {
  rememberBase(cli, draft, { page, parents, hasMarkers: false })
  return keptIn(draft, error)
}
