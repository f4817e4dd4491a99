/** `sheaf start`: the daemon, in the foreground or on its own. */
import { dirname } from 'node:path'
import { type Command, Option as Flag } from 'commander'
import type { Logger } from 'pino'
import { SheafError } from '../base/errors.ts'
import type { Config } from '../node/io/config/options.ts'
import { failureOf } from '../node/io/control/failure.ts'
import { makePrivateFolder, type Paths } from '../node/io/paths.ts'
import { type Cli, type CommonOptions, examples, jsonLine } from './cli.ts'
import { addConfigFlags, type ConfigFlags, configOf } from './config-flags.ts'
import { startDetached, tellParent } from './detached.ts'
import { passphraseFor } from './passphrase.ts'

interface StartOptions extends CommonOptions {
  readonly daemon?: boolean
  /** Set by the parent of a detached daemon: log to the file, and tell the parent how it went. */
  readonly detached?: boolean
}

/** Words that could not be written wait for the next ones, up to so many bytes. */
const LOG = { sync: true, maxLength: 1024 * 1024 } as const

export function register(program: Command, cli: Cli): void {
  const command = program
    .command('start')
    .summary('run the node')
    .description(
      'Runs the node until SIGINT, SIGTERM or `sheaf stop`. Logs go to stderr, with --daemon to a file.',
    )
    .option('--daemon', 'detach: return as soon as the node answers')
    .option('--json', 'say that it has started as one JSON object; log JSON')
    .option('-q, --quiet', 'print only its process id')
    .addOption(new Flag('--detached').hideHelp())
  addConfigFlags(command)
    .addHelpText(
      'after',
      examples(
        'sheaf start',
        'sheaf start --daemon --quota-mb 4096',
        'sheaf start --bootstrap 127.0.0.1:49737 --host 127.0.0.1',
      ),
    )
    .action((options: StartOptions & ConfigFlags) => start(cli, options))
}

async function start(cli: Cli, options: StartOptions & ConfigFlags): Promise<void> {
  const { shell } = cli
  const paths = cli.paths()
  const config = configOf(cli, options)
  const { hasIdentity } = await import('../node/io/identity/identity.ts')
  if (!hasIdentity(paths.identity)) {
    throw new SheafError('NO_IDENTITY', `there is no identity at ${paths.identity}`, { hint: 'sheaf init' })
  }
  if (options.daemon) {
    const { pid, entity } = await startDetached(cli, options)
    await shell.out(startedText(options, { pid, entity, socket: paths.socket, log: paths.log }))
    return
  }
  try {
    await runHere(cli, options, config, paths)
  } catch (error) {
    tellParent({ type: 'failed', error: failureOf(error) })
    throw error
  }
}

async function runHere(cli: Cli, options: StartOptions, config: Config, paths: Paths): Promise<void> {
  const { shell } = cli
  const logger = await openLog(cli, options, config, paths)
  const { startDaemon } = await import('../node/io/daemon.ts')
  const { serveControl } = await import('../node/io/control/server.ts')
  const passphrase = await passphraseFor(cli)
  const daemon = await startDaemon({ config, paths, logger, passphrase, serveControl })
  const stop = () => void daemon.close()
  if (shell.signal.aborted) stop()
  else shell.signal.addEventListener('abort', stop, { once: true })
  const { entity } = await daemon.api.run({ type: 'status' })
  const { idToText } = await import('../base/text-id.ts')
  const name = entity === undefined ? '' : idToText(entity)
  if (options.detached) tellParent({ type: 'started', entity: name })
  else
    await shell.out(startedText(options, { pid: process.pid, entity: name, socket: paths.socket, log: null }))
  await daemon.closed
  shell.signal.removeEventListener('abort', stop)
}

/** Text where a person watches, JSON otherwise. Synchronous: the last words before an end are the ones that matter. */
async function openLog(cli: Cli, options: StartOptions, config: Config, paths: Paths): Promise<Logger> {
  const { pino } = await import('pino')
  const level = config.logLevel
  if (options.detached) {
    makePrivateFolder(dirname(paths.log))
    const { RotatingLog } = await import('../node/io/rotating-log.ts')
    return pino({ level }, new RotatingLog(paths.log))
  }
  if (!cli.shell.isErrTerminal || options.json)
    return pino({ level }, lasting(pino.destination({ fd: 2, ...LOG })))
  const { default: pretty } = await import('pino-pretty')
  return pino({ level }, pretty({ destination: 2, sync: true, colorize: !cli.shell.env.NO_COLOR }))
}

/** A log that cannot be written, on a full disk say, loses words and does not end the node. */
function lasting<T extends { on(event: 'error', listener: () => void): unknown }>(destination: T): T {
  destination.on('error', () => {})
  return destination
}

function startedText(
  options: CommonOptions,
  started: { pid: number; entity: string; socket: string; log: string | null },
): string {
  if (options.json) return jsonLine(started)
  if (options.quiet) return `${started.pid}\n`
  const where = started.log === null ? '' : `\nits log is ${started.log}`
  return `running as process ${started.pid}, you are @${started.entity}${where}\n`
}
