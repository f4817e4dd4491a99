/**
 * Running git on a repository that may be anybody's: nothing of its configuration or the machine's is
 * obeyed that would run something, nothing is checked out, and nothing is fetched.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { SheafError } from '../../base/errors.ts'
import { oneLine } from '../shown.ts'

/** What git may say of an error. */
const ERROR_BYTES_MAX = 4_096

/** Options before the command: hooks and helpers that a repository could name. */
const QUIET = [
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.quotePath=false',
  '-c',
  'protocol.allow=never',
  '-c',
  'gc.auto=0',
]

export interface GitRun {
  child: ChildProcessWithoutNullStreams
  /** Resolves when git has ended well. Throws BAD_ARGUMENT with what it said, NOT_FOUND where there is no git, CANCELLED. */
  ended: Promise<void>
}

/** Starts git in `folder`, which is never an argument: its name may begin with a dash. */
export function startGit(folder: string, args: readonly string[], signal: AbortSignal): GitRun {
  refuseNoFolder(folder)
  const child = spawn('git', [...QUIET, ...args], { cwd: folder, env: environment(), signal, stdio: 'pipe' })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < ERROR_BYTES_MAX) said += chunk.toString('utf8')
  })
  // Whoever writes hears of it by how git ends.
  child.stdin.on('error', () => undefined)
  const ended = (async () => {
    const failed = once(child, 'error').then(([error]) => {
      throw explained(error, signal)
    })
    const [status] = (await Promise.race([once(child, 'close'), failed])) as [number | null]
    if (signal.aborted) throw new SheafError('CANCELLED', 'cancelled')
    if (status === 0) return
    const [first = 'git failed'] = said.split('\n')
    throw new SheafError('BAD_ARGUMENT', oneLine(`git: ${first.replace(/^fatal: /, '')}`.slice(0, 300)))
  })()
  ended.catch(() => undefined)
  return { child, ended }
}

/** All that git writes, as text; TOO_LARGE above `bytesMax`. */
export async function gitText(
  folder: string,
  args: readonly string[],
  signal: AbortSignal,
  bytesMax = 64 * 1024,
): Promise<string> {
  const { child, ended } = startGit(folder, args, signal)
  child.stdin.end()
  let text = ''
  for await (const chunk of child.stdout) {
    text += String(chunk)
    if (text.length > bytesMax) {
      child.kill()
      throw new SheafError('TOO_LARGE', `git writes more than ${bytesMax} bytes`)
    }
  }
  await ended
  return text
}

/** No variable of this shell that leads git elsewhere; no configuration but the repository's own. */
function environment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
  }
}

function refuseNoFolder(folder: string): void {
  const stat = statSync(folder, { throwIfNoEntry: false })
  if (stat === undefined) throw new SheafError('NOT_FOUND', `there is no folder ${folder}`)
  if (!stat.isDirectory()) throw new SheafError('BAD_ARGUMENT', `${folder} is no folder`)
}

function explained(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return new SheafError('CANCELLED', 'cancelled', { cause: error })
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error
  return new SheafError('NOT_FOUND', 'there is no program git on this machine', { cause: error })
}
