/** `sheaf completion`: a script that completes commands and options in a shell. */
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import { type Cli, type CommonOptions, examples, jsonLine } from './cli.ts'
import { completionScript, SHELLS } from './completing.ts'
import { surfaceOf } from './surface.ts'

export function register(program: Command, cli: Cli): void {
  program
    .command('completion')
    .summary('a script that completes commands in a shell')
    .description('Prints a script that completes commands and options: for bash, zsh or fish.')
    .argument('<SHELL>', SHELLS.join(', '))
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      examples('sheaf completion bash > ~/.local/share/bash-completion/completions/sheaf'),
    )
    .action(async (name: string, options: CommonOptions) => {
      const shell = SHELLS.find((one) => one === name)
      if (shell === undefined) {
        throw new SheafError('BAD_ARGUMENT', `completion is for ${SHELLS.join(', ')}`, {
          hint: 'sheaf completion --help',
        })
      }
      const script = completionScript(shell, surfaceOf(await cli.whole()))
      await cli.shell.out(options.json ? jsonLine({ shell, script }) : script)
    })
}
