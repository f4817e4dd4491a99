/** `sheaf get`: a page, verified, as its author wrote it. */
import type { Command } from 'commander'
import type { PageJson } from '../node/io/control/shapes.ts'
import { type Called, calledBy } from './called.ts'
import {
  type Cli,
  type CommonOptions,
  examples,
  jsonLine,
  note,
  PAGE_HELP,
  targetArgument,
  timesOf,
} from './cli.ts'
import { count, harmless, oneLine } from './shown.ts'

interface GetOptions extends CommonOptions {
  readonly raw?: boolean
}

export function register(program: Command, cli: Cli): void {
  program
    .command('get')
    .summary('read a page')
    .description(
      'Prints the head of a page, or one version by its id. What a terminal would obey is shown as \\u{1b}; ' +
        'with --raw, and where stdout is no terminal, every byte is as its author wrote it.',
    )
    .argument('<PAGE|ID>', `${PAGE_HELP}; or the id of a version`)
    .option('--raw', 'every byte, also on a terminal')
    .option('--timeout <SECONDS>', 'how long to look for it')
    .option('--json', 'as one JSON object with its text')
    .option('-q, --quiet', 'print only the id of the version')
    .addHelpText('after', examples('sheaf get garden/bees', 'sheaf get garden/bees --raw > bees.md'))
    .action((what: string, options: GetOptions) => get(cli, what, options))
}

async function get(cli: Cli, what: string, options: GetOptions): Promise<void> {
  const { shell } = cli
  const { timeoutMs, deadlineMs } = timesOf(options)
  const page = await cli
    .client(deadlineMs)
    .ask<PageJson>('/v1/get', { query: { ...targetArgument(what), timeoutMs } })
  if (options.json) return shell.out(jsonLine(page))
  if (options.quiet) return shell.out(`${page.id}\n`)
  if (shell.isErrTerminal && !options.raw) note(shell, options, headline(page, await calledBy(cli)))
  await shell.out(shell.isOutTerminal && !options.raw ? harmless(page.text) : page.text)
}

function headline(shown: PageJson, called: Called): string {
  const { page, id, author, why, otherTips, redirectedFrom } = shown
  const from = redirectedFrom === null ? '' : `, redirected from ${redirectedFrom}`
  const others = otherTips.length === 0 ? '' : `, beside ${count(otherTips.length, 'other tip')}`
  return oneLine(`${page}${from}: version ${id} by @${author}${called(author)} (${why}${others})`)
}
