/** `sheaf stop`: ends the daemon, and waits until it has. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import { type Cli, type CommonOptions, examples, jsonLine } from './cli.ts'

const ASK_WITHIN_MS = 10_000
/** Closing the store writes what is left, and takes seconds on a slow disk. */
const STOP_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 20

export function register(program: Command, cli: Cli): void {
  program
    .command('stop')
    .summary('end the daemon')
    .description('Ends the daemon of this home cleanly, and returns when it has ended.')
    .option('--json', 'as one JSON object')
    .option('-q, --quiet', 'print only its process id')
    .addHelpText('after', examples('sheaf stop'))
    .action((options: CommonOptions) => stop(cli, options))
}

async function stop(cli: Cli, options: CommonOptions): Promise<void> {
  const { pid } = await cli.client(ASK_WITHIN_MS).ask<{ pid: number }>('/v1/stop', { method: 'POST' })
  const giveUpMs = Date.now() + STOP_WITHIN_MS
  while (pid !== process.pid && isRunning(pid)) {
    if (cli.shell.signal.aborted) throw new SheafError('CANCELLED', `process ${pid} is still stopping`)
    if (Date.now() > giveUpMs) {
      throw new SheafError('TIMEOUT', `process ${pid} has not ended within ${STOP_WITHIN_MS / 1000} s`, {
        hint: `kill -9 ${pid} loses nothing that was acknowledged`,
      })
    }
    await sleep(LOOK_EVERY_MS)
  }
  const { shell } = cli
  if (options.json) await shell.out(jsonLine({ pid, isStopped: true }))
  else await shell.out(options.quiet ? `${pid}\n` : `stopped (process ${pid})\n`)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
