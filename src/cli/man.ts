/** `sheaf man`: the manual page. */
import type { Command } from 'commander'
import { type Cli, type CommonOptions, examples, jsonLine } from './cli.ts'
import { manPage } from './man-page.ts'
import { surfaceOf } from './surface.ts'
import { versionText } from './version.ts'

export function register(program: Command, cli: Cli): void {
  program
    .command('man')
    .summary('the manual page')
    .description('Prints the manual page in roff.')
    .option('--json', 'as one JSON object')
    .addHelpText('after', examples('sheaf man | man -l -'))
    .action(async (options: CommonOptions) => {
      const page = manPage(surfaceOf(await cli.whole()), versionText())
      await cli.shell.out(options.json ? jsonLine({ page }) : page)
    })
}
