/** `sheaf restore`: a home from a backup. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type Cli, type CommonOptions, examples, jsonLine, note, progressOf } from './cli.ts'
import { count } from './shown.ts'

const NEW_LIFE =
  'a new incarnation begins: promises that the old home gave to others end, and what waits for holders goes on'
const NO_KEYS =
  'there are no keys in it: put your identity.json into the home, or run sheaf init for another one'

export function register(program: Command, cli: Cli): void {
  program
    .command('restore')
    .argument('<FILE>', 'a file that sheaf backup made')
    .summary('make a home from a backup')
    .description(
      'Makes the home that --home names, which must not be there yet or be empty. Every byte is checked before anything counts; a file that is cut or changed is refused, and nothing is left behind. Never run the restored home and the one that was backed up at the same time: they are one device.',
    )
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print nothing')
    .addHelpText('after', examples('sheaf --home new restore sheaf.backup'))
    .action((file: string, options: CommonOptions) => restore(cli, file, options))
}

async function restore(cli: Cli, file: string, options: CommonOptions): Promise<void> {
  const { shell } = cli
  const { randomBytes } = await import('node:crypto')
  const { describeBlock } = await import('../content/block.ts')
  const { restoreBackup } = await import('../node/io/backup/restore.ts')
  const progress = progressOf(shell, options)
  const summary = await restoreBackup({
    file: resolve(shell.cwd, file),
    paths: cli.paths(),
    describe: describeBlock,
    random: (length) => randomBytes(length),
    tell: (blocks) => progress.show(`${count(blocks, 'block')} so far`),
    signal: shell.signal,
  }).finally(() => progress.clear())
  const { home, madeMs, blocks, notes, hasKeys } = summary
  const incarnation = Buffer.from(summary.incarnation).toString('hex')
  const oldIncarnation = Buffer.from(summary.oldIncarnation).toString('hex')
  if (options.json) {
    await shell.out(jsonLine({ home, madeMs, blocks, notes, hasKeys, incarnation, oldIncarnation }))
    return
  }
  if (options.quiet) return
  const day = new Date(madeMs).toISOString().slice(0, 10)
  await shell.out(`${count(blocks, 'block')} and ${count(notes, 'note')} of ${day} are in ${home}\n`)
  note(shell, options, NEW_LIFE)
  if (!hasKeys) note(shell, options, NO_KEYS)
}
