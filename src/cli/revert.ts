/** `sheaf revert`: a page says again what it said in an earlier version. */
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import { diffTexts } from '../content/diff.ts'
import type { PageJson, VersionJson } from '../node/io/control/shapes.ts'
import { confirm } from './asking.ts'
import { type Cli, examples, jsonLine, PAGE_HELP } from './cli.ts'
import { differenceText } from './difference.ts'
import { headIn, pageLog, tipsIn } from './page-log.ts'
import { type PageLine, sendFresh, tellSent, type WriteOptions, withWriteOptions } from './sending.ts'
import { sizeText } from './shown.ts'

interface RevertOptions extends WriteOptions {
  readonly yes?: boolean
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('revert')
    .summary('go back to an earlier version of a page')
    .description(
      'Shows what would change, asks, and publishes a version that says what the named one said. Nothing is lost: what ' +
        'was there in between stays in the history.',
    )
    .argument('<PAGE>', PAGE_HELP)
    .argument('<VERSION>', 'the id of a version in its history')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only show what would change')
  withWriteOptions(command)
    .addHelpText('after', examples('sheaf revert garden/bees VERSION --dry-run'))
    .action((page: string, id: string, options: RevertOptions) => revert(cli, page, id, options))
}

async function revert(cli: Cli, name: string, id: string, options: RevertOptions): Promise<void> {
  const { shell } = cli
  const log = await pageLog(cli, name, { ...options, fresh: true })
  const wanted = log.versions.find((version) => version.id === id)
  if (wanted === undefined) {
    throw new SheafError('NOT_FOUND', `no version ${id} in the history of ${log.page}`, {
      hint: 'sheaf log prints the ids',
    })
  }
  const head = headIn(log)
  const [before, after] = [await textOf(cli, head), await textOf(cli, wanted)]
  const difference = diffTexts(before, after)
  if (!options.json && !options.quiet) {
    await shell.out(differenceText(shell, difference, { before: head.id, after: wanted.id }))
    for (const [mark, { id, content, textBytes }] of [
      ['-', head],
      ['+', wanted],
    ] as const)
      if (content === 'file') await shell.out(`${mark} the file of ${id}, ${sizeText(textBytes)}\n`)
  }
  if (options.dryRun) {
    return options.json ? shell.out(jsonLine({ page: log.page, isDryRun: true, difference })) : undefined
  }
  if (!isSame(head, wanted, before === after))
    await confirm(shell, `Publish this as the next version of ${log.page}?`, options)
  const line = lineOf(wanted, after, { page: log.page, parents: tipsIn(log).map((tip) => tip.id) })
  const sent = await sendFresh(cli, [line], options, options.message ?? `Back to ${id}`)
  await tellSent(cli, sent, options)
}

/** Whether the page says already what it is to say again: then nothing is published, and nobody asked. */
function isSame(head: VersionJson, wanted: VersionJson, areTextsEqual: boolean): boolean {
  if (head.id === wanted.id) return true
  return (
    head.content === wanted.content &&
    head.content !== 'file' &&
    head.redirect === wanted.redirect &&
    areTextsEqual
  )
}

/** Empty for a version without a text. */
async function textOf(cli: Cli, { id, content }: VersionJson): Promise<string> {
  if (content !== 'text') return ''
  return (await cli.client().ask<PageJson>('/v1/get', { query: { id } })).text
}

function lineOf({ content, redirect, id }: VersionJson, text: string, place: PageLine): PageLine {
  if (content === 'text') return { ...place, text }
  if (content === 'deleted') return { ...place, delete: true }
  if (redirect !== null) return { ...place, redirect }
  return { ...place, file: id }
}
