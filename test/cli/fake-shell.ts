/** A shell in memory, and a home with a fake node behind its control socket. */
import { SheafError } from '../../src/base/errors.ts'
import { runCli } from '../../src/cli/program.ts'
import type { Shell } from '../../src/cli/shell.ts'
import { serveControl } from '../../src/node/io/control/server.ts'
import { type Paths, pathsOf } from '../../src/node/io/paths.ts'
import { type Teardown, tempHome } from '../helpers/home.ts'
import type { FakeNode } from './fake-node.ts'

export interface Ran {
  status: number
  out: string
  err: string
}

export interface RunOptions {
  isTerminal?: boolean
  env?: Record<string, string>
  signal?: AbortSignal
  /** What the person answers, in order; where there are none, nobody is there. */
  answers?: string[]
  /** What an editor does with the file; its exit status. */
  editor?: (line: string, file: string) => number
  /** What is piped in. */
  input?: string
}

export interface FakeHome {
  home: string
  paths: Paths
  /** Runs the command line in this home, as `sheaf ARGS` would. */
  run(args: readonly string[], options?: RunOptions): Promise<Ran>
}

const TIMES = { getTimeoutMs: 10_000, publishPatienceMs: 10_000 }

/** A folder of its own, which is both the home and the working directory. */
export function fakeHome(t: Teardown): FakeHome {
  const home = tempHome(t)
  return {
    home,
    paths: pathsOf(home, {}, '/'),
    async run(
      args,
      {
        isTerminal = false,
        env = {},
        signal = new AbortController().signal,
        answers,
        editor = () => 1,
        input = '',
      } = {},
    ) {
      const out: Uint8Array[] = []
      let err = ''
      const shell: Shell = {
        out: async (chunk) => {
          out.push(Buffer.from(chunk as string))
        },
        err: (text) => {
          err += text
        },
        ask: async (question) => {
          if (answers !== undefined) err += question
          return answers?.shift()
        },
        input: async (bytesMax) => {
          const bytes = Buffer.from(input)
          if (bytes.length > bytesMax) throw new SheafError('TOO_LARGE', 'more on stdin than fits')
          return bytes
        },
        run: async (line, [file]) => editor(line, file!),
        isOutTerminal: isTerminal,
        isErrTerminal: isTerminal,
        env: { SHEAF_HOME: home, ...env },
        cwd: home,
        signal,
      }
      const status = await runCli(args, shell)
      return { status, out: Buffer.concat(out).toString(), err }
    },
  }
}

/** The same with a fake node that answers. */
export async function servedHome(t: Teardown, node: FakeNode): Promise<FakeHome> {
  const home = fakeHome(t)
  const control = await serveControl(node.api, {
    socketPath: home.paths.socket,
    home: home.home,
    config: TIMES,
  })
  t.teardown(() => control.close())
  return home
}

/** The code that a promise fails with; undefined where it does not. */
export async function codeOfAsync(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise
    return undefined
  } catch (error) {
    return error instanceof SheafError ? error.code : `${error}`
  }
}
