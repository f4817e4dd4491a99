/** `sheaf blame`: who brought each line of a page. */
import type { Command } from 'commander'
import type { BlameJson } from '../node/io/control/shapes.ts'
import {
  type Cli,
  type CommonOptions,
  examples,
  jsonLine,
  PAGE_HELP,
  targetArgument,
  timesOf,
} from './cli.ts'
import { harmless, timeText } from './shown.ts'

/** Letters of an id that tell versions of one page, and people, apart for the eye. */
const SHORT = 10

export function register(program: Command, cli: Cli): void {
  program
    .command('blame')
    .summary('who brought each line of a page')
    .description(
      'Prints each line of a page after the version that brought it, its author and what they say of the time. ^ stands ' +
        'before a line that may be older: what its version was made from is not to be had. --json has whole ids.',
    )
    .argument('<PAGE|ID>', `${PAGE_HELP}; or the id of a version`)
    .option('--timeout <SECONDS>', 'how long to look for its history')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the ids of the versions, once each')
    .addHelpText('after', examples('sheaf blame garden/bees'))
    .action((what: string, options: CommonOptions) => blame(cli, what, options))
}

async function blame(cli: Cli, what: string, options: CommonOptions): Promise<void> {
  const { shell } = cli
  const { timeoutMs, deadlineMs } = timesOf(options)
  const query = { ...targetArgument(what), timeoutMs }
  const found = await cli.client(deadlineMs).ask<BlameJson>('/v1/blame', { query })
  if (options.json) return shell.out(jsonLine(found))
  if (options.quiet) return shell.out(found.versions.map(({ id }) => `${id}\n`).join(''))
  const byId = new Map(found.versions.map((version) => [version.id, version]))
  const width = String(found.lines.length).length
  const rows = found.lines.map(({ text, version, isBoundary }, i) => {
    const { author, timeMs } = byId.get(version)!
    const line = text.replace(/\n$/, '')
    const who = `${isBoundary ? '^' : ' '}${version.slice(0, SHORT)} @${author.slice(0, SHORT)}`
    return `${who} ${timeText(timeMs)} ${String(i + 1).padStart(width)}) ${shell.isOutTerminal ? harmless(line) : line}\n`
  })
  await shell.out(rows.join(''))
}
