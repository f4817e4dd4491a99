/** Sending single versions to the daemon, as the commands that write do: quietly, with one word about it in the end. */
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import { lineOf } from '../node/io/control/lines.ts'
import { type Cli, type CommonOptions, jsonLine, millisecondsArgument, progressOf } from './cli.ts'
import {
  type DoneLine,
  doneText,
  notHeld,
  type PublishLine,
  type StaleLine,
  type StoredLine,
  WAIT_SECONDS_MAX,
} from './published.ts'

export interface WriteOptions extends CommonOptions {
  readonly message?: string
  readonly wait?: string
  readonly dryRun?: boolean
}

/** A version as the control API takes it. */
export interface PageLine {
  page: string
  text?: string
  delete?: true
  redirect?: string
  /** The version whose file it is. */
  file?: string
  parents?: readonly string[]
  fork?: boolean
}

export interface Sent {
  stored: StoredLine[]
  stale: StaleLine[]
  done: DoneLine
}

/** Peers may be asked for newer versions for so long. */
const ASK_MS = 3_000

/** The options that every command has that makes versions. */
export function withWriteOptions(command: Command): Command {
  return command
    .option('-m, --message <SUMMARY>', 'what has changed, in a line')
    .option('--wait <SECONDS>', 'how long to wait for holders while nothing moves')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only the ids of the versions')
}

/** Stores these versions and waits for holders; what is stale is told and not stored. */
export async function sendPages(
  cli: Cli,
  pages: readonly PageLine[],
  options: WriteOptions,
  summary = options.message ?? '',
): Promise<Sent> {
  const patienceMs =
    options.wait === undefined ? undefined : millisecondsArgument('--wait', options.wait, WAIT_SECONDS_MAX)
  const lines = cli.client().stream('/v1/publish', {
    method: 'POST',
    query: { summary, patienceMs, timeoutMs: ASK_MS },
    lines: linesOf(pages),
  }) as AsyncGenerator<unknown> as AsyncGenerator<PublishLine>
  const progress = progressOf(cli.shell, options)
  const [stored, stale]: [StoredLine[], StaleLine[]] = [[], []]
  try {
    for await (const line of lines) {
      if (line.type === 'done') return { stored, stale, done: line }
      if (line.type === 'stored') stored.push(line)
      else if (line.type === 'stale') stale.push(line)
      else if (line.type === 'held') progress.show(`held by ${line.held} of ${line.target}`)
    }
  } finally {
    progress.clear()
  }
  throw new SheafError('INTERNAL', 'the daemon did not say how it ended')
}

/** As `sendPages`, where nothing may be stale: throws STALE for the first that is. */
export async function sendFresh(
  cli: Cli,
  pages: readonly PageLine[],
  options: WriteOptions,
  summary?: string,
): Promise<Sent> {
  const sent = await sendPages(cli, pages, options, summary)
  const [first] = sent.stale
  if (first !== undefined) {
    throw new SheafError('STALE', `${first.page} has changed meanwhile: its head is ${first.id}`, {
      hint: 'look at it, and run the same command again',
    })
  }
  return sent
}

/** Tells what was stored, and throws NOT_HELD where too few hold it yet. */
export async function tellSent({ shell }: Cli, { stored, done }: Sent, options: WriteOptions): Promise<void> {
  const versions = stored.map(({ page, id, status }) => ({ page, id, status }))
  const { held, target, peers, isHeld } = done
  if (options.json) await shell.out(jsonLine({ versions, held, target, peers, isHeld }))
  else if (options.quiet) await shell.out(versions.map(({ id }) => `${id}\n`).join(''))
  else {
    const lines = versions.map(({ page, id }) => `${page}\nversion ${id}\n`)
    await shell.out(`${lines.join('')}${countsText(stored, done)}`)
  }
  if (!done.isHeld) throw notHeld(done)
}

/** What was sent in several goes, as one with its merge is, is counted together; two versions of one page are no two pages. */
function countsText(all: readonly StoredLine[], done: DoneLine): string {
  const stored = all.filter(({ status }) => status === 'stored')
  const pages = new Set(stored.map(({ page }) => page))
  const counts = { ...done, stored: stored.length, unchanged: all.length - stored.length }
  return doneText(counts, pages.size < stored.length ? 'version' : 'page')
}

async function* linesOf(pages: readonly PageLine[]): AsyncGenerator<string> {
  for (const page of pages) yield lineOf(page)
}
