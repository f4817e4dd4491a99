/** What a command has around it: streams, environment, folder, and the wish that it end. */
import { once } from 'node:events'

export interface Shell {
  /** To stdout; resolves when there is room for more. */
  out(chunk: string | Uint8Array): Promise<void>
  /** To stderr. */
  err(text: string): void
  readonly isOutTerminal: boolean
  readonly isErrTerminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Aborts on SIGINT and SIGTERM; a second one ends the process at once. */
  readonly signal: AbortSignal
}

/** As shells have it for a program that a signal ended: 128 and SIGINT's number. */
const KILLED_EXIT = 130

/** The shell that this process was started from. */
export function processShell(): Shell {
  const { stdout, stderr } = process
  const ending = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (ending.signal.aborted) process.exit(KILLED_EXIT)
      ending.abort()
    })
  }
  // Whoever reads has enough, as in `sheaf log PAGE | head`.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  }
  return {
    async out(chunk) {
      if (!stdout.write(chunk)) await once(stdout, 'drain')
    },
    err: (text) => void stderr.write(text),
    isOutTerminal: stdout.isTTY === true,
    isErrTerminal: stderr.isTTY === true,
    env: process.env,
    cwd: process.cwd(),
    signal: ending.signal,
  }
}
