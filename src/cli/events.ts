/** `sheaf events`: what happens in the node, as it happens, over its restarts. */
import type { Command } from 'commander'
import { asSheafError, SheafError } from '../base/errors.ts'
import { ControlClient } from '../node/io/control/client.ts'
import { type Cli, type CommonOptions, examples, jsonLine, note } from './cli.ts'
import { nextDaemon } from './next-daemon.ts'
import { count, oneLine } from './shown.ts'

interface EventsOptions extends CommonOptions {
  readonly since?: string
  readonly count?: string
}

interface EventJson {
  id: number
  timeMs: number
  type: string
  [field: string]: unknown
}

/** The longest that a timer takes: a node to which nothing happens for days is no failure. */
const QUIET_MS_MAX = 2 ** 31 - 1
/** Of a value in text form. */
const VALUE_LETTERS_MAX = 80

export function register(program: Command, cli: Cli): void {
  program
    .command('events')
    .summary('what happens in the node, as it happens')
    .description(
      'Prints the last 2,000 events that the node remembers, then new ones, until Ctrl-C. Where the daemon ends, it ' +
        'says so, waits for the next one, and goes on with that: its ids begin at 1 again.',
    )
    .option('--since <ID>', 'only events after this one')
    .option('--count <N>', 'end with 0 after so many')
    .option('--json', 'as NDJSON, an object for each event')
    .option('-q, --quiet', 'no words about gaps and restarts')
    .addHelpText(
      'after',
      examples('sheaf events', 'sheaf events --json --count 10', 'sheaf events --since 120'),
    )
    .action((options: EventsOptions) => events(cli, options))
}

async function events(cli: Cli, options: EventsOptions): Promise<void> {
  const { shell } = cli
  let last = options.since === undefined ? 0 : wholeArgument('--since', options.since)
  let left = options.count === undefined ? Number.POSITIVE_INFINITY : wholeArgument('--count', options.count)
  const client = new ControlClient({
    socketPath: cli.paths().socket,
    signal: shell.signal,
    deadlineMs: QUIET_MS_MAX,
  })
  for (let isFirst = true; left > 0; isFirst = false) {
    if (!isFirst) {
      note(shell, options, 'the daemon has ended; waiting for the next one')
      await nextDaemon(cli)
      note(shell, options, 'a daemon is back: its events begin at 1')
      last = 0
    }
    try {
      for await (const line of client.stream('/v1/events', { query: { since: last } })) {
        if (line.type === 'listening') continue
        const event = line as unknown as EventJson
        const gap = event.id - last - 1
        if (gap > 0 && last > 0)
          note(shell, options, `${count(gap, 'event')} before ${event.id} are no longer kept`)
        last = event.id
        await shell.out(options.json ? jsonLine(event) : `${eventText(event)}\n`)
        left -= 1
        if (left <= 0) return
      }
    } catch (error) {
      if (isFirst || asSheafError(error).code !== 'NOT_RUNNING') throw error
    }
    if (shell.signal.aborted) throw new SheafError('CANCELLED', 'cancelled')
  }
}

function eventText({ id, timeMs, type, ...fields }: EventJson): string {
  const values = Object.entries(fields).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return `${name}=${text.slice(0, VALUE_LETTERS_MAX)}`
  })
  return oneLine([id, new Date(timeMs).toISOString(), type, ...values].join('  '))
}

function wholeArgument(option: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new SheafError('BAD_ARGUMENT', `${option} takes a whole number`)
}
