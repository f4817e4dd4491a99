/** `sheaf redirect`: who reads one page is led to another. */
import type { Command } from 'commander'
import { asSheafError, SheafError } from '../base/errors.ts'
import type { PageJson } from '../node/io/control/shapes.ts'
import { confirm } from './asking.ts'
import { type Cli, examples, jsonLine, note, PAGE_HELP, pageArgument, timesOf } from './cli.ts'
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
        'second one. Asks first where the page has a text or is a file, and where readers would find nothing at the other.',
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
  const problem = await problemWith(cli, target, options)
  if (options.dryRun) {
    const now =
      head === undefined ? 'there is no such page yet' : `it is ${head.content}, ${sizeText(head.textBytes)}`
    const but = problem === undefined ? '' : `; ${problem}`
    const text = `would lead ${page} to ${target}; ${now}${but}\n`
    return shell.out(
      options.json ? jsonLine({ page, target, problem: problem ?? null, isDryRun: true }) : oneLine(text),
    )
  }
  if (head?.content === 'text' || head?.content === 'file') {
    const question = `Put a redirect in the place of ${log!.page} (${sizeText(head.textBytes)})?`
    await confirm(shell, oneLine(question), options)
  }
  if (problem !== undefined) {
    if (options.yes) note(shell, options, oneLine(problem))
    await confirm(shell, oneLine(`${capital(problem)}. Lead there all the same?`), options)
  }
  const sent = await sendFresh(cli, [{ page, redirect: target, ...parents }], options)
  await tellSent(cli, sent, options)
}

/** Why readers who are led there would find nothing; undefined where they find a page. */
async function problemWith(cli: Cli, target: string, options: WriteOptions): Promise<string | undefined> {
  const { timeoutMs, deadlineMs } = timesOf(options)
  const query = { page: target, timeoutMs, fresh: 'true' }
  try {
    const found = await cli.client(deadlineMs).ask<PageJson>('/v1/get', { query })
    if (found.redirectedFrom === null) return undefined
    return `${found.redirectedFrom} leads on to ${found.page}, and readers follow one step`
  } catch (error) {
    const { code, message } = asSheafError(error)
    if (!NOTHING.has(code)) throw error
    return `nothing was found at ${target}: ${message}`
  }
}

/** What a look-up ends with that finds no page. */
const NOTHING: ReadonlySet<string> = new Set([
  'NOT_FOUND',
  'NO_PEERS',
  'UNREACHABLE',
  'REFUSED',
  'BAD_PROOF',
  'TIMEOUT',
])

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

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
