/** `sheaf redirect`: who reads one page is led to another. */
import type { Command } from 'commander'
import { asSheafError, SheafError } from '../base/errors.ts'
import { confirm } from './asking.ts'
import { type Cli, examples, jsonLine, PAGE_HELP, pageArgument } from './cli.ts'
import { headIn, type PageLog, pageLog, tipsIn } from './page-log.ts'
import { sendFresh, tellSent, type WriteOptions, withWriteOptions } from './sending.ts'
import { oneLine, sizeText } from './shown.ts'

interface RedirectOptions extends WriteOptions {
  readonly yes?: boolean
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('redirect')
    .summary('lead a page to another one')
    .description(
      'Publishes a version that leads to another page, of yours or of anybody. Readers follow one such step, and not a ' +
        'second one. A page that has a text or is a file is asked about first.',
    )
    .argument('<PAGE>', PAGE_HELP)
    .argument('<TARGET>', 'the page that it leads to')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only say what would be done')
  withWriteOptions(command)
    .addHelpText('after', examples('sheaf redirect hives garden/bees'))
    .action((page: string, target: string, options: RedirectOptions) => redirect(cli, page, target, options))
}

async function redirect(cli: Cli, name: string, to: string, options: RedirectOptions): Promise<void> {
  const { shell } = cli
  const [page, target] = [pageArgument(name), pageArgument(to)]
  if (page === target) throw new SheafError('BAD_ARGUMENT', 'a page that leads to itself')
  const log = await logOrNone(cli, page, options)
  const head = log && headIn(log)
  const parents = log && { parents: tipsIn(log).map(({ id }) => id) }
  if (options.dryRun) {
    const now =
      head === undefined ? 'there is no such page yet' : `it is ${head.content}, ${sizeText(head.textBytes)}`
    const text = `would lead ${page} to ${target}; ${now}\n`
    return shell.out(options.json ? jsonLine({ page, target, isDryRun: true }) : text)
  }
  if (head?.content === 'text' || head?.content === 'file') {
    const question = `Put a redirect in the place of ${log!.page} (${sizeText(head.textBytes)})?`
    await confirm(shell, oneLine(question), options)
  }
  const sent = await sendFresh(cli, [{ page, redirect: target, ...parents }], options)
  await tellSent(cli, sent, options)
}

/** Undefined where nothing of this page is known. */
export async function logOrNone(cli: Cli, page: string, options: WriteOptions): Promise<PageLog | undefined> {
  try {
    return await pageLog(cli, page, { ...options, fresh: true })
  } catch (error) {
    const { code } = asSheafError(error)
    // Of our own space nobody knows more than we do, so what cannot be had is not there.
    const isNone = code === 'NOT_FOUND' || code === 'NO_PEERS' || code === 'UNREACHABLE'
    if (isNone && page.startsWith('@me/')) return undefined
    throw error
  }
}
