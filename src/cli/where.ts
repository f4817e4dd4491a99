/** `sheaf where`: who holds a page, and since when that is known. */
import type { Command } from 'commander'
import type { WhereJson } from '../node/io/control/shapes.ts'
import {
  type Cli,
  type CommonOptions,
  examples,
  jsonLine,
  PAGE_HELP,
  targetArgument,
  timesOf,
} from './cli.ts'
import { ago, columns, count } from './shown.ts'

export function register(program: Command, cli: Cli): void {
  program
    .command('where')
    .summary('who holds a page')
    .description('Prints who has signed that they hold a page, and how old that proof is.')
    .argument('<PAGE|ID>', `${PAGE_HELP}; or the id of a version`)
    .option('--timeout <SECONDS>', 'how long to ask others')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the keys of the holding devices')
    .addHelpText('after', examples('sheaf where garden/bees', 'sheaf where garden/bees --json'))
    .action(async (what: string, options: CommonOptions) => {
      const { timeoutMs, deadlineMs } = timesOf(options)
      const query = { ...targetArgument(what), timeoutMs }
      const where = await cli.client(deadlineMs).ask<WhereJson>('/v1/where', { query })
      if (options.json) await cli.shell.out(jsonLine(where))
      else if (options.quiet) await cli.shell.out(where.holders.map(({ device }) => `${device}\n`).join(''))
      else await cli.shell.out(whereText(where, Date.now()))
    })
}

function whereText({ id, isHere, holders, target, isPending }: WhereJson, nowMs: number): string {
  // Several devices of one person are one holder; those that show no certificate are all together one.
  const persons = new Set(holders.map(({ entity }) => entity))
  const pending = isPending ? ', and more are being asked' : ''
  const lines = [
    `version ${id}`,
    `here: ${isHere ? 'yes' : 'no'}`,
    `held by ${count(persons.size, 'person')} of ${target} wanted${pending}`,
  ]
  const rows = holders.map(({ device, entity, provenMs, isConnected }) => [
    `  ${device}`,
    entity === null ? 'of nobody known' : `of @${entity}`,
    `proven ${ago(provenMs, nowMs)}`,
    isConnected ? 'connected' : 'not connected',
  ])
  return `${lines.join('\n')}\n${columns(rows)}`
}
