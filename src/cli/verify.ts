/** `sheaf verify`: reads the whole store back. */
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import type { ScrubReport } from '../node/store.ts'
import { type Cli, type CommonOptions, examples, jsonLine, progressOf } from './cli.ts'
import { count, sizeText } from './shown.ts'
import { runningOr, withStoppedHome } from './stopped-home.ts'

export function register(program: Command, cli: Cli): void {
  program
    .command('verify')
    .summary('read the whole store back and check it')
    .description(
      'Reads every block from the disk and holds it to its checksum, its id and what it says of itself, whether the node runs or not. What does not hold is no longer served, and is fetched again when somebody has it. Ends with 0 where all is well, else with 6.',
    )
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print nothing; the exit status tells')
    .addHelpText('after', examples('sheaf verify', 'sheaf verify --json'))
    .action((options: CommonOptions) => verify(cli, options))
}

async function verify(cli: Cli, options: CommonOptions): Promise<void> {
  const progress = progressOf(cli.shell, options)
  const tell = (blocks: number): void => progress.show(`${count(blocks, 'block')} so far`)
  const report = await runningOr(
    () => ask(cli, tell),
    () => withStoppedHome(cli, {}, ({ store }) => store.scrub(tell)),
  ).finally(() => progress.clear())
  const { checked, bytes, damaged, misplaced, isIndexWhole } = report
  if (options.json) await cli.shell.out(jsonLine(report))
  else if (!options.quiet) await cli.shell.out(`${count(checked, 'block')} read, ${sizeText(bytes)}\n`)
  const harm = [
    ...(damaged > 0 ? [`${count(damaged, 'block')} did not read back`] : []),
    ...(misplaced > 0 ? [`${count(misplaced, 'block')} stood under an id or a place not its own`] : []),
    ...(isIndexWhole ? [] : ['the index lacks blocks']),
  ]
  if (harm.length > 0) {
    throw new SheafError('BAD_HASH', harm.join(', '), {
      hint: isIndexWhole
        ? 'they are not served any more; sheaf get of their pages brings them back where others have them'
        : 'stop the node and run sheaf reindex',
    })
  }
}

async function ask(cli: Cli, tell: (blocks: number) => void): Promise<ScrubReport> {
  for await (const { type, ...fields } of cli.client().stream('/v1/verify', { method: 'POST' })) {
    if (type === 'progress') tell(fields.blocks as number)
    if (type === 'done') return fields as unknown as ScrubReport
  }
  throw new SheafError('CANCELLED', 'the daemon ended before the store was read')
}
