/** `sheaf delete`: a page goes; its versions stay readable by their ids. */
import type { Command } from 'commander'
import { confirm } from './asking.ts'
import { type Cli, examples, jsonLine, PAGE_HELP } from './cli.ts'
import { headIn, pageLog, tipsIn } from './page-log.ts'
import { sendFresh, tellSent, type WriteOptions, withWriteOptions } from './sending.ts'
import { oneLine, sizeText } from './shown.ts'

interface DeleteOptions extends WriteOptions {
  readonly yes?: boolean
}

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('delete')
    .summary('delete a page')
    .description(
      'Publishes a version that says the page is deleted, and takes it off the list of your space. What it said before ' +
        'stays readable by the ids that sheaf log prints, and sheaf revert brings it back.',
    )
    .argument('<PAGE>', PAGE_HELP)
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only say what would be deleted')
  withWriteOptions(command)
    .addHelpText('after', examples('sheaf delete garden/bees --dry-run', 'sheaf delete garden/bees --yes'))
    .action((page: string, options: DeleteOptions) => deletePage(cli, page, options))
}

async function deletePage(cli: Cli, name: string, options: DeleteOptions): Promise<void> {
  const { shell } = cli
  const log = await pageLog(cli, name, { ...options, fresh: true })
  const head = headIn(log)
  const tips = tipsIn(log).map(({ id }) => id)
  if (options.dryRun) {
    const text = `would delete ${log.page}: version ${head.id}, ${sizeText(head.textBytes)}\n`
    return shell.out(
      options.json
        ? jsonLine({ page: log.page, isDryRun: true, replaces: tips })
        : oneLine(text.trim()).concat('\n'),
    )
  }
  if (head.content !== 'deleted') {
    await confirm(
      shell,
      oneLine(`Delete ${log.page} (${sizeText(head.textBytes)}, version ${head.id})?`),
      options,
    )
  }
  const sent = await sendFresh(cli, [{ page: log.page, delete: true, parents: tips }], options)
  await tellSent(cli, sent, options)
}
