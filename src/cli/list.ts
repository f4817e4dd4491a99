/** `sheaf list`: the pages of a space. */
import type { Command } from 'commander'
import { type Cli, type CommonOptions, examples, jsonLine, SPACE_HELP, timesOf } from './cli.ts'
import { oneLine } from './shown.ts'

interface Listed {
  space: string
  pages: { path: string; id: string }[]
}

export function register(program: Command, cli: Cli): void {
  program
    .command('list')
    .summary('the pages of a space')
    .description('Prints the paths of the pages in a space, sorted, as its owner has signed them.')
    .argument('<SPACE>', SPACE_HELP)
    .option('--timeout <SECONDS>', 'how long to look for the list')
    .option('--json', 'as one JSON object with the ids of the versions')
    .option('-q, --quiet', 'print only the ids of the versions')
    .addHelpText('after', examples('sheaf list @me', 'sheaf list @me --json'))
    .action(async (space: string, options: CommonOptions) => {
      const { timeoutMs, deadlineMs } = timesOf(options)
      const list = await cli.client(deadlineMs).ask<Listed>('/v1/list', { query: { space, timeoutMs } })
      const pages = list.pages.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
      if (options.json) await cli.shell.out(jsonLine({ ...list, pages }))
      else
        await cli.shell.out(pages.map(({ path, id }) => `${options.quiet ? id : oneLine(path)}\n`).join(''))
    })
}
