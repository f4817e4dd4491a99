/** What the commands share: their shell, the home they are about, the daemon they ask. */
import type { Command } from 'commander'
import { SheafError } from '../base/errors.ts'
import { ControlClient } from '../node/io/control/client.ts'
import { type Paths, pathsOf } from '../node/io/paths.ts'
import type { Shell } from './shell.ts'

export interface Cli {
  readonly shell: Shell
  /** What `--home` says. */
  home(): string | undefined
  /** The program with all its commands, of which else only the one that was asked for is loaded. */
  whole(): Promise<Command>
  /** Files of the home that `--home`, SHEAF_HOME or XDG name. */
  paths(): Paths
  /** The daemon of that home; asking fails with NOT_RUNNING where there is none. */
  client(deadlineMs?: number): ControlClient
}

/** Options that most commands have. */
export interface CommonOptions {
  readonly json?: boolean
  readonly quiet?: boolean
  readonly timeout?: string
}

/** What each command's file exports. */
export interface CommandModule {
  register(program: Command, cli: Cli): void | Promise<void>
}

export const PAGE_HELP = '@ENTITY/path, @name/path (sheaf name), or path for a page of your own space'
export const SPACE_HELP = '@ENTITY, @name (sheaf name) or %GROUP; @me is your own space'

/** Looks like an id; the daemon reads it, so that not every command loads what does. */
const ID_LIKE = /^[a-z2-7]{52}$/
/** The longest that a look-up may be given. */
const TIMEOUT_SECONDS_MAX = 60
/** What the daemon's answer may take beyond the time it was given. */
const ANSWER_WITHIN_MS = 15_000

export function cliOf(shell: Shell, home: () => string | undefined, whole: () => Promise<Command>): Cli {
  const paths = () => pathsOf(home(), shell.env, shell.cwd)
  return {
    shell,
    home,
    whole,
    paths,
    client: (deadlineMs) =>
      new ControlClient({
        socketPath: paths().socket,
        signal: shell.signal,
        ...(deadlineMs !== undefined && { deadlineMs }),
      }),
  }
}

/** A command as it is to be typed for this home. */
export function commandText(home: string | undefined, ...words: string[]): string {
  const named = home === undefined ? [] : ['--home', home]
  return ['sheaf', ...named, ...words].map(shellWord).join(' ')
}

/** Text as a POSIX shell takes it for one word. */
export function shellWord(text: string): string {
  return /^[\w./~@%:,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** The examples that stand below a command's help. */
export function examples(...lines: string[]): string {
  return `\nExample${lines.length === 1 ? '' : 's'}:\n${lines.map((line) => `  $ ${line}\n`).join('')}`
}

/** A page in the text form of the control API. */
export function pageArgument(text: string): string {
  return text.startsWith('@') || text.startsWith('%') ? text : `@me/${text}`
}

/** 52 letters without a slash are an id; write `@me/…` for a page that is called like one. */
export function targetArgument(text: string): { page: string } | { id: string } {
  return ID_LIKE.test(text) ? { id: text } : { page: pageArgument(text) }
}

/** `--timeout`, as the daemon takes it and as the deadline of the call. */
export function timesOf(options: CommonOptions, secondsMax = TIMEOUT_SECONDS_MAX) {
  if (options.timeout === undefined) return { timeoutMs: undefined, deadlineMs: undefined }
  const timeoutMs = millisecondsArgument('--timeout', options.timeout, secondsMax)
  if (timeoutMs === 0) throw new SheafError('BAD_ARGUMENT', '--timeout takes more than 0 seconds')
  return { timeoutMs, deadlineMs: timeoutMs + ANSWER_WITHIN_MS }
}

/** Seconds as a person gives them, `2` or `0.5`, in whole milliseconds: 1.001 · 1000 is no whole number. */
export function millisecondsArgument(option: string, text: string, max: number): number {
  const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN
  if (seconds >= 0 && seconds <= max) return Math.round(1000 * seconds)
  throw new SheafError('BAD_ARGUMENT', `${option} takes seconds, at most ${max}`)
}

export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}

/** Says how far something is; only where a person watches, and in one line that is written over. */
export function progressOf(
  shell: Shell,
  options: CommonOptions,
): { show(text: string): void; clear(): void } {
  const isWanted = shell.isErrTerminal && options.quiet !== true && options.json !== true
  return {
    show: (text) => {
      if (isWanted) shell.err(`\r\u001b[2K${text}`)
    },
    clear: () => {
      if (isWanted) shell.err('\r\u001b[2K')
    },
  }
}

/** Words beside the answer: for a person, so neither with --json nor with -q. */
export function note(shell: Shell, options: CommonOptions, text: string): void {
  if (options.quiet !== true && options.json !== true) shell.err(`${text}\n`)
}
