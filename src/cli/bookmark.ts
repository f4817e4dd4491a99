/** `sheaf bookmark`: which version of a page is the head for you. */
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import type { BookmarkedJson } from '../node/io/control/bookmarks.ts'
import { type Cli, type CommonOptions, examples, jsonLine, PAGE_HELP, pageArgument, timesOf } from './cli.ts'
import { declaredText } from './declared.ts'
import { headIn, pageLog } from './page-log.ts'

interface BookmarkOptions extends CommonOptions {
  readonly remove?: boolean
}

export function register(program: Command, cli: Cli): void {
  program
    .command('bookmark')
    .summary('say which version of a page is the head for you')
    .description(
      'Signs and publishes a bookmark: for you this version is the head of the page, the present one where none is ' +
        'named, until you move the bookmark, publish on the page, or take it back. For others it counts as far as they trust you.',
    )
    .argument('<PAGE>', PAGE_HELP)
    .argument('[VERSION]', 'the id of a version of it; else its head')
    .option('--remove', 'take your bookmark back')
    .option('--timeout <SECONDS>', 'how long to look for the page')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the id of the record')
    .addHelpText('after', examples('sheaf bookmark garden/bees', 'sheaf bookmark garden/bees --remove'))
    .action((page: string, id: string | undefined, options: BookmarkOptions) =>
      bookmark(cli, page, id, options),
    )
}

async function bookmark(
  cli: Cli,
  name: string,
  id: string | undefined,
  options: BookmarkOptions,
): Promise<void> {
  if (options.remove && id !== undefined) {
    throw new SheafError('BAD_ARGUMENT', '--remove takes your bookmark back, whichever version it is on')
  }
  const { timeoutMs, deadlineMs } = timesOf(options)
  const version = options.remove ? null : (id ?? headIn(await pageLog(cli, name, options)).id)
  const done = await cli.client(deadlineMs).ask<BookmarkedJson>('/v1/bookmark', {
    method: 'POST',
    query: { timeoutMs },
    json: { page: pageArgument(name), version },
  })
  if (options.json) return cli.shell.out(jsonLine(done))
  if (options.quiet) return cli.shell.out(`${done.id}\n`)
  const what = version === null ? 'your bookmark is taken back' : `bookmark on ${version}`
  await cli.shell.out(`${done.page}\n${declaredText(what, done)}`)
}
