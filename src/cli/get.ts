/** `sheaf get`: a page, verified, as its author wrote it. */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import type { RenderedJson } from '../node/io/control/rendering.ts'
import type { PageJson } from '../node/io/control/shapes.ts'
import { type Called, calledBy } from './called.ts'
import { type Cli, examples, jsonLine, note, PAGE_HELP, targetArgument, timesOf } from './cli.ts'
import { type FileOptions, getFile, writeWhole } from './get-file.ts'
import { tellRendered } from './rendered.ts'
import { columns, count, harmless, oneLine } from './shown.ts'

interface GetOptions extends FileOptions {
  readonly raw?: boolean
  readonly html?: boolean
  readonly images?: boolean
  readonly why?: boolean
  readonly fresh?: boolean
  readonly force?: boolean
}

export function register(program: Command, cli: Cli): void {
  program
    .command('get')
    .summary('read a page')
    .description(
      'Prints the head of a page, or one version by its id. What a terminal would obey is shown as \\u{1b}; ' +
        'with --raw, and where stdout is no terminal, every byte is as its author wrote it. A page may be a file: ' +
        'that goes to stdout as it is, or with --out to a file, all of it or a part.',
    )
    .argument('<PAGE|ID>', `${PAGE_HELP}; or the id of a version`)
    .option('--raw', 'every byte, also on a terminal')
    .option(
      '--out <FILE>',
      'write it there; of a page, `sheaf publish FILE` knows then what it was made from',
    )
    .option('--force', 'with --out: also over a file that was changed since it was got')
    .option('--why', 'instead of the page: which rule made this version its head, and what stands beside it')
    .option('--fresh', 'ask peers about a page of your own, too')
    .option('--range <BYTES>', 'of a file: first and last byte, as 0-999, 1000- or -500')
    .option('--html', 'as HTML that is safe to show to anybody')
    .option('--images', 'with --html: show images, which tells the hosts that they come from')
    .option('--timeout <SECONDS>', 'how long to look for it')
    .option('--json', 'as one JSON object with its text; with --html, with its HTML, headings and links')
    .option('-q, --quiet', 'print only the id of the version')
    .addHelpText(
      'after',
      examples(
        'sheaf get garden/bees',
        'sheaf get garden/bees --raw > bees.md',
        'sheaf get garden/bees --why',
        'sheaf get garden/bee.png --out bee.png',
        'sheaf get garden/bees --html',
      ),
    )
    .action((what: string, options: GetOptions) => get(cli, what, options))
}

async function get(cli: Cli, what: string, options: GetOptions): Promise<void> {
  const { shell } = cli
  if (options.html) return getHtml(cli, what, options)
  const { timeoutMs, deadlineMs } = timesOf(options)
  const page = await cli.client(deadlineMs).ask<PageJson>('/v1/get', {
    query: { ...targetArgument(what), timeoutMs, fresh: options.fresh ? 'true' : undefined },
  })
  if (options.why) return shell.out(options.json ? jsonLine(whyJson(page)) : whyText(page))
  if (page.file !== null && (options.out !== undefined || !(options.json || options.quiet))) {
    return getFile(cli, { id: page.id, file: page.file }, { ...options, timeoutMs, deadlineMs })
  }
  if (options.range !== undefined)
    throw new SheafError('BAD_ARGUMENT', '--range is for files, and that is a text')
  if (options.out !== undefined) {
    const target = resolve(shell.cwd, options.out)
    if (!options.force) await refuseUnpublished(cli, target, options.out)
    await writeWhole(target, textChunks(page.text))
    const { rememberBase } = await import('./bases.ts')
    rememberBase(cli, target, { page: page.page, parents: [page.id], hasMarkers: false })
  }
  if (options.json) return shell.out(jsonLine(page))
  if (options.quiet) return shell.out(`${page.id}\n`)
  if (options.out !== undefined) return
  if (shell.isErrTerminal && !options.raw) note(shell, options, headline(page, await calledBy(cli)))
  await shell.out(shell.isOutTerminal && !options.raw ? harmless(page.text) : page.text)
}

/** What somebody wrote into a file that was got before is nowhere else. Throws ALREADY_EXISTS. */
async function refuseUnpublished(cli: Cli, target: string, name: string): Promise<void> {
  const { baseOf } = await import('./bases.ts')
  const base = baseOf(cli, target)
  if (base === undefined || !existsSync(target)) return
  const [id, second] = base.parents
  if (id !== undefined && second === undefined && !base.hasMarkers) {
    const { text } = await cli.client().ask<PageJson>('/v1/get', { query: { id } })
    if (readFileSync(target).equals(Buffer.from(text))) return
  }
  throw new SheafError('ALREADY_EXISTS', `${name} was changed since it was got, and not published`, {
    hint: `sheaf publish ${name}, or --force to write over it`,
  })
}

function whyJson({ text: _, file: __, ...about }: PageJson) {
  return about
}

/** The rule that decided, and each step on the way: at which fork, for which side, against which. */
function whyText({ page, id, author, why, choices, otherTips, redirectedFrom }: PageJson): string {
  const rows = [
    ['page', page],
    ...(redirectedFrom === null ? [] : [['led to by', redirectedFrom]]),
    ['head', `${id} by @${author}`],
    ['why', why],
    ...choices.flatMap(({ rule, at, chosen, among, by }) => [
      ['step', `${rule}${at === null ? '' : `, at the fork behind ${at}`}${by === null ? '' : `, by ${by}`}`],
      ...[{ id: chosen }, ...among.filter(({ id: side }) => side !== chosen)].map(({ id: side }, i) => {
        const weight = among.find((one) => one.id === side)
        const weighed = weight && `  bookmarks ${weight.bookmarks}, trust ${weight.trust}`
        return ['', `${i === 0 ? 'for' : 'over'} ${side}${weighed ?? ''}`]
      }),
    ]),
    ...otherTips.map((tip) => ['beside', tip]),
  ]
  return columns(rows.map((row) => row.map(oneLine)))
}

async function* textChunks(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

async function getHtml(cli: Cli, what: string, options: GetOptions): Promise<void> {
  const { shell } = cli
  if (options.out !== undefined || options.range !== undefined) {
    throw new SheafError('BAD_ARGUMENT', 'with --html there is neither --out nor --range')
  }
  const { timeoutMs, deadlineMs } = timesOf(options)
  const images = options.images ? 'shown' : 'linked'
  const page = await cli
    .client(deadlineMs)
    .ask<RenderedJson>('/v1/render', { query: { ...targetArgument(what), timeoutMs, images } })
  if (options.quiet) await shell.out(`${page.id}\n`)
  else {
    if (shell.isErrTerminal) note(shell, options, headline(page, await calledBy(cli)))
    await tellRendered(shell, options, page, `${page.html}\n`)
  }
}

function headline(shown: Omit<PageJson, 'text'>, called: Called): string {
  const { page, id, author, why, otherTips, redirectedFrom } = shown
  const from = redirectedFrom === null ? '' : `, redirected from ${redirectedFrom}`
  const others = otherTips.length === 0 ? '' : `, beside ${count(otherTips.length, 'other tip')}`
  return oneLine(`${page}${from}: version ${id} by @${author}${called(author)} (${why}${others})`)
}
