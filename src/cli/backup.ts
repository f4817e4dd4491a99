/** `sheaf backup`: everything of this home in one file. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { BackupSummary } from '../node/commands.ts'
import { type Cli, type CommonOptions, examples, jsonLine, note, progressOf } from './cli.ts'
import { count, sizeText } from './shown.ts'
import { runningOr, withStoppedHome } from './stopped-home.ts'

interface BackupFlags extends CommonOptions {
  readonly keys: boolean
}

export function register(program: Command, cli: Cli): void {
  program
    .command('backup')
    .argument('<FILE>', 'the file to make; one that exists is not touched')
    .summary('put everything of this home into one file')
    .description(
      'Writes all blocks, what waits for holders, their promises, the configuration and your keys into one new file of mode 0600, whether the node runs or not. Whoever has the file can sign as you, unless it was made with --without-keys.',
    )
    .option('--without-keys', 'leave the identity out')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print nothing')
    .addHelpText('after', examples('sheaf backup sheaf.backup', 'sheaf backup pages.backup --without-keys'))
    .action((file: string, options: CommonOptions & { withoutKeys?: boolean }) =>
      backup(cli, file, { ...options, keys: options.withoutKeys !== true }),
    )
}

async function backup(cli: Cli, file: string, options: BackupFlags): Promise<void> {
  const { shell } = cli
  const path = resolve(shell.cwd, file)
  const progress = progressOf(shell, options)
  const tell = (blocks: number): void => progress.show(`${count(blocks, 'block')} so far`)
  const summary = await runningOr(
    () => ask(cli, path, options, tell),
    () => backUpStopped(cli, path, options, tell),
  ).finally(() => progress.clear())
  if (options.json) await shell.out(jsonLine(summary))
  else if (!options.quiet) {
    await shell.out(
      `${count(summary.blocks, 'block')} and ${count(summary.notes, 'note')} in ${path}, ${sizeText(summary.bytes)}\n`,
    )
    if (summary.hasKeys) note(shell, options, 'your keys are in it: whoever has this file can sign as you')
  }
}

async function ask(
  cli: Cli,
  path: string,
  { keys }: BackupFlags,
  tell: (blocks: number) => void,
): Promise<BackupSummary> {
  const lines = cli.client().stream('/v1/backup', { method: 'POST', json: { path, keys } })
  for await (const { type, ...fields } of lines) {
    if (type === 'progress') tell(fields.blocks as number)
    if (type === 'done') return fields as unknown as BackupSummary
  }
  const { SheafError } = await import('../base/errors.ts')
  throw new SheafError('CANCELLED', 'the daemon ended before the backup was whole')
}

async function backUpStopped(
  cli: Cli,
  path: string,
  { keys }: BackupFlags,
  tell: (blocks: number) => void,
): Promise<BackupSummary> {
  const { writeBackup } = await import('../node/io/backup/backup.ts')
  const { readNames } = await import('../node/io/names-file.ts')
  const { readRules } = await import('../node/io/rules-file.ts')
  return withStoppedHome(cli, {}, ({ paths, store }) =>
    writeBackup(store, {
      path,
      incarnation: store.incarnation,
      files: { identity: keys ? paths.identity : undefined, config: paths.config },
      rules: readRules(paths.home),
      names: readNames(paths.home),
      nowMs: Date.now(),
      tell,
      signal: cli.shell.signal,
    }),
  )
}
