/** A role of a side in a child process of its own, called like an object. Whatever happens, the child ends. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { CommandName, Commands, Reply, Request } from './side-process.ts'

const PROCESS_FILE = fileURLToPath(new URL('./side-process.ts', import.meta.url))
/** The longest single command: noble verifies 5,000 pages in about 13 s; a machine under load takes longer. */
const COMMAND_TIMEOUT_MS = 180_000
/** A side that has not closed by then is killed; what it measured is already known. */
const CLOSE_TIMEOUT_MS = 10_000

type Arguments<Name extends CommandName> = Parameters<Commands[Name]>
type Answer<Name extends CommandName> = Awaited<ReturnType<Commands[Name]>>

export interface Child {
  /** Rejects with the child's own error, when the child ends first, or after three minutes. */
  call<Name extends CommandName>(command: Name, ...args: Arguments<Name>): Promise<Answer<Name>>
  /** Asks the child to close, then makes sure that it has ended. */
  end(): Promise<void>
}

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

/** Starts a fresh process that loads the side module at `sideUrl` (a file: URL). */
export function startChild(sideUrl: string): Child {
  const child = fork(PROCESS_FILE, [sideUrl], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const waiting = new Map<number, Waiting>()
  let lastId = 0

  child.on('message', (reply: Reply) => {
    const caller = waiting.get(reply.id)
    waiting.delete(reply.id)
    if ('error' in reply) caller?.reject(new Error(reply.error))
    else caller?.resolve(reply.result)
  })
  const fail = (why: string): void => {
    for (const caller of waiting.values()) caller.reject(new Error(why))
    waiting.clear()
  }
  child.on('exit', (code, signal) => fail(`the side's process ended (${signal ?? code})`))
  child.on('error', (error) => fail(error.message))

  function call<Name extends CommandName>(command: Name, ...args: Arguments<Name>): Promise<Answer<Name>> {
    const id = ++lastId
    const answer = new Promise<unknown>((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      child.send({ id, command, args } satisfies Request, (error) => {
        if (error) reject(error)
      })
    })
    return withTimeout(answer, COMMAND_TIMEOUT_MS, `${command} took too long`) as Promise<Answer<Name>>
  }

  return {
    call,
    async end() {
      if (!hasEnded(child)) {
        const ended = once(child, 'exit')
        const closed = call('close').then(() => ended)
        await withTimeout(closed, CLOSE_TIMEOUT_MS, 'closing took too long').catch(() =>
          child.kill('SIGKILL'),
        )
        if (!hasEnded(child)) await ended
      }
    },
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function withTimeout<Result>(work: Promise<Result>, timeoutMs: number, why: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(why)), timeoutMs)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
