/** `sheaf recent`: what is new in a space. */
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import type { RecentJson } from '../node/io/control/shapes.ts'
import { type Cli, type CommonOptions, examples, jsonLine, note, SPACE_HELP, timesOf } from './cli.ts'
import { columns, count, oneLine, timeText } from './shown.ts'

interface RecentOptions extends CommonOptions {
  readonly count: string
}

const COUNT = '20'
const COUNT_MAX = 1000

export function register(program: Command, cli: Cli): void {
  program
    .command('recent')
    .summary('the newest versions of a space')
    .description(
      'Prints the pages of a space that changed last, by what their authors say of the time. Of a space that is not ' +
        'kept here no more than 512 versions are fetched to be told.',
    )
    .argument('<SPACE>', SPACE_HELP)
    .option('-n, --count <NUMBER>', 'how many', COUNT)
    .option('--timeout <SECONDS>', 'how long to look for them')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the ids of the versions')
    .addHelpText('after', examples('sheaf recent @me', 'sheaf recent @me --count 5 --json'))
    .action((space: string, options: RecentOptions) => recent(cli, space, options))
}

async function recent(cli: Cli, space: string, options: RecentOptions): Promise<void> {
  const { shell } = cli
  const wanted = /^\d{1,4}$/.test(options.count) ? Number(options.count) : 0
  if (wanted < 1 || wanted > COUNT_MAX) {
    throw new SheafError('BAD_ARGUMENT', `--count is a whole number from 1 to ${COUNT_MAX}`)
  }
  const { timeoutMs, deadlineMs } = timesOf(options)
  const query = { space, count: wanted, timeoutMs }
  const found = await cli.client(deadlineMs).ask<RecentJson>('/v1/recent', { query })
  if (options.json) return shell.out(jsonLine(found))
  const { versions, unseen } = found
  if (options.quiet) return shell.out(versions.map(({ id }) => `${id}\n`).join(''))
  await shell.out(
    columns(versions.map(({ path, timeMs, summary }) => [timeText(timeMs), oneLine(path), oneLine(summary)])),
  )
  if (versions.length === 0) note(shell, options, 'no page is listed here')
  if (unseen > 0) note(shell, options, `${count(unseen, 'page')} could not be looked at, and may be newer`)
}
