/** `sheaf paths`: where the files of this node are. */
import type { Command } from 'commander'
import { type Cli, type CommonOptions, examples, jsonLine } from './cli.ts'
import { columns } from './shown.ts'

export function register(program: Command, cli: Cli): void {
  program
    .command('paths')
    .summary('where the files of this node are')
    .description('Prints where the files of this node are, whether they exist or not.')
    .option('--json', 'as one JSON object')
    .addHelpText('after', examples('sheaf paths', 'sheaf paths --json'))
    .action((options: CommonOptions) => {
      const paths = cli.paths()
      return cli.shell.out(options.json ? jsonLine(paths) : columns(Object.entries(paths)))
    })
}
