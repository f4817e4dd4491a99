/** `sheaf links` and `sheaf backlinks`: where pages lead, and which links lead nowhere. */
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import type { BacklinkJson, BrokenLinkJson, LinkJson } from '../node/io/control/search-shapes.ts'
import {
  type Cli,
  type CommandModule,
  type CommonOptions,
  examples,
  jsonLine,
  note,
  PAGE_HELP,
  pageArgument,
  timesOf,
} from './cli.ts'
import { columns, count, oneLine } from './shown.ts'

interface LinksOptions extends CommonOptions {
  readonly broken?: boolean
}

const NOT_ALL = 'not all that is here was looked at in time'

export const links: CommandModule = {
  register(program: Command, cli: Cli): void {
    program
      .command('links')
      .summary("a page's links, or those that are broken")
      .description(
        'Prints where the [[wiki links]] of a page lead; ! marks those that lead nowhere, ? those of which nobody here knows. ' +
          '--broken prints such links of all pages that are here, or of one space.',
      )
      .argument('[PAGE|SPACE]', `${PAGE_HELP}; with --broken a space`)
      .option('--broken', 'the links that lead nowhere, of all pages that are here')
      .option('--timeout <SECONDS>', 'how long to look')
      .option('--json', 'as one JSON object')
      .option('-q, --quiet', 'print only where they lead')
      .addHelpText('after', examples('sheaf links garden/bees', 'sheaf links --broken @me'))
      .action((what: string | undefined, options: LinksOptions) =>
        options.broken ? broken(cli, what, options) : linksOf(cli, what, options),
      )
  },
}

export const backlinks: CommandModule = {
  register(program: Command, cli: Cli): void {
    program
      .command('backlinks')
      .summary('the pages here that link to a page')
      .description(
        'Prints the pages that are here and link to a page, also by way of one that redirects to it.',
      )
      .argument('<PAGE>', PAGE_HELP)
      .option('--timeout <SECONDS>', 'how long to look')
      .option('--json', 'as one JSON object')
      .option('-q, --quiet', 'print only the pages')
      .addHelpText('after', examples('sheaf backlinks garden/bees'))
      .action((page: string, options: CommonOptions) => backlinksOf(cli, page, options))
  },
}

async function linksOf(cli: Cli, page: string | undefined, options: LinksOptions): Promise<void> {
  if (page === undefined)
    throw new SheafError('BAD_ARGUMENT', 'a page is missing', { hint: 'sheaf links --broken' })
  const { timeoutMs, deadlineMs } = timesOf(options)
  const query = { page: pageArgument(page), timeoutMs }
  const found = await cli.client(deadlineMs).ask<{ page: string; links: LinkJson[] }>('/v1/links', { query })
  const { shell } = cli
  if (options.json) return shell.out(jsonLine(found))
  const where = ({ page: to, leadsTo }: LinkJson): string => leadsTo ?? to ?? ''
  if (options.quiet) {
    const pages = [...new Set(found.links.map(where))].filter((one) => one !== '')
    return shell.out(pages.map((one) => `${oneLine(one)}\n`).join(''))
  }
  const rows = found.links.map((link) => {
    const named = link.section === null ? link.target : `${link.target}#${link.section}`
    const to = link.leadsTo === null ? '' : ` (redirects to ${link.leadsTo})`
    return [SIGNS[link.state], oneLine(named), oneLine(`${link.page ?? 'no page could be called so'}${to}`)]
  })
  await shell.out(columns(rows))
  const bad = found.links.filter(({ state }) => state === 'broken').length
  note(shell, options, `${count(found.links.length, 'link')}, ${bad} broken`)
}

const SIGNS = { ok: ' ', broken: '!', unknown: '?' } as const

async function broken(cli: Cli, space: string | undefined, options: LinksOptions): Promise<void> {
  const { timeoutMs, deadlineMs } = timesOf(options)
  const query = { ...(space !== undefined && { space }), timeoutMs }
  const found = await cli
    .client(deadlineMs)
    .ask<{ links: BrokenLinkJson[]; isWhole: boolean }>('/v1/broken-links', { query })
  const { shell } = cli
  if (options.json) return shell.out(jsonLine(found))
  if (options.quiet) return shell.out(found.links.map(({ to }) => `${oneLine(to)}\n`).join(''))
  await shell.out(
    columns(found.links.map(({ from, to, state }) => [SIGNS[state], oneLine(from), oneLine(to)])),
  )
  note(shell, options, [count(found.links.length, 'link'), ...(found.isWhole ? [] : [NOT_ALL])].join('; '))
}

async function backlinksOf(cli: Cli, page: string, options: CommonOptions): Promise<void> {
  const { timeoutMs, deadlineMs } = timesOf(options)
  const query = { page: pageArgument(page), timeoutMs }
  const found = await cli
    .client(deadlineMs)
    .ask<{ links: BacklinkJson[]; isWhole: boolean }>('/v1/backlinks', { query })
  const { shell } = cli
  if (options.json) return shell.out(jsonLine(found))
  const pages = [...new Set(found.links.map((link) => link.page))]
  if (options.quiet) return shell.out(pages.map((one) => `${oneLine(one)}\n`).join(''))
  const texts = found.links.map(({ page: from, via }) => (via === null ? from : `${from} (by way of ${via})`))
  await shell.out(texts.map((one) => `${oneLine(one)}\n`).join(''))
  note(shell, options, [count(pages.length, 'page'), ...(found.isWhole ? [] : [NOT_ALL])].join('; '))
}
