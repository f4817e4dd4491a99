/** `sheaf merge`: the tips of a page become one. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import type { MergeJson, StatusJson, VersionJson } from '../node/io/control/shapes.ts'
import { confirm } from './asking.ts'
import { rememberBase } from './bases.ts'
import { type Cli, examples, jsonLine, note, PAGE_HELP } from './cli.ts'
import { differenceText } from './difference.ts'
import { writeWhole } from './get-file.ts'
import { askMerge, tellConflicts } from './made.ts'
import { headIn, type PageLog, pageLog, tipsIn } from './page-log.ts'
import {
  type PageLine,
  type Sent,
  sendFresh,
  tellSent,
  type WriteOptions,
  withWriteOptions,
} from './sending.ts'
import { count, oneLine } from './shown.ts'

interface MergeOptions extends WriteOptions {
  readonly yes?: boolean
  readonly out?: string
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('merge')
    .summary('join the forks of a page')
    .description(
      "Merges the owner's tips of a page, or the versions that are named, such as proposals of others, with its head: what " +
        'only one side changed is taken. Shows what would change, asks, and publishes a version with both parents. What ' +
        'both changed is shown between markers, and nothing is published; --out writes it to a file to be decided and ' +
        'published.',
    )
    .argument('<PAGE>', PAGE_HELP)
    .argument('[VERSION...]', 'ids of tips; else those of the owner of the space')
    .option(
      '--out <FILE>',
      'write what both make to a file, with conflicts between markers, and publish nothing',
    )
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only show what would change')
  withWriteOptions(command)
    .addHelpText('after', examples('sheaf merge garden/bees', 'sheaf merge garden/bees --dry-run'))
    .action((page: string, ids: string[], options: MergeOptions) => merge(cli, page, ids, options))
}

async function merge(cli: Cli, name: string, ids: readonly string[], options: MergeOptions): Promise<void> {
  const { shell } = cli
  const log = await pageLog(cli, name, { ...options, fresh: true })
  const wanted = await wantedTips(cli, log, ids)
  if (wanted.length === 0) return nothingToMerge(cli, log, options)
  let head = headIn(log).id
  let last: Sent | undefined
  for (const id of wanted) {
    const found = await askMerge(cli, { page: log.page, ours: id, theirs: head })
    if (options.out !== undefined) return writeOut(cli, found, options.out, options)
    if (found.conflicts.length > 0) {
      await tellConflicts(cli, found, options)
      throw new SheafError(
        'CONFLICT',
        `${count(found.conflicts.length, 'place')} both changed; nothing was published`,
        {
          hint: `sheaf merge ${log.page} ${id} --out FILE`,
        },
      )
    }
    await show(cli, found, options)
    if (options.dryRun) continue
    await confirm(shell, `Publish the merge of ${id} into ${log.page}?`, options)
    last = await sendFresh(cli, [lineOf(found)], options, options.message ?? 'Merge')
    head = last.stored[0]!.id
  }
  if (last !== undefined) await tellSent(cli, last, options)
}

/** The named versions; else the owner's tips beside the head; in somebody else's space our own proposals. */
async function wantedTips(cli: Cli, log: PageLog, ids: readonly string[]): Promise<string[]> {
  const head = headIn(log)
  if (ids.length > 0) {
    const unknown = ids.find((id) => !log.versions.some((version) => version.id === id))
    if (unknown === undefined) return ids.filter((id) => id !== head.id)
    throw new SheafError('NOT_FOUND', `no version ${unknown} in the history of ${log.page}`)
  }
  const owners = tipsIn(log).filter(({ id }) => id !== head.id)
  if (owners.length > 0) return owners.map(({ id }) => id)
  const { entity } = await cli.client().ask<StatusJson>('/v1/status')
  return proposalsIn(log)
    .filter(({ author }) => author === entity)
    .map(({ id }) => id)
}

/** Tips of others than the owner. */
function proposalsIn(log: PageLog): VersionJson[] {
  const tips = new Set(tipsIn(log).map(({ id }) => id))
  return log.versions.filter(({ isTip, id }) => isTip && !tips.has(id))
}

async function nothingToMerge({ shell }: Cli, log: PageLog, options: MergeOptions): Promise<void> {
  const proposals = proposalsIn(log).map(({ id, author }) => ({ id, author }))
  if (options.json) return shell.out(jsonLine({ page: log.page, versions: [], proposals }))
  if (options.quiet) return
  await shell.out(`${log.page} has no fork\n`)
  for (const { id, author } of proposals) note(shell, options, `proposal ${id} by @${author}`)
  if (proposals.length > 0) note(shell, options, 'name one to merge it')
}

async function show({ shell }: Cli, found: MergeJson, options: MergeOptions): Promise<void> {
  const { page, ours, theirs, difference, text } = found
  if (options.json) {
    if (options.dryRun) await shell.out(jsonLine({ page, isDryRun: true, ours, theirs, text, difference }))
    return
  }
  if (options.quiet) return
  const after = text === null ? 'deleted' : `merged with ${ours}`
  await shell.out(differenceText(shell, difference, { before: theirs, after }))
  if (difference.hunks.length === 0)
    note(shell, options, 'it changes nothing in the text, and joins the tips')
}

function lineOf({ page, ours, theirs, text }: MergeJson): PageLine {
  const both = { page, parents: [theirs, ours!] }
  return text === null ? { ...both, delete: true } : { ...both, text }
}

/** The file is published with `sheaf publish`, which knows then what it was made from. */
async function writeOut(cli: Cli, found: MergeJson, name: string, options: MergeOptions): Promise<void> {
  const { shell } = cli
  const { page, ours, theirs, text, conflicts } = found
  const file = resolve(shell.cwd, name)
  await writeWhole(file, chunksOf(text ?? ''))
  rememberBase(cli, file, { page, parents: [theirs, ours!], hasMarkers: conflicts.length > 0 })
  if (options.json) return shell.out(jsonLine({ page, ours, theirs, file, conflicts }))
  const places =
    conflicts.length === 0 ? 'no conflict' : `${count(conflicts.length, 'conflict')} between markers`
  await shell.out(oneLine(`${name}: ${places}`).concat('\n'))
  note(shell, options, `when it says what it should: sheaf publish ${name}`)
}

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
