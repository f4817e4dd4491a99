/** Nodes of this machine as processes of their own, for the demo: each has a home, a log and a control socket. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SheafError } from '../base/errors.ts'
import { ControlClient } from '../node/io/control/client.ts'
import { pathsOf } from '../node/io/paths.ts'

export interface LocalNode {
  name: string
  home: string
  entity: string
  client: ControlClient
  /** Ends the process cleanly and waits for it. */
  stop(): Promise<void>
}

export interface LocalNodeOptions {
  /** The folder that the homes are made in. */
  folder: string
  bootstrap: readonly { host: string; port: number }[]
  network: string
  signal: AbortSignal
}

/** A puzzle of a few milliseconds: the network is nobody else's. */
const PUZZLE_BITS = 8
const MAIN = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url),
)

/** Makes an identity in its own home and starts a node there; resolves once it answers. */
export async function startLocalNode(name: string, options: LocalNodeOptions): Promise<LocalNode> {
  const home = join(options.folder, name)
  mkdirSync(home, { mode: 0o700 })
  const config = [
    ...['--network', options.network, '--puzzle-bits', String(PUZZLE_BITS), '--host', '127.0.0.1'],
    ...[
      '--firewalled',
      'false',
      '--bootstrap',
      options.bootstrap.map(({ host, port }) => `${host}:${port}`).join(','),
    ],
    // Half a dozen nodes that live for a minute, and share one machine, have no time to rehearse.
    ...['--rehearse', 'false'],
  ]
  const made = JSON.parse(await outputOf(sheaf(['--home', home, 'init', '--json', ...config], 'ignore'))) as {
    entity: string
  }
  const log = openSync(join(home, 'start.log'), 'a', 0o600)
  const child = sheaf(['--home', home, 'start', '--json'], log)
  closeSync(log)
  await firstLine(child, join(home, 'start.log'))
  const { socket } = pathsOf(home, {}, home)
  return {
    name,
    home,
    entity: made.entity,
    client: new ControlClient({ socketPath: socket, signal: options.signal }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

function sheaf(args: string[], stderr: number | 'ignore'): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, MAIN, ...args], { stdio: ['ignore', 'pipe', stderr] })
}

async function outputOf(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout!.on('data', (chunk: Buffer) => {
    text += chunk
  })
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0) throw new SheafError('INTERNAL', `${child.spawnargs.slice(-1)} ended with ${status}`)
  return text
}

/** Waits for what `start` prints once the node answers. */
async function firstLine(child: ChildProcess, log: string): Promise<void> {
  const gone = once(child, 'exit').then(([status]) => {
    throw new SheafError('INTERNAL', `a node ended at its start with ${status}`, {
      hint: `its last words are in ${log}`,
    })
  })
  await Promise.race([once(child.stdout!, 'data'), gone])
}
