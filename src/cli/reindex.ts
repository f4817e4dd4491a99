/** `sheaf reindex`: makes the index anew from the feeds, while the node is stopped. */
import type { Command } from 'commander'
import { type Cli, type CommonOptions, examples, jsonLine, note } from './cli.ts'
import { count, sizeText } from './shown.ts'
import { withStoppedHome } from './stopped-home.ts'

const NOTES_LOST =
  'the notes were damaged: what could be saved is there, a new incarnation begins, and the old promises end'

export function register(program: Command, cli: Cli): void {
  program
    .command('reindex')
    .summary('make the index anew')
    .description(
      'Reads every feed and makes the index anew from what they hold; for a home whose index is damaged. What cannot be derived (promises of holders, what waits in the outbox, numbering) is kept. The node must be stopped.',
    )
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the number of blocks')
    .addHelpText('after', examples('sheaf reindex'))
    .action((options: CommonOptions) => reindex(cli, options))
}

async function reindex(cli: Cli, options: CommonOptions): Promise<void> {
  await withStoppedHome(cli, { repair: true }, async ({ store, areNotesWhole }) => {
    const { blocks, bytes, damaged } = store.usage()
    if (options.json) await cli.shell.out(jsonLine({ blocks, bytes, damaged, areNotesWhole }))
    else if (options.quiet) await cli.shell.out(`${blocks}\n`)
    else {
      const harm = damaged === 0 ? '' : `; ${count(damaged, 'block')} could not be read`
      await cli.shell.out(`${count(blocks, 'block')} indexed, ${sizeText(bytes)}${harm}\n`)
      if (!areNotesWhole) note(cli.shell, options, NOTES_LOST)
    }
  })
}
