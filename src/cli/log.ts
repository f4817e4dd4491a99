/** `sheaf log`: the history of a page. */
import type { Command } from 'commander'
import type { VersionJson } from '../node/io/control/shapes.ts'
import { type Cli, type CommonOptions, examples, jsonLine, PAGE_HELP, pageArgument, timesOf } from './cli.ts'
import { oneLine, sizeText } from './shown.ts'

export function register(program: Command, cli: Cli): void {
  program
    .command('log')
    .summary('the history of a page')
    .description('Prints the versions of a page, the newest first by what their authors say; * is the head.')
    .argument('<PAGE>', PAGE_HELP)
    .option('--timeout <SECONDS>', 'how long to look for them')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the ids of the versions')
    .addHelpText('after', examples('sheaf log garden/bees'))
    .action(async (page: string, options: CommonOptions) => {
      const { timeoutMs, deadlineMs } = timesOf(options)
      const query = { page: pageArgument(page), timeoutMs }
      const log = await cli
        .client(deadlineMs)
        .ask<{ page: string; versions: VersionJson[] }>('/v1/log', { query })
      if (options.json) await cli.shell.out(jsonLine(log))
      else if (options.quiet) await cli.shell.out(log.versions.map(({ id }) => `${id}\n`).join(''))
      else await cli.shell.out(log.versions.map(versionText).join('\n'))
    })
}

function versionText({
  id,
  author,
  timeMs,
  summary,
  parents,
  content,
  textBytes,
  isHead,
}: VersionJson): string {
  const says = content === 'text' ? sizeText(textBytes) : content
  return [
    `${isHead ? '*' : ' '} ${id}  ${says}`,
    `  ${timeText(timeMs)} by @${author}`,
    ...(parents.length > 1 ? [`  joins ${parents.join(' ')}`] : []),
    ...(summary === '' ? [] : [`  ${oneLine(summary)}`]),
    '',
  ].join('\n')
}

/** A claimed time may be any number of six bytes, more than a Date can say. */
function timeText(timeMs: number): string {
  const date = new Date(timeMs)
  return Number.isNaN(date.getTime()) ? `at ${timeMs}` : date.toISOString().slice(0, 19).replace('T', ' ')
}
