/** A daemon without a terminal: this program again, which tells how its start went and then stands alone. */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { asSheafError, SheafError } from '../base/errors.ts'
import { errorFrom } from '../node/io/control/failure.ts'
import type { StatusJson } from '../node/io/control/shapes.ts'
import { makePrivateFolder } from '../node/io/paths.ts'
import type { Cli } from './cli.ts'
import { type ConfigFlags, flagArguments } from './config-flags.ts'
import { passphraseFor } from './passphrase.ts'

/** What it tells the process that started it. */
type Word = { type: 'started'; entity: string } | { type: 'failed'; error: unknown }

const ANSWER_WITHIN_MS = 10_000
const LOOK_EVERY_MS = 250

/** The daemon of this home, started unless it runs. */
export async function ensureRunning(cli: Cli, flags: ConfigFlags): Promise<{ pid: number; isNew: boolean }> {
  for (const giveUpMs = Date.now() + ANSWER_WITHIN_MS; ; ) {
    try {
      const { pid } = await cli.client(ANSWER_WITHIN_MS).ask<StatusJson>('/v1/status')
      return { pid, isNew: false }
    } catch (error) {
      if (asSheafError(error).code !== 'NOT_RUNNING') throw error
    }
    try {
      const { pid } = await startDetached(cli, flags)
      return { pid, isNew: true }
    } catch (error) {
      // One that does not answer and has the home is at its start or its end.
      if (asSheafError(error).code !== 'ALREADY_RUNNING' || Date.now() > giveUpMs) throw error
    }
    await sleep(LOOK_EVERY_MS)
  }
}

/** Starts this program again without a terminal; resolves when it answers, throws what it failed with. */
export async function startDetached(cli: Cli, flags: ConfigFlags): Promise<{ pid: number; entity: string }> {
  const paths = cli.paths()
  if (cli.shell.signal.aborted) throw new SheafError('CANCELLED', 'no daemon was started')
  makePrivateFolder(dirname(paths.log))
  // What is not logged, such as a crash of the runtime, lands there too.
  const log = openSync(paths.log, 'a', 0o600)
  const main = fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url),
  )
  const home = cli.home()
  // Asked for here, where the terminal is. An environment is for the eyes of its user, as the file of the keys is.
  const passphrase = await passphraseFor(cli)
  const given = passphrase && {
    SHEAF_PASSPHRASE: Buffer.from(passphrase).toString(),
    SHEAF_PASSPHRASE_FILE: '',
  }
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      main,
      ...(home === undefined ? [] : ['--home', home]),
      'start',
      '--detached',
      ...flagArguments(flags),
    ],
    {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      cwd: cli.shell.cwd,
      env: { ...cli.shell.env, ...given },
    },
  )
  closeSync(log)
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const give = () => child.kill('SIGTERM')
  cli.shell.signal.addEventListener('abort', give, { once: true })
  try {
    const word = await new Promise<Word>((resolve, reject) => {
      child.once('message', (message) => resolve(message as Word))
      child.once('error', reject)
      child.once('exit', (code, signal) =>
        reject(
          new SheafError('INTERNAL', `the daemon ended at its start (${signal ?? `exit ${code}`})`, {
            hint: `its last words are in ${paths.log}`,
          }),
        ),
      )
    })
    // It was told to end as it said that it had started.
    if (cli.shell.signal.aborted) await gone
    if (cli.shell.signal.aborted || word.type === 'failed') throw errorFrom(word)
    return { pid: child.pid!, entity: word.entity }
  } catch (error) {
    throw cli.shell.signal.aborted
      ? new SheafError('CANCELLED', 'the daemon was stopped')
      : asSheafError(error)
  } finally {
    cli.shell.signal.removeEventListener('abort', give)
    if (child.connected) child.disconnect()
    child.unref()
  }
}

/** In the daemon: how its start went. Says nothing where nobody listens. */
export function tellParent(word: Word): void {
  if (process.send === undefined || !process.connected) return
  process.send(word, undefined, {}, () => {
    if (process.connected) process.disconnect()
  })
}
