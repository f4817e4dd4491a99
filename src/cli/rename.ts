/**
 * `sheaf rename`: a page moves and keeps its history.
 *
 *     old   a ── b ── redirect to new
 *                 ╲
 *     new          b's text
 */
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import type { PageJson } from '../node/io/control/shapes.ts'
import { type Cli, examples, jsonLine, PAGE_HELP } from './cli.ts'
import { headIn, onlyTipIn, type PageLog, pageLog } from './page-log.ts'
import { logOrNone } from './redirect.ts'
import { sendFresh, tellSent, type WriteOptions, withWriteOptions } from './sending.ts'

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('rename')
    .summary('move a page, with its history')
    .description(
      'Publishes the page under another path of the same space, as a version whose parent is the one that it was, and ' +
        'leaves a redirect in its place. Broken off, it is taken up by running it again.',
    )
    .argument('<PAGE>', PAGE_HELP)
    .argument('<PATH>', 'its new path in the same space')
    .option('--dry-run', 'only say what would be done')
  withWriteOptions(command)
    .addHelpText('after', examples('sheaf rename garden/bees garden/hives'))
    .action((page: string, path: string, options: WriteOptions) => rename(cli, page, path, options))
}

async function rename(cli: Cli, name: string, path: string, options: WriteOptions): Promise<void> {
  const old = await pageLog(cli, name, { ...options, fresh: true })
  const tip = onlyTipIn(old)
  if (tip.content !== 'text' && tip.content !== 'file') {
    throw new SheafError(
      'BAD_ARGUMENT',
      tip.redirect === null
        ? `${old.page} has no text: it was deleted`
        : `${old.page} leads to ${tip.redirect} already`,
      tip.content === 'deleted' ? { hint: `sheaf revert ${old.page} VERSION brings it back` } : {},
    )
  }
  const space =
    name.startsWith('@') || name.startsWith('%') ? old.page.slice(0, old.page.indexOf('/')) : '@me'
  const page = `${space}/${path}`
  refuseTaken(await logOrNone(cli, page, options), tip.id)
  if (options.dryRun) {
    const text = `would move ${old.page} to ${page}, and leave a redirect\n`
    return cli.shell.out(options.json ? jsonLine({ page: old.page, to: page, isDryRun: true }) : text)
  }
  const content = tip.content === 'file' ? { file: tip.id } : { text: await textOf(cli, tip.id) }
  const parents = [tip.id]
  // The new place first: a redirect that leads nowhere would hide the page.
  const lines = [
    { page, ...content, parents },
    { page: old.page, redirect: page, parents },
  ]
  await tellSent(cli, await sendFresh(cli, lines, options), options)
}

async function textOf(cli: Cli, id: string): Promise<string> {
  return (await cli.client().ask<PageJson>('/v1/get', { query: { id } })).text
}

/** A page that was moved there before, and lacks only the redirect, is not in the way. */
function refuseTaken(log: PageLog | undefined, movedFrom: string): void {
  if (log === undefined) return
  const head = headIn(log)
  if ((head.content !== 'text' && head.content !== 'file') || head.parents.includes(movedFrom)) return
  throw new SheafError('ALREADY_EXISTS', `there is a page ${log.page} already`, {
    hint: 'choose another path, or delete that page first',
  })
}
