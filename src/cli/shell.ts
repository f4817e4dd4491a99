/** What a command has around it: streams, environment, folder, and the wish that it end. */
import { once } from 'node:events'
import { SheafError } from '../base/errors.ts'

export interface Shell {
  /** To stdout; resolves when there is room for more. */
  out(chunk: string | Uint8Array): Promise<void>
  /** To stderr. */
  err(text: string): void
  /** What a person types, without the end of its line, shown unless it is to be hidden; undefined where stdin is no terminal, so nobody is there to ask. */
  ask(question: string, options?: { isHidden: boolean }): Promise<string | undefined>
  /** What is piped in, or typed: whole. Throws TOO_LARGE beyond so many bytes. */
  input(bytesMax: number): Promise<Uint8Array>
  /** Runs a line of the shell that takes the terminal over, with these arguments after it; its exit status. */
  run(line: string, args: readonly string[]): Promise<number>
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
    ask: (question, options) => askTerminal(question, ending.signal, options?.isHidden === true),
    input: (bytesMax) => readWhole(process.stdin, bytesMax, ending.signal),
    run: runLine,
    isOutTerminal: stdout.isTTY === true,
    isErrTerminal: stderr.isTTY === true,
    env: process.env,
    cwd: process.cwd(),
    signal: ending.signal,
  }
}

/** The question goes to stderr: what stdout leads to gets data only. */
async function askTerminal(
  question: string,
  signal: AbortSignal,
  isHidden: boolean,
): Promise<string | undefined> {
  const { stdin, stderr } = process
  if (stdin.isTTY !== true || stderr.isTTY !== true) return undefined
  const { createInterface } = await import('node:readline/promises')
  const { Writable } = await import('node:stream')
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: isHidden ? nowhere : stderr, terminal: true })
  if (isHidden) stderr.write(question)
  const leaving = new AbortController()
  // Ctrl-C and the end of the input come to the reader of lines, not to the process.
  lines.once('SIGINT', () => leaving.abort())
  lines.once('close', () => leaving.abort())
  try {
    return await lines.question(question, { signal: AbortSignal.any([signal, leaving.signal]) })
  } catch (cause) {
    throw new SheafError('CANCELLED', 'cancelled', { cause })
  } finally {
    lines.close()
    if (isHidden) stderr.write('\n')
  }
}

async function readWhole(
  stream: NodeJS.ReadableStream,
  bytesMax: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const leave = (): void => void stream.emit('error', new SheafError('CANCELLED', 'cancelled'))
  signal.addEventListener('abort', leave, { once: true })
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength
      if (bytes > bytesMax) throw new SheafError('TOO_LARGE', `more than ${bytesMax} bytes on stdin`)
      chunks.push(chunk)
    }
  } finally {
    signal.removeEventListener('abort', leave)
  }
  return Buffer.concat(chunks)
}

/** As git runs an editor: `code --wait` has words of its own. */
async function runLine(line: string, args: readonly string[]): Promise<number> {
  const [{ spawn }, { constants }] = await Promise.all([import('node:child_process'), import('node:os')])
  const child = spawn('/bin/sh', ['-c', `${line} "$@"`, line, ...args], { stdio: 'inherit' })
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return status ?? 128 + (signal === null ? 0 : constants.signals[signal])
}
