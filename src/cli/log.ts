/** `sheaf log`: the history of a page. */
import type { Command } from 'commander'
import type { VersionJson } from '../node/io/control/shapes.ts'
import { type Called, calledBy } from './called.ts'
import { type Cli, type CommonOptions, examples, jsonLine, PAGE_HELP } from './cli.ts'
import { graphRows } from './graph.ts'
import { pageLog } from './page-log.ts'
import { oneLine, sizeText, timeText } from './shown.ts'

interface LogOptions extends CommonOptions {
  readonly graph?: boolean
  readonly fresh?: boolean
}

export function register(program: Command, cli: Cli): void {
  program
    .command('log')
    .summary('the history of a page')
    .description(
      'Prints the versions of a page and what they came from, also on pages that it was renamed from, the newest first ' +
        'by what their authors say; * is the head. --graph draws which came from which.',
    )
    .argument('<PAGE>', PAGE_HELP)
    .option('--graph', 'draw forks and merges; every version stands above what it came from')
    .option('--fresh', 'ask peers about a page of your own, too')
    .option('--timeout <SECONDS>', 'how long to look for them')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the ids of the versions')
    .addHelpText('after', examples('sheaf log garden/bees', 'sheaf log garden/bees --graph'))
    .action((page: string, options: LogOptions) => log(cli, page, options))
}

async function log(cli: Cli, name: string, options: LogOptions): Promise<void> {
  const { shell } = cli
  const found = await pageLog(cli, name, options)
  const { page, versions } = found
  if (options.json) return shell.out(jsonLine(found))
  if (options.quiet) return shell.out(versions.map(({ id }) => `${id}\n`).join(''))
  const called = await calledBy(cli)
  if (!options.graph) return shell.out(versions.map((one) => entryText(one, page, called)).join('\n'))
  for (const { node, before, star, beside, after } of graphRows(versions)) {
    const [first, ...more] = linesOf(node, page, called)
    const rows = [
      ...before,
      `${star} ${first}`,
      ...more.map((line) => `${beside.padEnd(star.length)} ${line}`),
      ...after,
    ]
    await shell.out(rows.map((row) => `${row}\n`).join(''))
  }
}

function entryText(version: VersionJson, page: string, called: Called): string {
  const [first, ...more] = linesOf(version, page, called)
  const { isHead, parents } = version
  const joins = parents.length > 1 ? [`joins ${parents.join(' ')}`] : []
  const lines = [
    `${isHead ? '*' : ' '} ${first!.replace(' (head)', '')}`,
    ...[...more.slice(0, 1), ...joins, ...more.slice(1)],
  ]
  return lines.map((line, i) => (i === 0 ? `${line}\n` : `  ${line}\n`)).join('')
}

/** What there is to say of a version: id and size, time and author, summary. */
function linesOf(version: VersionJson, page: string, called: Called): string[] {
  const { id, author, timeMs, summary, content, textBytes, redirect, isHead } = version
  const says =
    content === 'text' || content === 'file'
      ? sizeText(textBytes)
      : redirect === null
        ? content
        : `redirect to ${redirect}`
  const where = version.page === page ? '' : ` at ${version.page}`
  return [
    oneLine(`${id}${isHead ? ' (head)' : ''}  ${says}${where}`),
    `${timeText(timeMs)} by @${author}${called(author)}`,
    ...(summary === '' ? [] : [oneLine(summary)]),
  ]
}
