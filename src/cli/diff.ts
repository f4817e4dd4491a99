/** `sheaf diff`: what changed. */
import type { Command } from 'commander'
import type { DiffJson, NamedJson } from '../node/io/control/shapes.ts'
import {
  type Cli,
  type CommonOptions,
  examples,
  jsonLine,
  PAGE_HELP,
  targetArgument,
  timesOf,
} from './cli.ts'
import { differenceText } from './difference.ts'

export function register(program: Command, cli: Cli): void {
  program
    .command('diff')
    .summary('what changed in a page')
    .description(
      'Prints what the head of a page, or one version, changed against its first parent; with two pages or versions, ' +
        'what lies between them. In the unified format, in colour on a terminal unless NO_COLOR is set.',
    )
    .argument('<PAGE|ID>', `${PAGE_HELP}; or the id of a version`)
    .argument('[OTHER]', 'what it is compared with: the first is the older one then')
    .option('--publish', 'sign this difference and hand it out: for a version of your own')
    .option('--timeout <SECONDS>', 'how long to look for them')
    .option('--json', 'as one JSON object, with the hunks line by line')
    .option('-q, --quiet', 'print only how many lines came and went')
    .addHelpText('after', examples('sheaf diff garden/bees', 'sheaf diff garden/bees --json'))
    .action((what: string, other: string | undefined, options: DiffOptions) =>
      diff(cli, what, other, options),
    )
}

interface DiffOptions extends CommonOptions {
  publish?: boolean
}

async function diff(cli: Cli, what: string, other: string | undefined, options: DiffOptions): Promise<void> {
  const { shell } = cli
  const { timeoutMs, deadlineMs } = timesOf(options)
  const to = targetArgument(other ?? what)
  const from = other === undefined ? undefined : Object.values(targetArgument(what))[0]
  const client = cli.client(deadlineMs)
  const query = { ...to, from, timeoutMs }
  if (options.publish) await client.ask('/v1/diff', { method: 'POST', query })
  const found = await client.ask<DiffJson>('/v1/diff', { query })
  if (options.json) return shell.out(jsonLine(found))
  if (options.quiet) return shell.out(`+${found.added} -${found.removed}\n`)
  const names = { before: nameText(found.from), after: nameText(found.to) }
  await shell.out(differenceText(shell, found, names))
}

function nameText(version: NamedJson | null): string {
  return version === null ? '/dev/null' : `${version.page} ${version.id}`
}
